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
    StrategyDocument,
)
from qt_engine.strategies.nodes import Expression

MAX_BARS = 1_000_000


@dataclass(frozen=True, slots=True)
class Setting:
    """What a number means.

    Attributes
    ----------
    kind
        `whole`: counts something; `fraction`: `2%` or 0.02; `number`: anything else.
    above, low, high
        Bounds; `above` is exclusive, the others inclusive.
    """

    kind: Literal["whole", "fraction", "number"]
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    plain_below: float | None = None
    """For fractions of which a person is more likely to mean percent: the least that needs a percent sign."""

    @property
    def expected(self) -> str:
        """The bounds in words."""
        noun = {"whole": "a whole number", "fraction": "a percentage", "number": "a number"}[self.kind]
        bounds = []
        for word, bound in (("above", self.above), ("from", self.low), ("to", self.high), ("below", self.below)):
            if bound is not None:
                bounds.append(f"{word} {bound:.0%}" if self.kind == "fraction" else f"{word} {bound:,.10g}")
        return " ".join((noun, *bounds))

    def accepts(self, value: float) -> bool:
        """Whether the value is of the kind and within the bounds."""
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
MAX_POSITIONS = Setting("whole", low=1, high=MAX_BARS)
MAX_GROSS = Setting("fraction", above=0.0, high=10.0)
MAX_DRAWDOWN = Setting("fraction", above=0.0, high=1.0)


def settings_of(document: StrategyDocument) -> Iterator[tuple[str, Setting, Expression]]:
    """(name, meaning, expression) of every setting that the document gives."""
    for name in LEVELS:
        yield from _level(name, getattr(document.exit, name))
    optional = (
        ("time_stop", TIME_STOP, document.exit.time_stop),
        ("cooldown", COOLDOWN, document.reentry.cooldown),
        ("max_entries", MAX_ENTRIES, document.reentry.max_entries),
        ("value", SIZING_VALUES[document.sizing.method], document.sizing.value),
        ("window", VOLATILITY_WINDOW, document.sizing.window),
        ("max_positions", MAX_POSITIONS, document.risk.max_positions),
        ("max_gross", MAX_GROSS, document.risk.max_gross),
        ("max_drawdown", MAX_DRAWDOWN, document.risk.max_drawdown),
    )
    for name, setting, expression in optional:
        if expression is not None:
            yield name, setting, expression


def _level(name: str, level: Level | None) -> Iterator[tuple[str, Setting, Expression]]:
    match level:
        case FractionLevel(fraction=fraction):
            yield name, LEVELS[name], fraction
        case AtrLevel(multiple=multiple, window=window):
            yield f"{name}: atr", ATR_MULTIPLE, multiple
            yield f"{name}: window", ATR_WINDOW, window
