"""Hypothesis strategies: small markets on a coarse grid, plans of every kind, and the run that joins them.

Bars and signals are decoded from one string of bytes each, so that thousands of examples stay quick and still shrink
(a zero byte is the dull choice). Prices are whole multiples of a grid step, so that levels are touched exactly
and ties happen all the time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from qt_engine.core.intervals import DAY_NS
from qt_engine.data.market import Market
from qt_engine.simulation.contract import Execution, SimInput
from qt_engine.strategies.instructions import (
    AND,
    GREATER,
    GREATER_EQUAL,
    LESS,
    OR,
    PUSH_COLUMN,
    PUSH_HELD,
    PUSH_POSITION,
    PUSH_VALUE,
)
from qt_engine.strategies.plan import SIZING_METHODS, UNLIMITED, Plan, Protect, Risk
from reference.cases import START
from reference.simulator import ExitCondition

MOVES = np.array([0, 0, 0, 1, -1, 1, -1, 2, -2, 3, -3, 5, -5, 12, -12, 40])
REACH = np.array([0, 0, 1, 1, 2, 3, 5, 10])
FRACTIONS = (0.02, 0.05, 0.1, 0.25, 0.03, 0.01, 1.0)
FEES = (0.0, 0.0, 1.0, 5.0, 10.0, 33.3)


@dataclass(frozen=True)
class Run:
    """A drawn run; `exit_conditions` are the plan's exit programs as Python functions, for the reference."""

    given: SimInput
    exit_conditions: tuple[ExitCondition | None, ExitCondition | None]


def _choices(draw: st.DrawFn, *shape: int) -> np.ndarray:
    """Bytes of that shape: drawn one by one, which shrinks well, or from a drawn seed, which is busy everywhere."""
    size = int(np.prod(shape))
    seed = draw(st.integers(0, 2**32 - 1))
    if seed % 4 == 0:
        flat = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), np.uint8)
    else:
        flat = np.random.default_rng(seed).integers(0, 256, size, np.uint8)
    return flat.reshape(shape).astype(np.int64)


