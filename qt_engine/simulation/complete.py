"""The complete path of the kernel: everything that `docs/execution-models.md` specifies.

`kernel.advance` is its short cut for rule strategies with a fixed slippage and fee, and leaves the same bytes there.
"""

from __future__ import annotations

from typing import Any

from qt_engine.core.compiled import bare, part, whole
from qt_engine.simulation.book import (
    ACTIVE,
    BORROW_RATE,
    CASH_RATE,
    DAY_HALTED,
    DECIDED,
    DRIFT_BAND,
    EVENTS,
    FUNDING_PERIOD,
    HALT_REASON,
    KILL,
    MARGIN_RATE,
    NO_KILL,
    PORTFOLIO,
)  # fmt: skip
from qt_engine.simulation.carry import act, hold
from qt_engine.simulation.coasting import next_signal
from qt_engine.simulation.kernel import can_measure, sample_return
from qt_engine.simulation.layout import (
    BAR,
    BASE_EQUITY,
    CASH,
    COOLDOWN,
    ENTERING,
    ENTRIES,
    EXIT_ORDER,
    FILLS,
    FLAT_BARS,
    FLAT_EQUITY,
    HALTED,
    HELD,
    LAST_EXIT,
    LAST_PRICE,
    MAX_ENTRIES,
    MAX_POSITIONS,
    OPEN,
    ORDERS,
    PENDING,
    POSITION_BARS,
    QUANTITY,
    RETURNS,
    SUM_EQUITY,
    WAITING,
)  # fmt: skip
from qt_engine.simulation.ledger import EXIT_SIGNAL, INFINITY
from qt_engine.simulation.opening import BY_SIGNAL, at_the_open, fresh_budgets
from qt_engine.simulation.positions import carry_distances
from qt_engine.simulation.resting import inside_the_bar
from qt_engine.simulation.stateful import evaluate
from qt_engine.simulation.targets import decide_targets, rebalance
from qt_engine.simulation.watch import DAILY_LOSS, end_session, leave_open, watch
from qt_engine.simulation.working import (
    AN_EXIT,
    CANCELLED,
    ENTRY_STYLE,
    EXIT_STYLE,
    end_unfilled,
    make_order,
)

BY_EXIT = whole(EXIT_SIGNAL)
ROWS_A_BAR = 6
"""Fills that one bar can bring for one asset at most; orders and events are fewer."""


@part
def decide(t: int, bars: Any, decisions: Any, model: Any, book: Any, tape: Any, record: bool) -> None:
    """Phase 7 of rules: exits of open positions, entries of flat assets."""
    limits, run, stack = model.limits, book.run, decisions.stack
    for asset in range(book.floats.shape[0]):
        if bars.close[t, asset] != bars.close[t, asset]:
            continue
        ints, quantity = book.ints[asset], book.floats[asset, QUANTITY]
        if quantity != 0.0:
            if ints[PENDING] == EXIT_ORDER:
                continue
            row = 0 if quantity > 0.0 else 1
            start, stop = decisions.program_start[row], decisions.program_start[row + 1]
            if stop > start:
                wanted = evaluate(decisions.programs, start, stop, decisions.program_values, decisions.program_columns,
                                  stack, t, asset, quantity, ints[HELD])  # fmt: skip
            else:
                wanted = (decisions.exit_long[t, asset] if row == 0 else decisions.exit_short[t, asset]) != 0
            if wanted:
                if ints[PENDING] != 0:
                    end_unfilled(asset, CANCELLED, book, tape, record)
                side = -1 if row == 0 else 1
                make_order(t, asset, AN_EXIT, side, BY_EXIT, EXIT_STYLE, bars, decisions, model, book, tape, record)
        elif decisions.entry[t, asset] != 0 and ints[PENDING] == 0:
            side = int(decisions.entry[t, asset])
            if (
                ints[ENTRIES] < limits[MAX_ENTRIES]
                and t - ints[LAST_EXIT] >= limits[COOLDOWN]
                and run[OPEN] + run[ENTERING] < limits[MAX_POSITIONS]
                and can_measure(t, asset, 0 if side > 0 else 1, decisions.kinds, decisions.values, decisions.distances)
                and make_order(t, asset, side, side, BY_SIGNAL, ENTRY_STYLE, bars, decisions, model, book, tape, record)
            ):
                carry_distances(t, asset, side, decisions, book)
                run[ENTERING] += 1


@part
def gather(book: Any) -> None:
    """List the assets that have a position or an order."""
    found = 0
    for asset in range(book.floats.shape[0]):
        if book.floats[asset, QUANTITY] != 0.0 or book.ints[asset, PENDING] != 0:
            book.active[found] = asset
            found += 1
    book.tally[ACTIVE] = found


