"""The one kernel. Backtests, sweeps, replays and paper sessions all run `advance`.

`advance` carries a run from bar `first` to bar `last` (exclusive) and leaves its state in arrays, so that one call for
the whole history, a call per chunk and a call per bar leave the same bytes. The meaning of every line is specified in
`docs/execution.md`; phases are numbered as there. Only + - * / and comparisons on binary64 in a fixed order, no
fastmath, no calls into user code.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qt_engine.core.compiled import bare, inlined
from qt_engine.simulation.layout import (
    AMBIGUOUS_BARS, BAR, BASE_EQUITY, CASH, COOLDOWN, DRAWDOWN_LIMIT, ENTERING, ENTRIES, ENTRY_BAR, ENTRY_FEE, ENTRY_PRICE,
    EXIT_ORDER, EXTREME, FEE_FRACTION, FEES, FILLS, FLAT_BARS, FLAT_EQUITY, GROSS_LOSS, GROSS_PROFIT, HALTED, HELD, INVERSE_TICK,
    LAST_EXIT, LAST_PRICE, MAX_DRAWDOWN, MAX_ENTRIES, MAX_GROSS, MAX_POSITIONS, NEVER, NOTIONAL, OPEN, ORDERS, PEAK,
    PENDING, PENDING_BAR, PENDING_ORDER, PENDING_REASON, POSITION_BARS, PROTECTED, QUANTITY, REFERENCE, REJECTED, RETURNS,
    SAMPLED_PEAK, SIZING, SIZING_VALUE, SLIPPAGE, SLIPPAGE_FRACTION, STOP_LEVEL, SUM_DOWNSIDE, SUM_EQUITY, SUM_RETURNS,
    SUM_SQUARES, TARGET_LEVEL, TICK, TIME_STOP_LONG, TRADES, TRAIL_LEVEL, TRAIL_VALUE, WAITING, WINS,
)  # fmt: skip
from qt_engine.simulation.stateful import evaluate

INFINITY = np.inf
# Reasons, kinds and statuses as in `contract`; enums cost a global look-up each when compiled.
ENTRY, EXIT = 1, 2
ENTRY_SIGNAL, EXIT_SIGNAL, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, TIME_STOP, DRAWDOWN = 1, 2, 3, 4, 5, 6, 7
FILLED, REJECTED_STATUS, CANCELLED = 1, 2, 3
FRACTION, AMBIGUOUS = 1, 1
NOISE = 1.0 + 1e-12
STRIDE = 64


@bare
def round_to_tick(level: float, settings: Any) -> float:
    """The level on the instrument's price grid, so that an exact touch counts."""
    if settings[INVERSE_TICK] > 0.0:
        return np.floor(level * settings[INVERSE_TICK] + 0.5) / settings[INVERSE_TICK]
    return np.floor(level / settings[TICK] + 0.5) * settings[TICK]


@bare
def level_at(price: float, direction: float, kind: int, value: float, settings: Any) -> float:
    """Price level `value` (a fraction or a distance) away from `price`, against `direction`.

    Rounding never carries it past `price`; a level below that is not positive can never be reached.
    """
    if kind == FRACTION:
        level = round_to_tick(price * (1.0 - direction * value), settings)
    else:
        level = round_to_tick(price - direction * value, settings)
    if direction < 0.0:
        return max(level, price)
    return min(level, price) if level > 0.0 else -INFINITY


@bare
def write_fill(fills: Any, run: Any, ts: int, bar: int, asset: int, order: int, side: int, kind: int, reason: int,
               quantity: float, price: float, fee: float, slippage: float) -> None:  # fmt: skip
    row = fills[run[FILLS]]
    row.sequence, row.ts, row.bar, row.asset, row.order = run[FILLS], ts, bar, asset, order
    row.side, row.kind, row.reason, row.flags = side, kind, reason, 0
    row.quantity, row.price, row.fee, row.slippage = quantity, price, fee, slippage


