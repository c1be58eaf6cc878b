"""Phase 6 of the complete path: limits that are watched at every close, halts, the end of a session."""

from __future__ import annotations

from typing import Any

from qt_engine.core.compiled import part, whole
from qt_engine.simulation.book import (
    ACTIVE,
    DAY_BASE,
    DAY_HALTED,
    DAY_TOLD,
    HALT_REASON,
    KILL,
    MAX_CONCENTRATION,
    MAX_DAILY_LOSS,
    MAX_NET,
    ORDERS_TODAY,
    OVER_CONCENTRATION,
    OVER_GROSS,
    OVER_NET,
    RATE_TOLD,
    WATCH_GROSS,
    WORKING,
)  # fmt: skip
from qt_engine.simulation.costs import BOOK, write_event
from qt_engine.simulation.layout import DRAWDOWN_LIMIT, HALTED, LAST_PRICE, PEAK, PENDING, QUANTITY
from qt_engine.simulation.ledger import INFINITY
from qt_engine.simulation.positions import CONCENTRATION_EVENT, NET_EVENT
from qt_engine.simulation.targets import GROSS_EVENT, NOISE_SHARE, SLACK
from qt_engine.simulation.working import AN_EXIT, NO_STYLE, cancel, make_order

DRAWDOWN_EVENT, DAILY_EVENT, KILL_EVENT = whole(1), whole(2), whole(8)  # `contract.Event`
DRAWDOWN, DAILY_LOSS, KILL_SWITCH = whole(7), whole(10), whole(11)  # `contract.Reason`


@part
def watch(t: int, value: float, bars: Any, decisions: Any, model: Any, book: Any, tape: Any, record: bool) -> None:
    """Compare the book with its limits, now that it is marked."""
    money, run, tally, costs, purse = book.money, book.run, book.tally, model.costs, book.purse
    if value > money[PEAK]:
        money[PEAK] = value
    elif run[HALTED] == 0 and 1.0 - value / money[PEAK] >= model.settings[DRAWDOWN_LIMIT]:
        bound = model.settings[DRAWDOWN_LIMIT]
        write_event(t, BOOK, DRAWDOWN_EVENT, 1.0 - value / money[PEAK], bound, bars, book, tape, record)
        run[HALTED], tally[HALT_REASON] = 1, DRAWDOWN
        leave_book(t, DRAWDOWN, bars, decisions, model, book, tape, record)
    if run[HALTED] == 0 and tally[DAY_TOLD] == 0 and costs[MAX_DAILY_LOSS] < INFINITY:
        loss = 1.0 - value / purse[DAY_BASE]
        if loss >= costs[MAX_DAILY_LOSS]:
            write_event(t, BOOK, DAILY_EVENT, loss, costs[MAX_DAILY_LOSS], bars, book, tape, record)
            tally[DAY_TOLD], tally[DAY_HALTED] = 1, 1
            leave_book(t, DAILY_LOSS, bars, decisions, model, book, tape, record)
    if run[HALTED] == 0:
        exposures(t, value, bars, model, book, tape, record)
    if run[HALTED] == 0 and bars.close_ts[t] >= model.whole[KILL]:
        write_event(t, BOOK, KILL_EVENT, value, float("nan"), bars, book, tape, record)
        run[HALTED], tally[HALT_REASON] = 1, KILL_SWITCH
        leave_book(t, KILL_SWITCH, bars, decisions, model, book, tape, record)
    if bars.sample[t] != 0:
        end_session(value, book)


@part
def end_session(value: float, book: Any) -> None:
    """What is counted by the session begins again."""
    book.purse[DAY_BASE] = value
    book.tally[ORDERS_TODAY], book.tally[RATE_TOLD] = 0, 0
    book.tally[DAY_HALTED], book.tally[DAY_TOLD] = 0, 0


@part
def leave_book(t: int, reason: int, bars: Any, decisions: Any, model: Any, book: Any, tape: Any, record: bool) -> None:
    """Cancel every order but working exits, and leave every position."""
    for asset in range(book.floats.shape[0]):
        if book.ints[asset, PENDING] != 0 and book.slot_ints[asset, WORKING] == 0:
            cancel(asset, book, tape, record)
        leave_open(t, asset, reason, bars, decisions, model, book, tape, record)


@part
def leave_open(t: int, asset: int, reason: int, bars: Any, decisions: Any, model: Any, book: Any, tape: Any, record: bool,
               ) -> None:  # fmt: skip
    """An exit order for a position that has none."""
    held = book.floats[asset, QUANTITY]
    if held != 0.0 and book.ints[asset, PENDING] == 0:
        side = -1 if held > 0.0 else 1
        make_order(t, asset, AN_EXIT, side, reason, NO_STYLE, bars, decisions, model, book, tape, record)


@part
def exposures(t: int, value: float, bars: Any, model: Any, book: Any, tape: Any, record: bool) -> None:
    """Gross, net and largest exposure: an event where one is above its limit and was not one bar earlier."""
    costs, tally = model.costs, book.tally
    if not (costs[WATCH_GROSS] < INFINITY or costs[MAX_NET] < INFINITY or costs[MAX_CONCENTRATION] < INFINITY):
        return
    gross, net, largest, at = 0.0, 0.0, 0.0, BOOK
    for place in range(tally[ACTIVE]):
        asset = book.active[place]
        mark = book.floats[asset, QUANTITY] * book.floats[asset, LAST_PRICE]
        if book.floats[asset, QUANTITY] != 0.0:
            gross = gross + abs(mark)
            net = net + mark
            if abs(mark) > largest:
                largest, at = abs(mark), asset
    for check in range(3):
        if check == 0:
            exposure, limit, flag, kind, asset = gross, costs[WATCH_GROSS], OVER_GROSS, GROSS_EVENT, BOOK
        elif check == 1:
            exposure, limit, flag, kind, asset = abs(net), costs[MAX_NET], OVER_NET, NET_EVENT, BOOK
        else:
            exposure, limit, flag, kind, asset = (
                largest,
                costs[MAX_CONCENTRATION],
                OVER_CONCENTRATION,
                CONCENTRATION_EVENT,
                at,
            )
        over = 1 if gross > 0.0 and limit < INFINITY and exposure > limit * value * SLACK + NOISE_SHARE * gross else 0
        if over == 1 and tally[flag] == 0:
            write_event(t, asset, kind, exposure / value, limit, bars, book, tape, record)
        tally[flag] = over
