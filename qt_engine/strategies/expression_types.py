"""Gives each expression its type, number or condition, and finds what it reads that does not exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qt_engine.core.errors import InputError
from qt_engine.features.registry import INDICATORS, lookup, refusal
from qt_engine.strategies.calls import bars_argument, bind_indicator, is_constant
from qt_engine.strategies.constants import CONSTANT_FUNCTIONS
from qt_engine.strategies.document import Parameter
from qt_engine.strategies.functions import (
    EVENT_SERIES,
    EVENTS,
    FUNCTIONS,
    POSITION_SERIES,
    SERIES,
    ValueType,
    bind_function,
    event_series,
)
from qt_engine.strategies.nodes import Binary, Call, Compare, Expression, Lag, Logic, Name, Number, Unary, names, walk
from qt_engine.strategies.reading import Reader, closest
from qt_engine.strategies.spelling import EVENT_TAKES

_ALIASES = {
    "average": "sma", "avg": "sma", "mean": "sma", "ma": "sma", "cross": "crosses_above", "crossover": "crosses_above",
    "cross_over": "crosses_above", "cross_above": "crosses_above", "crossunder": "crosses_below",
    "cross_under": "crosses_below", "cross_below": "crosses_below", "ref": "lag", "shift": "lag", "delay": "lag",
    "diff": "change", "pct_change": "percent_change", "roc": "percent_change", "isnan": "is_missing", "iff": "where",
    "barssince": "bars_since", "since": "bars_since", "ln": "log", "prev": "lag", "hhv": "highest", "llv": "lowest",
    "price": "close", "vol": "volume", "index": "bar_index", "bar": "bar_index",
}  # fmt: skip


def nearest_name(reader: Reader, name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant: other case and other programs' names count as near."""
    if not reader.may_search():
        return None
    options = list(known)
    lower = name.lower()
    same = [option for option in options if option.lower() == lower]
    if same:
        return min(same)
    if (alias := _ALIASES.get(lower)) in options:
        return alias
    prefixed = [option for option in options if option.lower() == f"ta.{lower}"]
    return closest(name, options) or (prefixed[0] if prefixed else None)


