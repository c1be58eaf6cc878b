"""The inner loop of a sweep: for every lane decide, then run the kernel, and keep nothing but what it counted."""

from __future__ import annotations

from typing import Any

from qt_engine.core.compiled import bare
from qt_engine.simulation.kernel import advance
from qt_engine.simulation.layout import (
    BASE_EQUITY,
    CASH,
    FLAT_EQUITY,
    LAST_EXIT,
    LAST_PRICE,
    NEVER,
    PEAK,
    QUANTITY,
    SAMPLED_PEAK,
)  # fmt: skip
from qt_engine.strategies.evaluator import run_code


@bare
def run_lanes(
    first: int, last: int, ts: Any, open_: Any, high: Any, low: Any, close: Any, sample: Any, samples: Any,
    code: Any, outputs: Any, columns: Any, column_start: Any, column_bars: Any, slots: Any, values: Any, numbers: Any,
    conditions: Any, index: Any, index_start: Any, flags: Any, flat_entry: Any, flat_long: Any, flat_short: Any, flat_extras: Any,
    entry: Any, signals: Any, exit_long: Any, exit_short: Any, extras: Any, volatility: Any, kinds: Any, protect: Any,
    programs: Any, program_start: Any, stack: Any, limits: Any, settings: Any, floats: Any, ints: Any, money: Any, run: Any,
    final: Any, fills: Any, orders: Any, equity: Any, record: bool, cash: float,
) -> None:  # fmt: skip
    """Run lanes `first` to `last` (exclusive); rows of `money`, `run` and `final` are filled.

    `columns` holds the columns of all assets one after the other, flat: asset `a` has `column_bars[a]` bars a column and
    begins at `column_start[a]`; `index` likewise holds the bars at which it trades (none where it trades at all). The
    `flat_` arrays are flat views of the arrays of the same name. `record` is always False: a constant here would be
    another signature, for which numba would compile the whole kernel once more.
    """
    bars, assets = entry.shape
    rows = 0
    for asset in range(assets):
        if column_bars[asset] > 0:
            rows = (column_start[asset + 1] - column_start[asset]) // column_bars[asset]
    for lane in range(first, last):
        for asset in range(assets):
            length = column_bars[asset]
            if length > 0:
                own = columns[column_start[asset] : column_start[asset + 1]].reshape((rows, length))
                run_code(code, outputs, own, slots[lane], values[lane], numbers, conditions,
                         index[index_start[asset] : index_start[asset + 1]], assets, asset, flags, flat_entry, flat_long,
                         flat_short, flat_extras)  # fmt: skip
        if assets > 1:
            for t in range(bars):
                found = 0
                for asset in range(assets):
                    found |= entry[t, asset]
                signals[t] = 1 if found != 0 else 0
        for asset in range(assets):
            for k in range(floats.shape[1]):
                floats[asset, k] = 0.0
            for k in range(ints.shape[1]):
                ints[asset, k] = 0
            ints[asset, LAST_EXIT] = NEVER
        for k in (CASH, BASE_EQUITY, SAMPLED_PEAK, FLAT_EQUITY, PEAK):
            money[lane, k] = cash
        advance(bars, ts, open_, high, low, close, sample, samples, entry, signals, exit_long, exit_short, kinds,
                protect[lane], extras, volatility, programs, program_start, values[lane], extras, stack, limits[lane],
                settings[lane], floats, ints, money[lane], run[lane], fills, orders, equity, record)  # fmt: skip
        value = money[lane, CASH]
        for asset in range(assets):
            if floats[asset, QUANTITY] != 0.0:
                value = value + floats[asset, QUANTITY] * floats[asset, LAST_PRICE]
        final[lane] = value
