"""From a document, its parameters and a market to a `Plan`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.data.market import Market
from qt_engine.strategies.document import RiskLimits, RulesDocument, StrategyDocument
from qt_engine.strategies.lanes import Lanes, Layout, layout_of
from qt_engine.strategies.nodes import Expression
from qt_engine.strategies.plan import (
    LONG,
    SHORT,
    SIZING_METHODS,
    UNLIMITED,
    OrderType,
    Plan,
    Risk,
    TimeInForce,
)
from qt_engine.strategies.recipe import PERIODS, Recipe, recipe_of
from qt_engine.strategies.series import MarketSeries


def compile_plan(document: StrategyDocument, parameters: Mapping[str, float], market: Market) -> Plan:
    """Decide everything a strategy decides over a market.

    Parameters
    ----------
    document
        A checked document.
    parameters
        A value for every parameter, as `resolve_parameters` gives them.
    market
        The bars. The decision at bar `t` depends on bars up to `t` only: compiled for the first bars of a market, the
        plan is the first part of the plan for the whole.

    Raises
    ------
    InputError
        If an indicator does not take these parameters, with the line and column of its call; or the document is not of
        kind `rules`.
    """
    if not isinstance(document, RulesDocument):
        raise InputError(f"strategy {document.name} is of kind {document.kind}: rules are compiled here")
    return CompiledLanes(document, Lanes.single(parameters), market.periods_per_year).plan(market)


def risk_of(limits: RiskLimits, value: Callable[[Expression], float]) -> Risk:
    """The limits with numbers for their expressions."""
    found = {
        part.name: value(expression)
        for part in fields(limits)
        if (expression := getattr(limits, part.name)) is not None
    }
    counts: dict[str, Any] = {
        name: int(found[name]) for name in ("max_positions", "max_orders_per_day") if name in found
    }
    return Risk(**{**found, **counts})


@dataclass(frozen=True)
class CompiledLanes:
    """A document compiled for some lanes and every market of the same kind.

    Attributes
    ----------
    document, lanes
        What was compiled: parameters as columns, one lane a row.
    periods_per_year
        Of the markets it will be used with.
    """

    document: RulesDocument
    lanes: Lanes
    periods_per_year: float

    @cached_property
    def recipe(self) -> Recipe:
        """What the document alone decides."""
        return recipe_of(self.document)

    @cached_property
    def layout(self) -> Layout:
        """Columns and values of every lane."""
        return layout_of(self.recipe.code, self._with_market())

    def _with_market(self) -> Lanes:
        periods = np.full(len(self.lanes), self.periods_per_year)
        return Lanes({**self.lanes.columns, PERIODS: periods}, len(self.lanes))

    @cached_property
    def protect_values(self) -> NDArray[np.float64]:
        """float64 `(lanes, 2, 3)`, as `Plan.protect_value` in every lane."""
        values = np.zeros((len(self.lanes), 2, 3))
        for column, level in sorted(self.recipe.levels.items()):
            values[:, :, column] = level if isinstance(level, int) else self.lanes.number(level)[:, None]
        return values

    def number(self, expression: Expression | None, missing: float) -> NDArray[np.float64]:
        """A setting of the document in every lane; `missing` where it is left out."""
        return np.full(len(self.lanes), missing) if expression is None else self.lanes.number(expression)

    def whole(self, expression: Expression | None, missing: int) -> NDArray[np.int64]:
        """A setting that is a whole number, in every lane."""
        if expression is None:
            return np.full(len(self.lanes), missing, np.int64)
        return self.lanes.number(expression).astype(np.int64)

    @cached_property
    def order_styles(self) -> NDArray[np.int64]:
        """int64 `(lanes, 2, 3)`, as `Plan.order_style` in every lane."""
        styles = np.zeros((len(self.lanes), 2, 3), np.int64)
        for row, style in enumerate((self.document.orders.entry, self.document.orders.exit)):
            styles[:, row, 0] = OrderType[style.type.upper()]
            styles[:, row, 1] = TimeInForce[style.time_in_force.upper()]
            styles[:, row, 2] = self.whole(style.expire_after, 0)
        return styles

    def order_prices(self, extras: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64 `(4, T, A)`, as `Plan.order_prices`, from the extras `(k, T, A)` of one lane."""
        rows = self.recipe.prices
        if all(row is None for row in rows):
            return np.empty((0, 0, 0))
        missing = np.full(extras.shape[1:], np.nan)
        return np.stack([missing if row is None else extras[row] for row in rows])

    @property
    def sizing(self) -> int:
        """Index of the sizing method in `SIZING_METHODS`."""
        return SIZING_METHODS.index(self.document.sizing.method)

    def plan(self, market: Market, lane: int = 0) -> Plan:
        """The plan of one lane."""
        recipe, document = self.recipe, self.document
        bars, assets = market.close.shape
        series = MarketSeries(market)
        columns = series.columns(self.layout)
        entry, exit_long, exit_short = (np.zeros(bars * assets, np.int8) for _ in range(3))
        extras = np.full((recipe.extras, bars * assets), np.nan)
        scratch = registers_for(recipe)
        for asset, index in enumerate(series.own_bars):
            run_asset(
                self.layout, lane, columns[asset], index, assets, asset, scratch, entry, exit_long, exit_short, extras
            )
        shaped = extras.reshape(recipe.extras, bars, assets)
        return Plan(
            entry=entry.reshape(bars, assets),
            exit_long=exit_long.view(np.uint8).reshape(bars, assets),
            exit_short=exit_short.view(np.uint8).reshape(bars, assets),
            protect_kind=recipe.kinds,
            protect_value=self.protect_values[lane].copy(),
            time_stop=np.full(2, self.whole(document.exit.time_stop, UNLIMITED)[lane]),
            sizing=document.sizing.method,
            sizing_value=float(self.number(document.sizing.value, 1.0)[lane]),
            distances=shaped,
            volatility=np.empty((0, 0)) if recipe.volatility is None else shaped[recipe.volatility],
            cooldown=int(self.whole(document.reentry.cooldown, 0)[lane]),
            max_entries=int(self.whole(document.reentry.max_entries, UNLIMITED)[lane]),
            risk=risk_of(document.risk, lambda limit: float(self.number(limit, 0.0)[lane])),
            exit_programs=(recipe.programs[LONG], recipe.programs[SHORT]),
            program_values=self.layout.values[lane].copy(),
            program_columns=shaped,
            order_style=self.order_styles[lane].copy(),
            order_prices=self.order_prices(shaped),
        )  # fmt: skip