@bare
def place_order(t: int, asset: int, side: int, ints: Any, run: Any, orders: Any, record: bool) -> None:
    """Give the order in the asset's slot (`PENDING` and `PENDING_REASON` are set) the next id, and write its row."""
    number = run[ORDERS]
    if record:
        row = orders[number]
        row.id, row.asset, row.decided_bar, row.side = number, asset, t, side
        row.kind = EXIT if ints[asset, PENDING] == EXIT_ORDER else ENTRY
        row.reason, row.status, row.fill_bar = ints[asset, PENDING_REASON], 0, -1
    ints[asset, PENDING_BAR] = t
    ints[asset, PENDING_ORDER] = number
    run[ORDERS] = number + 1
    run[WAITING] += 1


@bare
def leave(ts: int, bar: int, asset: int, reason: int, price: float, settings: Any, floats: Any, ints: Any, money: Any,
          run: Any, fills: Any, record: bool) -> None:  # fmt: skip
    """Close the whole position of an asset at reference price `price`."""
    quantity = floats[asset, QUANTITY]
    direction = 1.0 if quantity > 0.0 else -1.0
    size = quantity * direction
    side = -direction
    paid = price * (1.0 + side * settings[SLIPPAGE_FRACTION])
    notional = size * paid
    fee = notional * settings[FEE_FRACTION]
    slippage = size * abs(paid - price)
    money[CASH] = money[CASH] - side * notional - fee
    money[NOTIONAL] += notional
    money[FEES] += fee
    money[SLIPPAGE] += slippage
    profit = direction * size * (paid - floats[asset, ENTRY_PRICE]) - (floats[asset, ENTRY_FEE] + fee)
    run[TRADES] += 1
    if profit > 0.0:
        run[WINS] += 1
        money[GROSS_PROFIT] += profit
    else:
        money[GROSS_LOSS] -= profit
    if record:
        # Protective and time exits have no order of their own.
        order = ints[asset, PENDING_ORDER] if reason == EXIT_SIGNAL or reason == DRAWDOWN else -1
        write_fill(fills, run, ts, bar, asset, order, int(side), EXIT, reason, size, paid, fee, slippage)
    run[FILLS] += 1
    floats[asset, QUANTITY] = 0.0
    ints[asset, LAST_EXIT] = bar
    run[OPEN] -= 1


