"""Markets at every clock from the same random trades, and runs on the coarsest of them.

Prices are whole ticks. They jump, or they take one tick at a time, so that no level is ever jumped over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from qt_engine.core.intervals import interval_ns
from qt_engine.data.market import Market
from qt_engine.data.resample import resample
from qt_engine.data.ticks import market_from_trades
from qt_engine.simulation.contract import Execution, SimInput
from qt_engine.strategies.plan import LONG, SHORT, STOP, TARGET, UNLIMITED, Plan, Protect, Risk

CLOCKS = ("1ms", "10ms", "1s", "1m", "1h", "1d")
START = 1_577_836_800_000_000_000  # 2020-01-01
MS = 1_000_000
TICK = 0.25


@dataclass(frozen=True)
class Traded:
    """One history of trades as bars of the coarse clock and of every finer one, from the finest on."""

    coarse: Market
    finer: tuple[Market, ...]


@st.composite
def histories(draw: st.DrawFn, *, assets: int = 1, steps: bool = False) -> Traded:
    """Trades at random times in 2 to 12 coarse bars; with `steps` the price moves by one tick a trade."""
    clock = draw(st.sampled_from(CLOCKS[2:]))
    length, bars = interval_ns(clock), draw(st.integers(2, 12))
    dice = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = []
    for asset in range(assets):
        count = int(dice.integers(1, 30 * bars))
        times = START + np.sort(dice.integers(0, bars * length, count))
        moves = dice.choice((-1, 1) if steps else (-9, -3, -1, -1, 0, 1, 1, 3, 9), count)
        ticks = np.maximum(np.cumsum(moves) + 200, 1) if not steps else _bounced(np.cumsum(moves) + 200)
        rows += zip(
            times.tolist(),
            "ABC"[asset] * count,
            (ticks * TICK).tolist(),
            dice.integers(1, 90, count).tolist(),
            strict=True,
        )
    finest = market_from_trades("ABC"[:assets], sorted(rows, key=lambda row: row[0]), venue="24/7")
    end = START + bars * length
    made = tuple(resample(finest, one, until=end) for one in CLOCKS[: CLOCKS.index(clock) + 1])
    return Traded(made[-1], made[:-1])


def _bounced(ticks: np.ndarray) -> np.ndarray:
    """Reflected at 1, so that it still moves by one."""
    return np.abs(ticks - 1) + 1


@st.composite
def dense_histories(draw: st.DrawFn, *, assets: int = 2) -> Traded:
    """Every asset trades in every bar of one finer clock, so that bars can be counted on it."""
    clock, finer, each = draw(
        st.sampled_from((("1s", "250ms", 4), ("1m", "20s", 3), ("1h", "10m", 6), ("1d", "8h", 3)))
    )
    bars = draw(st.integers(2, 25))
    dice = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    step, rows = interval_ns(finer), []
    for place in range(bars * each):
        for asset in range(assets):
            ticks = 200 + 30 * asset + dice.integers(-9, 10, 4)
            rows += [(START + place * step + k * MS, "ABC"[asset], ticks[k] * TICK, 5) for k in range(4)]
    finest = market_from_trades("ABC"[:assets], sorted(rows, key=lambda row: row[0]), venue="24/7")
    end = START + bars * interval_ns(clock)
    return Traded(resample(finest, clock, until=end), (resample(finest, finer, until=end),))


def signals(draw: st.DrawFn, market: Market) -> Plan:
    """Entries and exits at many closes, by market order, of a fixed quantity."""
    dice = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape, busy = market.close.shape, draw(st.sampled_from((0.3, 0.7, 0.05)))
    entry = (dice.choice((-1, 1), shape) * (dice.random(shape) < busy)).astype(np.int8)
    leave = [(dice.random(shape) < 0.25).astype(np.uint8) for _ in range(2)]
    nothing = np.zeros((2, 3), np.int64)
    return Plan(
        entry, leave[LONG], leave[SHORT], nothing, np.zeros((2, 3)), np.full(2, UNLIMITED), "fixed_quantity", 10.0,
        risk=Risk(max_gross=1000.0),
    )  # fmt: skip


def protected(draw: st.DrawFn, plan: Plan, market: Market) -> Plan:
    """With stops and targets a few ticks or shares of the price away."""
    kind, value = np.zeros((2, 3), np.int64), np.zeros((2, 3))
    distances = []
    for side in (LONG, SHORT):
        for column in (STOP, TARGET):
            kind[side, column] = draw(
                st.sampled_from((Protect.DISTANCE, Protect.FRACTION, Protect.DISTANCE, Protect.NONE))
            )
            if kind[side, column] == Protect.FRACTION:
                value[side, column] = draw(st.sampled_from((0.01, 0.03, 0.1)))
            elif kind[side, column] == Protect.DISTANCE:
                value[side, column] = len(distances)
                distances.append(np.full(market.close.shape, TICK * draw(st.integers(1, 8))))
    tables = np.stack(distances) if distances else plan.distances
    return replace(plan, protect_kind=kind, protect_value=value, distances=tables)


COSTS = st.builds(
    Execution, fee_bps=st.sampled_from((0.0, 5.0, 33.3)), slippage_bps=st.sampled_from((0.0, 2.0)), tick=st.just(TICK),
    spread_bps=st.sampled_from((0.0, 0.0, 7.0)),
)  # fmt: skip


@st.composite
def market_orders(draw: st.DrawFn, histories: st.SearchStrategy[Traded]) -> tuple[SimInput, tuple[Market, ...]]:
    traded = draw(histories)
    return SimInput(traded.coarse, signals(draw, traded.coarse), draw(COSTS), 1e9), traded.finer


@st.composite
def level_runs(draw: st.DrawFn, *, steps: bool) -> tuple[SimInput, tuple[Market, ...]]:
    given, finer = draw(market_orders(histories(steps=steps)))
    plan = protected(draw, given.plan, given.market)
    return SimInput(given.market, plan, given.execution, given.cash), finer
