"""The one kernel. Backtests, sweeps, replays and paper sessions all run `advance`.

`advance` carries a run from bar `first` to bar `last` (exclusive) and leaves its state in arrays, so that one call for
the whole history, a call per chunk and a call per bar leave the same bytes. The meaning of every line is specified in
`docs/execution.md`; phases are numbered as there. Only + - * / and comparisons on binary64 in a fixed order, no
fastmath, no calls into user code.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qt_engine.core.compiled import bare, inlined, part
from qt_engine.simulation.coasting import coast, next_signal
from qt_engine.simulation.layout import (
    AMBIGUOUS_BARS,
    BAR,
    BASE_EQUITY,
    CASH,
    COOLDOWN,
    DRAWDOWN_LIMIT,
    ENTERING,
    ENTRIES,
    EXIT_ORDER,
    EXTREME,
    FILLS,
    FLAT_BARS,
    FLAT_EQUITY,
    HALT_BAR,
    HALT_DRAWDOWN,
    HALTED,
    HELD,
    LAST_EXIT,
    LAST_PRICE,
    MAX_DRAWDOWN,
    MAX_ENTRIES,
    MAX_POSITIONS,
    OPEN,
    PEAK,
    PENDING,
    PENDING_ORDER,
    PENDING_REASON,
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
    WAITING,
)  # fmt: skip
from qt_engine.simulation.ledger import (
    AMBIGUOUS,
    CANCELLED,
    DRAWDOWN,
    ENTRY_SIGNAL,
    EXIT_SIGNAL,
    FILLED,
    STOP_LOSS,
    TAKE_PROFIT,
    TIME_STOP,
    TRAILING_STOP,
    enter,
    leave,
    level_at,
    place_order,
)  # fmt: skip
from qt_engine.simulation.stateful import evaluate


@inlined
def at_the_open(t: int, ts: Any, open_: Any, close: Any, kinds: Any, values: Any, distances: Any, volatility: Any,
                limits: Any, settings: Any, floats: Any, ints: Any, money: Any, run: Any, fills: Any, orders: Any,
                record: bool) -> None:  # fmt: skip
    """Phase 2: arrivals, gaps, time exits."""
    for asset in range(floats.shape[0]):
        pending = ints[asset, PENDING]
        if (pending == 0 and floats[asset, QUANTITY] == 0.0) or close[t, asset] != close[t, asset]:
            continue
        price = open_[t, asset]
        reason = 0
        if pending == EXIT_ORDER:
            ints[asset, PENDING] = 0
            run[WAITING] -= 1
            reason = ints[asset, PENDING_REASON]
            if record:
                orders[ints[asset, PENDING_ORDER]].status = FILLED
                orders[ints[asset, PENDING_ORDER]].fill_bar = t
        elif pending != 0:
            enter(ts[t], t, asset, price, open_, kinds, values, distances, volatility, limits, settings, floats, ints,
                  money, run, fills, orders, record)  # fmt: skip
        elif limits[PROTECTED] == 1:
            fixed, trail = floats[asset, STOP_LEVEL], floats[asset, TRAIL_LEVEL]
            if floats[asset, QUANTITY] > 0.0:
                if price <= max(fixed, trail):
                    reason = STOP_LOSS if fixed >= trail else TRAILING_STOP
                elif price >= floats[asset, TARGET_LEVEL]:
                    reason = TAKE_PROFIT
                elif ints[asset, HELD] >= limits[TIME_STOP_LONG]:
                    reason = TIME_STOP
            elif price >= min(fixed, trail):
                reason = STOP_LOSS if fixed <= trail else TRAILING_STOP
            elif price <= floats[asset, TARGET_LEVEL]:
                reason = TAKE_PROFIT
            elif ints[asset, HELD] >= limits[TIME_STOP_LONG + 1]:
                reason = TIME_STOP
        if reason != 0:
            leave(ts[t], t, asset, reason, price, settings, floats, ints, money, run, fills, record)


@inlined
def inside_the_bar(t: int, ts: Any, high: Any, low: Any, close: Any, kinds: Any, limits: Any, settings: Any,
                   floats: Any, ints: Any, money: Any, run: Any, fills: Any, record: bool) -> None:  # fmt: skip
    """Phases 3 and 5: resting stops and targets on the pessimistic path, then the trailing stop's ratchet."""
    if limits[PROTECTED] == 0:
        for asset in range(floats.shape[0]):
            if floats[asset, QUANTITY] != 0.0 and close[t, asset] == close[t, asset]:
                ints[asset, HELD] += 1
        return
    ambiguous = 0
    for asset in range(floats.shape[0]):
        quantity = floats[asset, QUANTITY]
        if quantity == 0.0 or high[t, asset] != high[t, asset]:
            continue
        fixed, trail, target = floats[asset, STOP_LEVEL], floats[asset, TRAIL_LEVEL], floats[asset, TARGET_LEVEL]
        if quantity > 0.0:
            stop = max(fixed, trail)
            hit_stop, hit_target = low[t, asset] <= stop, high[t, asset] >= target
            reason = STOP_LOSS if fixed >= trail else TRAILING_STOP
        else:
            stop = min(fixed, trail)
            hit_stop, hit_target = high[t, asset] >= stop, low[t, asset] <= target
            reason = STOP_LOSS if fixed <= trail else TRAILING_STOP
        if hit_stop or hit_target:
            if not hit_stop:
                reason, stop = TAKE_PROFIT, target
            leave(ts[t], t, asset, reason, stop, settings, floats, ints, money, run, fills, record)
            if hit_stop and hit_target:  # the pessimistic path took the stop
                ambiguous = 1
                if record:
                    fills[run[FILLS] - 1].flags = AMBIGUOUS
        else:
            ints[asset, HELD] += 1
            if quantity > 0.0:
                if kinds[0, 2] != 0 and high[t, asset] > floats[asset, EXTREME]:
                    floats[asset, EXTREME] = high[t, asset]
                    floats[asset, TRAIL_LEVEL] = level_at(high[t, asset], 1.0, kinds[0, 2], floats[asset, TRAIL_VALUE],
                                                          settings)  # fmt: skip
            elif kinds[1, 2] != 0 and low[t, asset] < floats[asset, EXTREME]:
                floats[asset, EXTREME] = low[t, asset]
                floats[asset, TRAIL_LEVEL] = level_at(low[t, asset], -1.0, kinds[1, 2], floats[asset, TRAIL_VALUE],
                                                      settings)  # fmt: skip
    run[AMBIGUOUS_BARS] += ambiguous


