"""`sweep`: one strategy with many choices of parameters, on one market or on each of several.

A lane gives the bytes that `simulate` gives for its parameters. Threads share nothing but what they read: every lane
writes its own row, so their number changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.data.market import Market
from qt_engine.risk.limits import RiskLimits
from qt_engine.simulation import layout as at
from qt_engine.simulation.contract import Counters, Execution
from qt_engine.simulation.state import KernelState, counters_of
from qt_engine.strategies.document import Orders, RulesDocument, StrategyDocument
from qt_engine.strategies.lanes import Lanes

LANES_A_TASK = 128
LATER_LIMITS = ("max_net", "max_concentration", "max_position", "max_daily_loss", "max_orders_per_day")


@dataclass(frozen=True)
class SweepResult:
    """What every lane counted.

    Attributes
    ----------
    parameters
        An array `(lanes,)` for every parameter.
    markets
        Symbols of every market; its position is the first index below.
    money, run
        float64 and int64 `(markets, lanes, …)`: the kernel's counters, see `layout`.
    final_equity
        float64 `(markets, lanes)`.
    """

    parameters: Mapping[str, NDArray[Any]]
    markets: tuple[tuple[str, ...], ...]
    cash: float
    money: NDArray[np.float64]
    run: NDArray[np.int64]
    final_equity: NDArray[np.float64]
    extra: Mapping[tuple[int, int], Mapping[str, float]]
    """What the kernel's complete path counted beside, by (market, lane)."""

    @property
    def trades(self) -> NDArray[np.int64]:
        """int64 `(markets, lanes)`: closed round trips."""
        return self.run[:, :, at.TRADES]

    def counters(self, lane: int, market: int = 0) -> Counters:
        """All that metrics are made of, equal to those of a single run."""
        state = KernelState(
            np.empty((0, 0)), np.empty((0, 0), np.int64), self.money[market, lane], self.run[market, lane]
        )
        return counters_of(
            state, self.cash, float(self.final_equity[market, lane]), **self.extra.get((market, lane), {})
        )


class _Ready(Protocol):
    def run(self, row: int, first: int, last: int) -> None:
        """Run lanes `first` to `last` of a market into row `row` of the results."""


class _Work(Protocol):
    money: NDArray[np.float64]
    run: NDArray[np.int64]
    final: NDArray[np.float64]
    extra: dict[tuple[int, int], Mapping[str, float]]

    def prepare(self, market: Market) -> _Ready:
        """Whatever all lanes of a market share."""


def sweep(
    strategy: StrategyDocument,
    parameters: Mapping[str, NDArray[Any]],
    markets: Sequence[Market],
    execution: Execution,
    cash: float,
    *,
    risk: RiskLimits | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> SweepResult:
    """Run every lane on every market.

    Parameters
    ----------
    strategy
        A checked document of any kind.
    parameters
        For every parameter of the document an array of shape `(lanes,)`, as `grid` gives them.
    markets
        One market (assets on shared cash), or several that are each run by themselves, of one kind.
    risk, seed
        As in `SimInput`.
    threads
        How many to use; all processors by default. Changes no byte.
    progress
        Called from this thread with the share done, 0 to 1; may raise to cancel.

    Raises
    ------
    InputError
        If there is no lane or no market.
    """
    lanes = len(next(iter(parameters.values()))) if parameters else 1
    if not markets or not lanes:
        raise InputError("a sweep needs at least one market and one combination of parameters")
    if len({market.periods_per_year for market in markets}) > 1:
        raise InputError("a sweep takes markets of one kind: these have different numbers of periods a year")
    limits = risk or RiskLimits()
    work, lanes_a_task = _work(strategy, parameters, lanes, markets, execution, cash, limits, seed)
    threads = threads or os.cpu_count() or 1
    # With one market the lanes are dealt out; with several each is small, and is one task.
    step = lanes if len(markets) >= threads else min(lanes_a_task, -(-lanes // threads))
    tasks = [(m, first, min(first + step, lanes)) for m in range(len(markets)) for first in range(0, lanes, step)]
    prepared = {0: work.prepare(markets[0])} if len(markets) == 1 else {}
    done = 0

    def run(task: tuple[int, int, int]) -> int:
        market, first, last = task
        ready = prepared.get(market) or work.prepare(markets[market])
        ready.run(market, first, last)
        return last - first

    pool = ThreadPoolExecutor(threads)
    try:
        for finished in pool.map(run, tasks):
            done += finished
            if progress is not None:
                progress(done / (lanes * len(markets)))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    symbols = tuple(market.symbols for market in markets)
    return SweepResult(parameters, symbols, cash, work.money, work.run, work.final, work.extra)


def _work(
    strategy: StrategyDocument, parameters: Mapping[str, NDArray[Any]], lanes: int, markets: Sequence[Market],
    execution: Execution, cash: float, risk: RiskLimits, seed: int,
) -> tuple[_Work, int]:  # fmt: skip
    """The lanes in one compiled loop where the simple path of the kernel can carry them, else each by itself."""
    if in_lanes(strategy, markets, execution, risk):
        assert isinstance(strategy, RulesDocument)
        from qt_engine.simulation.lane_work import LaneWork
        from qt_engine.strategies.compiler import CompiledLanes

        compiled = CompiledLanes(strategy, Lanes(parameters, lanes), markets[0].periods_per_year)
        return LaneWork(compiled, execution, cash, len(markets)), LANES_A_TASK
    from qt_engine.simulation.single_work import SingleWork

    return SingleWork(strategy, parameters, lanes, len(markets), execution, cash, risk, seed), 1


def in_lanes(strategy: StrategyDocument, markets: Sequence[Market], execution: Execution, risk: RiskLimits) -> bool:
    """Whether a sweep can take the quick way."""
    return (
        isinstance(strategy, RulesDocument)
        and execution.is_simple
        and risk.unlimited
        and strategy.orders == Orders()
        and all(getattr(strategy.risk, name) is None for name in LATER_LIMITS)
        and not any(len(market.actions) for market in markets)
    )
