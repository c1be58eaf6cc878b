"""Exit conditions that read the position are evaluated inside the kernel by a small stack machine.

Everything in such a condition that does not read `position` or `bars_held` is computed beforehand as a column. What remains is a
program of rows (op, argument, 0): push a constant, a column's value at (bar, asset), the signed quantity or the bars held; then
arithmetic, comparisons and logic on the top of the stack. Conditions are -1 false, 0 unknown, +1 true, so that
`and` is min, `or` is max and `not` is negation (Kleene); a missing number makes a comparison unknown.
"""

from __future__ import annotations

from typing import Any

from qt_engine.core.compiled import part
from qt_engine.strategies.instructions import (
    ADD,
    AND,
    DIVIDE,
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    MULTIPLY,
    NEGATE,
    NOT,
    NOT_EQUAL,
    OR,
    POWER,
    PUSH_COLUMN,
    PUSH_HELD,
    PUSH_POSITION,
    PUSH_VALUE,
    SUBTRACT,
)  # fmt: skip

DEPTH = 64
"""Slots of the stack; the expression language allows a depth of 32."""


@part
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
            continue
        if op in (NEGATE, NOT):
            stack[top] = -stack[top]
            continue
        top -= 1
        x, y = stack[top], stack[top + 1]
        if op == AND:
            answer = min(x, y)
        elif op == OR:
            answer = max(x, y)
        elif op == ADD:
            answer = x + y
        elif op == SUBTRACT:
            answer = x - y
        elif op == MULTIPLY:
            answer = x * y
        elif op == DIVIDE:
            answer = x / y
        elif op == POWER:
            answer = x**y if x == x else x  # C's pow(nan, 0) is 1
        elif x != x or y != y:
            answer = 0.0
        else:
            holds = (
                (op == GREATER and x > y) or (op == GREATER_EQUAL and x >= y) or (op == LESS and x < y)
                or (op == LESS_EQUAL and x <= y) or (op == EQUAL and x == y) or (op == NOT_EQUAL and x != y)
            )  # fmt: skip
            answer = 1.0 if holds else -1.0
        stack[top] = answer
    return bool(stack[0] == 1.0)
