"""The tree of an expression: eight kinds of nodes, and nothing else can be written in a strategy.

Two trees are equal when they mean the same text; where they stand in the file does not count. So equal parts of a
strategy can be found and computed once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

BinaryOperator = Literal["+", "-", "*", "/", "**"]
CompareOperator = Literal["<", "<=", ">", ">=", "==", "!="]


@dataclass(frozen=True, slots=True)
class _Node:
    """Where the node stands in the file, counted from 1."""

    line: int = field(default=1, compare=False, repr=False, kw_only=True)
    column: int = field(default=1, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Number(_Node):
    """A finite constant. An `int` was written without a point and may count bars."""

    value: int | float


@dataclass(frozen=True, slots=True)
class Name(_Node):
    """A price series, a parameter, or a name of the `let` section."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary(_Node):
    """`-x`, or `not condition`."""

    op: Literal["-", "not"]
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(_Node):
    """Arithmetic of two number series."""

    op: BinaryOperator
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Compare(_Node):
    """A condition from two number series. `a < b < c` is read as `a < b and b < c`."""

    op: CompareOperator
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Logic(_Node):
    """Two or more conditions joined by one of `and`, `or`."""

    op: Literal["and", "or"]
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Call(_Node):
    """A function or an indicator; `name` is dotted for TA-Lib's (`ta.RSI`)."""

    name: str
    args: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class Lag(_Node):
    """`x[n]`: the value of `operand` n bars ago; `bars` is a whole number ≥ 0 or the name of an int parameter."""

    operand: Expression
    bars: Number | Name


Expression: TypeAlias = Number | Name | Unary | Binary | Compare | Logic | Call | Lag


def children(node: Expression) -> tuple[Expression, ...]:
    """The direct parts of a node, from left to right."""
    match node:
        case Unary(operand=operand):
            return (operand,)
        case Binary(left=left, right=right) | Compare(left=left, right=right):
            return (left, right)
        case Logic(operands=operands):
            return operands
        case Call(args=args, keywords=keywords):
            return (*args, *(value for _, value in keywords))
        case Lag(operand=operand, bars=bars):
            return (operand, bars)
    return ()


def walk(node: Expression) -> Iterator[Expression]:
    """The node and everything below it, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)


def names(node: Expression) -> set[str]:
    """Every name that the expression reads."""
    return {part.name for part in walk(node) if isinstance(part, Name)}
