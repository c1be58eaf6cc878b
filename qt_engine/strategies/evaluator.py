"""Computes conditions block by block: a small vector machine, compiled once for every strategy.

A block of 1,024 bars goes through all instructions while it is in the first-level cache, so a condition over a million
bars costs little more than reading its columns once, and needs no memory of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qt_engine.core.compiled import bare, part
from qt_engine.strategies.instructions import (
    ABS,
    ADD,
    AND,
    CONDITION,
    CONDITION_COLUMN,
    CONDITION_LAGGED,
    CROSSES_ABOVE,
    CROSSES_BELOW,
    DIVIDE,
    ENTRY,
    EQUAL,
    EXIT_LONG,
    EXP,
    GREATER,
    GREATER_EQUAL,
    IS_MISSING,
    LESS,
    LESS_EQUAL,
    LOAD_COLUMN,
    LOAD_LAGGED,
    LOAD_VALUE,
    LOG,
    MAX,
    MIN,
    MULTIPLY,
    NEGATE,
    NOT,
    NOT_EQUAL,
    NUMBER,
    OR,
    POWER,
    SIGN,
    SQRT,
    SUBTRACT,
    WHERE,
)  # fmt: skip

BLOCK = 1024


@part
def load_lagged(column: Any, bars: int, start: int, n: int, out: Any) -> None:
    """`n` values of the column from `start` on, `bars` ago; missing before its first bar."""
    for i in range(n):
        t = start + i - bars
        out[i] = column[t] if t >= 0 else np.nan


@part
def compute_numbers(op: int, x: Any, y: Any, out: Any, n: int) -> None:
    """Arithmetic on whole registers."""
    if op == ADD:
        for i in range(n):
            out[i] = x[i] + y[i]
    elif op == SUBTRACT:
        for i in range(n):
            out[i] = x[i] - y[i]
    elif op == MULTIPLY:
        for i in range(n):
            out[i] = x[i] * y[i]
    elif op == DIVIDE:
        for i in range(n):
            out[i] = x[i] / y[i]
    elif op == POWER:
        for i in range(n):
            out[i] = x[i] ** y[i] if x[i] == x[i] else np.nan  # C's pow(nan, 0) is 1
    elif op == NEGATE:
        for i in range(n):
            out[i] = -x[i]
    elif op == ABS:
        for i in range(n):
            out[i] = abs(x[i])
    elif op == MIN:
        for i in range(n):
            out[i] = np.nan if x[i] != x[i] or y[i] != y[i] else (x[i] if x[i] < y[i] else y[i])
    elif op == MAX:
        for i in range(n):
            out[i] = np.nan if x[i] != x[i] or y[i] != y[i] else (x[i] if x[i] > y[i] else y[i])
    elif op == SQRT:
        for i in range(n):
            out[i] = np.sqrt(x[i]) if x[i] >= 0.0 else np.nan
    elif op == LOG:
        for i in range(n):
            out[i] = np.log(x[i]) if x[i] > 0.0 else np.nan
    elif op == EXP:
        for i in range(n):
            out[i] = np.exp(x[i])
    elif op == SIGN:
        for i in range(n):
            out[i] = x[i] if x[i] != x[i] else (1.0 if x[i] > 0.0 else (-1.0 if x[i] < 0.0 else 0.0))


@part
def compare(op: int, x: Any, y: Any, out: Any, n: int) -> None:
    """Comparisons of whole registers; unknown where a number is missing."""
    if op == GREATER:
        for i in range(n):
            out[i] = np.int8(x[i] > y[i]) - np.int8(x[i] <= y[i])
    elif op == GREATER_EQUAL:
        for i in range(n):
            out[i] = np.int8(x[i] >= y[i]) - np.int8(x[i] < y[i])
    elif op == LESS:
        for i in range(n):
            out[i] = np.int8(x[i] < y[i]) - np.int8(x[i] >= y[i])
    elif op == LESS_EQUAL:
        for i in range(n):
            out[i] = np.int8(x[i] <= y[i]) - np.int8(x[i] > y[i])
    elif op == EQUAL:
        for i in range(n):
            out[i] = np.int8(x[i] == y[i]) - np.int8((x[i] < y[i]) | (x[i] > y[i]))
    elif op == NOT_EQUAL:
        for i in range(n):
            out[i] = np.int8((x[i] < y[i]) | (x[i] > y[i])) - np.int8(x[i] == y[i])


@part
def above(x: float, y: float) -> int:
    """Whether x > y: 1, -1, or 0 where one of them is missing."""
    return 1 if x > y else (-1 if x <= y else 0)


@part
def crosses(a: Any, b: Any, start: int, n: int, scratch: Any, out: Any) -> None:
    """`a` above `b` now and not one bar ago; unknown in the first bar.

    `a <= b` is the negation of `a > b`, unknown where that is, so that one comparison a bar is enough.
    """
    x, y = a[start : start + n], b[start : start + n]
    for i in range(n):
        scratch[i] = np.int8(x[i] > y[i]) - np.int8(x[i] <= y[i])
    before = above(a[start - 1], b[start - 1]) if start > 0 else 0
    out[0] = min(scratch[0], -before)
    now, last, result = scratch[1:n], scratch[: n - 1], out[1:n]
    for i in range(n - 1):
        result[i] = min(now[i], -last[i])


@part
def write_entry(long: Any, short: Any, has_long: bool, has_short: bool, n: int, out: Any) -> None:
    """+1, -1 or 0 a bar; both conditions at once are no entry."""
    if has_long and has_short:
        for i in range(n):
            out[i] = np.int8(long[i] == 1) - np.int8(short[i] == 1)
    elif has_long:
        for i in range(n):
            out[i] = np.int8(long[i] == 1)
    else:
        for i in range(n):
            out[i] = -np.int8(short[i] == 1)


@part
def write_flags(condition: Any, n: int, out: Any) -> None:
    """1 where the condition is true."""
    for i in range(n):
        out[i] = condition[i] == 1


@part
def scatter(source: Any, start: int, n: int, index: Any, assets: int, asset: int, out: Any) -> None:
    """Put a block of an asset's own bars at their places in the market's `(T, A)` array, given flat."""
    for i in range(n):
        t = start + i if index.size == 0 else index[start + i]
        out[t * assets + asset] = source[i]


@bare
def run_code(code: Any, outputs: Any, columns: Any, slots: Any, values: Any, numbers: Any, conditions: Any, index: Any,
             assets: int, asset: int, flags: Any, entry: Any, exit_long: Any, exit_short: Any, extras: Any,
             ) -> None:  # fmt: skip
    """Run the code of one lane over all bars of one asset.

    Parameters
    ----------
    code, outputs
        int64 `(n, 5)` and `(m, 4)`, see `instructions`.
    columns, slots
        float64 `(k, bars)`, and int64: which of them each column of the code is in this lane.
    values
        float64: the numbers of this lane.
    numbers, conditions
        Registers, float64 and int8 `(registers, BLOCK)`.
    index, assets, asset
        Bars of the market at which this asset trades (empty: all of them), number of assets, and which one this is.
    flags
        int8 `(BLOCK,)`: scratch.
    entry, exit_long, exit_short, extras
        int8 `(T * A,)` each and float64 `(k, T * A)`: where the outputs go.
    """
    bars = columns.shape[1]
    for start in range(0, bars, BLOCK):
        n = min(BLOCK, bars - start)
        for k in range(code.shape[0]):
            op, d, a, b = code[k, 0], code[k, 1], code[k, 2], code[k, 3]
            if op == LOAD_COLUMN:
                source, number = columns[slots[a], start : start + n], numbers[d]
                for i in range(n):
                    number[i] = source[i]
            elif op == LOAD_VALUE:
                number = numbers[d]
                for i in range(n):
                    number[i] = values[a]
            elif op == LOAD_LAGGED:
                load_lagged(columns[slots[a]], int(values[b]), start, n, numbers[d])
            elif op in (CONDITION_COLUMN, CONDITION_LAGGED):
                bars_ago = int(values[b]) if op == CONDITION_LAGGED else 0
                known = columns[slots[a]]
                for i in range(n):
                    t = start + i - bars_ago
                    conditions[d, i] = np.int8(0) if t < 0 or known[t] != known[t] else np.int8(known[t])
            elif op == WHERE:
                choice, x, y, number = conditions[a], numbers[b], numbers[code[k, 4]], numbers[d]
                for i in range(n):
                    number[i] = x[i] if choice[i] == 1 else (y[i] if choice[i] == -1 else np.nan)
            elif op < CONDITION_COLUMN:
                compute_numbers(op, numbers[a], numbers[max(b, 0)], numbers[d], n)
            elif op == CROSSES_ABOVE:
                crosses(columns[slots[a]], columns[slots[b]], start, n, flags, conditions[d])
            elif op == CROSSES_BELOW:
                crosses(columns[slots[b]], columns[slots[a]], start, n, flags, conditions[d])
            elif op == AND:
                left, right, answer = conditions[a], conditions[b], conditions[d]
                for i in range(n):
                    answer[i] = min(left[i], right[i])
            elif op == OR:
                left, right, answer = conditions[a], conditions[b], conditions[d]
                for i in range(n):
                    answer[i] = max(left[i], right[i])
            elif op == NOT:
                for i in range(n):
                    conditions[d, i] = -conditions[a, i]
            elif op == IS_MISSING:
                for i in range(n):
                    conditions[d, i] = 1 if numbers[a, i] != numbers[a, i] else -1
            else:
                compare(op, numbers[a], numbers[b], conditions[d], n)
        for k in range(outputs.shape[0]):
            kind, a, b = outputs[k, 0], outputs[k, 2], outputs[k, 3]
            if kind == NUMBER:
                scatter(numbers[a], start, n, index, assets, asset, extras[outputs[k, 1]])
            elif kind == CONDITION:
                scatter(conditions[a], start, n, index, assets, asset, extras[outputs[k, 1]])
            else:
                out = entry if kind == ENTRY else (exit_long if kind == EXIT_LONG else exit_short)
                alone = assets == 1 and index.size == 0
                block = out[start : start + n] if alone else flags
                if kind == ENTRY:
                    write_entry(conditions[max(a, 0)], conditions[max(b, 0)], a >= 0, b >= 0, n, block)
                else:
                    write_flags(conditions[a], n, block)
                if not alone:
                    scatter(block, start, n, index, assets, asset, out)