@bare
def enter(ts: int, bar: int, asset: int, price: float, open_: Any, kinds: Any, values: Any, distances: Any,
          volatility: Any, limits: Any, settings: Any, floats: Any, ints: Any, money: Any, run: Any, fills: Any,
          orders: Any, record: bool) -> None:  # fmt: skip
    """Size the pending entry order of an asset at its open and fill or reject it."""
    side = ints[asset, PENDING]
    direction = float(side)
    decided = ints[asset, PENDING_BAR]
    order = ints[asset, PENDING_ORDER]
    ints[asset, PENDING] = 0
    run[WAITING] -= 1
    run[ENTERING] -= 1
    row = 0 if side > 0 else 1

    stop, target, trail, trail_value = -direction * INFINITY, direction * INFINITY, -direction * INFINITY, 0.0
    if kinds[row, 0] != 0:
        value = values[row, 0] if kinds[row, 0] == FRACTION else distances[int(values[row, 0]), decided, asset]
        stop = level_at(price, direction, kinds[row, 0], value, settings)
    if kinds[row, 1] != 0:
        value = values[row, 1] if kinds[row, 1] == FRACTION else distances[int(values[row, 1]), decided, asset]
        target = level_at(price, -direction, kinds[row, 1], value, settings)
    if kinds[row, 2] != 0:
        trail_value = values[row, 2] if kinds[row, 2] == FRACTION else distances[int(values[row, 2]), decided, asset]
        trail = level_at(price, direction, kinds[row, 2], trail_value, settings)

    equity, gross = money[CASH], 0.0
    for other in range(floats.shape[0]):
        held = floats[other, QUANTITY]
        if held != 0.0:
            mark = open_[bar, other]
            if mark != mark:
                mark = floats[other, LAST_PRICE]
            equity = equity + held * mark
            gross = gross + abs(held * mark)
    unit = price * (1.0 + direction * settings[SLIPPAGE_FRACTION])
    limit = (settings[MAX_GROSS] * equity - gross) / (unit * (1.0 + settings[FEE_FRACTION]))
    method, value = limits[SIZING], settings[SIZING_VALUE]
    if method == 0:
        size = value
    elif method == 1:
        size = value / unit
    elif method == 2:
        size = value * equity / unit
    elif method == 3:
        size = (value / volatility[decided, asset]) * equity / unit
    else:
        nearest = max(stop, trail) if side > 0 else min(stop, trail)
        size = value * equity / abs(price - nearest)
    if not size < INFINITY:
        size = 0.0  # no volatility or no distance to size by: nothing to cut either
    elif method <= 1:
        if size > limit * NOISE:
            size = 0.0
    elif size > limit:
        size = limit
    if not size > 0.0:
        run[REJECTED] += 1
        if record:
            orders[order].status = REJECTED_STATUS
            orders[order].fill_bar = bar
        return

    notional = size * unit
    fee = notional * settings[FEE_FRACTION]
    slippage = size * abs(unit - price)
    money[CASH] = money[CASH] - direction * notional - fee
    money[NOTIONAL] += notional
    money[FEES] += fee
    money[SLIPPAGE] += slippage
    if record:
        write_fill(fills, run, ts, bar, asset, order, side, ENTRY, ENTRY_SIGNAL, size, unit, fee, slippage)
        orders[order].status = FILLED
        orders[order].fill_bar = bar
    run[FILLS] += 1
    run[OPEN] += 1
    floats[asset, QUANTITY] = direction * size
    floats[asset, REFERENCE] = price
    floats[asset, ENTRY_PRICE] = unit
    floats[asset, ENTRY_FEE] = fee
    floats[asset, STOP_LEVEL] = stop
    floats[asset, TARGET_LEVEL] = target
    floats[asset, EXTREME] = price
    floats[asset, TRAIL_LEVEL] = trail
    floats[asset, TRAIL_VALUE] = trail_value
    ints[asset, HELD] = 0
    ints[asset, ENTRIES] += 1
    ints[asset, ENTRY_BAR] = bar


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


@bare
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
            side = np.int64(entry[t, asset])
            if (
                ints[asset, ENTRIES] < limits[MAX_ENTRIES]
                and t - ints[asset, LAST_EXIT] >= limits[COOLDOWN]
                and run[OPEN] + run[ENTERING] < limits[MAX_POSITIONS]
                and can_measure(t, asset, 0 if side > 0 else 1, kinds, values, distances)
            ):
                ints[asset, PENDING] = side
                ints[asset, PENDING_REASON] = ENTRY_SIGNAL
                place_order(t, asset, side, ints, run, orders, record)
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
    fixed, trail, target, extreme = floats[0, STOP_LEVEL], floats[0, TRAIL_LEVEL], floats[0, TARGET_LEVEL], floats[0, EXTREME]
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


@bare
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
            if run[HALTED] == 1:
                t = last
            else:
                t = next_signal(signals, t, last)
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
                inside_the_bar(t, ts, high, low, close, kinds, limits, settings, floats, ints, money, run, fills, record)
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
                halt(t, floats, ints, run, orders, record)
        if run[HALTED] == 0:
            decide(t, close, entry, exit_long, exit_short, kinds, values, distances, programs, program_start,
                   program_values, program_columns, stack, limits, floats, ints, run, orders, record)  # fmt: skip
        t += 1
    run[BAR] = last


__all__ = ["NEVER", "advance"]
