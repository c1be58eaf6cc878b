"""The life of a working order: how it is made, takes part, fails, is cancelled, ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from qt_engine.core.compiled import part, whole
from qt_engine.core.randomness import Purpose
from qt_engine.simulation.book import (
    ACCRUED,
    ARRIVAL,
    CHARGED,
    EXPIRES,
    FAILED_ORDERS,
    FAILURE,
    FORCE,
    LIMIT_PRICE,
    ORDERS_A_DAY,
    ORDERS_TODAY,
    PARTLY,
    RATE_TOLD,
    REMAINING,
    SEED,
    SEEN,
    STOP_PRICE,
    TARGET_ORDER,
    TRIGGERED,
    TYPE,
    WORKING,
)  # fmt: skip
from qt_engine.simulation.costs import BOOK, write_event
from qt_engine.simulation.draws import uniform
from qt_engine.simulation.layout import (
    ENTERING,
    EXIT_ORDER,
    PENDING,
    PENDING_BAR,
    PENDING_ORDER,
    PENDING_REASON,
    WAITING,
)
from qt_engine.simulation.ledger import place_order, round_to_tick

DONE, REFUSED, CANCELLED, EXPIRED, PARTIAL, FAILED = (whole(code) for code in range(1, 7))  # as in `contract.Status`
NO_BAR, NO_SIDE, NO_STYLE = whole(-1), whole(0), whole(-1)
ENTRY_STYLE, EXIT_STYLE = whole(0), whole(1)
AN_EXIT, A_TARGET = whole(EXIT_ORDER), whole(TARGET_ORDER)
RATE = whole(7)  # as in `contract.Event`
FAILS, DELAYS = whole(Purpose.FAILURE), whole(Purpose.LATENCY)
DAY, IOC, FOK = 1, 2, 3  # as in `strategies.plan.TimeInForce`
MARKET, LIMIT, STOP, STOP_LIMIT = 0, 1, 2, 3  # as in `strategies.plan.OrderType`
ALWAYS = -(2**62)


@part
def slot_kind(pending: int) -> int:
    """Which slot of an asset an order stands in: 0 entry, 1 exit, 2 target."""
    return 2 if pending == TARGET_ORDER else 1 if pending == EXIT_ORDER else 0


@part
def within_rate(t: int, bars: Any, model: Any, book: Any, tape: Any, record: bool) -> bool:
    """Whether one more entry or target order may be made in this session."""
    tally = book.tally
    if tally[ORDERS_TODAY] < model.whole[ORDERS_A_DAY]:
        return True
    if tally[RATE_TOLD] == 0:
        tally[RATE_TOLD] = 1
        bound = float(model.whole[ORDERS_A_DAY])
        write_event(t, BOOK, RATE, float(tally[ORDERS_TODAY]), bound, bars, book, tape, record)
    return False


@part
def make_order(t: int, asset: int, pending: int, side: int, reason: int, style: int, bars: Any, decisions: Any,
               model: Any, book: Any, tape: Any, record: bool) -> bool:  # fmt: skip
    """Put an order into the asset's slot; `style` is the row of its style, -1 for a market order.

    Tells whether it was made: not where a price that its type needs is unknown, nor an entry or target beyond the rate.
    """
    slot, ints = book.slots[asset], book.slot_ints[asset]
    kind, force, expires, limit, stop = MARKET, 0, 0, np.nan, np.nan
    if style >= 0:
        kind, force, expires = decisions.style[style, 0], decisions.style[style, 1], decisions.style[style, 2]
        if kind in (LIMIT, STOP_LIMIT):
            limit = round_to_tick(decisions.prices[2 * style, t, asset], model.settings)
            if not limit > 0.0:
                return False
        if kind in (STOP, STOP_LIMIT):
            stop = round_to_tick(decisions.prices[2 * style + 1, t, asset], model.settings)
            if not stop > 0.0:
                return False
    if pending != EXIT_ORDER and not within_rate(t, bars, model, book, tape, record):
        return False
    book.ints[asset, PENDING] = pending
    book.ints[asset, PENDING_REASON] = reason
    place_order(t, asset, side, book.ints, book.run, tape.orders, record)
    if record and pending == TARGET_ORDER:
        tape.orders[book.ints[asset, PENDING_ORDER]].kind = TARGET_ORDER
    book.tally[ORDERS_TODAY] += 1
    latency = 0
    if model.latency.shape[0] > 0:
        place = uniform(model.whole[SEED], bars.keys[asset], bars.close_ts[t], slot_kind(pending), DELAYS)
        place *= model.latency.shape[0] - 1
        below = int(place)
        step = model.latency[below + 1] - model.latency[below]
        latency = model.latency[below] + int(np.floor((place - below) * step))
    ints[ARRIVAL] = bars.close_ts[t] + latency
    ints[TYPE], ints[FORCE], ints[EXPIRES] = kind, force, expires
    ints[SEEN], ints[TRIGGERED], ints[PARTLY], ints[WORKING] = 0, 0, 0, 0
    slot[REMAINING], slot[LIMIT_PRICE], slot[STOP_PRICE], slot[ACCRUED], slot[CHARGED] = np.nan, limit, stop, 0.0, 0.0
    return True


@part
def end_order(asset: int, status: int, fill_bar: int, book: Any, tape: Any, record: bool) -> None:
    """Free the slot; `fill_bar` is written where it is not negative."""
    ints = book.ints[asset]
    if ints[PENDING] not in (EXIT_ORDER, TARGET_ORDER) and book.slot_ints[asset, PARTLY] == 0:
        book.run[ENTERING] -= 1
    ints[PENDING] = 0
    book.run[WAITING] -= 1
    if record and book.slot_ints[asset, WORKING] == 0:
        row = tape.orders[ints[PENDING_ORDER]]
        row.status = status
        if fill_bar >= 0:
            row.fill_bar = fill_bar
    book.slot_ints[asset, WORKING] = 0


@part
def end_unfilled(asset: int, status: int, book: Any, tape: Any, record: bool) -> None:
    """End an order that is not filled wholly: partial where some of it was, else `status`."""
    end_order(asset, PARTIAL if book.slot_ints[asset, PARTLY] == 1 else status, NO_BAR, book, tape, record)


@part
def cancel(asset: int, book: Any, tape: Any, record: bool) -> None:
    """Free the slot, whatever stands in it."""
    if book.ints[asset, PENDING] != 0:
        end_unfilled(asset, CANCELLED, book, tape, record)


@part
def takes_part(t: int, asset: int, bars: Any, model: Any, book: Any, tape: Any, record: bool) -> bool:
    """Whether the asset's order has arrived; at its first bar it may fail, and is gone."""
    ints = book.slot_ints[asset]
    pending = book.ints[asset, PENDING]
    if pending == 0 or ints[ARRIVAL] > bars.ts[t]:
        return False
    if ints[SEEN] == 0 and ints[WORKING] == 0 and model.costs[FAILURE] > 0.0:
        decided = bars.close_ts[book.ints[asset, PENDING_BAR]]
        if uniform(model.whole[SEED], bars.keys[asset], decided, slot_kind(pending), FAILS) < model.costs[FAILURE]:
            book.tally[FAILED_ORDERS] += 1
            end_order(asset, FAILED, t, book, tape, record)
            return False
    ints[SEEN] += 1
    return True


@part
def work_on(asset: int, reason: int, book: Any) -> None:
    """Leave the rest of a protective exit in the slot, which is free."""
    ints = book.slot_ints[asset]
    book.ints[asset, PENDING], book.ints[asset, PENDING_REASON] = EXIT_ORDER, reason
    book.ints[asset, PENDING_ORDER] = -1
    book.run[WAITING] += 1
    ints[ARRIVAL], ints[TYPE], ints[FORCE], ints[EXPIRES], ints[SEEN] = ALWAYS, MARKET, 0, 0, 0
    ints[TRIGGERED], ints[PARTLY], ints[WORKING] = 0, 0, 1
