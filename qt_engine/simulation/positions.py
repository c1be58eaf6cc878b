"""Positions that are opened, enlarged and left in parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from qt_engine.core.compiled import part, whole
from qt_engine.simulation.book import (
    ACCRUED,
    BUDGET,
    CHARGED,
    EXIT_FEES,
    INSIDE,
    MAX_CONCENTRATION,
    MAX_NET,
    MAX_POSITION,
    REALISED,
    STOP_DISTANCE,
    TARGET_DISTANCE,
    TRAIL_DISTANCE,
)  # fmt: skip
from qt_engine.simulation.costs import TAKER, execute, fee_rate, fixed_slippage, write_event
from qt_engine.simulation.layout import (
    CASH,
    ENTRIES,
    ENTRY_BAR,
    ENTRY_FEE,
    ENTRY_PRICE,
    EXTREME,
    GROSS_LOSS,
    GROSS_PROFIT,
    HELD,
    LAST_EXIT,
    LAST_PRICE,
    MAX_GROSS,
    OPEN,
    PENDING_BAR,
    QUANTITY,
    REFERENCE,
    SIZING,
    SIZING_VALUE,
    STOP_LEVEL,
    TARGET_LEVEL,
    TRADES,
    TRAIL_LEVEL,
    TRAIL_VALUE,
    WINS,
)  # fmt: skip
from qt_engine.simulation.ledger import ENTRY, EXIT, FRACTION, INFINITY, NOISE, level_at
from qt_engine.simulation.working import cancel, work_on

CONCENTRATION_EVENT, POSITION_EVENT, NET_EVENT = whole(5), whole(6), whole(4)  # as in `contract.Event`

NO_ORDER = whole(-1)
ENTER, LEAVE = whole(ENTRY), whole(EXIT)


@part
def reduce(t: int, asset: int, quantity: float, reference: float, maker: int, reason: int, order: int, bars: Any,
           model: Any, book: Any, tape: Any, record: bool) -> None:  # fmt: skip
    """Leave `quantity` > 0 of the position; the fill that closes it closes the round trip."""
    floats, slot, money, run = book.floats[asset], book.slots[asset], book.money, book.run
    held = floats[QUANTITY]
    direction = 1.0 if held > 0.0 else -1.0
    price, fee = execute(
        t, asset, -direction, quantity, reference, maker, LEAVE, reason, order, bars, model, book, tape, record
    )
    profit = slot[REALISED] + direction * quantity * (price - floats[ENTRY_PRICE])
    if quantity < direction * held:
        floats[QUANTITY] = held - direction * quantity
        slot[REALISED] = profit
        slot[EXIT_FEES] = slot[EXIT_FEES] + fee
        return
    profit = profit - (floats[ENTRY_FEE] + (slot[EXIT_FEES] + fee))
    slot[REALISED], slot[EXIT_FEES] = 0.0, 0.0
    run[TRADES] += 1
    if profit > 0.0:
        run[WINS] += 1
        money[GROSS_PROFIT] += profit
    else:
        money[GROSS_LOSS] -= profit
    floats[QUANTITY] = 0.0
    book.ints[asset, LAST_EXIT] = t
    run[OPEN] -= 1


@part
def enlarge(t: int, asset: int, direction: float, quantity: float, reference: float, maker: int, reason: int, order: int,
            bars: Any, model: Any, book: Any, tape: Any, record: bool) -> None:  # fmt: skip
    """Open a position of `quantity` > 0, or add to the one there is."""
    floats, ints = book.floats[asset], book.ints[asset]
    price, fee = execute(
        t, asset, direction, quantity, reference, maker, ENTER, reason, order, bars, model, book, tape, record
    )
    held = abs(floats[QUANTITY])
    if held > 0.0:
        floats[ENTRY_PRICE] = (held * floats[ENTRY_PRICE] + quantity * price) / (held + quantity)
        floats[ENTRY_FEE] = floats[ENTRY_FEE] + fee
        floats[QUANTITY] = direction * (held + quantity)
        return
    book.run[OPEN] += 1
    floats[QUANTITY] = direction * quantity
    floats[REFERENCE] = reference
    floats[ENTRY_PRICE], floats[ENTRY_FEE] = price, fee
    floats[LAST_PRICE] = reference
    ints[HELD], ints[ENTRY_BAR] = 0, t
    ints[ENTRIES] += 1
    book.slot_ints[asset, INSIDE] = -1


@part
def leave_all(t: int, asset: int, reason: int, reference: float, bars: Any, model: Any, book: Any, tape: Any,
              record: bool) -> bool:  # fmt: skip
    """A protective exit: what the budget allows now, the rest as a working exit. Tells whether there was a fill."""
    cancel(asset, book, tape, record)
    slot = book.slots[asset]
    slot[ACCRUED], slot[CHARGED] = 0.0, 0.0
    quantity = min(abs(book.floats[asset, QUANTITY]), slot[BUDGET])
    filled = bool(quantity > 0.0)
    if filled:
        reduce(t, asset, quantity, reference, TAKER, reason, NO_ORDER, bars, model, book, tape, record)
    if book.floats[asset, QUANTITY] != 0.0:
        work_on(asset, reason, book)
    return filled


@part
def marked(t: int, bars: Any, book: Any) -> Any:
    """(equity, gross, net) at the opens of a bar; an asset that does not trade in it is marked at its last price."""
    equity, gross, net = book.money[CASH], 0.0, 0.0
    for asset in range(book.floats.shape[0]):
        held = book.floats[asset, QUANTITY]
        if held != 0.0:
            mark = bars.open[t, asset]
            if mark != mark:
                mark = book.floats[asset, LAST_PRICE]
            equity = equity + held * mark
            gross = gross + abs(held * mark)
            net = net + held * mark
    return equity, gross, net


@part
def set_levels(asset: int, direction: float, price: float, decisions: Any, model: Any, book: Any) -> None:
    """Levels of a position that is about to be opened, from the price at which the market stands."""
    floats, slot, kinds, values = book.floats[asset], book.slots[asset], decisions.kinds, decisions.values
    row = 0 if direction > 0.0 else 1
    stop, target, trail, trail_value = -direction * INFINITY, direction * INFINITY, -direction * INFINITY, 0.0
    if kinds[row, 0] != 0:
        value = values[row, 0] if kinds[row, 0] == FRACTION else slot[STOP_DISTANCE]
        stop = level_at(price, direction, kinds[row, 0], value, model.settings)
    if kinds[row, 1] != 0:
        value = values[row, 1] if kinds[row, 1] == FRACTION else slot[TARGET_DISTANCE]
        target = level_at(price, -direction, kinds[row, 1], value, model.settings)
    if kinds[row, 2] != 0:
        trail_value = values[row, 2] if kinds[row, 2] == FRACTION else slot[TRAIL_DISTANCE]
        trail = level_at(price, direction, kinds[row, 2], trail_value, model.settings)
    floats[STOP_LEVEL], floats[TARGET_LEVEL], floats[EXTREME] = stop, target, price
    floats[TRAIL_LEVEL], floats[TRAIL_VALUE] = trail, trail_value


@part
def size_of(t: int, asset: int, direction: float, price: float, maker: int, bars: Any, decisions: Any, model: Any,
            book: Any, tape: Any, record: bool) -> float:  # fmt: skip
    """Quantity of an entry order that could fill now, 0 where it is to be rejected; its levels are set."""
    settings, costs, floats = model.settings, model.costs, book.floats[asset]
    equity, gross, net = marked(t, bars, book)
    unit = price * (1.0 + direction * fixed_slippage(t, asset, maker, bars, model))
    limit = (settings[MAX_GROSS] * equity - gross) / (unit * (1.0 + fee_rate(t, maker, bars, model, book)))
    method, value = model.limits[SIZING], settings[SIZING_VALUE]
    if method == 0:
        size = value
    elif method == 1:
        size = value / unit
    elif method == 2:
        size = value * equity / unit
    elif method == 3:
        size = (value / decisions.volatility[book.ints[asset, PENDING_BAR], asset]) * equity / unit
    else:
        fixed, trail = floats[STOP_LEVEL], floats[TRAIL_LEVEL]
        size = value * equity / abs(price - (max(fixed, trail) if direction > 0.0 else min(fixed, trail)))
    if not size < INFINITY:
        return 0.0
    if method <= 1:
        if size > limit * NOISE:
            return 0.0
    elif size > limit:
        size = limit
    if not size > 0.0:
        return 0.0
    for check in range(3):
        if check == 0:
            named, bound = costs[MAX_CONCENTRATION], costs[MAX_CONCENTRATION] * equity / price
            event, measure = CONCENTRATION_EVENT, size * price / equity
        elif check == 1:
            named, bound = costs[MAX_POSITION], costs[MAX_POSITION] / price
            event, measure = POSITION_EVENT, size * price
        else:
            named, bound = costs[MAX_NET], (costs[MAX_NET] * equity - direction * net) / price
            event, measure = NET_EVENT, size * price / equity
        if named < INFINITY and size > bound * NOISE:
            write_event(t, asset, event, measure, named, bars, book, tape, record)
            size = 0.0 if method <= 1 else bound
            if not size > 0.0:
                return 0.0
    return float(size)


@part
def carry_distances(t: int, asset: int, side: int, decisions: Any, book: Any) -> None:
    """The protective distances of the decision bar travel with the entry order, so that a split can divide them."""
    row, slot = 0 if side > 0 else 1, book.slots[asset]
    slot[STOP_DISTANCE], slot[TARGET_DISTANCE], slot[TRAIL_DISTANCE] = np.nan, np.nan, np.nan
    if decisions.kinds[row, 0] == 2:
        slot[STOP_DISTANCE] = decisions.distances[int(decisions.values[row, 0]), t, asset]
    if decisions.kinds[row, 1] == 2:
        slot[TARGET_DISTANCE] = decisions.distances[int(decisions.values[row, 1]), t, asset]
    if decisions.kinds[row, 2] == 2:
        slot[TRAIL_DISTANCE] = decisions.distances[int(decisions.values[row, 2]), t, asset]
