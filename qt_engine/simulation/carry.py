"""Phase 1 of the complete path: what holding costs, and corporate actions."""

from __future__ import annotations

from typing import Any

from qt_engine.core.compiled import part
from qt_engine.simulation.book import (
    ACTIVE,
    BORROW,
    BORROW_RATE,
    CASH_RATE,
    DIVIDENDS,
    FUNDING,
    FUNDING_PERIOD,
    FUNDING_RATE,
    INTEREST,
    LIMIT_PRICE,
    MARGIN_RATE,
    NEXT_ACTION,
    REMAINING,
    STOP_DISTANCE,
    STOP_PRICE,
    TRAIL_DISTANCE,
)  # fmt: skip
from qt_engine.simulation.costs import write_event
from qt_engine.simulation.layout import (
    CASH,
    ENTRY_PRICE,
    EXTREME,
    LAST_PRICE,
    PENDING,
    QUANTITY,
    REFERENCE,
    STOP_LEVEL,
    TARGET_LEVEL,
    TRAIL_LEVEL,
    TRAIL_VALUE,
)  # fmt: skip

YEAR_NS = 31_536_000_000_000_000.0
SPLIT, DIVIDEND, FUNDING_ACTION = 1, 2, 3  # kinds of `Market.actions`
FIRST_EVENT = 9 - SPLIT  # `contract.Event` of a kind
DISTANCE = 2


@part
def hold(t: int, bars: Any, model: Any, book: Any) -> None:
    """Borrow, funding and interest since the bar before."""
    costs, money, purse = model.costs, book.money, book.purse
    years = (bars.ts[t] - bars.ts[t - 1]) / YEAR_NS
    period = model.whole[FUNDING_PERIOD]
    for place in range(book.tally[ACTIVE]):
        asset = book.active[place]
        quantity = book.floats[asset, QUANTITY]
        if quantity == 0.0:
            continue
        last = book.floats[asset, LAST_PRICE]
        if quantity < 0.0 and costs[BORROW_RATE] > 0.0:
            cost = -quantity * last * costs[BORROW_RATE] * years
            money[CASH] = money[CASH] - cost
            purse[BORROW] += cost
        if period > 0:
            times = bars.ts[t] // period - bars.ts[t - 1] // period
            if times > 0:
                cost = quantity * last * costs[FUNDING_RATE] * times
                money[CASH] = money[CASH] - cost
                purse[FUNDING] += cost
    if money[CASH] < 0.0 and costs[MARGIN_RATE] > 0.0:
        cost = -money[CASH] * costs[MARGIN_RATE] * years
        money[CASH] = money[CASH] - cost
        purse[INTEREST] -= cost
    elif money[CASH] > 0.0 and costs[CASH_RATE] > 0.0:
        gain = money[CASH] * costs[CASH_RATE] * years
        money[CASH] = money[CASH] + gain
        purse[INTEREST] += gain


@part
def act(t: int, bars: Any, decisions: Any, book: Any, tape: Any, record: bool) -> None:
    """The corporate actions of this bar."""
    tally, money, purse = book.tally, book.money, book.purse
    while tally[NEXT_ACTION] < bars.actions.shape[0] and bars.actions[tally[NEXT_ACTION]].bar <= t:
        row = bars.actions[tally[NEXT_ACTION]]
        tally[NEXT_ACTION] += 1
        asset, quantity = row.asset, book.floats[row.asset, QUANTITY]
        concerned = quantity != 0.0 or (row.kind == SPLIT and book.ints[asset, PENDING] != 0)
        if row.bar < t or not concerned:
            continue
        amount = row.value
        if row.kind == SPLIT:
            split(asset, row.value, decisions, book)
        elif row.kind == DIVIDEND:
            amount = quantity * row.value
            money[CASH] = money[CASH] + amount
            purse[DIVIDENDS] += amount
        else:
            amount = quantity * book.floats[asset, LAST_PRICE] * row.value
            money[CASH] = money[CASH] - amount
            purse[FUNDING] += amount
        write_event(t, asset, FIRST_EVENT + row.kind, amount, float("nan"), bars, book, tape, record)


@part
def split(asset: int, ratio: float, decisions: Any, book: Any) -> None:
    """`ratio` new units for one: more units, lower prices, the same value."""
    floats, slot = book.floats[asset], book.slots[asset]
    if floats[QUANTITY] != 0.0:
        row = 0 if floats[QUANTITY] > 0.0 else 1
        floats[QUANTITY] = floats[QUANTITY] * ratio
        for column in (LAST_PRICE, REFERENCE, ENTRY_PRICE, STOP_LEVEL, TARGET_LEVEL, EXTREME, TRAIL_LEVEL):
            floats[column] = floats[column] / ratio
        if decisions.kinds[row, 2] == DISTANCE:
            floats[TRAIL_VALUE] = floats[TRAIL_VALUE] / ratio
    if book.ints[asset, PENDING] != 0:
        slot[REMAINING] = slot[REMAINING] * ratio
        slot[LIMIT_PRICE] = slot[LIMIT_PRICE] / ratio
        slot[STOP_PRICE] = slot[STOP_PRICE] / ratio
        for column in range(STOP_DISTANCE, TRAIL_DISTANCE + 1):
            slot[column] = slot[column] / ratio
