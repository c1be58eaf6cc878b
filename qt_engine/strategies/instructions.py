"""What the evaluator can do: instruction and output codes.

An instruction is a row (op, destination, a, b, c) of int64. Numbers live in float64 registers with NaN for missing,
conditions in int8 registers with -1 false, 0 unknown, +1 true; so `and` is min, `or` is max, `not` is negation (Kleene).
"""

from __future__ import annotations

LOAD_COLUMN, LOAD_LAGGED, LOAD_VALUE = 0, 1, 2
ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER, NEGATE = 3, 4, 5, 6, 7, 8
ABS, MIN, MAX, SQRT, LOG, EXP, SIGN, WHERE = 9, 10, 11, 12, 13, 14, 15, 16
CONDITION_COLUMN, CONDITION_LAGGED = 20, 21
GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, EQUAL, NOT_EQUAL = 22, 23, 24, 25, 26, 27
AND, OR, NOT, IS_MISSING, CROSSES_ABOVE, CROSSES_BELOW = 28, 29, 30, 31, 32, 33

OPERATIONS = {
    "+": ADD, "-": SUBTRACT, "*": MULTIPLY, "/": DIVIDE, "**": POWER, "negate": NEGATE, "abs": ABS, "min": MIN, "max": MAX,
    "sqrt": SQRT, "log": LOG, "exp": EXP, "sign": SIGN, "where": WHERE, ">": GREATER, ">=": GREATER_EQUAL, "<": LESS,
    "<=": LESS_EQUAL, "==": EQUAL, "!=": NOT_EQUAL, "and": AND, "or": OR, "not": NOT, "is_missing": IS_MISSING,
    "crosses_above": CROSSES_ABOVE, "crosses_below": CROSSES_BELOW,
}  # fmt: skip
"""Instruction of each operation of the graph."""

# Outputs are rows (kind, target, a, b); a and b are registers, -1 where there is none.
ENTRY, EXIT_LONG, EXIT_SHORT, NUMBER, CONDITION = 0, 1, 2, 3, 4

# The stateful exit programs of the kernel (see `qt_engine.simulation.stateful`) use the same codes and these.
PUSH_VALUE, PUSH_COLUMN, PUSH_POSITION, PUSH_HELD = 40, 41, 42, 43