@part
def halt(t: int, floats: Any, ints: Any, run: Any, orders: Any, record: bool) -> None:
    """The drawdown limit is reached: cancel what waits, leave every position, trade no more."""
    run[HALTED] = 1
    for asset in range(floats.shape[0]):
        if ints[asset, PENDING] != 0:
            if record:
                orders[ints[asset, PENDING_ORDER]].status = CANCELLED
            if ints[asset, PENDING] != EXIT_ORDER:
                run[ENTERING] -= 1
            ints[asset, PENDING] = 0
            run[WAITING] -= 1
        quantity = floats[asset, QUANTITY]
        if quantity != 0.0:
            side = -1 if quantity > 0.0 else 1
            ints[asset, PENDING] = EXIT_ORDER
            ints[asset, PENDING_REASON] = DRAWDOWN
            place_order(t, asset, side, ints, run, orders, record)


@inlined
def can_measure(t: int, asset: int, row: int, kinds: Any, values: Any, distances: Any) -> bool:
    """Whether every price distance that an entry needs is known and positive at the decision bar."""
    for column in range(3):
        if kinds[row, column] == 2:
            distance = distances[int(values[row, column]), t, asset]
            if not distance > 0.0:
                return False
    return True


@inlined
def decide(t: int, close: Any, entry: Any, exit_long: Any, exit_short: Any, kinds: Any, values: Any, distances: Any,
           programs: Any, program_start: Any, program_values: Any, program_columns: Any, stack: Any, limits: Any,
           floats: Any, ints: Any, run: Any, orders: Any, record: bool) -> None:  # fmt: skip
    """Phase 7: exits of open positions, entries of flat assets."""
    for asset in range(floats.shape[0]):
        if close[t, asset] != close[t, asset]:
            continue
        quantity = floats[asset, QUANTITY]
        if quantity != 0.0:
            if ints[asset, PENDING] != 0:
                continue
            row = 0 if quantity > 0.0 else 1
            if program_start[row + 1] > program_start[row]:
                wanted = evaluate(programs, program_start[row], program_start[row + 1], program_values, program_columns,
                                  stack, t, asset, quantity, ints[asset, HELD])  # fmt: skip
            else:
                wanted = (exit_long[t, asset] if row == 0 else exit_short[t, asset]) != 0
            if wanted:
                side = -1 if row == 0 else 1
                ints[asset, PENDING] = EXIT_ORDER
                ints[asset, PENDING_REASON] = EXIT_SIGNAL
                place_order(t, asset, side, ints, run, orders, record)
        elif entry[t, asset] != 0 and ints[asset, PENDING] == 0:
            wanted_side = np.int64(entry[t, asset])
            if (
                ints[asset, ENTRIES] < limits[MAX_ENTRIES]
                and t - ints[asset, LAST_EXIT] >= limits[COOLDOWN]
                and run[OPEN] + run[ENTERING] < limits[MAX_POSITIONS]
                and can_measure(t, asset, 0 if wanted_side > 0 else 1, kinds, values, distances)
            ):
                ints[asset, PENDING] = wanted_side
                ints[asset, PENDING_REASON] = ENTRY_SIGNAL
                place_order(t, asset, wanted_side, ints, run, orders, record)
                run[ENTERING] += 1


