"""Exit conditions that read the position are evaluated inside the kernel by a small stack machine.

Everything in such a condition that does not read `position` or `bars_held` is computed beforehand as a column. What remains is a
program of rows (op, argument, 0): push a constant, a column's value at (bar, asset), the signed quantity or the bars held; then
arithmetic, comparisons and logic on the top of the stack. Conditions are -1 false, 0 unknown, +1 true, so that
`and` is min, `or` is max and `not` is negation (Kleene); a missing number makes a comparison unknown.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from qt_engine.strategies.instructions import (
    ABS, ADD, AND, DIVIDE, EQUAL, EXP, GREATER, GREATER_EQUAL, IS_MISSING, LESS, LESS_EQUAL, LOG, MAX, MIN, MULTIPLY, NEGATE,
    NOT, OR, POWER, PUSH_COLUMN, PUSH_HELD, PUSH_POSITION, PUSH_VALUE, SIGN, SQRT, SUBTRACT, WHERE,
)  # fmt: skip

DEPTH = 64
"""Slots of the stack; the expression language allows a depth of 32."""


# No array is made here, so numba's reference counts can be left out.
jit: Any = njit(cache=True, nogil=True, error_model="numpy", _nrt=False)


@jit
def one(op: int, x: float) -> float:
    """An operation on one number or condition."""
    if op == NEGATE or op == NOT:
        return -x
    if op == ABS:
        return abs(x)
    if op == SQRT:
        return np.sqrt(x) if x >= 0.0 else np.nan
    if op == LOG:
        return np.log(x) if x > 0.0 else np.nan
    if op == EXP:
        return np.exp(x)
    if op == IS_MISSING:
        return 1.0 if x != x else -1.0
    return x if x != x else (1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0))


@jit
def truth(condition: bool) -> float:
    """A known condition."""
    return 1.0 if condition else -1.0


@jit
def two(op: int, x: float, y: float) -> float:
    """An operation on two numbers, or on two conditions for `and` and `or`."""
    if op == AND:
        return min(x, y)
    if op == OR:
        return max(x, y)
    if op == ADD:
        return x + y
    if op == SUBTRACT:
        return x - y
    if op == MULTIPLY:
        return x * y
    if op == DIVIDE:
        return x / y
    if op == POWER:
        return x**y
    if op == MIN or op == MAX:
        if x != x or y != y:
            return np.nan
        return min(x, y) if op == MIN else max(x, y)
    if x != x or y != y:
        return 0.0
    if op == GREATER:
        return truth(x > y)
    if op == GREATER_EQUAL:
        return truth(x >= y)
    if op == LESS:
        return truth(x < y)
    if op == LESS_EQUAL:
        return truth(x <= y)
    if op == EQUAL:
        return truth(x == y)
    return truth(x != y)


@jit
def evaluate(programs: Any, start: int, stop: int, values: Any, columns: Any, stack: Any, bar: int, asset: int,
             quantity: float, held: int) -> bool:  # fmt: skip
    """Run rows `start` to `stop` and tell whether the condition is true (unknown is not)."""
    top = -1
    for row in range(start, stop):
        op = programs[row, 0]
        if op >= PUSH_VALUE:
            top += 1
            if op == PUSH_VALUE:
                stack[top] = values[programs[row, 1]]
            elif op == PUSH_COLUMN:
                stack[top] = columns[programs[row, 1], bar, asset]
            elif op == PUSH_POSITION:
                stack[top] = quantity
            elif op == PUSH_HELD:
                stack[top] = held
        elif op in (NEGATE, NOT, ABS, SQRT, LOG, EXP, SIGN, IS_MISSING):
            stack[top] = one(op, stack[top])
        elif op == WHERE:
            top -= 2
            choice = stack[top]
            stack[top] = stack[top + 1] if choice == 1.0 else (stack[top + 2] if choice == -1.0 else np.nan)
        else:
            top -= 1
            stack[top] = two(op, stack[top], stack[top + 1])
    return bool(stack[0] == 1.0)