@st.composite
def markets(draw: st.DrawFn, *, max_assets: int = 4, max_bars: int = 60) -> Market:
    assets = draw(st.integers(1, max_assets))
    bars = draw(st.integers(1, max_bars))
    step = draw(st.sampled_from((0.01, 0.05, 0.25, 1.0, 0.5, 0.03)))
    level = draw(st.sampled_from((100, 20, 1000, 3)))
    bytes_ = _choices(draw, bars, assets, 4)
    idle_share = draw(st.sampled_from((0, 20, 60, 150)))

    prices = np.full((4, bars, assets), np.nan)
    for a in range(assets):
        last = level + 7 * a
        for t in range(bars):
            gap, reach, body, idle = (int(b) for b in bytes_[t, a])
            if idle >= 256 - idle_share:
                continue
            open_ = max(last + int(MOVES[gap % 16]), 1)
            close = max(open_ + int(MOVES[body % 16]), 1)
            high = max(open_, close) + int(REACH[reach % 8])
            low = max(min(open_, close) - int(REACH[reach // 8 % 8]), 1)
            prices[:, t, a] = open_, high, low, close
            last = close
    # counted in steps, so that equal prices are equal numbers
    prices = prices / round(1 / step) if step != 0.03 else prices * step
    ts = START + DAY_NS * np.arange(bars, dtype=np.int64)
    every = draw(st.sampled_from((1, 1, 3)))
    sample = ((np.arange(bars) + 1) % every == 0).astype(np.uint8)
    return Market(
        tuple("ABCD"[:assets]), "1d", ts, ts + DAY_NS - 1, *(np.ascontiguousarray(p) for p in prices),
        volume=np.where(np.isnan(prices[0]), np.nan, 1.0), sample=sample, periods_per_year=252.0,
    )  # fmt: skip


@st.composite
def exit_programs(draw: st.DrawFn) -> tuple[list[tuple[int, int, int]], list[float], ExitCondition]:
    """One exit condition as a program, its constants, and the same thing as a Python function."""
    held = draw(st.integers(0, 6))
    size = draw(st.sampled_from((0.0, 5.0, -5.0)))
    joined = draw(st.booleans())
    program = [
        (PUSH_HELD, 0, 0), (PUSH_VALUE, 0, 0), (GREATER_EQUAL, 0, 0), (PUSH_POSITION, 0, 0), (PUSH_VALUE, 1, 0),
        (GREATER if joined else LESS, 0, 0), (AND if joined else OR, 0, 0),
    ]  # fmt: skip

    def condition(asset: int, bar: int, quantity: float, bars_held: int) -> bool:
        if joined:
            return bars_held >= held and quantity > size
        return bars_held >= held or quantity < size

    return program, [float(held), size], condition


@st.composite
def plans(draw: st.DrawFn, market: Market) -> tuple[Plan, tuple[ExitCondition | None, ExitCondition | None]]:
    shape = market.close.shape
    step = float(np.nanmin(market.close)) if not np.isnan(market.close).all() else 1.0
    signals = _choices(draw, *shape, 2)
    busy = draw(st.sampled_from((100, 30, 220, 6)))
    entry = np.where(signals[..., 0] >= 256 - busy, np.where(signals[..., 0] % 2 == 0, 1, -1), 0).astype(np.int8)
    leave_long = (signals[..., 1] % 8 == 7).astype(np.uint8)
    leave_short = (signals[..., 1] // 8 % 8 == 7).astype(np.uint8)

    kind, value = np.zeros((2, 3), np.int64), np.zeros((2, 3))
    distances: list[np.ndarray] = []
    for side in (0, 1):
        for column in (0, 1, 2):
            chosen = draw(st.sampled_from((Protect.NONE, Protect.FRACTION, Protect.NONE, Protect.DISTANCE)))
            kind[side, column] = chosen
            if chosen == Protect.FRACTION:
                value[side, column] = draw(st.sampled_from(FRACTIONS))
            elif chosen == Protect.DISTANCE:
                value[side, column] = len(distances)
                shares = (1, 2, 3, 4, 6, 9, 12, 16, 30, 5, 7, 20)
                table = np.array([*(step * share / 8 for share in shares), np.nan, 0.0, -1.0, 1e-3])
                picks = np.resize(_choices(draw, 16), shape)
                distances.append(np.ascontiguousarray(table[picks % len(table)]))
    time_stop = np.array([draw(st.sampled_from((UNLIMITED, UNLIMITED, 3, 7, 1))) for _ in range(2)], np.int64)

    method = draw(st.sampled_from(SIZING_METHODS))
    amount = draw(
        {
            "fixed_quantity": st.sampled_from((10.0, 1.0, 100.0, 3.7, 900.0)),
            "fixed_notional": st.sampled_from((400.0, 1_000.0, 5_000.0)),
            "equity_fraction": st.sampled_from((0.1, 0.3, 0.5, 0.95, 1.0, 2.0)),
            "volatility_target": st.sampled_from((0.1, 0.2)),
            "risk_per_trade": st.sampled_from((0.01, 0.02, 0.1)),
        }[method]
    )
    volatility = np.empty((0, 0))
    if method == "volatility_target":
        picks = np.resize(_choices(draw, 16), shape)
        volatility = np.ascontiguousarray(np.array([0.2, 0.1, 0.4, 0.37, 0.2, 0.3, np.nan, 0.0])[picks % 8])

    programs = [np.empty((0, 3), np.int64), np.empty((0, 3), np.int64)]
    conditions: list[ExitCondition | None] = [None, None]
    values: list[float] = []
    columns = np.empty((0, 0, 0))
    for side in (0, 1):
        if draw(st.sampled_from((False, False, False, True))):
            rows, constants, conditions[side] = draw(exit_programs())
            shifted = [(op, arg + len(values) if op == PUSH_VALUE else arg, z) for op, arg, z in rows]
            if side == 0:  # and a column: leave while it is above 0.5 as well
                columns = np.ascontiguousarray(leave_long.astype(float)[None])
                shifted += [(PUSH_COLUMN, 0, 0), (PUSH_VALUE, len(values) + 2, 0), (GREATER, 0, 0), (OR, 0, 0)]
                constants = [*constants, 0.5]
                conditions[0] = _or_column(conditions[0], columns[0])
            programs[side] = np.array(shifted, np.int64)
            values += constants

    plan = Plan(
        entry, leave_long, leave_short, kind, value, time_stop, method, amount,
        distances=np.stack(distances) if distances else np.empty((0, 0, 0)), volatility=volatility,
        cooldown=draw(st.sampled_from((0, 0, 1, 2, 5))),
        max_entries=draw(st.sampled_from((UNLIMITED, UNLIMITED, 1, 2))),
        risk=Risk(
            draw(st.sampled_from((None, None, 1, 2))), draw(st.sampled_from((1.0, 2.0, 0.5, 5.0))),
            draw(st.sampled_from((None, 0.02, None, 0.1, 0.005))),
        ),
        exit_programs=(programs[0], programs[1]), program_values=np.array(values), program_columns=columns,
    )  # fmt: skip
    return plan, (conditions[0], conditions[1])


def _or_column(condition: ExitCondition | None, column: np.ndarray) -> ExitCondition:
    def joined(asset: int, bar: int, quantity: float, bars_held: int) -> bool:
        return bool(column[bar, asset] > 0.5) or (condition is not None and condition(asset, bar, quantity, bars_held))

    return joined


@st.composite
def executions(draw: st.DrawFn) -> Execution:
    return Execution(
        fee_bps=draw(st.sampled_from(FEES)), slippage_bps=draw(st.sampled_from(FEES)),
        tick=draw(st.sampled_from((1e-8, 0.01, 0.05, 0.25, 1.0, 0.03, 2.5))),
    )  # fmt: skip


@st.composite
def runs(draw: st.DrawFn, *, max_assets: int = 4, max_bars: int = 60) -> Run:
    """A market, a plan for it, costs and capital."""
    market = draw(markets(max_assets=max_assets, max_bars=max_bars))
    plan, conditions = draw(plans(market))
    cash = draw(st.sampled_from((10_000.0, 1_000.0)))
    return Run(SimInput(market, plan, draw(executions()), cash), conditions)
