"""Phases 3 to 5 of the complete path: inside the bar, the end of orders at its close, the trailing stops' ratchet."""

from __future__ import annotations

from typing import Any

from qt_engine.core.compiled import part
from qt_engine.simulation.book import (
    ACTIVE,
    EXPIRES,
    FORCE,
    HIGH_FIRST,
    INSIDE,
    LIMIT_PRICE,
    SEEN,
    STOP_PRICE,
    TARGET_ORDER,
    TRIGGERED,
    TYPE,
    WORKING,
)  # fmt: skip
from qt_engine.simulation.costs import MAKER, TAKER
from qt_engine.simulation.layout import (
    AMBIGUOUS_BARS,
    EXTREME,
    FILLS,
    HELD,
    PENDING,
    PROTECTED,
    QUANTITY,
    STOP_LEVEL,
    TARGET_LEVEL,
    TRAIL_LEVEL,
    TRAIL_VALUE,
)  # fmt: skip
from qt_engine.simulation.ledger import AMBIGUOUS, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, level_at
from qt_engine.simulation.opening import fill_order, side_of
from qt_engine.simulation.positions import leave_all
from qt_engine.simulation.working import DAY, EXPIRED, LIMIT, MARKET, STOP, end_unfilled


@part
def inside_the_bar(t: int, bars: Any, decisions: Any, model: Any, book: Any, tape: Any, record: bool) -> None:
    """Protective levels, resting orders, what ends at the close, the ratchet."""
    ambiguous = 0
    for place in range(book.tally[ACTIVE]):
        asset = book.active[place]
        pending = book.ints[asset, PENDING]
        held = book.floats[asset, QUANTITY]
        if pending == 0 and held == 0.0:
            continue
        if bars.close[t, asset] != bars.close[t, asset]:
            expire(t, asset, bars, book, tape, record)
            continue
        working = pending != 0 and book.slot_ints[asset, WORKING] == 1
        if held != 0.0 and model.limits[PROTECTED] == 1 and not working:
            ambiguous |= touch_levels(t, asset, bars, model, book, tape, record)
        if resting(asset, book) and (held == 0.0 or book.floats[asset, QUANTITY] != 0.0):
            ambiguous |= touch_order(t, asset, bars, decisions, model, book, tape, record)
        expire(t, asset, bars, book, tape, record)
        if book.floats[asset, QUANTITY] != 0.0:
            book.ints[asset, HELD] += 1
            if model.limits[PROTECTED] == 1 and book.slot_ints[asset, INSIDE] != t:
                ratchet(t, asset, bars, decisions, model, book)
    book.run[AMBIGUOUS_BARS] += ambiguous


@part
def resting(asset: int, book: Any) -> bool:
    """Whether the slot holds an order that can fill inside this bar: one with a price that took part at the open."""
    pending, ints = book.ints[asset, PENDING], book.slot_ints[asset]
    return bool(pending not in (0, TARGET_ORDER) and ints[SEEN] > 0 and ints[TYPE] != MARKET and ints[WORKING] == 0)


@part
def touch_levels(t: int, asset: int, bars: Any, model: Any, book: Any, tape: Any, record: bool) -> int:
    """Stop and target of an open position; 1 where the bar touched both."""
    floats = book.floats[asset]
    high, low = bars.high[t, asset], bars.low[t, asset]
    fixed, trail, target = floats[STOP_LEVEL], floats[TRAIL_LEVEL], floats[TARGET_LEVEL]
    if floats[QUANTITY] > 0.0:
        stop = max(fixed, trail)
        hit_stop, hit_target = low <= stop, high >= target
        reason = STOP_LOSS if fixed >= trail else TRAILING_STOP
        stop_first = model.whole[HIGH_FIRST] == 0
    else:
        stop = min(fixed, trail)
        hit_stop, hit_target = high >= stop, low <= target
        reason = STOP_LOSS if fixed <= trail else TRAILING_STOP
        stop_first = True
    if not (hit_stop or hit_target):
        return 0
    if not hit_stop or (hit_target and not stop_first):
        reason, stop = TAKE_PROFIT, target
    filled = leave_all(t, asset, reason, stop, bars, model, book, tape, record)
    if not (hit_stop and hit_target):
        return 0
    if record and filled:
        tape.fills[book.run[FILLS] - 1].flags = AMBIGUOUS
    return 1


