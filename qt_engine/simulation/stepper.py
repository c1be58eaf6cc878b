"""`Stepper` carries a run forward by any number of bars; `simulate` is one that takes all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.core.hashing import hash_arrays
from qt_engine.data.market import Market
from qt_engine.simulation import book
from qt_engine.simulation import layout as at
from qt_engine.simulation.contract import EVENT, FILL, ORDER, Execution, Kind, RiskLimits, SimInput, SimResult, Status
from qt_engine.simulation.path import Extra, halt_event, run_complete, run_simple
from qt_engine.simulation.state import KernelState, counters_of, open_positions_of
from qt_engine.simulation.terms import Terms
from qt_engine.strategies.plan import Plan


@dataclass(frozen=True)
class StepDelta:
    """What happened between two bars: new rows of dtypes `FILL`, `ORDER` and `EVENT`, and the equity at each close."""

    first: int
    last: int
    fills: NDArray[Any]
    orders: NDArray[Any]
    equity: NDArray[np.float64]
    events: NDArray[Any]


class Stepper:
    """One run of the kernel, advanced bar by bar or in chunks of any length with the same bytes.

    Parameters
    ----------
    assets
        Number of assets of the markets that will be given.
    execution, cash, risk, seed, kill_ts
        As in `SimInput`.
    complete
        Take the kernel's complete path from the start, also where the shorter one would do: the bytes are the same.
    """

    def __init__(
        self,
        assets: int,
        execution: Execution,
        cash: float,
        *,
        risk: RiskLimits | None = None,
        seed: int = 0,
        kill_ts: int | None = None,
        complete: bool = False,
    ) -> None:
        self.execution = execution
        self.cash = cash
        self._terms = Terms(execution, risk or RiskLimits(), seed, kill_ts)
        self._state = KernelState.start(assets, cash)
        self._extra: Extra | None = None
        self._complete = complete
        self._equity = np.empty(0)
        self._market: Market | None = None
        self._plan: Plan | None = None

    @classmethod
    def of(cls, given: SimInput) -> Stepper:
        """A run of this input that has seen no bar."""
        return cls(
            len(given.market.symbols),
            given.execution,
            given.cash,
            risk=given.risk,
            seed=given.seed,
            kill_ts=given.kill_ts,
        )

    @property
    def bar(self) -> int:
        """How many bars have been seen."""
        return self._state.bar

    def advance(self, market: Market, plan: Plan, until: int | None = None) -> StepDelta:
        """Run up to bar `until` (exclusive; default all) of a market that begins with the bars seen so far.

        Raises
        ------
        InputError
            If the market or plan is shorter than `until`, or of another number of assets.
        """
        until = len(market) if until is None else until
        state, first = self._state, self._state.bar
        decided = plan.target.shape[1:] == market.close.shape[1:] if plan.kind == "portfolio" else (
            plan.entry.shape == market.close.shape
        )  # fmt: skip
        if not decided or market.close.shape[1] != len(state.ints) or not first <= until <= len(market):
            raise InputError(f"cannot advance from bar {first} to {until} on a market of shape {market.close.shape}")
        if len(self._equity) < until:
            self._equity = _longer(self._equity, first, until)
        fills, orders, events = int(state.run[at.FILLS]), int(state.run[at.ORDERS]), len(self._events())
        if self._extra is None and (self._complete or self._terms.needs_all(plan, market)):
            self._extra = Extra.beside(state, self.equity(), plan)
        if self._extra is None:
            run_simple(state, self._terms, market, plan, until, self._equity)
        else:
            run_complete(state, self._extra, self._terms, market, plan, until, self._equity)
        self._market, self._plan = market, plan
        return StepDelta(
            first, until, state.fills[fills : int(state.run[at.FILLS])], state.orders[orders : int(state.run[at.ORDERS])],
            self._equity[first:until], self._events()[events:],
        )  # fmt: skip

    def _events(self) -> NDArray[Any]:
        if self._extra is not None:
            return self._extra.events[: int(self._extra.tally[book.EVENTS])]
        if self._market is None or self._plan is None:
            return np.empty(0, EVENT)
        return halt_event(self._state, self._market, self._plan)

    def equity(self) -> float:
        """Equity at the last close seen; the capital before the first."""
        return float(self._equity[self.bar - 1]) if self.bar else self.cash

    def counted(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The kernel's counters as arrays: see `layout`."""
        return self._state.money, self._state.run

    def counted_beside(self) -> dict[str, float]:
        """The counters of the complete path, by name; none where the simple one carried the run."""
        return {} if self._extra is None else self._extra.counters()

    def state_hash(self) -> str:
        """Names the exact state: equal for equal runs, whatever the steps."""
        state = self._state
        # Bar and size of a halt follow from what stood before it; sessions from before they were kept go on.
        money, run = state.money[: at.HALT_DRAWDOWN], state.run[: at.HALT_BAR]
        arrays = {"floats": state.floats, "ints": state.ints, "money": money, "run": run}
        if self._extra is not None:
            arrays |= self._extra.arrays()
        return hash_arrays(arrays)

    def positions(self) -> list[dict[str, Any]]:
        """Open positions as plain values, in the order of the assets; see `OpenPosition`."""
        if self._market is None:
            return []
        return [dict(vars(position)) for position in open_positions_of(self._state, self._market)]

    def pending(self) -> list[dict[str, Any]]:
        """Orders that wait or work: `order`, `asset`, `side` (+1, -1; 0 for a target that is not sized yet) and `kind`."""
        found = []
        for asset, ints in enumerate(self._state.ints):
            if pending := int(ints[at.PENDING]):
                held = self._state.floats[asset, at.QUANTITY]
                kind, side = Kind.ENTRY, pending
                if pending == at.EXIT_ORDER:
                    kind, side = Kind.EXIT, -1 if held > 0 else 1
                elif pending == book.TARGET_ORDER:
                    kind, side = Kind.TARGET, int(self._state.orders[int(ints[at.PENDING_ORDER])]["side"])
                found.append({
                    "order": int(ints[at.PENDING_ORDER]), "asset": asset, "side": side, "kind": kind.name.lower(),
                    "decided_bar": int(ints[at.PENDING_BAR]),
                })  # fmt: skip
        return found

    def result(self) -> SimResult:
        """The run up to now as a finished one: orders still pending are expired, open positions stay open."""
        state = self._state
        orders: NDArray[Any] = state.orders[: int(state.run[at.ORDERS])].copy()
        waiting = orders["status"] == Status.PENDING
        orders["status"][waiting] = np.where(orders["fill_bar"][waiting] >= 0, Status.PARTIAL, Status.EXPIRED)
        positions = open_positions_of(state, self._market) if self._market is not None else ()
        return SimResult(
            fills=state.fills[: int(state.run[at.FILLS])].copy(),
            orders=orders,
            equity=self._equity[: self.bar],
            events=self._events().copy(),
            counters=counters_of(state, self.cash, self.equity(), **self.counted_beside()),
            open_positions=positions,
            partly_realised=0.0 if self._extra is None else self._extra.partly_realised(),
            cash=float(state.money[at.CASH]),
        )


def _longer(curve: NDArray[np.float64], used: int, bars: int) -> NDArray[np.float64]:
    larger = np.empty(max(bars, 2 * used))
    larger[:used] = curve[:used]
    return larger


__all__ = ["FILL", "ORDER", "StepDelta", "Stepper"]
