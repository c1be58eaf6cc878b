"""The parameters of a run: what was asked for, made whole with the defaults and checked against the document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qt_engine.core.errors import InputError
from qt_engine.core.text import nearest, plain
from qt_engine.strategies.constants import evaluate_constant, holds
from qt_engine.strategies.document import Parameter, StrategyDocument
from qt_engine.strategies.nodes import Expression, Lag, Name, walk
from qt_engine.strategies.reading import read_number
from qt_engine.strategies.settings import settings_of
from qt_engine.strategies.writing import expression_text, number_text

__all__ = ["check_parameters", "convert", "evaluate_constant", "holds", "resolve_parameters"]


def resolve_parameters(document: StrategyDocument, overrides: Mapping[str, Any] | None = None) -> dict[str, int | float]:
    """The value of every parameter, in the order of the document.

    Parameters
    ----------
    overrides
        Numbers, or texts such as `20`, `0.5` or `2%`, by parameter name.

    Raises
    ------
    InputError
        If a name is unknown, a value is of the wrong type or out of bounds, a condition of `require` is not met, or
        a setting has no valid value for these parameters.
    """
    values: dict[str, int | float] = {name: parameter.default for name, parameter in document.params.items()}
    for name in sorted(overrides or {}):
        if name not in document.params:
            raise InputError(unknown_parameter(document, name))
        values[name] = convert(document.params[name], (overrides or {})[name])
    check_parameters(document, values)
    return values


def unknown_parameter(document: StrategyDocument, name: str) -> str:
    """The message for a parameter that the strategy does not have, with the nearest one that it has."""
    known = list(document.params)
    near = nearest(name, known)
    has = f"it has {', '.join(known)}" if known else "it has none"
    hint = f"did you mean {near}?" if near else has
    return f"strategy {document.name} has no parameter {plain(name, 60)!r}; {hint}"


def convert(parameter: Parameter, value: object) -> int | float:
    """A value for the parameter: a number or its text, of the right type and within the bounds.

    Raises
    ------
    InputError
        If it is none.
    """
    number: object = read_number(value.strip()) if isinstance(value, str) else value
    if hasattr(number, "item") and not isinstance(number, int | float):
        number = number.item()
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        kind = "a whole number" if parameter.type == "int" else "a number"
        raise InputError(f"parameter {parameter.name} is {kind}, not {plain(value, 60)!r}")
    if parameter.type == "int":
        if not float(number).is_integer() or abs(number) >= 2**53:
            raise InputError(f"parameter {parameter.name} is a whole number, not {plain(value, 60)}")
        number = int(number)
    else:
        number = float(number)
    low, high = parameter.low, parameter.high
    if (low is not None and number < low) or (high is not None and number > high):
        raise InputError(f"parameter {parameter.name} is {_bounds(parameter)}, not {number_text(number)}")
    return number


def _bounds(parameter: Parameter) -> str:
    low, high = parameter.low, parameter.high
    if low is not None and high is not None:
        return f"between {number_text(low)} and {number_text(high)}"
    return f"at least {number_text(low)}" if low is not None else f"at most {number_text(high or 0)}"


def check_parameters(document: StrategyDocument, values: Mapping[str, int | float]) -> None:
    """Refuse a choice of parameters that `require`, a setting or an `x[n]` cannot take.

    Raises
    ------
    InputError
        Naming the condition or setting, and the values that it read.
    """
    for condition in document.require:
        if not holds(condition, values):
            raise InputError(f"{_values_read(condition, values)}: the strategy requires {expression_text(condition)}")
    for name, setting, expression in settings_of(document):
        try:
            setting.check(name, expression, values)
        except InputError as error:
            raise InputError(f"{_values_read(expression, values)}: {error.reason}") from None
    for lag in _lags(document):
        if isinstance(lag.bars, Name) and values[lag.bars.name] < 0:
            raise InputError(f"{lag.bars.name} = {values[lag.bars.name]}: {expression_text(lag)} would read the future")


def _lags(document: StrategyDocument) -> list[Lag]:
    conditions = (document.entry.long, document.entry.short, document.exit.long, document.exit.short)
    roots: list[Expression] = [*document.let.values(), *(root for root in conditions if root is not None)]
    return [node for root in roots for node in walk(root) if isinstance(node, Lag)]


def _values_read(expression: Expression, values: Mapping[str, int | float]) -> str:
    read = sorted({part.name for part in walk(expression) if isinstance(part, Name)})
    return ", ".join(f"{name} = {number_text(values[name])}" for name in read) or "as written"
