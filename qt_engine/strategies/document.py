"""A strategy as data: every section of the document as a small frozen object.

`StrategyDocument` is what strategies of every kind have, `RulesDocument` one of kind `rules`; those of kind `portfolio`
stand in `qt_engine.strategies.portfolio_document`.

Expressions stand as parsed trees. Wherever the document has a number, these objects have an expression over the
parameters (a plain number is the simplest one), to be evaluated by
`qt_engine.strategies.parameters.evaluate_constant`: so protective settings and sizes can be swept like any other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from qt_engine.strategies.functions import ValueType
from qt_engine.strategies.nodes import Expression, Number
from qt_engine.strategies.problems import Problem
from qt_engine.strategies.writing import expression_text

__all__ = [
    "AtrLevel", "Entry", "Exit", "FractionLevel", "Level", "OrderStyle", "OrderType", "Orders", "Parameter", "Problem",
    "Reading", "Reentry", "RiskLimits", "RulesDocument", "Sizing", "SizingMethod", "StrategyDocument", "TimeInForce",
    "text_of",
]  # fmt: skip

SizingMethod = Literal["fixed_quantity", "fixed_notional", "equity_fraction", "volatility_target", "risk_per_trade"]
OrderType = Literal["market", "limit", "stop", "stop_limit"]
TimeInForce = Literal["gtc", "day", "ioc", "fok"]


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
class OrderStyle:
    """How an order meets the market: prices are series, known at the bar of the decision; `expire_after` is in bars."""

    type: OrderType = "market"
    limit: Expression | None = None
    stop: Expression | None = None
    time_in_force: TimeInForce = "gtc"
    expire_after: Expression | None = None

    def canonical(self) -> dict[str, Any]:
        """JSON-serialisable."""
        return {
            "type": self.type, "limit": text_of(self.limit), "stop": text_of(self.stop),
            "time_in_force": self.time_in_force, "expire_after": text_of(self.expire_after),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders that entry and exit conditions make; protective exits have their own prices."""

    entry: OrderStyle = field(default_factory=OrderStyle)
    exit: OrderStyle = field(default_factory=OrderStyle)


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """Limits of the run, as fractions of equity but for the counts and `max_position` (currency). None: no limit."""

    max_positions: Expression | None = None
    max_gross: Expression = field(default_factory=lambda: Number(1.0))
    max_drawdown: Expression | None = None
    max_net: Expression | None = None
    max_concentration: Expression | None = None
    max_position: Expression | None = None
    max_daily_loss: Expression | None = None
    max_orders_per_day: Expression | None = None

    def canonical(self) -> dict[str, str | None]:
        """JSON-serialisable. The later limits stand in it only where they are set: older hashes stay what they were."""
        first = {name: text_of(getattr(self, name)) for name in ("max_positions", "max_gross", "max_drawdown")}
        later = ("max_net", "max_concentration", "max_position", "max_daily_loss", "max_orders_per_day")
        return first | {name: text_of(limit) for name in later if (limit := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Reading:
    """An expression that is computed bar by bar: where it stands, what it gives, whether it may read the position."""

    place: str
    expression: Expression
    returns: ValueType
    position: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyDocument(ABC):
    """What strategies of every kind have; every check has been passed.

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
    description: str = ""
    interval: str = "1d"
    universe: tuple[str, ...] = ()
    params: Mapping[str, Parameter] = field(default_factory=dict)
    require: tuple[Expression, ...] = ()
    let: Mapping[str, Expression] = field(default_factory=dict)
    risk: RiskLimits = field(default_factory=RiskLimits)
    schema: Literal[1] = 1

    @property
    @abstractmethod
    def kind(self) -> Literal["rules", "portfolio", "python"]:
        """How the strategy decides."""

    @abstractmethod
    def readings(self) -> Iterator[Reading]:
        """Every expression beside those of `let` that is computed bar by bar."""

    @abstractmethod
    def canonical(self) -> dict[str, Any]:
        """The document as JSON-serialisable data: equal for equal strategies, however they were written.

        Comments, white space, the order of keys, shorthand and defaults that were left out make no difference.
        """

    def canonical_head(self) -> dict[str, Any]:
        """The part of `canonical` that all kinds share."""
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
            "risk": self.risk.canonical(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesDocument(StrategyDocument):
    """A strategy of kind `rules`: conditions that enter and leave positions."""

    entry: Entry
    exit: Exit = field(default_factory=Exit)
    reentry: Reentry = field(default_factory=Reentry)
    sizing: Sizing = field(default_factory=Sizing)
    orders: Orders = field(default_factory=Orders)

    @property
    def kind(self) -> Literal["rules"]:
        """Rules."""
        return "rules"

    def readings(self) -> Iterator[Reading]:
        """Conditions of entries and exits, and prices of orders."""
        for section in ("entry", "exit"):
            for side in ("long", "short"):
                if (condition := getattr(getattr(self, section), side)) is not None:
                    yield Reading(f"{section}: {side}", condition, "condition", position=section == "exit")
        for section in ("entry", "exit"):
            for price in ("limit", "stop"):
                if (series := getattr(getattr(self.orders, section), price)) is not None:
                    yield Reading(f"orders: {section}: {price}", series, "number")

    def canonical(self) -> dict[str, Any]:
        """As `StrategyDocument.canonical`; `orders` only where any is no plain market order."""
        orders = {"entry": self.orders.entry.canonical(), "exit": self.orders.exit.canonical()}
        return {
            **self.canonical_head(),
            "entry": {side: text_of(getattr(self.entry, side)) for side in ("long", "short")},
            "exit": {
                "long": text_of(self.exit.long),
                "short": text_of(self.exit.short),
                "stop_loss": _level(self.exit.stop_loss),
                "take_profit": _level(self.exit.take_profit),
                "trailing_stop": _level(self.exit.trailing_stop),
                "time_stop": text_of(self.exit.time_stop),
            },
            "reentry": {"cooldown": text_of(self.reentry.cooldown), "max_entries": text_of(self.reentry.max_entries)},
            "sizing": {
                "method": self.sizing.method,
                "value": text_of(self.sizing.value),
                "window": text_of(self.sizing.window),
            },
            **({"orders": orders} if self.orders != Orders() else {}),
        }


def text_of(expression: Expression | None) -> str | None:
    """The expression as text, None where there is none."""
    return None if expression is None else expression_text(expression)


def _level(level: Level | None) -> dict[str, str] | str | None:
    match level:
        case None:
            return None
        case FractionLevel(fraction=fraction):
            return expression_text(fraction)
        case AtrLevel(multiple=multiple, window=window):
            return {"atr": expression_text(multiple), "window": expression_text(window)}
