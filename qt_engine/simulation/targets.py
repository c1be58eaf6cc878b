"""Portfolio strategies: targets are decided at a close and become reducing and increasing orders at an open."""

from __future__ import annotations

from typing import Any

from qt_engine.core.compiled import part, whole
from qt_engine.simulation.book import (
    ACTIVE,
    BUDGET,
    DECIDED,
    DRIFT_BAND,
    MAX_CONCENTRATION,
    MAX_NET,
    MAX_POSITION,
    NEXT_TARGET,
    PARTLY,
    REMAINING,
    TARGET_ORDER,
    WEIGHT,
)  # fmt: skip
from qt_engine.simulation.costs import BOOK, TAKER, fee_rate, fixed_slippage, write_event
from qt_engine.simulation.layout import (
    LAST_PRICE,
    MAX_GROSS,
    MAX_POSITIONS,
    OPEN,
    PENDING,
    PENDING_ORDER,
    PENDING_REASON,
    QUANTITY,
    REJECTED,
)  # fmt: skip
from qt_engine.simulation.ledger import INFINITY, NOISE
from qt_engine.simulation.positions import CONCENTRATION_EVENT, NET_EVENT, POSITION_EVENT, enlarge, marked, reduce
from qt_engine.simulation.working import (
    A_TARGET,
    DONE,
    NO_BAR,
    NO_SIDE,
    NO_STYLE,
    PARTIAL,
    REFUSED,
    cancel,
    end_order,
    make_order,
    takes_part,
)

TARGET, DRIFT = whole(8), whole(9)  # as in `contract.Reason`
GROSS_EVENT = whole(3)  # as in `contract.Event`
SLACK = 1.0 + 1e-9
NOISE_SHARE = 1e-9
"""Of the gross exposure: what is left of positions that cancel each other is no exposure."""


@part
def rebalance(t: int, bars: Any, decisions: Any, model: Any, book: Any, tape: Any, record: bool) -> None:
    """Targets at the open: size, reduce, then increase with what there is."""
    working = 0
    for place in range(book.tally[ACTIVE]):
        asset = book.active[place]
        trades = book.ints[asset, PENDING] == TARGET_ORDER and bars.close[t, asset] == bars.close[t, asset]
        if trades and takes_part(t, asset, bars, model, book, tape, record):
            working += 1
    if working == 0:
        return
    equity, _, _ = marked(t, bars, book)
    for place in range(book.tally[ACTIVE]):
        asset = book.active[place]
        if at_work(t, asset, bars, book) and book.slots[asset, REMAINING] != book.slots[asset, REMAINING]:
            size_target(t, asset, equity, bars, model, book, tape, record)
    for place in range(book.tally[ACTIVE]):
        asset = book.active[place]
        held = book.floats[asset, QUANTITY]
        if held != 0.0 and at_work(t, asset, bars, book):
            wanted = book.slots[asset, REMAINING]
            quantity = min(abs(wanted), min(abs(held), book.slots[asset, BUDGET]))
            if wanted * held < 0.0 and quantity > 0.0:
                reduce(t, asset, quantity, bars.open[t, asset], TAKER, book.ints[asset, PENDING_REASON],
                       book.ints[asset, PENDING_ORDER], bars, model, book, tape, record)  # fmt: skip
                after_fill(t, asset, quantity, book, tape, record)
    increase(t, bars, model, book, tape, record)


@part
def at_work(t: int, asset: int, bars: Any, book: Any) -> bool:
    """Whether the asset has a target order that takes part in this bar."""
    return bool(
        book.ints[asset, PENDING] == TARGET_ORDER
        and book.slot_ints[asset, 0] <= bars.ts[t]
        and bars.close[t, asset] == bars.close[t, asset]
    )


