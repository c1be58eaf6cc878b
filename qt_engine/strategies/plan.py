"""`Plan`: a strategy with its parameters, compiled against a market: decisions as arrays, no user code.

What the arrays mean bar by bar is written in `docs/execution.md`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.hashing import hash_arrays

SizingMethod = Literal["fixed_quantity", "fixed_notional", "equity_fraction", "volatility_target", "risk_per_trade"]
SIZING_METHODS: tuple[SizingMethod, ...] = (
    "fixed_quantity", "fixed_notional", "equity_fraction", "volatility_target", "risk_per_trade",
)  # fmt: skip
LONG, SHORT = 0, 1
STOP, TARGET, TRAIL = 0, 1, 2
UNLIMITED = 2**62


class Protect(IntEnum):
    """How a protective level is measured."""

    NONE = 0
    FRACTION = 1
    """`value` is a fraction of the entry price (of the extreme, for a trailing stop)."""
    DISTANCE = 2
    """`value` is the row of `Plan.distances` that holds the price distance known at the decision bar."""


@dataclass(frozen=True)
class Risk:
    """The run's limits; None means no limit. Fractions are of equity, `max_position` is in units of currency."""

    max_positions: int | None = None
    max_gross: float = 1.0
    max_drawdown: float | None = None
    max_net: float | None = None
    max_concentration: float | None = None
    max_position: float | None = None
    max_daily_loss: float | None = None
    max_orders_per_day: int | None = None

    @property
    def extra(self) -> dict[str, float | int]:
        """The limits beside the three that every plan has; they stand in the hash only where they are set."""
        names = ("max_net", "max_concentration", "max_position", "max_daily_loss", "max_orders_per_day")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True)
class Fallback:
    """A portfolio problem without a solution: at which bar, which `method`, why, and what was `used` in its place."""

    bar: int
    method: str
    reason: str
    used: str


class OrderType(IntEnum):
    """How an order meets the market once it has arrived."""

    MARKET = 0
    LIMIT = 1
    STOP = 2
    STOP_LIMIT = 3


class TimeInForce(IntEnum):
    """How long an order lives."""

    GTC = 0
    DAY = 1
    IOC = 2
    FOK = 3


def _no_floats() -> NDArray[np.float64]:
    return np.empty((0, 0, 0))


@dataclass(frozen=True)
class Plan:
    """Decisions of one strategy over `T` bars of `A` assets.

    Attributes
    ----------
    entry
        int8 `(T, A)`: +1 long, -1 short, 0 none, decided at the close of the bar.
    exit_long, exit_short
        uint8 `(T, A)`: 1 where a position of that side is to be left.
    protect_kind, protect_value
        int64 and float64 `(2, 3)`: rows `LONG, SHORT`, columns `STOP, TARGET, TRAIL`; see `Protect`.
    distances
        float64 `(n, T, A)`: price distances that `protect_value` refers to.
    time_stop
        int64 `(2,)`: bars, `UNLIMITED` where there is none, for long and short.
    sizing, sizing_value
        The method and its value (units, currency or fraction).
    volatility
        float64 `(T, A)` annualised, only for `volatility_target`; else of size 0.
    cooldown, max_entries
        Bars after an exit before a signal counts again; entries per asset and run.
    exit_programs
        Exit conditions that read `position` or `bars_held`, for long and short: see `qt_engine.simulation.stateful`.
        Where a program is not empty it takes the place of the flags of its side.
    order_style
        int64 `(2, 3)`: rows entry and exit; `OrderType`, `TimeInForce`, bars after which the order expires (0: never).
    order_prices
        float64 `(4, T, A)`: entry limit, entry stop, exit limit, exit stop, decided at the close of the bar; of size 0
        where every order is a market order, NaN where a row is not used.
    rebalance, target
        A portfolio strategy's decisions: int64 `(R,)`, strictly increasing bars at whose close a target is decided, and
        float64 `(R, A)`, weights as signed fractions of equity. Its rule arrays have no rows.
    drift_band
        Between two targets the last one is restored when any asset's weight is further away than this.
    fallbacks
        Portfolio problems that had no solution. What was decided instead stands in `target`, so they are not hashed.
    """

    entry: NDArray[np.int8]
    exit_long: NDArray[np.uint8]
    exit_short: NDArray[np.uint8]
    protect_kind: NDArray[np.int64]
    protect_value: NDArray[np.float64]
    time_stop: NDArray[np.int64]
    sizing: SizingMethod = "equity_fraction"
    sizing_value: float = 1.0
    distances: NDArray[np.float64] = field(default_factory=_no_floats)
    volatility: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    cooldown: int = 0
    max_entries: int = UNLIMITED
    risk: Risk = field(default_factory=Risk)
    exit_programs: tuple[NDArray[np.int64], NDArray[np.int64]] = field(
        default_factory=lambda: (np.empty((0, 3), np.int64), np.empty((0, 3), np.int64))
    )
    program_values: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    program_columns: NDArray[np.float64] = field(default_factory=_no_floats)
    order_style: NDArray[np.int64] = field(default_factory=lambda: np.zeros((2, 3), np.int64))
    order_prices: NDArray[np.float64] = field(default_factory=_no_floats)
    rebalance: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    target: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    drift_band: float = math.inf
    fallbacks: tuple[Fallback, ...] = ()
    kind: Literal["rules", "portfolio"] = "rules"

    @classmethod
    def of_targets(
        cls,
        rebalance: NDArray[np.int64],
        target: NDArray[np.float64],
        *,
        drift_band: float = math.inf,
        risk: Risk | None = None,
        fallbacks: tuple[Fallback, ...] = (),
    ) -> Plan:
        """The plan of a portfolio strategy."""
        nothing = np.empty((0, target.shape[1]), np.uint8)
        return cls(
            entry=nothing.view(np.int8), exit_long=nothing, exit_short=nothing, protect_kind=np.zeros((2, 3), np.int64),
            protect_value=np.zeros((2, 3)), time_stop=np.full(2, UNLIMITED), rebalance=rebalance, target=target,
            drift_band=drift_band, risk=risk or Risk(), fallbacks=fallbacks, kind="portfolio",
        )  # fmt: skip

    @cached_property
    def hash(self) -> str:
        """Names exactly these decisions."""
        arrays: dict[str, NDArray[Any]] = {
            "entry": self.entry, "exit_long": self.exit_long, "exit_short": self.exit_short,
            "protect_kind": self.protect_kind, "protect_value": self.protect_value, "time_stop": self.time_stop,
            "distances": self.distances, "volatility": self.volatility,
            "program_long": self.exit_programs[LONG], "program_short": self.exit_programs[SHORT],
            "program_values": self.program_values, "program_columns": self.program_columns,
        }  # fmt: skip
        # What was added to the contract later stands in the hash only where it is used: older hashes stay what they were.
        more: dict[str, Any] = {}
        if self.order_style.any():
            arrays |= {"order_style": self.order_style, "order_prices": self.order_prices}
        if self.kind == "portfolio":
            arrays |= {"rebalance": self.rebalance, "target": self.target}
            more["drift_band"] = repr(self.drift_band)
        if self.risk.extra:
            more["limits"] = self.risk.extra
        return hash_arrays(
            arrays, **more, sizing=[self.sizing, self.sizing_value], reentry=[self.cooldown, self.max_entries],
            risk=[self.risk.max_positions, self.risk.max_gross, self.risk.max_drawdown],
        )  # fmt: skip
