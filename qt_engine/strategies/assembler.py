"""From graph nodes to the evaluator's instructions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.strategies.graph import COLUMNS, Column, Lagged, Node, Operation, State, Value, is_condition
from qt_engine.strategies.instructions import (
    CONDITION,
    CONDITION_COLUMN,
    CONDITION_LAGGED,
    LOAD_COLUMN,
    LOAD_LAGGED,
    LOAD_VALUE,
    NUMBER,
    OPERATIONS,
)  # fmt: skip
from qt_engine.strategies.nodes import Expression


@dataclass(frozen=True)
class Code:
    """Instructions with what they read.

    Attributes
    ----------
    code, outputs
        int64 `(n, 5)` and `(m, 4)`, see `instructions`.
    columns, values
        What the columns and values of the instructions stand for.
    registers
        How many number and condition registers are needed.
    """

    code: NDArray[np.int64]
    outputs: NDArray[np.int64]
    columns: tuple[Column, ...]
    values: tuple[Expression, ...]
    registers: tuple[int, int]


@dataclass
class Assembler:
    """Collects outputs; equal nodes share a register, equal columns and values a slot."""

    columns: dict[Column, int] = field(default_factory=dict)
    values: dict[Expression, int] = field(default_factory=dict)
    _code: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    _outputs: list[tuple[int, int, int, int]] = field(default_factory=list)
    _registers: dict[Node, int] = field(default_factory=dict)
    _numbers: int = 0
    _conditions: int = 0

    def flags(self, kind: int, first: Node | None, second: Node | None = None) -> None:
        """An entry or exit output; `second` is the short side of an entry."""
        a = -1 if first is None else self._condition(first)
        b = -1 if second is None else self._condition(second)
        self._outputs.append((kind, 0, a, b))

    def extra(self, target: int, node: Node) -> None:
        """A series that the kernel reads: a price distance, a volatility, a part of an exit condition."""
        kind = CONDITION if is_condition(node) else NUMBER
        self._outputs.append((kind, target, self._register(node), -1))

    def value(self, expression: Expression) -> int:
        """The slot of a number that depends on parameters only."""
        return self.values.setdefault(expression, len(self.values))

    def finish(self) -> Code:
        """Everything collected so far."""
        return Code(
            np.array(self._code, np.int64).reshape(-1, 5), np.array(self._outputs, np.int64).reshape(-1, 4),
            tuple(self.columns), tuple(self.values), (max(self._numbers, 1), max(self._conditions, 1)),
        )  # fmt: skip

    def _condition(self, node: Node) -> int:
        if not is_condition(node):
            raise InputError("a condition is expected here, such as close > open")
        return self._register(node)

    def _column(self, node: Column) -> int:
        return self.columns.setdefault(node, len(self.columns))

    def _register(self, node: Node) -> int:
        known = self._registers.get(node)
        if known is not None:
            return known
        condition = is_condition(node)
        match node:
            case Value(expression=expression):
                row = (LOAD_VALUE, self.value(expression), 0, 0)
            case Lagged(source=source, bars=bars):
                op = CONDITION_LAGGED if condition else LOAD_LAGGED
                row = (op, self._column(source), self.value(bars), 0)
            case Operation(op=("crosses_above" | "crosses_below") as op, args=(first, second)):
                assert isinstance(first, COLUMNS) and isinstance(second, COLUMNS)
                row = (OPERATIONS[op], self._column(first), self._column(second), 0)
            case Operation(op=op, args=args):
                a, b, c = ([self._register(argument) for argument in args] + [-1, -1])[:3]
                row = (OPERATIONS[op], a, b, c)
            case State(name=name):
                raise InputError(f"{name} can only be read in an exit condition")
            case _:
                row = (CONDITION_COLUMN if condition else LOAD_COLUMN, self._column(node), 0, 0)
        register = self._next(condition)
        self._code.append((row[0], register, *row[1:]))
        self._registers[node] = register
        return register

    def _next(self, condition: bool) -> int:
        if condition:
            self._conditions += 1
            return self._conditions - 1
        self._numbers += 1
        return self._numbers - 1
