"""The value of an expression over parameters alone: settings, `require`, and what indicators take as numbers.

Everything is computed in binary64, so no whole number can grow without bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError
from qt_engine.strategies.nodes import (
    Binary,
    Call,
    Compare,
    Expression,
    Lag,
    Logic,
    Name,
    Number,
    Unary,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONSTANT_FUNCTIONS: Mapping[str, tuple[int, Callable[..., float]]] = {
    "abs": (1, abs),
    "exp": (1, math.exp),
    "log": (1, math.log),
    "max": (2, max),
    "min": (2, min),
    "sign": (1, lambda x: float((x > 0) - (x < 0))),
    "sqrt": (1, math.sqrt),
}
"""Functions that a setting may use: how many arguments, and what computes them."""


def evaluate_constant(expression: Expression, parameters: Mapping[str, int | float]) -> float:
    """The number that an expression over parameters stands for.

    Raises
    ------
    InputError
        If it reads anything but parameters, is a condition, or has no finite value (a division by zero).
    """
    value = _evaluate(expression, parameters)
    if isinstance(value, bool):
        raise _error(expression, "a number is expected here, not a condition")
    return value


def holds(condition: Expression, parameters: Mapping[str, int | float]) -> bool:
    """Whether a condition over parameters is met; raises as `evaluate_constant` does."""
    value = _evaluate(condition, parameters)
    if not isinstance(value, bool):
        raise _error(condition, "a condition is expected here, such as fast < slow")
    return value


def _error(node: Expression, reason: str) -> InputError:
    return InputError(reason, line=node.line, column=node.column)


def _evaluate(node: Expression, parameters: Mapping[str, int | float]) -> float | bool:
    match node:
        case Number(value=value):
            return float(value)
        case Name(name=name):
            if name not in parameters:
                raise _error(node, f"{name} is no parameter; only parameters and numbers can stand here")
            return float(parameters[name])
        case Unary(op="not", operand=operand):
            return not holds(operand, parameters)
        case Unary(operand=operand):
            return -evaluate_constant(operand, parameters)
        case Logic(op=op, operands=operands):
            values = [holds(operand, parameters) for operand in operands]
            return all(values) if op == "and" else any(values)
        case Compare(op=op, left=left, right=right):
            return _compare(op, evaluate_constant(left, parameters), evaluate_constant(right, parameters))
        case Binary(op=op, left=left, right=right):
            first, second = evaluate_constant(left, parameters), evaluate_constant(right, parameters)
            return _finite(node, lambda: _arithmetic(op, first, second))
        case Call(name=name, args=args, keywords=keywords):
            arity, function = CONSTANT_FUNCTIONS.get(name, (-1, abs))
            if arity != len(args) or keywords:
                raise _error(node, f"{name}(…) cannot stand here: only numbers and parameters can")
            numbers = [evaluate_constant(argument, parameters) for argument in args]
            return _finite(node, lambda: function(*numbers))
        case Lag():
            raise _error(node, "x[n] cannot stand here: only numbers and parameters can")


def _finite(node: Expression, compute: Callable[[], float]) -> float:
    try:
        value = compute()
    except (ArithmeticError, ValueError):
        value = math.nan
    if isinstance(value, complex) or not math.isfinite(value):
        raise _error(node, "this has no finite value for these parameters")
    return float(value)


def _arithmetic(op: str, first: float, second: float) -> float:
    match op:
        case "+":
            return first + second
        case "-":
            return first - second
        case "*":
            return first * second
        case "/":
            return first / second
    return float(first**second) if first >= 0 or second.is_integer() else math.nan


def _compare(op: str, first: float, second: float) -> bool:
    match op:
        case "<":
            return first < second
        case "<=":
            return first <= second
        case ">":
            return first > second
        case ">=":
            return first >= second
        case "==":
            return first == second
    return first != second


def evaluate_columns(expression: Expression, columns: Mapping[str, NDArray[Any]]) -> Any:
    """An expression over parameters for many choices of them at once.

    Parameters
    ----------
    columns
        For each parameter an array of shape `(n,)`; computed as float64.

    Returns
    -------
    float64 or bool array of shape `(n,)`, or one number where the expression reads no parameter. NaN or infinite where
    there is no finite value; a comparison with NaN is false.

    Raises
    ------
    InputError
        If it reads anything but parameters.
    """
    import numpy as np

    def value(node: Expression) -> Any:
        match node:
            case Number(value=number):
                return np.float64(number)
            case Name(name=name):
                if name not in columns:
                    raise _error(node, f"{name} is no parameter; only parameters and numbers can stand here")
                return np.asarray(columns[name], dtype=np.float64)
            case Unary(op=op, operand=operand):
                return np.logical_not(value(operand)) if op == "not" else -value(operand)
            case Logic(op=op, operands=operands):
                join = np.logical_and if op == "and" else np.logical_or
                return join.reduce(np.broadcast_arrays(*(value(operand) for operand in operands)))
            case Compare(op=op, left=left, right=right) | Binary(op=op, left=left, right=right):
                if op == "**":
                    return _one_by_one(_power, value(left), value(right))
                return getattr(np, _COLUMN_OPERATORS[op])(value(left), value(right))
            case Call(name=("exp" | "log") as name, args=(argument,)):
                return _one_by_one(_exponential if name == "exp" else _logarithm, value(argument))
            case Call(name=name, args=args) if name in CONSTANT_FUNCTIONS:
                return getattr(np, _COLUMN_FUNCTIONS.get(name, name))(*(value(argument) for argument in args))
        raise _error(node, "only numbers and parameters can stand here")

    with np.errstate(all="ignore"):
        return value(expression)


def _one_by_one(function: Callable[..., float], *columns: Any) -> Any:
    """Numpy has these functions too, with other last bits on processors of other kinds."""
    import numpy as np

    together = np.broadcast(*columns)
    values = np.fromiter((function(*(float(x) for x in row)) for row in together), np.float64, together.size)
    return values.reshape(together.shape) if together.shape else values[0]


def _exponential(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _logarithm(x: float) -> float:
    return math.log(x) if x > 0 else math.nan


def _power(x: float, y: float) -> float:
    """C's `pow`, but missing where x is missing, whatever y is."""
    if math.isnan(x):
        return math.nan
    try:
        return math.pow(x, y)
    except ValueError:  # a power of zero without an answer is infinite, the root of a negative number is missing
        if x:
            return math.nan
    except OverflowError:
        pass
    return math.copysign(math.inf, x) if y % 2 == 1 else math.inf


_COLUMN_OPERATORS = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "<": "less", "<=": "less_equal",
    ">": "greater", ">=": "greater_equal", "==": "equal", "!=": "not_equal",
}  # fmt: skip
_COLUMN_FUNCTIONS = {"min": "minimum", "max": "maximum"}
