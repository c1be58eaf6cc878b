"""What goes into a simulation and what comes out: `SimInput` and `SimResult`.

`docs/simulation-contract.md` explains every field with unit, range and example.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, computed_field, field_serializer

from qt_engine.core.checked import Checked
from qt_engine.core.errors import InputError
from qt_engine.core.hashing import hash_arrays, hash_config
from qt_engine.data.market import Market
from qt_engine.risk.limits import RiskLimits
from qt_engine.simulation.execution import Execution
from qt_engine.simulation.terms import Terms, limits_of_plan
from qt_engine.strategies.plan import Plan

__all__ = [
    "AMBIGUOUS", "CONTRACT_VERSION", "ENGINE_REVISION", "EVENT", "FILL", "ORDER", "Counters", "Event", "Execution", "Kind",
    "OpenPosition", "Reason", "RiskLimits", "Side", "SimInput", "SimResult", "Status",
]  # fmt: skip

CONTRACT_VERSION: Literal[1] = 1
"""Grows with every change after which an older program cannot read these models."""
ENGINE_REVISION = 1
"""Grows whenever the same input may give other bytes than before; part of every input hash."""


class Side(IntEnum):
    BUY = 1
    SELL = -1


class Kind(IntEnum):
    """A fill opens or enlarges a position, or reduces it; an order of a portfolio strategy is a target."""

    ENTRY = 1
    EXIT = 2
    TARGET = 3


class Reason(IntEnum):
    """Why a fill or an order happened; the lower-case name is what users see."""

    ENTRY_SIGNAL = 1
    EXIT_SIGNAL = 2
    STOP_LOSS = 3
    TAKE_PROFIT = 4
    TRAILING_STOP = 5
    TIME_STOP = 6
    MAX_DRAWDOWN = 7
    TARGET = 8
    DRIFT = 9
    DAILY_LOSS = 10
    KILL_SWITCH = 11


class Status(IntEnum):
    """What became of an order."""

    PENDING = 0
    FILLED = 1
    REJECTED = 2
    CANCELLED = 3
    EXPIRED = 4
    PARTIAL = 5
    FAILED = 6


class Event(IntEnum):
    """What happened beside fills and orders: limits that were reached, corporate actions."""

    MAX_DRAWDOWN = 1
    MAX_DAILY_LOSS = 2
    MAX_GROSS = 3
    MAX_NET = 4
    MAX_CONCENTRATION = 5
    MAX_POSITION = 6
    MAX_ORDERS_PER_DAY = 7
    KILL_SWITCH = 8
    SPLIT = 9
    DIVIDEND = 10
    FUNDING = 11


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


EVENT = np.dtype([
    ("sequence", "<i8"), ("ts", "<i8"), ("bar", "<i8"), ("asset", "<i8"), ("kind", "<i8"), ("value", "<f8"), ("bound", "<f8"),
])  # fmt: skip
"""An `Event`; `asset` is -1 where it concerns the whole book, `bound` is NaN where there is no limit."""


class _Arrays(Checked):
    """A checked value that holds arrays; in JSON each is named by its hash."""

    model_config = ConfigDict(arbitrary_types_allowed=True)


class SimInput(_Arrays):
    """Everything that a simulation depends on.

    Raises
    ------
    InputError
        Naming every violation.
    """

    title: ClassVar[str] = "simulation"

    contract_version: Literal[1] = Field(CONTRACT_VERSION, description="Version of this contract.")
    market: Market = Field(description="Bars of all assets on one time axis.")
    plan: Plan = Field(description="The strategy, compiled against the market: decisions as arrays.")
    execution: Execution = Field(Execution(), description="How orders meet the market.")
    risk: RiskLimits = Field(
        RiskLimits(), description="Limits of the run, beside those of the strategy; the stricter holds."
    )
    cash: float = Field(
        100_000.0, gt=0.0, lt=1e15, description="Capital at the start; units of currency, above 0, below 1e15."
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of every random draw; 0 to 2^63 - 1.")
    strategy_version: str = Field("", max_length=128, description="Hash of the strategy's document or source.")
    kill_ts: int | None = Field(
        None,
        description="UTC nanoseconds: at the first close from then on the kill switch leaves every position for good.",
    )

    def __init__(
        self,
        market: Market,
        plan: Plan,
        execution: Execution | None = None,
        cash: float = 100_000.0,
        seed: int = 0,
        **more: Any,
    ) -> None:
        given = {"market": market, "plan": plan, "execution": execution or Execution(), "cash": cash, "seed": seed}
        super().__init__(**given, **more)

    @classmethod
    def further(cls, given: Any) -> list[str]:
        """What is wrong with the plan, where its market is known."""
        from qt_engine.simulation.admission import violations

        parts = given if isinstance(given, dict) else {}
        market, plan = parts.get("market"), parts.get("plan")
        return violations(plan, market) if isinstance(market, Market) and isinstance(plan, Plan) else []

    def contradictions(self) -> list[str]:
        """What is wrong with the plan for this market, and limits that exclude each other."""
        from qt_engine.simulation.admission import violations

        found = violations(self.plan, self.market)
        try:
            limits_of_plan(self.plan).tighter(self.risk)
        except InputError as error:
            found.append(f"strategy: {error.reason}")
        return found

    @computed_field(description="Hash of the market's rows.")  # type: ignore[prop-decorator]
    @cached_property
    def data_version(self) -> str:
        """Names exactly the rows of the market."""
        return self.market.hash

    @computed_field(description="Hash over the stored series that the market was cut from.")  # type: ignore[prop-decorator]
    @cached_property
    def snapshot_hash(self) -> str:
        """Names the snapshots of the stored series; that of no series for a market made in memory."""
        return hash_config([list(source) for source in self.market.sources])

    @computed_field(description="Length of a bar, such as 1d.")  # type: ignore[prop-decorator]
    @property
    def clock(self) -> str:
        """The clock resolution: nothing happens between two bars but what a bar's extremes tell."""
        return self.market.interval

    @field_serializer("market", "plan")
    def _by_hash(self, value: Market | Plan) -> str:
        return value.hash

    @property
    def needs_complete_path(self) -> bool:
        """Whether the kernel's shorter path cannot carry the run."""
        return Terms(self.execution, self.risk, self.seed, self.kill_ts).needs_all(self.plan, self.market)

    @cached_property
    def hash(self) -> str:
        """Covers market, plan, execution, risk, cash, seed and the engine's revision; no time, host or path.

        What was added to the contract later stands in it only where it is used, so that older inputs keep their names.
        """
        costs = self.execution
        named: dict[str, Any] = {
            "engine": ENGINE_REVISION, "market": self.market.hash, "plan": self.plan.hash, "cash": self.cash,
            "execution": [costs.fee_bps, costs.slippage_bps, costs.tick], "seed": self.seed,
        }  # fmt: skip
        if not costs.is_simple:
            named["model"] = costs.canonical()
        if not self.risk.unlimited:
            named["risk"] = self.risk.model_dump(exclude_none=True)
        if self.kill_ts is not None:
            named["kill_ts"] = self.kill_ts
        return hash_config(named)


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
    failed_orders: int = 0
    borrow: float = 0.0
    """Paid for borrowing what was sold short."""
    funding: float = 0.0
    """Paid at fundings, less what was received."""
    interest: float = 0.0
    """Earned on cash, less what was paid on negative cash."""
    dividends: float = 0.0
    """Received, less what short positions paid."""

    LATER: ClassVar[tuple[str, ...]] = ("failed_orders", "borrow", "funding", "interest", "dividends")


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