@part
def size_target(t: int, asset: int, equity: float, bars: Any, model: Any, book: Any, tape: Any, record: bool) -> None:
    """What is to be traded to reach the target, at this open's equity."""
    price, costs, slot = bars.open[t, asset], model.costs, book.slots[asset]
    wanted = equity * slot[WEIGHT] / price if equity > 0.0 else 0.0
    sign = 1.0 if wanted > 0.0 else -1.0
    if costs[MAX_CONCENTRATION] < INFINITY and abs(wanted) * price > costs[MAX_CONCENTRATION] * equity * NOISE:
        share = abs(wanted) * price / equity
        write_event(t, asset, CONCENTRATION_EVENT, share, costs[MAX_CONCENTRATION], bars, book, tape, record)
        wanted = sign * (costs[MAX_CONCENTRATION] * equity / price)
    if abs(wanted) * price > costs[MAX_POSITION] * NOISE:
        notional = abs(wanted) * price
        write_event(t, asset, POSITION_EVENT, notional, costs[MAX_POSITION], bars, book, tape, record)
        wanted = sign * (costs[MAX_POSITION] / price)
    remaining = wanted - book.floats[asset, QUANTITY]
    slot[REMAINING] = remaining
    if remaining == 0.0:
        end_order(asset, DONE, t, book, tape, record)
    elif record:
        tape.orders[book.ints[asset, PENDING_ORDER]].side = 1 if remaining > 0.0 else -1


@part
def after_fill(t: int, asset: int, quantity: float, book: Any, tape: Any, record: bool) -> None:
    """Account for a fill of a target order, which ends where nothing remains."""
    slot = book.slots[asset]
    slot[REMAINING] = slot[REMAINING] - quantity if slot[REMAINING] > 0.0 else slot[REMAINING] + quantity
    book.slot_ints[asset, PARTLY] = 1
    if slot[REMAINING] == 0.0:
        end_order(asset, DONE, t, book, tape, record)
    elif record:
        tape.orders[book.ints[asset, PENDING_ORDER]].fill_bar = t


@part
def increases(t: int, asset: int, bars: Any, book: Any) -> bool:
    """Whether the asset's target order opens or enlarges a position, and may trade in this bar."""
    if not at_work(t, asset, bars, book):
        return False
    wanted, held = book.slots[asset, REMAINING], book.floats[asset, QUANTITY]
    return bool(wanted != 0.0 and wanted * held >= 0.0 and book.slots[asset, BUDGET] > 0.0)


@part
def increase(t: int, bars: Any, model: Any, book: Any, tape: Any, record: bool) -> None:
    """All increasing orders, scaled by one ratio where the buying power is short."""
    need, opened = 0.0, book.run[OPEN]
    for place in range(book.tally[ACTIVE]):
        asset = book.active[place]
        if not increases(t, asset, bars, book):
            continue
        if book.floats[asset, QUANTITY] == 0.0:
            if opened >= model.limits[MAX_POSITIONS]:
                reject(t, asset, book, tape, record)
                continue
            opened += 1
        wanted = book.slots[asset, REMAINING]
        side = 1.0 if wanted > 0.0 else -1.0
        unit = bars.open[t, asset] * (1.0 + side * fixed_slippage(t, asset, TAKER, bars, model))
        need = need + min(abs(wanted), book.slots[asset, BUDGET]) * unit * (1.0 + fee_rate(t, TAKER, bars, model, book))
    if not need > 0.0:
        return
    equity, gross, _ = marked(t, bars, book)
    room = model.settings[MAX_GROSS] * equity - gross
    ratio = 1.0
    if need > room * NOISE:
        ratio = room / need if room > 0.0 else 0.0
    for place in range(book.tally[ACTIVE]):
        asset = book.active[place]
        if not increases(t, asset, bars, book):
            continue
        wanted = book.slots[asset, REMAINING]
        quantity = min(abs(wanted), book.slots[asset, BUDGET]) * ratio
        if quantity > 0.0:
            enlarge(t, asset, 1.0 if wanted > 0.0 else -1.0, quantity, bars.open[t, asset], TAKER,
                    book.ints[asset, PENDING_REASON], book.ints[asset, PENDING_ORDER], bars, model, book, tape,
                    record)  # fmt: skip
        if ratio == 1.0:
            after_fill(t, asset, quantity, book, tape, record)
        elif quantity > 0.0:
            end_order(asset, DONE, t, book, tape, record)
        elif book.slot_ints[asset, PARTLY] == 1:
            end_order(asset, DONE, NO_BAR, book, tape, record)
        else:
            reject(t, asset, book, tape, record)


