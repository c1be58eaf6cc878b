"""What moves money in the kernel: price levels, orders, entries and exits.

Each step is specified in `docs/execution.md`: levels, sizing, fills.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qt_engine.core.compiled import part
from qt_engine.simulation.layout import (
    CASH,
    ENTERING,
    ENTRIES,
    ENTRY_BAR,
    ENTRY_FEE,
    ENTRY_PRICE,
    EXIT_ORDER,
    EXTREME,
    FEE_FRACTION,
    FEES,
    FILLS,
    GROSS_LOSS,
    GROSS_PROFIT,
    HELD,
    INVERSE_TICK,
    LAST_EXIT,
    LAST_PRICE,
    MAX_GROSS,
    NOTIONAL,
    OPEN,
    ORDERS,
    PENDING,
    PENDING_BAR,
    PENDING_ORDER,
    PENDING_REASON,
    QUANTITY,
    REFERENCE,
    REJECTED,
    SIZING,
    SIZING_VALUE,
    SLIPPAGE,
    SLIPPAGE_FRACTION,
    STOP_LEVEL,
    TARGET_LEVEL,
    TICK,
    TRADES,
    TRAIL_LEVEL,
    TRAIL_VALUE,
    WAITING,
    WINS,
)  # fmt: skip

INFINITY = np.inf
# Kinds, statuses and reasons as in `contract`, plain numbers because they are compiled in.
ENTRY, EXIT = 1, 2
ENTRY_SIGNAL, EXIT_SIGNAL, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, TIME_STOP, DRAWDOWN = 1, 2, 3, 4, 5, 6, 7
FILLED, REJECTED_STATUS, CANCELLED = 1, 2, 3
FRACTION, AMBIGUOUS = 1, 1
NOISE = 1.0 + 1e-12


@part
def round_to_tick(level: float, settings: Any) -> Any:
    """The level on the instrument's price grid, so that an exact touch counts."""
    if settings[INVERSE_TICK] > 0.0:
        return np.floor(level * settings[INVERSE_TICK] + 0.5) / settings[INVERSE_TICK]
    return np.floor(level / settings[TICK] + 0.5) * settings[TICK]


@part
def level_at(price: float, direction: float, kind: int, value: float, settings: Any) -> Any:
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


@part
def write_fill(fills: Any, run: Any, ts: int, bar: int, asset: int, order: int, side: int, kind: int, reason: int,
               quantity: float, price: float, fee: float, slippage: float) -> None:  # fmt: skip
    row = fills[run[FILLS]]
    row.sequence, row.ts, row.bar, row.asset, row.order = run[FILLS], ts, bar, asset, order
    row.side, row.kind, row.reason, row.flags = side, kind, reason, 0
    row.quantity, row.price, row.fee, row.slippage = quantity, price, fee, slippage


@part
def place_order(t: int, asset: int, side: Any, ints: Any, run: Any, orders: Any, record: bool) -> None:
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


@part
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
        order = ints[asset, PENDING_ORDER] if reason in (EXIT_SIGNAL, DRAWDOWN) else -1
        write_fill(fills, run, ts, bar, asset, order, int(side), EXIT, reason, size, paid, fee, slippage)
    run[FILLS] += 1
    floats[asset, QUANTITY] = 0.0
    ints[asset, LAST_EXIT] = bar
    run[OPEN] -= 1


@part
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
