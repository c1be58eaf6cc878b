"""Exit conditions that read the position are evaluated inside the kernel by a small stack machine.

Everything in such a condition that does not read `position` or `bars_held` is computed beforehand as a column. What remains is a
program of rows (op, argument, 0): push a constant, a column's value at (bar, asset), the signed quantity or the bars held; then
arithmetic, comparisons and logic on the top of the stack. Conditions are -1 false, 0 unknown, +1 true, so that
`and` is min, `or` is max and `not` is negation (Kleene); a missing number makes a comparison unknown.
"""

from __future__ import annotations

from typing import Any

from numba import njit

CONSTANT, COLUMN, POSITION, BARS_HELD = 0, 1, 2, 3
ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER, NEGATE = 4, 5, 6, 7, 8, 9
GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, EQUAL, NOT_EQUAL = 10, 11, 12, 13, 14, 15
AND, OR, NOT = 16, 17, 18
DEPTH = 64
"""Slots of the stack; the expression language allows a depth of 32."""


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def evaluate(programs: Any, start: int, stop: int, values: Any, columns: Any, stack: Any, bar: int, asset: int,
             quantity: float, held: int) -> bool:  # fmt: skip
    """Run rows `start` to `stop` and tell whether the condition is true (unknown is not)."""
    top = -1
    for row in range(start, stop):
        op = programs[row, 0]
        if op <= BARS_HELD:
            top += 1
            if op == CONSTANT:
                stack[top] = values[programs[row, 1]]
            elif op == COLUMN:
                stack[top] = columns[programs[row, 1], bar, asset]
            elif op == POSITION:
                stack[top] = quantity
            else:
                stack[top] = held
        elif op == NEGATE or op == NOT:
            stack[top] = -stack[top]
        else:
            right = stack[top]
            top -= 1
            left = stack[top]
            if op == ADD:
                stack[top] = left + right
            elif op == SUBTRACT:
                stack[top] = left - right
            elif op == MULTIPLY:
                stack[top] = left * right
            elif op == DIVIDE:
                stack[top] = left / right
            elif op == POWER:
                stack[top] = left**right
            elif op == AND:
                stack[top] = min(left, right)
            elif op == OR:
                stack[top] = max(left, right)
            elif left != left or right != right:
                stack[top] = 0.0
            elif op == GREATER:
                stack[top] = 1.0 if left > right else -1.0
            elif op == GREATER_EQUAL:
                stack[top] = 1.0 if left >= right else -1.0
            elif op == LESS:
                stack[top] = 1.0 if left < right else -1.0
            elif op == LESS_EQUAL:
                stack[top] = 1.0 if left <= right else -1.0
            elif op == EQUAL:
                stack[top] = 1.0 if left == right else -1.0
            else:
                stack[top] = 1.0 if left != right else -1.0
    return bool(stack[0] == 1.0)