class TypeChecker:
    """Checks the expressions of one strategy.

    Parameters
    ----------
    reader
        Takes the problems.
    parameters
        The parameters that could be read.
    names
        Every name of `let`, also those whose expressions could not be read.
    """

    def __init__(self, reader: Reader, parameters: Mapping[str, Parameter], names: Iterable[str]) -> None:
        self._reader = reader
        self._parameters = parameters
        self._defaults = {name: parameter.default for name, parameter in parameters.items()}
        self._names = frozenset(names)
        self._types: dict[str, ValueType | None] = {}
        self._position_refused: str | None = None

    def define(self, name: str, expression: Expression) -> None:
        """Check an expression of `let`; those that it reads have been defined before."""
        self._position_refused = "in let: write the condition out under exit"
        self._types[name] = self._type(expression)

    def condition(self, expression: Expression, what: str, *, position: bool = False) -> None:
        """Check an expression that must be a condition; `position`: whether it may read the position."""
        self._position_refused = None if position else f"under {what.partition(':')[0]}: only exit conditions know it"
        if self._type(expression) == "number":
            self._report(expression, f"{what} is a condition, and this is a number; compare it, such as > 0")

    def number(self, expression: Expression, what: str) -> None:
        """Check an expression that must be a number series."""
        self._position_refused = f"under {what.partition(':')[0]}: only exit conditions know it"
        if self._type(expression) == "condition":
            self._report(expression, f"{what} is a number, and this is a condition; where(condition, 1, 0) makes one")

    def constant(self, expression: Expression, returns: ValueType, what: str) -> bool:
        """Check that an expression reads only numbers and parameters and has the type; tells whether it does."""
        before = len(self._reader.problems)
        for part in walk(expression):
            match part:
                case Name(name=name) if name in self._reader.unread:
                    return False
                case Name(name=name) if name not in self._parameters:
                    if name in SERIES or name in self._names or name.startswith("event("):
                        self._report(part, f"{name} changes from bar to bar; {what} takes only parameters and numbers")
                    else:
                        near = nearest_name(self._reader, name, self._parameters)
                        self._report(
                            part, f"there is no parameter {name}; {what} takes only parameters and numbers", near
                        )
                case Call(name=name) if name not in CONSTANT_FUNCTIONS:
                    known = ", ".join(CONSTANT_FUNCTIONS)
                    self._report(part, f"{name}(…) cannot stand here; {what} takes parameters, numbers and {known}")
                case Lag():
                    self._report(part, f"x[n] cannot stand here; {what} takes only parameters and numbers")
        if len(self._reader.problems) > before:
            return False
        found = self._type(expression)
        if found is not None and found != returns:
            wanted = "a condition, such as fast < slow" if returns == "condition" else "a number"
            self._report(expression, f"{what} takes {wanted}")
        return len(self._reader.problems) == before

    def _report(self, at: Expression, message: str, suggestion: str | None = None) -> None:
        self._reader.report(at, message, suggestion)

    def _note(self, error: InputError, at: Expression) -> None:
        line = error.line or at.line
        column = error.column if isinstance(error.column, int) else at.column
        self._reader.report(Number(0, line=line, column=column), error.reason)

    def _type(self, node: Expression) -> ValueType | None:
        match node:
            case Number():
                return "number"
            case Name():
                return self._name(node)
            case Unary(op="not", operand=operand):
                self._expect(operand, "condition", "not")
                return "condition"
            case Unary(operand=operand):
                self._expect(operand, "number", "-")
                return "number"
            case Binary(op=op, left=left, right=right):
                self._expect(left, "number", op)
                self._expect(right, "number", op)
                return "number"
            case Compare(op=op, left=left, right=right):
                self._expect(left, "number", op)
                self._expect(right, "number", op)
                return "condition"
            case Logic(op=op, operands=operands):
                for operand in operands:
                    self._expect(operand, "condition", op)
                return "condition"
            case Lag():
                return self._lag(node)
            case Call():
                return self._call(node)

    def _expect(self, node: Expression, wanted: ValueType, taker: str) -> None:
        found = self._type(node)
        if found is None or found == wanted:
            return
        if wanted == "number":
            self._report(
                node, f"{taker} takes numbers, and this is a condition; where(condition, 1, 0) makes a number of it"
            )
        else:
            self._report(node, f"{taker} takes conditions, and this is a number; compare it, such as > 0")

    def _name(self, node: Name) -> ValueType | None:
        name = node.name
        if name in POSITION_SERIES:
            if self._position_refused is not None:
                self._report(node, f"{name} cannot be read {self._position_refused}")
            return "number"
        if name in SERIES or name in EVENT_SERIES or name in self._parameters:
            return "number"
        if name in self._names:
            return self._types.get(name)
        if name in self._reader.unread:
            return None
        if name == "event":
            self._report(node, EVENT_TAKES)
        elif name.startswith("event("):
            near = self._reader.closest(name[len("event(") : -1], EVENTS)
            known = ", ".join(EVENT_SERIES)
            self._report(node, f"there is no {name}; known are {known}", None if near is None else event_series(near))
        elif name in FUNCTIONS or name in INDICATORS:
            self._report(node, f"{name} is a function: write its arguments", _signature(name))
        else:
            near = nearest_name(self._reader, name, [*SERIES, *self._parameters, *self._names])
            advice = "" if near else "; name it under let or params"
            self._report(node, f"there is no series, parameter or let expression {name}{advice}", near)
        return None

    def _lag(self, node: Lag) -> ValueType | None:
        if isinstance(node.bars, Name):
            parameter = self._parameters.get(node.bars.name)
            if node.bars.name in self._reader.unread:
                pass
            elif parameter is None:
                near = nearest_name(self._reader, node.bars.name, self._parameters)
                self._report(node.bars, "x[n] takes a whole number of bars or the name of an int parameter", near)
            elif parameter.type != "int":
                self._report(node.bars, f"x[n] takes a whole number of bars; the type of {parameter.name} is float")
            elif parameter.default < 0 or (parameter.low is not None and parameter.low < 0):
                self._report(node.bars, f"the future cannot be named: {parameter.name} may be below 0; give it low: 0")
        elif node.bars.value < 0 or not float(node.bars.value).is_integer():
            self._report(node.bars, "x[n] takes a whole number of bars from 0 up")
        return self._remembering(node.operand, "x[n]")

    def _reads_unread(self, node: Expression) -> bool:
        """Whether it reads a parameter that is wrong itself, so that nothing can be said about it."""
        return not self._reader.unread.isdisjoint(names(node))

    def _remembering(self, node: Expression, taker: str) -> ValueType | None:
        """The type of an argument of something that is computed before the run: it cannot read the position."""
        outer, self._position_refused = (
            self._position_refused,
            self._position_refused or (f"inside {taker}: only arithmetic, comparisons, and, or, not can read it"),
        )
        found = self._type(node)
        self._position_refused = outer
        return found

    def _call(self, node: Call) -> ValueType | None:
        if node.name in FUNCTIONS:
            return self._function(node)
        if lookup(node.name) is not None:
            return self._indicator(node)
        reason = refusal(node.name)
        if reason is not None:
            self._report(node, reason)
            return "number"
        known = [*FUNCTIONS, *INDICATORS]
        near = nearest_name(
            self._reader,
            node.name,
            known if node.name.lower().startswith("ta.") else [n for n in known if not n.startswith("ta.")],
        )
        near = near or nearest_name(self._reader, node.name, known)
        if near is None and (node.name in SERIES or node.name in self._names or node.name in self._parameters):
            self._report(node, f"{node.name} is no function; an operator is missing before the parenthesis")
        else:
            self._report(node, f"there is no function {node.name}", near)
        for _, part in (*(("", arg) for arg in node.args), *node.keywords):
            self._remembering(part, f"{node.name}(…)")
        return None

    def _function(self, node: Call) -> ValueType:
        function = FUNCTIONS[node.name]
        try:
            given = bind_function(node)
        except InputError as error:
            self._note(error, node)
            return function.returns
        for argument in function.arguments:
            expression = given[argument.name]
            if expression is None:
                continue
            found = self._remembering(expression, f"{node.name}(…)")
            wanted: ValueType = "condition" if argument.kind == "condition" else "number"
            if found is None:
                continue
            if found != wanted:
                is_a = "a condition" if wanted == "condition" else "a number"
                advice = (
                    "compare it, such as > 0"
                    if wanted == "condition"
                    else "where(condition, 1, 0) makes a number of it"
                )
                self._report(expression, f"{argument.name} of {node.name} is {is_a}; {advice}")
            elif argument.kind == "bars" and not self._reads_unread(expression):
                try:
                    bars_argument(node, argument, expression, self._defaults)
                except InputError as error:
                    self._note(error, expression)
        return function.returns

    def _indicator(self, node: Call) -> ValueType:
        before = len(self._reader.problems)
        sound = True
        for part in (*node.args, *(value for _, value in node.keywords)):
            found = self._remembering(part, f"{node.name}(…)")
            sound = sound and found is not None and not self._reads_unread(part)
            if found == "condition":
                self._report(
                    part,
                    f"{node.name} takes numbers, and this is a condition; where(condition, 1, 0) makes a number of it",
                )
        if sound and len(self._reader.problems) == before:
            try:
                bind_indicator(node, self._defaults)
            except InputError as error:
                self._note(error, node)
        return "number"


def _signature(name: str) -> str:
    if name in FUNCTIONS:
        return FUNCTIONS[name].signature
    return INDICATORS[name].signature


def constants_of(let: Mapping[str, Expression], parameters: Iterable[str]) -> list[str]:
    """The names of `let` (in an order in which each reads only those before it) that are the same in every bar."""
    known = set(parameters)
    found = []
    for name, expression in let.items():
        if is_constant(expression, known):
            known.add(name)
            found.append(name)
    return found