@inlined
def sample_return(equity: float, money: Any) -> None:
    """Account for the return since the last sampled bar."""
    change = equity / money[BASE_EQUITY] - 1.0
    loss = change if change < 0.0 else 0.0
    money[SUM_RETURNS] += change
    money[SUM_SQUARES] += change * change
    money[SUM_DOWNSIDE] += loss * loss
    money[BASE_EQUITY] = equity
    if equity > money[SAMPLED_PEAK]:
        money[SAMPLED_PEAK] = equity
    else:
        money[MAX_DRAWDOWN] = min(money[MAX_DRAWDOWN], equity / money[SAMPLED_PEAK] - 1.0)


@bare
def advance(last: int, ts: Any, open_: Any, high: Any, low: Any, close: Any, sample: Any, samples: Any, entry: Any,
            signals: Any, exit_long: Any, exit_short: Any, kinds: Any, values: Any, distances: Any, volatility: Any,
            programs: Any, program_start: Any, program_values: Any, program_columns: Any, stack: Any, limits: Any,
            settings: Any, floats: Any, ints: Any, money: Any, run: Any, fills: Any, orders: Any, equity: Any,
            record: bool) -> None:  # fmt: skip
    """Carry the run from bar `run[BAR]` to bar `last` (exclusive).

    `samples` is int64 `(T + 1,)`: how many sampled bars lie before each bar. `signals` is int8 `(T,)`: where any asset
    has an entry signal. `equity` is float64 `(T,)`, written where `record` is set, as are `fills` and `orders`.
    """
    assets = floats.shape[0]
    # A single asset whose exits are flags can be carried over quiet bars; a drawdown limit has to look at every bar.
    guarded = settings[DRAWDOWN_LIMIT] <= 1.0
    can_coast = assets == 1 and not guarded
    t = run[BAR]
    while t < last:
        if run[OPEN] == 0 and run[WAITING] == 0:
            # Flat and nothing on its way: nothing can happen before the next signal.
            start = t
            t = last if run[HALTED] == 1 else next_signal(signals, t, last)
            if t > start:
                cash = money[CASH]
                if record:
                    for i in range(start, t):
                        equity[i] = cash
                if money[FLAT_EQUITY] != cash:
                    money[SUM_EQUITY] += money[FLAT_EQUITY] * run[FLAT_BARS]
                    money[FLAT_EQUITY] = cash
                    run[FLAT_BARS] = 0
                run[FLAT_BARS] += t - start
                sampled = samples[t] - samples[max(start, 1)] if t > 1 else 0
                if sampled > 0:
                    run[RETURNS] += sampled
                    if cash != money[BASE_EQUITY]:
                        sample_return(cash, money)
                if t >= last:
                    break
        elif can_coast and run[WAITING] == 0:
            row = 0 if floats[0, QUANTITY] > 0.0 else 1
            if program_start[row + 1] == program_start[row]:
                exits = exit_long if row == 0 else exit_short
                t = coast(t, last, open_, high, low, close, sample, exits, kinds, limits, settings, floats, ints, money, run,
                          equity, record)  # fmt: skip
                if t >= last:
                    break
        if run[OPEN] > 0 or run[WAITING] > 0:
            at_the_open(t, ts, open_, close, kinds, values, distances, volatility, limits, settings, floats, ints, money,
                        run, fills, orders, record)  # fmt: skip
            if run[OPEN] > 0:
                inside_the_bar(
                    t, ts, high, low, close, kinds, limits, settings, floats, ints, money, run, fills, record
                )
        value = money[CASH]
        if run[OPEN] > 0:
            for asset in range(assets):
                if floats[asset, QUANTITY] != 0.0:
                    price = close[t, asset]
                    if price == price:
                        floats[asset, LAST_PRICE] = price
                    value = value + floats[asset, QUANTITY] * floats[asset, LAST_PRICE]
            run[POSITION_BARS] += 1
            money[SUM_EQUITY] += value
        else:
            if money[FLAT_EQUITY] != value:
                money[SUM_EQUITY] += money[FLAT_EQUITY] * run[FLAT_BARS]
                money[FLAT_EQUITY] = value
                run[FLAT_BARS] = 0
            run[FLAT_BARS] += 1
        if record:
            equity[t] = value
        if t > 0 and sample[t] != 0:
            run[RETURNS] += 1
            sample_return(value, money)
        if guarded:
            if value > money[PEAK]:
                money[PEAK] = value
            elif run[HALTED] == 0 and 1.0 - value / money[PEAK] >= settings[DRAWDOWN_LIMIT]:
                run[HALT_BAR], money[HALT_DRAWDOWN] = t, 1.0 - value / money[PEAK]
                halt(t, floats, ints, run, orders, record)
        if run[HALTED] == 0:
            decide(t, close, entry, exit_long, exit_short, kinds, values, distances, programs, program_start,
                   program_values, program_columns, stack, limits, floats, ints, run, orders, record)  # fmt: skip
        t += 1
    run[BAR] = last