@part
def reject(t: int, asset: int, book: Any, tape: Any, record: bool) -> None:
    """End an order that may not trade; what was filled of it stays."""
    if book.slot_ints[asset, PARTLY] == 1:
        end_order(asset, PARTIAL, NO_BAR, book, tape, record)
        return
    book.run[REJECTED] += 1
    end_order(asset, REFUSED, t, book, tape, record)


@part
def decide_targets(t: int, value: float, bars: Any, decisions: Any, model: Any, book: Any, tape: Any, record: bool,
                   ) -> None:  # fmt: skip
    """A new target, or the last one again where the book has drifted away from it."""
    tally = book.tally
    row, rows = tally[NEXT_TARGET], decisions.rebalance.shape[0]
    while row < rows and decisions.rebalance[row] < t:
        row += 1
    if row < rows and decisions.rebalance[row] == t:
        take_weights(t, row, bars, decisions, model, book, tape, record)
        tally[DECIDED] = 1
        tally[NEXT_TARGET] = row + 1
        order_targets(t, TARGET, bars, decisions, model, book, tape, record)
        return
    tally[NEXT_TARGET] = row
    if tally[DECIDED] == 0 or not model.costs[DRIFT_BAND] < INFINITY or not value > 0.0:
        return
    drifted = False
    for asset in range(book.floats.shape[0]):
        if book.ints[asset, PENDING] == TARGET_ORDER:
            return
        weight = book.floats[asset, QUANTITY] * book.floats[asset, LAST_PRICE] / value
        if abs(weight - book.slots[asset, WEIGHT]) > model.costs[DRIFT_BAND]:
            drifted = True
    if drifted:
        order_targets(t, DRIFT, bars, decisions, model, book, tape, record)


@part
def take_weights(t: int, row: int, bars: Any, decisions: Any, model: Any, book: Any, tape: Any, record: bool) -> None:
    """The target row as weights of the book, scaled down as a whole where it is beyond the limits."""
    gross, net = 0.0, 0.0
    for asset in range(book.floats.shape[0]):
        weight = decisions.target[row, asset]
        gross = gross + abs(weight)
        net = net + weight
    most, bound = model.settings[MAX_GROSS], model.costs[MAX_NET]
    first, second = 1.0, 1.0
    if gross > most * SLACK:
        write_event(t, BOOK, GROSS_EVENT, gross, most, bars, book, tape, record)
        first = most / gross
    if abs(net * first) > bound * SLACK + NOISE_SHARE * gross:
        write_event(t, BOOK, NET_EVENT, abs(net * first), bound, bars, book, tape, record)
        second = bound / abs(net * first)
    for asset in range(book.floats.shape[0]):
        book.slots[asset, WEIGHT] = decisions.target[row, asset] * first * second


@part
def order_targets(t: int, reason: int, bars: Any, decisions: Any, model: Any, book: Any, tape: Any, record: bool,
                  ) -> None:  # fmt: skip
    """An order for every asset that has a weight or a position; exits of limits stay."""
    for asset in range(book.floats.shape[0]):
        if book.ints[asset, PENDING] == TARGET_ORDER:
            cancel(asset, book, tape, record)
        wanted = book.slots[asset, WEIGHT] != 0.0 or book.floats[asset, QUANTITY] != 0.0
        if wanted and book.ints[asset, PENDING] == 0:
            make_order(t, asset, A_TARGET, NO_SIDE, reason, NO_STYLE, bars, decisions, model, book, tape, record)
