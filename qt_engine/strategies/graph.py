"""What a strategy's expressions become: a graph of values in which equal parts are one part.

Three kinds of nodes. *Columns* are series that are worked out once and kept: prices, indicators, whatever a function
with memory looks back at. *Values* are numbers that depend on parameters only. *Operations* are computed bar by bar
from columns and values, block by block, by `qt_engine.strategies.evaluator`. Conditions are three-valued
throughout: true, false, unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from qt_engine.strategies.nodes import Expression, names

NUMERIC = frozenset({"+", "-", "*", "/", "**", "negate", "abs", "min", "max", "sqrt", "log", "exp", "sign", "where"})
CONDITIONS = frozenset(
    {"<", "<=", ">", ">=", "==", "!=", "and", "or", "not", "is_missing", "crosses_above", "crosses_below"}
)


@dataclass(frozen=True, slots=True)
class Price:
    """A column of the market: `open` … `volume`, `bar_index`, or the events of one kind, `event(split)`."""

    name: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator of the library; its numbers are expressions over parameters."""

    name: str
    inputs: tuple[Node, ...]
    parameters: tuple[tuple[str, Expression], ...]
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Memory:
    """`count`, `bars_since`, `rising`, `falling`: functions that look back over `bars` bars of `source`."""

    op: str
    source: Node
    bars: Expression | None


@dataclass(frozen=True, slots=True)
class CrossSection:
    """`rank` or `zscore` of `source` among the assets that trade in the bar."""

    op: str
    source: Node


@dataclass(frozen=True, slots=True)
class Kept:
    """An operation whose result is needed as a whole series."""

    source: Operation | Lagged


@dataclass(frozen=True, slots=True)
class Value:
    """A number that depends on parameters only."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Lagged:
    """The column `bars` bars ago, on the asset's own bars."""

    source: Column
    bars: Expression


@dataclass(frozen=True, slots=True)
class State:
    """`position` or `bars_held`: known to the kernel alone."""

    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """Arithmetic, a comparison or logic, bar by bar."""

    op: str
    args: tuple[Node, ...]


Column: TypeAlias = Price | Indicator | Memory | CrossSection | Kept
Node: TypeAlias = Column | Value | Lagged | State | Operation
COLUMNS = (Price, Indicator, Memory, CrossSection, Kept)


def is_condition(node: Node) -> bool:
    """Whether the node is true, false or unknown, rather than a number."""
    if isinstance(node, Operation):
        return node.op in CONDITIONS
    if isinstance(node, Kept):
        return is_condition(node.source)
    if isinstance(node, Lagged):
        return is_condition(node.source)
    return isinstance(node, Memory) and node.op in ("rising", "falling")


def sources(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case Operation(args=args):
            return args
        case Indicator(inputs=inputs):
            return inputs
        case Memory(source=source) | CrossSection(source=source) | Kept(source=source) | Lagged(source=source):
            return (source,)
    return ()


def reads_state(node: Node) -> bool:
    """Whether the node needs `position` or `bars_held`."""
    return isinstance(node, State) or any(reads_state(source) for source in sources(node))


def parameters_of(node: Node) -> frozenset[str]:
    """Names of the parameters that the node's numbers depend on."""
    found: set[str] = set()
    for expression in _expressions(node):
        found |= names(expression)
    for source in sources(node):
        found |= parameters_of(source)
    return frozenset(found)


def _expressions(node: Node) -> Iterator[Expression]:
    match node:
        case Value(expression=expression) | Lagged(bars=expression):
            yield expression
        case Indicator(parameters=parameters):
            yield from (expression for _, expression in parameters)
        case Memory(bars=bars) if bars is not None:
            yield bars
