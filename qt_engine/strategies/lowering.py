"""From the trees of a checked document to the graph of `qt_engine.strategies.graph`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qt_engine.core.errors import InputError
from qt_engine.features.registry import Binding, bind, lookup
from qt_engine.features.registry import Column as ImpliedColumn
from qt_engine.strategies.constants import CONSTANT_FUNCTIONS, evaluate_constant
from qt_engine.strategies.document import StrategyDocument
from qt_engine.strategies.functions import EVENT_SERIES, bind_function
from qt_engine.strategies.graph import (
    COLUMNS,
    Column,
    CrossSection,
    Indicator,
    Kept,
    Lagged,
    Memory,
    Node,
    Operation,
    Price,
    State,
    Value,
)  # fmt: skip
from qt_engine.strategies.nodes import Binary, Call, Compare, Expression, Lag, Logic, Name, Number, Unary

PRICES = frozenset({"open", "high", "low", "close", "volume", "bar_index", *EVENT_SERIES})
STATES = frozenset({"position", "bars_held"})
ONE = Number(1)


class Lowering:
    """Lowers the expressions of one document.

    Parameters
    ----------
    document
        A checked document.
    """

    def __init__(self, document: StrategyDocument) -> None:
        self._document = document
        self._defaults: Mapping[str, float] = {name: parameter.default for name, parameter in document.params.items()}
        self._named: dict[str, Node] = {}

    def lower(self, expression: Expression, *, flat: bool = False) -> Node:
        """The node of an expression; where `flat` is set, `position` and `bars_held` are 0."""
        node = self._lower(expression)
        return _without_position(node) if flat else node

    def _lower(self, expression: Expression) -> Node:
        match expression:
            case Number():
                return Value(expression)
            case Name(name=name):
                return self._name(expression, name)
            case Unary(op=op, operand=operand):
                return _operation("not" if op == "not" else "negate", (self._lower(operand),), expression)
            case Binary(op=op, left=left, right=right) | Compare(op=op, left=left, right=right):
                return _operation(op, (self._lower(left), self._lower(right)), expression)
            case Logic(op=op, operands=operands):
                lowered = [self._lower(operand) for operand in operands]
                joined = lowered[0]
                for node in lowered[1:]:
                    joined = Operation(op, (joined, node))
                return joined
            case Lag(operand=operand, bars=bars):
                return _lagged(self._lower(operand), bars)
            case Call():
                return self._call(expression)

    def _name(self, expression: Name, name: str) -> Node:
        if name in self._document.params:
            return Value(expression)
        if name in self._document.let:
            if name not in self._named:
                self._named[name] = self._lower(self._document.let[name])
            return self._named[name]
        if name in PRICES:
            return Price(name)
        if name in STATES:
            return State(name)
        raise InputError(f"{name} is not known", line=expression.line, column=expression.column)

    def _call(self, call: Call) -> Node:
        if call.name in BUILDERS:
            arguments = [argument for argument in bind_function(call).values() if argument is not None]
            if call.name in CONSTANT_FUNCTIONS:
                return _operation(call.name, tuple(self._lower(argument) for argument in arguments), call)
            return BUILDERS[call.name](self, *arguments)
        indicator = lookup(call.name)
        if indicator is None:
            raise InputError(f"{call.name} is not known", line=call.line, column=call.column)
        series: list[Node | float] = []
        numbers: list[Expression] = []
        for argument in call.args:
            node = self._lower(argument)
            if isinstance(node, Value):
                numbers.append(node.expression)
                series.append(evaluate_constant(node.expression, self._defaults))
            else:
                series.append(node)
        keywords: dict[str, Node | float] = {}
        named: dict[str, Expression] = {}
        for name, argument in call.keywords:
            node = self._lower(argument)
            if isinstance(node, Value):
                named[name] = node.expression
                keywords[name] = evaluate_constant(node.expression, self._defaults)
            else:
                keywords[name] = node
        bound: Binding[Node] = bind(indicator, series, keywords)
        inputs = tuple(
            Price(given.name) if isinstance(given, ImpliedColumn) else _column(given) for given in bound.inputs
        )
        # Positional numbers are the parameters in their order; what is left out keeps its default.
        settings = dict(zip((parameter.name for parameter in indicator.parameters), numbers, strict=False)) | named
        return Indicator(indicator.name, inputs, tuple(sorted(settings.items())), call.line, call.column)

    def series(self, expression: Expression) -> Column:
        """The node of an expression as a whole series."""
        return _column(self._lower(expression))


def _without_position(node: Node) -> Node:
    match node:
        case State():
            return Value(Number(0))
        case Operation(op=op, args=args):
            return Operation(op, tuple(_without_position(argument) for argument in args))
    return node


def _operation(op: str, args: tuple[Node, ...], expression: Expression) -> Node:
    # Arithmetic on parameters alone is one value; comparisons stay, since a value is a number.
    if (
        all(isinstance(argument, Value) for argument in args)
        and isinstance(expression, Unary | Binary | Call)
        and op != "not"
    ):
        return Value(_folded(op, args, expression))
    return Operation(op, args)


def _folded(op: str, args: tuple[Node, ...], expression: Expression) -> Expression:
    parts = [argument.expression for argument in args if isinstance(argument, Value)]
    match expression:
        case Unary():
            return Unary("-", parts[0], line=expression.line, column=expression.column)
        case Binary():
            return Binary(expression.op, parts[0], parts[1], line=expression.line, column=expression.column)
        case _:
            return Call(op, tuple(parts), line=expression.line, column=expression.column)


def _column(node: Node) -> Column:
    if isinstance(node, COLUMNS):
        return node
    if isinstance(node, Value):
        # A constant as a series: something that has the length of a column.
        return Kept(Operation("+", (Operation("*", (Price("bar_index"), Value(Number(0)))), node)))
    if isinstance(node, State):
        raise InputError(f"{node.name} cannot stand inside a function that looks back")
    return Kept(node)


def _lagged(node: Node, bars: Expression) -> Node:
    if bars == Number(0) and not isinstance(node, Value):
        return node
    # A constant becomes a series here: it has its value in every bar, and none before the first.
    return Lagged(_column(node), bars)


def _crosses(op: str) -> Callable[..., Node]:
    def build(lowering: Lowering, first: Expression, second: Expression) -> Node:
        return Operation(op, (lowering.series(first), lowering.series(second)))

    return build


def _lag(lowering: Lowering, series: Expression, bars: Expression) -> Node:
    return _lagged(lowering.lower(series), bars)


def _change(lowering: Lowering, series: Expression, bars: Expression = ONE) -> Node:
    column = lowering.series(series)
    return Operation("-", (column, Lagged(column, bars)))


def _percent_change(lowering: Lowering, series: Expression, bars: Expression = ONE) -> Node:
    column = lowering.series(series)
    return Operation("-", (Operation("/", (column, Lagged(column, bars))), Value(ONE)))


def _elementwise(op: str) -> Callable[..., Node]:
    def build(lowering: Lowering, *arguments: Expression) -> Node:
        return Operation(op, tuple(lowering.lower(argument) for argument in arguments))

    return build


def _memory(op: str) -> Callable[..., Node]:
    def build(lowering: Lowering, series: Expression, bars: Expression | None = None) -> Node:
        return Memory(op, lowering.series(series), bars)

    return build


def _cross_section(op: str) -> Callable[..., Node]:
    def build(lowering: Lowering, series: Expression) -> Node:
        return CrossSection(op, lowering.series(series))

    return build


BUILDERS: Mapping[str, Callable[..., Node]] = {
    "crosses_above": _crosses("crosses_above"),
    "crosses_below": _crosses("crosses_below"),
    "lag": _lag,
    "change": _change,
    "percent_change": _percent_change,
    "abs": _elementwise("abs"),
    "min": _elementwise("min"),
    "max": _elementwise("max"),
    "sqrt": _elementwise("sqrt"),
    "log": _elementwise("log"),
    "exp": _elementwise("exp"),
    "sign": _elementwise("sign"),
    "where": _elementwise("where"),
    "is_missing": _elementwise("is_missing"),
    "rising": _memory("rising"),
    "falling": _memory("falling"),
    "count": _memory("count"),
    "bars_since": _memory("bars_since"),
    "rank": _cross_section("rank"),
    "zscore": _cross_section("zscore"),
}
"""What builds the node of each function of the language."""

__all__ = ["BUILDERS", "Lowering"]