class SimResult(_Arrays):
    """What came out of a simulation."""

    title: ClassVar[str] = "result"

    contract_version: Literal[1] = Field(CONTRACT_VERSION, description="Version of this contract.")
    fills: NDArray[Any] = Field(description="Executions, dtype FILL, in their order.")
    orders: NDArray[Any] = Field(description="Orders with their final status, dtype ORDER, in the order of decision.")
    equity: NDArray[Any] = Field(description="float64 (T,), marked at each close; units of currency.")
    counters: Counters = Field(description="What the kernel counted; all that metrics are made of.")
    open_positions: tuple[OpenPosition, ...] = Field((), description="Positions open after the last bar.")
    partly_realised: float = Field(
        0.0,
        allow_inf_nan=True,
        description="Profit of what was left of positions still open, after the fees of these exits; units of currency.",
    )
    cash: float = Field(description="Cash after the last bar; units of currency.", allow_inf_nan=True)
    events: NDArray[Any] = Field(
        default_factory=lambda: np.empty(0, EVENT), description="Reached limits and corporate actions, dtype EVENT."
    )

    @property
    def realised_pnl(self) -> float:
        """Profit of closed round trips and of partial exits, after their fees; units of currency."""
        return self.counters.gross_profit - self.counters.gross_loss + self.partly_realised

    @field_serializer("fills", "orders", "equity", "events")
    def _by_hash(self, value: NDArray[Any]) -> str:
        return hash_arrays({"values": value})

    @cached_property
    def hash(self) -> str:
        """Covers fills, orders, equity, counters and events.

        The event of a drawdown alone is left out: orders and counters tell it already, and results from before there were
        events keep their names.
        """
        counted = {name: value for name, value in vars(self.counters).items() if value or name not in Counters.LATER}
        counters = {k: (v.hex() if isinstance(v, float) else v) for k, v in counted.items()}
        arrays = {"fills": self.fills, "orders": self.orders, "equity": self.equity}
        if (self.events["kind"] != Event.MAX_DRAWDOWN).any():
            arrays["events"] = self.events
        return hash_arrays(arrays, counters=counters)
