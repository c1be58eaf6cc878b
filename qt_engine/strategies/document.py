"""A strategy as data: every section of the document as a small frozen object.

Expressions stand as parsed trees. Wherever the document has a number, these objects have an expression over the
parameters (a plain number is the simplest one), to be evaluated by
`qt_engine.strategies.parameters.evaluate_constant`: so protective settings and sizes can be swept like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from qt_engine.strategies.nodes import Expression, Number
from qt_engine.strategies.problems import Problem
from qt_engine.strategies.writing import expression_text

__all__ = [
    "AtrLevel", "Entry", "Exit", "FractionLevel", "Level", "Parameter", "Problem", "Reentry", "RiskLimits", "Sizing",
    "SizingMethod", "StrategyDocument",
]  # fmt: skip

SizingMethod = Literal["fixed_quantity", "fixed_notional", "equity_fraction", "volatility_target", "risk_per_trade"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number that a run or a sweep may set; bounds are inclusive, None means unbounded."""

    name: str
    type: Literal["int", "float"]
    default: int | float
    low: int | float | None = None
    high: int | float | None = None
    step: int | float | None = None
    line: int = field(default=1, compare=False, repr=False)
    column: int = field(default=1, compare=False, repr=False)

    def canonical(self) -> dict[str, Any]:
        """JSON-serialisable; numbers of a float parameter are floats."""
        number = int if self.type == "int" else float
        bounds = {"default": self.default, "low": self.low, "high": self.high, "step": self.step}
        return {"type": self.type, **{key: None if value is None else number(value) for key, value in bounds.items()}}


@dataclass(frozen=True, slots=True)
class Entry:
    """Conditions, at least one."""

    long: Expression | None = None
    short: Expression | None = None


@dataclass(frozen=True, slots=True)
class FractionLevel:
    """A protective level at a fraction of the entry price (0.02 for `2%`)."""

    fraction: Expression


@dataclass(frozen=True, slots=True)
class AtrLevel:
    """A protective level at `multiple` times the average true range over `window` bars, taken at the decision bar."""

    multiple: Expression
    window: Expression


Level: TypeAlias = FractionLevel | AtrLevel


@dataclass(frozen=True, slots=True)
class Exit:
    """Conditions for each side, and protective settings, which hold for both."""

    long: Expression | None = None
    short: Expression | None = None
    stop_loss: Level | None = None
    take_profit: Level | None = None
    trailing_stop: Level | None = None
    time_stop: Expression | None = None


@dataclass(frozen=True, slots=True)
class Reentry:
    """Bars after an exit before a signal counts again; entries per asset and run (None: unlimited)."""

    cooldown: Expression = field(default_factory=lambda: Number(0))
    max_entries: Expression | None = None


@dataclass(frozen=True, slots=True)
class Sizing:
    """How much is bought: `value` in units, currency or as a fraction, by method; `window` in bars, for volatility."""

    method: SizingMethod = "equity_fraction"
    value: Expression = field(default_factory=lambda: Number(1.0))
    window: Expression | None = None


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """Limits of the run; `max_gross` and `max_drawdown` are fractions of equity. None: no limit."""

    max_positions: Expression | None = None
    max_gross: Expression = field(default_factory=lambda: Number(1.0))
    max_drawdown: Expression | None = None


@dataclass(frozen=True, slots=True)
class StrategyDocument:
    """A strategy of kind `rules` that has passed every check.

    Attributes
    ----------
    params
        In the order of the file.
    require
        Conditions over parameters alone, which every choice of parameters must meet.
    let
        Named series and conditions, in an order in which each reads only those before it.
    """

    name: str
    entry: Entry
    description: str = ""
    kind: Literal["rules"] = "rules"
    interval: str = "1d"
    universe: tuple[str, ...] = ()
    params: Mapping[str, Parameter] = field(default_factory=dict)
    require: tuple[Expression, ...] = ()
    let: Mapping[str, Expression] = field(default_factory=dict)
    exit: Exit = field(default_factory=Exit)
    reentry: Reentry = field(default_factory=Reentry)
    sizing: Sizing = field(default_factory=Sizing)
    risk: RiskLimits = field(default_factory=RiskLimits)
    schema: Literal[1] = 1

    def canonical(self) -> dict[str, Any]:
        """The document as JSON-serialisable data: equal for equal strategies, however they were written.

        Comments, white space, the order of keys, shorthand and defaults that were left out make no difference.
        """
        return {
            "schema": self.schema,
            "name": self.name,
            "description": self.description,
            "kind": self.kind,
            "interval": self.interval,
            "universe": list(self.universe),
            "params": {name: parameter.canonical() for name, parameter in sorted(self.params.items())},
            "require": sorted(expression_text(condition) for condition in self.require),
            "let": {name: expression_text(expression) for name, expression in sorted(self.let.items())},
            "entry": {side: _text(getattr(self.entry, side)) for side in ("long", "short")},
            "exit": {
                "long": _text(self.exit.long),
                "short": _text(self.exit.short),
                "stop_loss": _level(self.exit.stop_loss),
                "take_profit": _level(self.exit.take_profit),
                "trailing_stop": _level(self.exit.trailing_stop),
                "time_stop": _text(self.exit.time_stop),
            },
            "reentry": {"cooldown": _text(self.reentry.cooldown), "max_entries": _text(self.reentry.max_entries)},
            "sizing": {
                "method": self.sizing.method,
                "value": _text(self.sizing.value),
                "window": _text(self.sizing.window),
            },
            "risk": {
                "max_positions": _text(self.risk.max_positions),
                "max_gross": _text(self.risk.max_gross),
                "max_drawdown": _text(self.risk.max_drawdown),
            },
        }


def _text(expression: Expression | None) -> str | None:
    return None if expression is None else expression_text(expression)


def _level(level: Level | None) -> dict[str, str] | str | None:
    match level:
        case None:
            return None
        case FractionLevel(fraction=fraction):
            return expression_text(fraction)
        case AtrLevel(multiple=multiple, window=window):
            return {"atr": expression_text(multiple), "window": expression_text(window)}
