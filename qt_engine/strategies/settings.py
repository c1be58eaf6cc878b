"""Every number that a strategy may set outside its expressions: what it counts, and its bounds.

A setting is written as a number, a percentage or an expression over parameters. Its bounds are checked where the
document is read (with the parameters' defaults) and again for the parameters of each run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from qt_engine.core.errors import InputError
from qt_engine.strategies.constants import evaluate_constant
from qt_engine.strategies.document import (
    AtrLevel,
    FractionLevel,
    Level,
    RulesDocument,
    StrategyDocument,
)
from qt_engine.strategies.nodes import Call, Compare, Expression, Number
from qt_engine.strategies.portfolio_document import PortfolioDocument
from qt_engine.strategies.writing import expression_text

MAX_BARS = 1_000_000


@dataclass(frozen=True, slots=True)
class Setting:
    """What a number means.

    Attributes
    ----------
    kind
        `whole`: counts something; `fraction`: `2%` or 0.02; `count`: counts from 1, or a fraction below 1 of what there is;
        `number`: anything else.
    above, low, high
        Bounds; `above` is exclusive, the others inclusive.
    """

    kind: Literal["whole", "fraction", "count", "number"]
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    plain_below: float | None = None
    """For fractions of which a person is more likely to mean percent: the least that needs a percent sign."""

    @property
    def expected(self) -> str:
        """The bounds in words."""
        if self.kind == "count":
            return "a whole number from 1, or a percentage above 0% below 100%"
        noun = {"whole": "a whole number", "fraction": "a percentage", "number": "a number"}[self.kind]
        bounds = []
        for word, bound in (("above", self.above), ("from", self.low), ("to", self.high), ("below", self.below)):
            if bound is not None:
                bounds.append(f"{word} {bound:.0%}" if self.kind == "fraction" else f"{word} {bound:,.10g}")
        return " ".join((noun, *bounds))

    def accepts(self, value: float) -> bool:
        """Whether the value is of the kind and within the bounds."""
        if self.kind == "count":
            return 0.0 < value < 1.0 or (1.0 <= value <= MAX_BARS and float(value).is_integer())
        return math.isfinite(value) and not (
            (self.kind == "whole" and not float(value).is_integer())
            or (self.low is not None and value < self.low)
            or (self.high is not None and value > self.high)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
        )

    def check(self, name: str, expression: Expression, parameters: Mapping[str, int | float]) -> float:
        """The setting's value for these parameters.

        Raises
        ------
        InputError
            If it has none, or one that is out of bounds.
        """
        value = evaluate_constant(expression, parameters)
        if not self.accepts(value):
            shown = f"{value * 100:.10g}%" if self.kind == "fraction" else f"{value:.10g}"
            raise InputError(f"{name} is {self.expected}, not {shown}", line=expression.line, column=expression.column)
        return value


LEVELS = {
    "stop_loss": Setting("fraction", above=0.0, below=1.0),
    "take_profit": Setting("fraction", above=0.0, high=10.0, plain_below=1.0),
    "trailing_stop": Setting("fraction", above=0.0, below=1.0),
}
ATR_MULTIPLE = Setting("number", above=0.0, high=1000.0)
ATR_WINDOW = Setting("whole", low=1, high=MAX_BARS)
TIME_STOP = Setting("whole", low=1, high=MAX_BARS)
COOLDOWN = Setting("whole", low=0, high=MAX_BARS)
MAX_ENTRIES = Setting("whole", low=1, high=MAX_BARS)
SIZING_VALUES = {
    "fixed_quantity": Setting("number", above=0.0, high=1e12),
    "fixed_notional": Setting("number", above=0.0, high=1e15),
    "equity_fraction": Setting("fraction", above=0.0, high=10.0),
    "volatility_target": Setting("fraction", above=0.0, high=10.0),
    "risk_per_trade": Setting("fraction", above=0.0, high=1.0),
}
VOLATILITY_WINDOW = Setting("whole", low=2, high=MAX_BARS)
EXPIRE_AFTER = Setting("whole", low=1, high=MAX_BARS)
RISK = {
    "max_positions": Setting("whole", low=1, high=MAX_BARS),
    "max_gross": Setting("fraction", above=0.0, high=10.0),
    "max_drawdown": Setting("fraction", above=0.0, high=1.0),
    "max_net": Setting("fraction", low=0.0, high=10.0, plain_below=2.0),
    "max_concentration": Setting("fraction", above=0.0, high=10.0, plain_below=2.0),
    "max_position": Setting("number", above=0.0, high=1e15),
    "max_daily_loss": Setting("fraction", above=0.0, high=1.0),
    "max_orders_per_day": Setting("whole", low=1, high=MAX_BARS),
}
SELECT = {"top": Setting("count"), "bottom": Setting("count")}
WEIGHTS = {
    "window": Setting("whole", low=2, high=MAX_BARS),
    "half_life": Setting("number", above=0.0, high=float(MAX_BARS)),
    "shrinkage": Setting("fraction", low=0.0, high=1.0),
    "factors": Setting("whole", low=1, high=1000),
    "confidence": Setting("fraction", above=0.0, below=1.0),
}
REBALANCE = {"bars": Setting("whole", low=1, high=MAX_BARS), "drift_band": Setting("fraction", above=0.0, high=1.0)}
CONSTRAINTS = {
    "max_weight": Setting("fraction", above=0.0, high=10.0, plain_below=2.0),
    "min_weight": Setting("fraction", above=0.0, high=10.0, plain_below=2.0),
    "max_turnover": Setting("fraction", above=0.0, high=20.0),
    "gross": Setting("fraction", above=0.0, high=10.0),
    "net": Setting("fraction", low=-10.0, high=10.0, plain_below=2.0),
    "max_sector": Setting("fraction", above=0.0, high=10.0, plain_below=2.0),
}


def settings_of(document: StrategyDocument) -> Iterator[tuple[str, Setting, Expression]]:
    """(name, meaning, expression) of every setting that the document gives."""
    match document:
        case RulesDocument():
            yield from _rules_settings(document)
        case PortfolioDocument():
            for section, known in (
                (document.select, SELECT), (document.weights, WEIGHTS), (document.rebalance, REBALANCE),
                (document.constraints, CONSTRAINTS),
            ):  # fmt: skip
                yield from _given(section, known)
    yield from _given(document.risk, RISK)


def _rules_settings(document: RulesDocument) -> Iterator[tuple[str, Setting, Expression]]:
    for name in LEVELS:
        yield from _level(name, getattr(document.exit, name))
    optional = (
        ("time_stop", TIME_STOP, document.exit.time_stop),
        ("cooldown", COOLDOWN, document.reentry.cooldown),
        ("max_entries", MAX_ENTRIES, document.reentry.max_entries),
        ("value", SIZING_VALUES[document.sizing.method], document.sizing.value),
        ("window", VOLATILITY_WINDOW, document.sizing.window),
        ("orders: entry: expire_after", EXPIRE_AFTER, document.orders.entry.expire_after),
        ("orders: exit: expire_after", EXPIRE_AFTER, document.orders.exit.expire_after),
    )
    for name, setting, expression in optional:
        if expression is not None:
            yield name, setting, expression


def _given(section: object, known: Mapping[str, Setting]) -> Iterator[tuple[str, Setting, Expression]]:
    for name, setting in known.items():
        if (expression := getattr(section, name)) is not None:
            yield name, setting, expression


def agreements(document: StrategyDocument) -> Iterator[tuple[str, Expression]]:
    """(what is right, condition over parameters) for settings that must fit each other."""
    risk = document.risk
    yield from _at_most("max_net", risk.max_net, "max_gross", risk.max_gross)
    yield from _at_most("max_concentration", risk.max_concentration, "max_gross", risk.max_gross)
    if isinstance(document, PortfolioDocument):
        bounds = document.constraints
        yield from _at_most("gross", bounds.gross, "max_gross", risk.max_gross)
        yield from _at_most("min_weight", bounds.min_weight, "max_weight", bounds.max_weight)
        yield from _at_most("min_weight", bounds.min_weight, "gross", bounds.gross)
        if bounds.net is not None:
            size = Call("abs", (bounds.net,), line=bounds.net.line, column=bounds.net.column)
            yield from _at_most("net", size, "gross", bounds.gross)
            if bounds.long_only:
                above = Compare(">=", bounds.net, Number(0), line=bounds.net.line, column=bounds.net.column)
                yield "net is from 0 up where long_only is true", above


def _at_most(
    name: str, value: Expression | None, other: str, bound: Expression | None
) -> Iterator[tuple[str, Expression]]:
    if value is not None and bound is not None:
        right = f"{name} is at most {other}: {expression_text(value)} ≤ {expression_text(bound)}"
        yield right, Compare("<=", value, bound, line=value.line, column=value.column)


def _level(name: str, level: Level | None) -> Iterator[tuple[str, Setting, Expression]]:
    match level:
        case FractionLevel(fraction=fraction):
            yield name, LEVELS[name], fraction
        case AtrLevel(multiple=multiple, window=window):
            yield f"{name}: atr", ATR_MULTIPLE, multiple
            yield f"{name}: window", ATR_WINDOW, window
