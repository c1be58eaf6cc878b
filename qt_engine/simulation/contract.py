"""What goes into a simulation and what comes out: `SimInput` and `SimResult`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.core.hashing import hash_arrays, hash_config
from qt_engine.data.market import Market
from qt_engine.strategies.plan import Plan

ENGINE_REVISION = 1
"""Grows whenever the same input may give other bytes than before; part of every input hash."""


class Side(IntEnum):
    BUY = 1
    SELL = -1


class Kind(IntEnum):
    ENTRY = 1
    EXIT = 2


class Reason(IntEnum):
    """Why a fill or an order happened; the lower-case name is what users see."""

    ENTRY_SIGNAL = 1
    EXIT_SIGNAL = 2
    STOP_LOSS = 3
    TAKE_PROFIT = 4
    TRAILING_STOP = 5
    TIME_STOP = 6
    MAX_DRAWDOWN = 7


class Status(IntEnum):
    """What became of an order."""

    PENDING = 0
    FILLED = 1
    REJECTED = 2
    CANCELLED = 3
    EXPIRED = 4


AMBIGUOUS = 1
"""Flag of a fill in a bar that touched stop and target both."""

FILL = np.dtype([
    ("sequence", "<i8"), ("ts", "<i8"), ("bar", "<i8"), ("asset", "<i8"), ("order", "<i8"), ("side", "<i8"),
    ("kind", "<i8"), ("reason", "<i8"), ("flags", "<i8"), ("quantity", "<f8"), ("price", "<f8"), ("fee", "<f8"),
    ("slippage", "<f8"),
])  # fmt: skip
ORDER = np.dtype([
    ("id", "<i8"), ("asset", "<i8"), ("decided_bar", "<i8"), ("side", "<i8"), ("kind", "<i8"), ("reason", "<i8"),
    ("status", "<i8"), ("fill_bar", "<i8"),
])  # fmt: skip


@dataclass(frozen=True)
class Execution:
    """How orders meet the market.

    Attributes
    ----------
    fee_bps, slippage_bps
        Per fill, in hundredths of a percent of the executed notional and of the reference price.
    tick
        Price step to which protective levels are rounded, in units of price.
    """

    fee_bps: float = 5.0
    slippage_bps: float = 2.0
    tick: float = 1e-8

    def __post_init__(self) -> None:
        for name, high in (("fee_bps", 1000.0), ("slippage_bps", 1000.0)):
            value = getattr(self, name)
            if not 0.0 <= value <= high:
                raise InputError(f"{name} must be between 0 and {high:g} basis points, not {value:g}")
        if not 0.0 < self.tick < 1e6:
            raise InputError(f"tick must be a price step above 0, not {self.tick:g}")


@dataclass(frozen=True)
class SimInput:
    """Everything a simulation depends on. `cash` is the capital at the start, in units of currency."""

    market: Market
    plan: Plan
    execution: Execution = field(default_factory=Execution)
    cash: float = 100_000.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not (0.0 < self.cash < 1e15):
            raise InputError(f"cash must be above 0 and below 1e15, not {self.cash:g}")
        from qt_engine.simulation.admission import check_decisions, check_plan

        check_plan(self.plan, *self.market.close.shape)
        check_decisions(self.plan)

    @cached_property
    def hash(self) -> str:
        """Covers market, plan, execution, cash, seed and the engine's revision; no time, host or path."""
        return hash_config({
            "engine": ENGINE_REVISION, "market": self.market.hash, "plan": self.plan.hash, "cash": self.cash,
            "execution": [self.execution.fee_bps, self.execution.slippage_bps, self.execution.tick], "seed": self.seed,
        })  # fmt: skip


@dataclass(frozen=True)
class Counters:
    """What the kernel counts while it runs; all that metrics are made of.

    Sums run over the returns between sampled bars (see `Market.sample`); the first bar is the base.
    """

    initial_equity: float
    final_equity: float
    returns: int
    """How many sampled returns there are."""
    sum_returns: float
    sum_squares: float
    sum_downside_squares: float
    max_drawdown: float
    """Largest relative loss from a peak of the sampled curve, as a negative fraction."""
    trades: int
    wins: int
    gross_profit: float
    gross_loss: float
    """Sum of the losses of losing round trips, as a positive number."""
    bars: int
    bars_with_position: int
    traded_notional: float
    sum_equity: float
    """Sum of equity over all bars."""
    fees: float
    slippage: float
    ambiguous_bars: int
    rejected_orders: int
    halted: bool


@dataclass(frozen=True)
class OpenPosition:
    """A position that is open after the last bar; `quantity` is signed, `last_price` marks it."""

    asset: int
    quantity: float
    entry_bar: int
    entry_ts: int
    entry_price: float
    entry_fee: float
    bars_held: int
    last_price: float


@dataclass(frozen=True)
class SimResult:
    """What came out: `fills` (dtype `FILL`), `orders` (dtype `ORDER`), `equity` float64 `(T,)`, marked at each close."""

    fills: NDArray[np.void]
    orders: NDArray[np.void]
    equity: NDArray[np.float64]
    counters: Counters
    open_positions: tuple[OpenPosition, ...]
    cash: float

    @cached_property
    def hash(self) -> str:
        """Covers fills, orders, equity and counters."""
        counters = {k: (v.hex() if isinstance(v, float) else v) for k, v in vars(self.counters).items()}
        arrays = {"fills": self.fills, "orders": self.orders, "equity": self.equity}
        return hash_arrays(arrays, counters=counters)