@part
def skip(t: int, last: int, bars: Any, decisions: Any, book: Any, tape: Any, record: bool) -> int:
    """Carry a book that is flat, with nothing on its way, to the next bar with a signal."""
    money, run = book.money, book.run
    start = t
    t = last if run[HALTED] == 1 else next_signal(decisions.signals, t, last)
    if t == start:
        return t
    cash = money[CASH]
    if record:
        for i in range(start, t):
            tape.equity[i] = cash
    if money[FLAT_EQUITY] != cash:
        money[SUM_EQUITY] += money[FLAT_EQUITY] * run[FLAT_BARS]
        money[FLAT_EQUITY] = cash
        run[FLAT_BARS] = 0
    run[FLAT_BARS] += t - start
    if bars.samples[t] > bars.samples[start]:
        end_session(cash, book)
    sampled = bars.samples[t] - bars.samples[max(start, 1)] if t > 1 else 0
    if sampled > 0:
        run[RETURNS] += sampled
        if cash != money[BASE_EQUITY]:
            sample_return(cash, money)
    return t


@part
def mark(t: int, bars: Any, book: Any) -> float:
    """Phase 6: equity at the close, and the sums over equity."""
    money, run = book.money, book.run
    value = money[CASH]
    if run[OPEN] > 0:
        for place in range(book.tally[ACTIVE]):
            asset = book.active[place]
            if book.floats[asset, QUANTITY] != 0.0:
                price = bars.close[t, asset]
                if price == price:
                    book.floats[asset, LAST_PRICE] = price
                value = value + book.floats[asset, QUANTITY] * book.floats[asset, LAST_PRICE]
        run[POSITION_BARS] += 1
        money[SUM_EQUITY] += value
    else:
        if money[FLAT_EQUITY] != value:
            money[SUM_EQUITY] += money[FLAT_EQUITY] * run[FLAT_BARS]
            money[FLAT_EQUITY] = value
            run[FLAT_BARS] = 0
        run[FLAT_BARS] += 1
    return float(value)


@bare
def advance(last: int, bars: Any, decisions: Any, model: Any, book: Any, tape: Any, record: bool) -> None:
    """Carry the run from bar `run[BAR]` to bar `last` (exclusive), or to where the room on the tape might end.

    The caller looks at `run[BAR]`, makes room and calls again.
    """
    assets, run = book.floats.shape[0], book.run
    portfolio, costs = model.whole[PORTFOLIO] == 1, model.costs
    interest = costs[CASH_RATE] > 0.0 or costs[MARGIN_RATE] > 0.0
    drifts = costs[DRIFT_BAND] < INFINITY  # a flat book is away from any target that is not 0
    carried = interest or costs[BORROW_RATE] > 0.0 or model.whole[FUNDING_PERIOD] > 0
    rows = ROWS_A_BAR * assets + 16
    t = run[BAR]
    while t < last:
        quiet = run[OPEN] == 0 and run[WAITING] == 0 and not interest and (not drifts or book.tally[DECIDED] == 0)
        if quiet and (run[HALTED] == 1 or model.whole[KILL] == NO_KILL):
            t = skip(t, last, bars, decisions, book, tape, record)
            if t >= last:
                break
        if record and (
            run[FILLS] + rows > tape.fills.shape[0] or run[ORDERS] + rows > tape.orders.shape[0]
            or book.tally[EVENTS] + rows + bars.actions.shape[0] > tape.events.shape[0]
        ):  # fmt: skip
            last = t
            break
        if carried and t > 0:
            hold(t, bars, model, book)
        if bars.actions.shape[0] > 0:
            act(t, bars, decisions, book, tape, record)
        if run[OPEN] > 0 or run[WAITING] > 0:
            fresh_budgets(t, bars, model, book)
            at_the_open(t, bars, decisions, model, book, tape, record)
            if portfolio:
                rebalance(t, bars, decisions, model, book, tape, record)
            inside_the_bar(t, bars, decisions, model, book, tape, record)
        value = mark(t, bars, book)
        if record:
            tape.equity[t] = value
        if t > 0 and bars.sample[t] != 0:
            run[RETURNS] += 1
            sample_return(value, book.money)
        made = run[ORDERS]
        watch(t, value, bars, decisions, model, book, tape, record)
        if run[HALTED] == 1 or book.tally[DAY_HALTED] == 1:
            reason = book.tally[HALT_REASON] if run[HALTED] == 1 else DAILY_LOSS
            for asset in range(assets):
                leave_open(t, asset, reason, bars, decisions, model, book, tape, record)
        elif portfolio:
            decide_targets(t, value, bars, decisions, model, book, tape, record)
        else:
            decide(t, bars, decisions, model, book, tape, record)
        if run[ORDERS] != made:
            gather(book)
        t += 1
    run[BAR] = last