@dataclass(frozen=True)
class Scratch:
    """Registers of the evaluator: float64 and int8 `(n, BLOCK)`, and int8 `(BLOCK,)`."""

    numbers: NDArray[np.float64]
    conditions: NDArray[np.int8]
    flags: NDArray[np.int8]


def registers_for(recipe: Recipe) -> Scratch:
    """Registers that are enough for the recipe's code; one set a thread."""
    from qt_engine.strategies.evaluator import BLOCK

    numbers, conditions = recipe.code.registers
    return Scratch(np.empty((numbers, BLOCK)), np.empty((conditions, BLOCK), np.int8), np.empty(BLOCK, np.int8))


def run_asset(
    layout: Layout, lane: int, columns: NDArray[np.float64], index: NDArray[np.int64], assets: int, asset: int,
    scratch: Scratch, entry: NDArray[np.int8], exit_long: NDArray[np.int8], exit_short: NDArray[np.int8],
    extras: NDArray[Any],
) -> None:  # fmt: skip
    """Run the code of one lane over one asset; see `evaluator.run_code`."""
    from qt_engine.strategies.evaluator import run_code

    run_code(
        layout.code.code, layout.code.outputs, columns, layout.slots[lane], layout.values[lane], scratch.numbers,
        scratch.conditions, index, assets, asset, scratch.flags, entry, exit_long, exit_short, extras,
    )  # fmt: skip
