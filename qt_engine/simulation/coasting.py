"""Skipping what cannot matter: bars without a position before the next signal, bars in which nothing touches the position.

The sums are those of the phases, in the same order, held in local variables; so skipping changes no byte.
"""

from __future__ import annotations

from typing import Any

from qt_engine.core.compiled import part
from qt_engine.simulation.layout import (
    BASE_EQUITY,
    CASH,
    EXTREME,
    HELD,
    LAST_PRICE,
    MAX_DRAWDOWN,
    POSITION_BARS,
    PROTECTED,
    QUANTITY,
    RETURNS,
    SAMPLED_PEAK,
    STOP_LEVEL,
    SUM_DOWNSIDE,
    SUM_EQUITY,
    SUM_RETURNS,
    SUM_SQUARES,
    TARGET_LEVEL,
    TIME_STOP_LONG,
    TRAIL_LEVEL,
    TRAIL_VALUE,
)  # fmt: skip
from qt_engine.simulation.ledger import level_at

STRIDE = 64


@part
def coast(t: int, last: int, open_: Any, high: Any, low: Any, close: Any, sample: Any, exits: Any, kinds: Any,
          limits: Any, settings: Any, floats: Any, ints: Any, money: Any, run: Any, equity: Any, record: bool,
          ) -> int:  # fmt: skip
    """Carry the only asset's position over the bars in which nothing can happen to it; returns the first other bar.

    The same sums in the same order as bar by bar, held in local variables. Nothing can happen in a bar that trades,
    has no exit flag and touches no level; the first bar that is different is left to the phases.
    """
    quantity, cash = floats[0, QUANTITY], money[CASH]
    protected = limits[PROTECTED] == 1
    long = quantity > 0.0
    row = 0 if long else 1
    trailing = kinds[row, 2] != 0
    time_stop = limits[TIME_STOP_LONG + row]
    fixed, trail, target, extreme = (
        floats[0, STOP_LEVEL],
        floats[0, TRAIL_LEVEL],
        floats[0, TARGET_LEVEL],
        floats[0, EXTREME],
    )
    stop = max(fixed, trail) if long else min(fixed, trail)
    held, first = ints[0, HELD], t
    base, peak, drawdown = money[BASE_EQUITY], money[SAMPLED_PEAK], money[MAX_DRAWDOWN]
    returns, squares, downside = money[SUM_RETURNS], money[SUM_SQUARES], money[SUM_DOWNSIDE]
    total, sampled = money[SUM_EQUITY], run[RETURNS]
    # Below this a sampled equity may be a new low; the slack keeps the exact comparison for the division.
    low_water = peak * (1.0 + drawdown) + peak * 1e-12
    # Views from here on: an index that counts from 0 needs no check for being negative.
    exit_, closes, sampled_bar, highs, lows = exits[t:, 0], close[t:, 0], sample[t:], high[t:, 0], low[t:, 0]
    quiet = last - t
    for i in range(last - t):
        price = closes[i]
        if exit_[i] != 0 or price != price:
            quiet = i
            break
        if protected:
            if long:
                if lows[i] <= stop or highs[i] >= target or held + i >= time_stop:
                    quiet = i
                    break
                if trailing and highs[i] > extreme:
                    extreme = highs[i]
                    trail = level_at(extreme, 1.0, kinds[0, 2], floats[0, TRAIL_VALUE], settings)
                    stop = max(fixed, trail)
            else:
                if highs[i] >= stop or lows[i] <= target or held + i >= time_stop:
                    quiet = i
                    break
                if trailing and lows[i] < extreme:
                    extreme = lows[i]
                    trail = level_at(extreme, -1.0, kinds[1, 2], floats[0, TRAIL_VALUE], settings)
                    stop = min(fixed, trail)
        value = cash + quantity * price
        total += value
        if record:
            equity[first + i] = value
        if sampled_bar[i] != 0:
            change = value / base - 1.0
            loss = change if change < 0.0 else 0.0
            returns += change
            squares += change * change
            downside += loss * loss
            base = value
            sampled += 1
            if value > peak:
                peak = value
                low_water = peak * (1.0 + drawdown) + peak * 1e-12
            elif value <= low_water:
                drawdown = min(drawdown, value / peak - 1.0)
                low_water = peak * (1.0 + drawdown) + peak * 1e-12
    held += quiet
    t += quiet
    if t > first:
        floats[0, LAST_PRICE] = close[t - 1, 0]
        floats[0, EXTREME], floats[0, TRAIL_LEVEL] = extreme, trail
        ints[0, HELD] = held
        money[BASE_EQUITY], money[SAMPLED_PEAK], money[MAX_DRAWDOWN] = base, peak, drawdown
        money[SUM_RETURNS], money[SUM_SQUARES], money[SUM_DOWNSIDE] = returns, squares, downside
        money[SUM_EQUITY], run[RETURNS] = total, sampled
        run[POSITION_BARS] += t - first
    return t


@part
def next_signal(signals: Any, t: int, last: int) -> int:
    """The first bar from `t` on with a signal, or `last`."""
    while t + STRIDE <= last:
        some = 0
        for signal in signals[t : t + STRIDE]:  # no exit inside: a vector loop
            some |= signal
        if some != 0:
            break
        t += STRIDE
    while t < last and signals[t] == 0:
        t += 1
    return t
