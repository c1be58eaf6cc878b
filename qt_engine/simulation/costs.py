"""Price, fee and bookkeeping of one fill, and the events written beside fills."""

from __future__ import annotations

from typing import Any

import numpy as np

from qt_engine.core.compiled import part, whole
from qt_engine.simulation.book import (
    ACCRUED,
    BUDGET,
    CHARGED,
    EVENTS,
    IMPACT,
    MAKER_SLIPS,
    MONTH,
    MONTH_NOTIONAL,
    QUOTED,
    SHARE,
    SPREAD,
)  # fmt: skip
from qt_engine.simulation.layout import CASH, FEE_FRACTION, FEES, FILLS, NOTIONAL, SLIPPAGE, SLIPPAGE_FRACTION
from qt_engine.simulation.ledger import write_fill

MAKER, TAKER = whole(1), whole(0)
BOOK = whole(-1)
"""In place of an asset: the event concerns the whole book."""
MOST = 0.99
"""The largest relative slippage: a price stays above zero."""


@part
def fixed_slippage(t: int, asset: int, maker: int, bars: Any, model: Any) -> float:
    """The part of the relative slippage that does not depend on the quantity."""
    costs = model.costs
    if maker == 1 and costs[MAKER_SLIPS] == 0.0:
        return 0.0
    fraction = model.settings[SLIPPAGE_FRACTION]
    spread = costs[SPREAD]
    if costs[QUOTED] != 0.0 and bars.spread.size > 0:
        quoted = bars.spread[t, asset]
        if quoted == quoted:
            spread = quoted
    return float(fraction + spread / 2.0)


@part
def slippage_of(t: int, asset: int, quantity: float, maker: int, bars: Any, model: Any) -> float:
    """The relative slippage of a fill."""
    costs = model.costs
    fraction = fixed_slippage(t, asset, maker, bars, model)
    if maker == 1 and costs[MAKER_SLIPS] == 0.0:
        return fraction
    if costs[IMPACT] > 0.0:
        sigma, usual = bars.sigma[t, asset], bars.adv[t, asset]
        if sigma == sigma and usual > 0.0:
            fraction = fraction + costs[IMPACT] * sigma * np.sqrt(quantity / usual)
    if costs[SHARE] > 0.0 and bars.volume[t, asset] > 0.0:
        share = quantity / bars.volume[t, asset]
        fraction = fraction + costs[SHARE] * share * share
    return min(fraction, MOST)


@part
def regime_at(ts: int, model: Any) -> int:
    """The fee regime in force."""
    last = 0
    for row in range(1, model.since.shape[0]):
        if model.since[row] <= ts:
            last = row
    return last


@part
def fee_rate(t: int, maker: int, bars: Any, model: Any, book: Any) -> float:
    """Fee as a fraction of the executed notional."""
    if model.since.shape[0] == 0:
        return float(model.settings[FEE_FRACTION])
    regime = regime_at(bars.ts[t], model)
    traded = book.purse[MONTH_NOTIONAL] if book.tally[MONTH] == bars.month[t] else 0.0
    row = model.first_tier[regime]
    while row + 1 < model.first_tier[regime + 1] and model.tiers[row + 1, 0] <= traded:
        row += 1
    return float(model.tiers[row, 1] if maker == 1 else model.tiers[row, 2])


@part
def fee_of(t: int, asset: int, quantity: float, notional: float, maker: int, bars: Any, model: Any, book: Any) -> float:
    """Fee of a fill in currency; the order's account of a minimum is kept in its slot."""
    fee = notional * fee_rate(t, maker, bars, model, book)
    if model.since.shape[0] == 0:
        return fee
    regime = regime_at(bars.ts[t], model)
    if model.regimes[regime, 0] != 0.0:
        fee = fee + quantity * model.regimes[regime, 0]
    if model.regimes[regime, 1] > 0.0:
        slot = book.slots[asset]
        slot[ACCRUED] = slot[ACCRUED] + fee
        fee = max(slot[ACCRUED], model.regimes[regime, 1]) - slot[CHARGED]
        slot[CHARGED] = slot[CHARGED] + fee
    if book.tally[MONTH] != bars.month[t]:
        book.tally[MONTH] = bars.month[t]
        book.purse[MONTH_NOTIONAL] = 0.0
    book.purse[MONTH_NOTIONAL] += notional
    return fee


@part
def execute(t: int, asset: int, side: float, quantity: float, reference: float, maker: int, kind: int, reason: int,
            order: int, bars: Any, model: Any, book: Any, tape: Any, record: bool) -> Any:  # fmt: skip
    """Trade `quantity` > 0 at the reference price: cash, budget, counters, the fill's row. Gives (price, fee)."""
    money, run = book.money, book.run
    price = reference * (1.0 + side * slippage_of(t, asset, quantity, maker, bars, model))
    notional = quantity * price
    fee = fee_of(t, asset, quantity, notional, maker, bars, model, book)
    slippage = quantity * abs(price - reference)
    money[CASH] = money[CASH] - side * notional - fee
    money[NOTIONAL] += notional
    money[FEES] += fee
    money[SLIPPAGE] += slippage
    book.slots[asset, BUDGET] -= quantity
    if record:
        write_fill(
            tape.fills, run, bars.ts[t], t, asset, order, int(side), kind, reason, quantity, price, fee, slippage
        )
    run[FILLS] += 1
    return price, fee


@part
def write_event(t: int, asset: int, kind: int, value: float, bound: float, bars: Any, book: Any, tape: Any,
                record: bool) -> None:  # fmt: skip
    """Append a row of dtype `EVENT`."""
    if record:
        row = tape.events[book.tally[EVENTS]]
        row.sequence, row.ts, row.bar, row.asset = book.tally[EVENTS], bars.ts[t], t, asset
        row.kind, row.value, row.bound = kind, value, bound
    book.tally[EVENTS] += 1
