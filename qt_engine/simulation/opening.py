"""Phase 2 of the complete path: what happens at the open of a bar to the orders and positions of rules."""

from __future__ import annotations

from typing import Any

from qt_engine.core.compiled import part, whole
from qt_engine.simulation.book import (
    ACTIVE,
    BUDGET,
    FORCE,
    LIMIT_PRICE,
    PARTICIPATION,
    PARTLY,
    REMAINING,
    STOP_PRICE,
    TARGET_ORDER,
    TRIGGERED,
    TYPE,
    WORKING,
)  # fmt: skip
from qt_engine.simulation.costs import TAKER
from qt_engine.simulation.layout import (
    ENTERING,
    EXIT_ORDER,
    HELD,
    PENDING,
    PENDING_ORDER,
    PENDING_REASON,
    PROTECTED,
    QUANTITY,
    REJECTED,
    STOP_LEVEL,
    TARGET_LEVEL,
    TIME_STOP_LONG,
    TRAIL_LEVEL,
)  # fmt: skip
from qt_engine.simulation.ledger import (
    ENTRY_SIGNAL,
    INFINITY,
    STOP_LOSS,
    TAKE_PROFIT,
    TIME_STOP,
    TRAILING_STOP,
)
from qt_engine.simulation.positions import enlarge, leave_all, reduce, set_levels, size_of
from qt_engine.simulation.working import (
    CANCELLED,
    DONE,
    FOK,
    IOC,
    LIMIT,
    MARKET,
    REFUSED,
    STOP,
    end_order,
    end_unfilled,
    takes_part,
)

BY_SIGNAL = whole(ENTRY_SIGNAL)


@part
def fresh_budgets(t: int, bars: Any, model: Any, book: Any) -> None:
    """The volume budget of every active asset for this bar."""
    share = model.costs[PARTICIPATION]
    for place in range(book.tally[ACTIVE]):
        asset = book.active[place]
        if share < INFINITY:
            volume = bars.volume[t, asset]
            book.slots[asset, BUDGET] = share * volume if volume == volume else 0.0
        else:
            book.slots[asset, BUDGET] = INFINITY


@part
def at_the_open(t: int, bars: Any, decisions: Any, model: Any, book: Any, tape: Any, record: bool) -> None:
    """Failures, gaps, time exits, arrivals, asset by asset; targets are left alone."""
    for place in range(book.tally[ACTIVE]):
        asset = book.active[place]
        pending = book.ints[asset, PENDING]
        if (pending == 0 and book.floats[asset, QUANTITY] == 0.0) or bars.close[t, asset] != bars.close[t, asset]:
            continue
        if pending == TARGET_ORDER:
            continue
        part_of = takes_part(t, asset, bars, model, book, tape, record)
        leaving = part_of and pending == EXIT_ORDER and book.slot_ints[asset, TYPE] == MARKET
        if book.floats[asset, QUANTITY] != 0.0 and model.limits[PROTECTED] == 1 and not leaving:
            reason = gap_reason(bars.open[t, asset], asset, model, book)
            if reason != 0:
                leave_all(t, asset, reason, bars.open[t, asset], bars, model, book, tape, record)
                continue
        if part_of:
            price = bars.open[t, asset]
            if fills_at_open(asset, price, book):
                fill_order(t, asset, price, TAKER, bars, decisions, model, book, tape, record)
            if book.ints[asset, PENDING] != 0 and book.slot_ints[asset, FORCE] in (IOC, FOK):
                end_unfilled(asset, CANCELLED, book, tape, record)


@part
def gap_reason(price: float, asset: int, model: Any, book: Any) -> int:
    """Why the position is left at this open, 0 if it is not."""
    floats = book.floats[asset]
    fixed, trail = floats[STOP_LEVEL], floats[TRAIL_LEVEL]
    row = 0
    if floats[QUANTITY] > 0.0:
        if price <= max(fixed, trail):
            return STOP_LOSS if fixed >= trail else TRAILING_STOP
        if price >= floats[TARGET_LEVEL]:
            return TAKE_PROFIT
    else:
        row = 1
        if price >= min(fixed, trail):
            return STOP_LOSS if fixed <= trail else TRAILING_STOP
        if price <= floats[TARGET_LEVEL]:
            return TAKE_PROFIT
    return TIME_STOP if book.ints[asset, HELD] >= model.limits[TIME_STOP_LONG + row] else 0


@part
def side_of(asset: int, book: Any) -> int:
    """Side of the order in the slot: an exit is against the position."""
    pending = book.ints[asset, PENDING]
    if pending == EXIT_ORDER:
        return -1 if book.floats[asset, QUANTITY] > 0.0 else 1
    return int(pending)


@part
def fills_at_open(asset: int, price: float, book: Any) -> bool:
    """Whether the order's type lets it fill at the open; a stop-limit order may be triggered by it."""
    ints, slot = book.slot_ints[asset], book.slots[asset]
    kind, side = ints[TYPE], side_of(asset, book)
    if kind == MARKET:
        return True
    if kind == LIMIT:
        return bool(side * price <= side * slot[LIMIT_PRICE])
    reached = side * price >= side * slot[STOP_PRICE]
    if kind == STOP:
        return bool(reached)
    if reached:
        ints[TRIGGERED] = 1
    return bool(ints[TRIGGERED] == 1 and side * price <= side * slot[LIMIT_PRICE])


@part
def fill_order(t: int, asset: int, price: float, maker: int, bars: Any, decisions: Any, model: Any, book: Any, tape: Any,
               record: bool) -> None:  # fmt: skip
    """Fill what the budget allows of an exit or entry order that can fill at this reference price."""
    slot, slot_ints, ints = book.slots[asset], book.slot_ints[asset], book.ints[asset]
    budget, pending = slot[BUDGET], ints[PENDING]
    if not budget > 0.0:
        return
    if pending == EXIT_ORDER:
        wanted = abs(book.floats[asset, QUANTITY])
        if slot_ints[FORCE] == FOK and wanted > budget:
            return
        reduce(t, asset, min(wanted, budget), price, maker, ints[PENDING_REASON], ints[PENDING_ORDER], bars, model, book, tape,
               record)  # fmt: skip
        done = book.floats[asset, QUANTITY] == 0.0
    else:
        direction = float(pending)
        if slot[REMAINING] != slot[REMAINING]:
            set_levels(asset, direction, price, decisions, model, book)
            size = size_of(t, asset, direction, price, maker, bars, decisions, model, book, tape, record)
            if not size > 0.0:
                book.run[REJECTED] += 1
                end_order(asset, REFUSED, t, book, tape, record)
                return
            if slot_ints[FORCE] == FOK and size > budget:
                return
            slot[REMAINING] = size
        quantity = min(slot[REMAINING], budget)
        if slot_ints[PARTLY] == 0:
            book.run[ENTERING] -= 1
        enlarge(
            t, asset, direction, quantity, price, maker, BY_SIGNAL, ints[PENDING_ORDER], bars, model, book, tape, record
        )
        slot[REMAINING] = slot[REMAINING] - quantity
        done = slot[REMAINING] == 0.0
    slot_ints[PARTLY] = 1
    if done:
        end_order(asset, DONE, t, book, tape, record)
    elif record and slot_ints[WORKING] == 0:
        tape.orders[ints[PENDING_ORDER]].fill_bar = t
