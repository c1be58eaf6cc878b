"""Works out the columns of a strategy on a market.

Every asset is seen on its own bars, those at which it trades: `x[1]` is its previous bar, whatever other assets did
meanwhile, and a bar without trade is a gap that poisons nothing. Only `rank` and `zscore` look across assets, at bars
of the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.data.market import ACTION_KINDS, Market
from qt_engine.features.compute import compute_rows
from qt_engine.strategies.assembler import Assembler
from qt_engine.strategies.constants import evaluate_constant
from qt_engine.strategies.functions import EVENT_SERIES
from qt_engine.strategies.graph import (
    COLUMNS,
    Column,
    CrossSection,
    Indicator,
    Kept,
    Memory,
    Node,
    Price,
    parameters_of,
)
from qt_engine.strategies.lanes import Choice, Group, Lanes, Layout, groups_of, layout_of
from qt_engine.strategies.memory import COUNTING, cross_section

Floats: TypeAlias = NDArray[np.float64]


class MarketSeries:
    """The columns of one market; what several parts of a strategy read is worked out once."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._known: dict[tuple[Column, tuple[tuple[str, float], ...]], list[Floats]] = {}

    @cached_property
    def own_bars(self) -> list[NDArray[np.int64]]:
        """For every asset the bars at which it trades; empty where these are all bars."""
        missing = np.isnan(self._market.close)
        if not missing.any():
            return [np.empty(0, np.int64)] * len(self._market.symbols)
        return [
            np.flatnonzero(~missing[:, asset]) if missing[:, asset].any() else np.empty(0, np.int64)
            for asset in range(missing.shape[1])
        ]

    def bars(self, asset: int) -> int:
        """How many bars the asset has; none at all counts as none."""
        index = self.own_bars[asset]
        if len(index):
            return len(index)
        return 0 if len(self._market) and np.isnan(self._market.close[0, asset]) else len(self._market)

    def columns(self, layout: Layout) -> list[Floats]:
        """For every asset float64 `(layout.rows, bars)`, in the order that `layout.slots` names."""
        filled = [np.empty((layout.rows, self.bars(asset))) for asset in range(len(self._market.symbols))]
        row = 0
        for column, choices, groups in zip(layout.code.columns, layout.choices, layout.groups, strict=True):
            last = row + len(choices)
            part = [rows[row:last] for rows in filled]
            if isinstance(column, Indicator):
                self._fill_indicator(column, groups, part)
            else:
                self._fill(column, choices, part)
            row = last
        return filled

    def series(self, column: Column, choice: Choice) -> list[Floats]:
        """One column for one choice of parameters: for every asset float64 `(bars,)`."""
        own = {name: choice[name] for name in sorted(parameters_of(column) & choice.keys())}
        key = (column, tuple(own.items()))
        if key not in self._known:
            if isinstance(column, Price):
                self._known[key] = [self._price(column.name, asset) for asset in range(len(self._market.symbols))]
            else:
                rows = [np.empty((1, self.bars(asset))) for asset in range(len(self._market.symbols))]
                self._fill(column, [own], rows)
                self._known[key] = [row[0] for row in rows]
        return self._known[key]

    def _price(self, name: str, asset: int) -> Floats:
        index = self.own_bars[asset]
        if name == "bar_index":
            return (index if len(index) else np.arange(self.bars(asset))).astype(np.float64)
        if name in EVENT_SERIES:
            return self._events(EVENT_SERIES[name], asset)
        column: Floats = getattr(self._market, name)[:, asset]
        if not self.bars(asset):
            return column[:0]
        return np.ascontiguousarray(column[index] if len(index) else column)

    def _events(self, kind: str, asset: int) -> Floats:
        """What happened to a holder before each bar opened, since the asset's bar before; 0 where nothing did.

        Several splits multiply, amounts and rates add up.
        """
        actions = self._market.actions
        own = actions[(actions["asset"] == asset) & (actions["kind"] == ACTION_KINDS[kind])]
        index, bars = self.own_bars[asset], self.bars(asset)
        places = np.searchsorted(index, own["bar"]) if len(index) else own["bar"]
        values = np.zeros(bars)
        for place, value in zip(places.tolist(), own["value"].tolist(), strict=True):
            if place < bars:
                values[place] = values[place] * value if kind == "split" and values[place] else values[place] + value
        return values

    def _fill(self, column: Column, choices: Sequence[Choice], rows: list[Floats]) -> None:
        """Compute a column for several choices, asset by asset, into rows `(choices, bars)`."""
        match column:
            case Indicator():
                self._fill_indicator(column, groups_of(column, choices), rows)
                return
            case Price(name=name):
                for asset, into in enumerate(rows):
                    into[0] = self._price(name, asset)
                return
        for position, choice in enumerate(choices):
            match column:
                case Memory(op=op, source=source, bars=bars):
                    look_back = 0 if bars is None else _whole(evaluate_constant(bars, choice), op)
                    for into, series in zip(rows, self.series(_column(source), choice), strict=True):
                        COUNTING[op](series, look_back, into[position])
                case CrossSection(op=op, source=source):
                    made = self._across(op, self.series(_column(source), choice))
                    for into, series in zip(rows, made, strict=True):
                        into[position] = series
                case Kept(source=source):
                    for into, series in zip(rows, self._kept(column, choice), strict=True):
                        into[position] = series

    def _fill_indicator(self, column: Indicator, groups: Sequence[Group], rows: list[Floats]) -> None:
        for group in groups:
            inputs = [self.series(_column(source), group.choice) for source in column.inputs]
            for asset, into in enumerate(rows):
                series = [source[asset] for source in inputs]
                if len(groups) == 1:
                    compute_rows(column.name, series, group.settings, out=into)
                else:
                    into[group.positions] = compute_rows(column.name, series, group.settings)

    def _across(self, op: str, series: list[Floats]) -> list[Floats]:
        table = np.full(self._market.close.shape, np.nan)
        for asset, values in enumerate(series):
            index = self.own_bars[asset]
            table[index if len(index) else slice(0, len(values)), asset] = values
        answer = cross_section(op, table)
        return [
            np.ascontiguousarray(answer[index if len(index) else slice(0, len(values)), asset])
            for asset, (index, values) in enumerate(zip(self.own_bars, series, strict=True))
        ]

    def _kept(self, column: Kept, choice: Choice) -> list[Floats]:
        """An operation as a whole series, by the same evaluator that computes the conditions."""
        assembler = Assembler()
        assembler.extra(0, column.source)
        layout = layout_of(assembler.finish(), Lanes.single(choice))
        return [run_alone(layout, columns) for columns in self.columns(layout)]


def run_alone(layout: Layout, columns: Floats) -> Floats:
    """The single extra output of some code over one asset's columns: float64 `(bars,)`; conditions as -1, 0, +1."""
    from qt_engine.strategies.evaluator import BLOCK, run_code

    extras = np.empty((1, columns.shape[1]))
    nothing: NDArray[Any] = np.empty(0, np.int8)
    registers, conditions = layout.code.registers
    run_code(
        layout.code.code, layout.code.outputs, columns, layout.slots[0], layout.values[0], np.empty((registers, BLOCK)),
        np.empty((conditions, BLOCK), np.int8), np.empty(0, np.int64), 1, 0, np.empty(BLOCK, np.int8), nothing, nothing,
        nothing, extras,
    )  # fmt: skip
    series: Floats = extras[0]
    return series


def _column(node: Node) -> Column:
    """What stands where a whole series is needed; lowering has seen to it."""
    assert isinstance(node, COLUMNS)
    return node


def _whole(value: float, op: str) -> int:
    if value != int(value) or value < 1:
        raise InputError(f"{op} looks back a whole number of bars from 1 up, not {value:g}")
    return int(value)
