"""How a call is understood: which of its arguments are series and which are numbers that stand still."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from qt_engine.core.errors import InputError
from qt_engine.features.binding import Binding, bind
from qt_engine.features.registry import lookup
from qt_engine.strategies.constants import CONSTANT_FUNCTIONS, evaluate_constant
from qt_engine.strategies.functions import FUNCTIONS, Argument, bind_function
from qt_engine.strategies.nodes import Call, Expression, Lag, Name, walk


def is_constant(expression: Expression, parameters: Collection[str]) -> bool:
    """Whether an expression is the same number in every bar: it reads only numbers and parameters."""
    for part in walk(expression):
        match part:
            case Name(name=name) if name not in parameters:
                return False
            case Call(name=name) if name not in CONSTANT_FUNCTIONS:
                return False
            case Lag():
                return False
    return True


def bind_indicator(call: Call, parameters: Mapping[str, int | float]) -> Binding[Expression]:
    """The series (as expressions) and numbers of a call of an indicator.

    Raises
    ------
    InputError
        If the indicator does not exist or does not take these arguments.
    """
    indicator = lookup(call.name)
    if indicator is None:
        raise InputError(f"there is no indicator {call.name}", line=call.line, column=call.column)

    def argument(expression: Expression) -> Expression | float:
        return evaluate_constant(expression, parameters) if is_constant(expression, parameters) else expression

    try:
        return bind(indicator, [argument(a) for a in call.args], {key: argument(a) for key, a in call.keywords})
    except InputError as error:
        raise InputError(error.reason, line=error.line or call.line, column=error.column or call.column) from None


def bars_argument(
    call: Call, argument: Argument, given: Expression | None, parameters: Mapping[str, int | float]
) -> int:
    """The whole number that an argument of kind `bars` stands for.

    Raises
    ------
    InputError
        If it changes from bar to bar, is not whole, or is below the least that the function takes.
    """
    if given is None:
        return argument.default or 0
    if not is_constant(given, parameters):
        reason = f"{argument.name} of {call.name} takes only numbers and parameters; it cannot change from bar to bar"
        raise InputError(reason, line=given.line, column=given.column)
    value = evaluate_constant(given, parameters)
    if value < 0 and argument.low == 0:
        raise InputError(
            "the future cannot be named: n is a number of bars ago, from 0 up", line=given.line, column=given.column
        )
    if not value.is_integer() or not argument.low <= value <= 1_000_000:
        reason = f"{argument.name} of {call.name} is a whole number from {argument.low} up, not {value:.10g}"
        raise InputError(reason, line=given.line, column=given.column)
    return int(value)


def check_call(call: Call, parameters: Mapping[str, int | float]) -> None:
    """Refuse a call whose numbers are out of bounds for these parameters; raises as the functions above."""
    if call.name in FUNCTIONS:
        given = bind_function(call)
        for argument in FUNCTIONS[call.name].arguments:
            if argument.kind == "bars":
                bars_argument(call, argument, given[argument.name], parameters)
    else:
        bind_indicator(call, parameters)