@part
def touch_order(t: int, asset: int, bars: Any, decisions: Any, model: Any, book: Any, tape: Any, record: bool) -> int:
    """A resting order against the bar's extremes; 1 where it opened a position whose stop the bar touched as well."""
    ints, slot = book.slot_ints[asset], book.slots[asset]
    kind, side = ints[TYPE], side_of(asset, book)
    near, far = (bars.low[t, asset], bars.high[t, asset]) if side > 0 else (bars.high[t, asset], bars.low[t, asset])
    limit, stop = slot[LIMIT_PRICE], slot[STOP_PRICE]
    price, maker = 0.0, TAKER
    if kind == LIMIT or (kind != STOP and ints[TRIGGERED] == 1):
        if side * near <= side * limit:
            price, maker = limit, MAKER
    elif side * far >= side * stop:
        if kind == STOP:
            price = stop
        else:
            ints[TRIGGERED] = 1
            if side * limit >= side * stop:
                price = stop
    if not price > 0.0:
        return 0
    flat = book.floats[asset, QUANTITY] == 0.0
    fill_order(t, asset, price, maker, bars, decisions, model, book, tape, record)
    held = book.floats[asset, QUANTITY]
    if not flat or held == 0.0:
        return 0
    ints[INSIDE] = t
    if model.limits[PROTECTED] == 0:
        return 0
    fixed, trail = book.floats[asset, STOP_LEVEL], book.floats[asset, TRAIL_LEVEL]
    if held > 0.0:
        level, hit = max(fixed, trail), bars.low[t, asset] <= max(fixed, trail)
        first = fixed >= trail
    else:
        level, hit = min(fixed, trail), bars.high[t, asset] >= min(fixed, trail)
        first = fixed <= trail
    if not hit:
        return 0
    if leave_all(t, asset, STOP_LOSS if first else TRAILING_STOP, level, bars, model, book, tape, record) and record:
        tape.fills[book.run[FILLS] - 1].flags = AMBIGUOUS
    return 1


@part
def expire(t: int, asset: int, bars: Any, book: Any, tape: Any, record: bool) -> None:
    """Phase 4: orders whose time is over at this close."""
    ints = book.slot_ints[asset]
    if book.ints[asset, PENDING] in (0, TARGET_ORDER) or ints[SEEN] == 0 or ints[WORKING] == 1:
        return
    if (ints[FORCE] == DAY and bars.sample[t] != 0) or (ints[EXPIRES] > 0 and ints[SEEN] >= ints[EXPIRES]):
        end_unfilled(asset, EXPIRED, book, tape, record)


@part
def ratchet(t: int, asset: int, bars: Any, decisions: Any, model: Any, book: Any) -> None:
    """Phase 5: the trailing level follows this bar's extreme."""
    floats, kinds = book.floats[asset], decisions.kinds
    high, low = bars.high[t, asset], bars.low[t, asset]
    if floats[QUANTITY] > 0.0:
        if kinds[0, 2] != 0 and high > floats[EXTREME]:
            floats[EXTREME] = high
            floats[TRAIL_LEVEL] = level_at(high, 1.0, kinds[0, 2], floats[TRAIL_VALUE], model.settings)
    elif kinds[1, 2] != 0 and low < floats[EXTREME]:
        floats[EXTREME] = low
        floats[TRAIL_LEVEL] = level_at(low, -1.0, kinds[1, 2], floats[TRAIL_VALUE], model.settings)
