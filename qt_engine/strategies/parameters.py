"""The parameters of a run: what was asked for, made whole with the defaults and checked against the document."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError
from qt_engine.core.text import nearest, plain
from qt_engine.strategies.calls import check_call, is_constant
from qt_engine.strategies.constants import evaluate_columns, evaluate_constant, holds
from qt_engine.strategies.document import Parameter, StrategyDocument
from qt_engine.strategies.functions import FUNCTIONS, bind_function
from qt_engine.strategies.nodes import Binary, Call, Expression, Lag, Name, Number, children, names, walk
from qt_engine.strategies.reading import read_number
from qt_engine.strategies.settings import agreements, settings_of
from qt_engine.strategies.writing import expression_text, number_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_parameters", "convert", "evaluate_constant", "grid", "holds", "resolve_parameters"]

MAX_COMBINATIONS = 10_000_000


def resolve_parameters(
    document: StrategyDocument, overrides: Mapping[str, Any] | None = None
) -> dict[str, int | float]:
    """The value of every parameter, in the order of the document.

    Parameters
    ----------
    overrides
        Numbers, or texts such as `20`, `0.5` or `2%`, by parameter name.

    Raises
    ------
    InputError
        If a name is unknown, a value is of the wrong type or out of bounds, a condition of `require` is not met, or
        a setting or an indicator does not take these parameters.
    """
    values = _defaults(document)
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
    for right, condition in agreements(document):
        if not holds(condition, values):
            raise InputError(f"{_values_read(condition, values)}: {right}")
    for node in _nodes(document):
        _check_node(node, values)


def _check_node(node: Expression, values: Mapping[str, int | float]) -> None:
    if isinstance(node, Lag) and isinstance(node.bars, Name) and values[node.bars.name] < 0:
        raise InputError(f"{_values_read(node.bars, values)}: {expression_text(node)} would read the future")
    if isinstance(node, Call):
        try:
            check_call(node, values)
        except InputError as error:
            raise InputError(f"{_values_read(node, values)}: {error.reason}") from None


def _nodes(document: StrategyDocument) -> Iterator[Expression]:
    """Every part of every expression that is computed bar by bar."""
    for root in (*document.let.values(), *(reading.expression for reading in document.readings())):
        yield from walk(root)


def _values_read(expression: Expression, values: Mapping[str, int | float]) -> str:
    read = sorted({part.name for part in walk(expression) if isinstance(part, Name) and part.name in values})
    return ", ".join(f"{name} = {number_text(values[name])}" for name in read) or "as written"


def grid(document: StrategyDocument, spec: Mapping[str, Iterable[Any]]) -> dict[str, NDArray[Any]]:
    """Every combination of the values in `spec` that meets `require`.

    Parameters
    ----------
    spec
        The values of each parameter that varies: a range, a list, an array. The others keep their defaults.

    Returns
    -------
    One array of shape `(n,)` for every parameter of the document, int64 or float64 by its type. The last parameter of
    the document varies fastest. A parameter's values stand in the order given, each once.

    Raises
    ------
    InputError
        If a name is unknown, a value is out of bounds, a setting cannot take a combination that is left, nothing meets
        `require`, or there are more than 10,000,000 combinations.
    """
    import numpy as np

    for name in sorted(spec):
        if name not in document.params:
            raise InputError(unknown_parameter(document, name))
    axes: dict[str, list[int | float]] = {}
    count = 1
    for name, parameter in document.params.items():
        values = [parameter.default] if name not in spec else _axis(parameter, spec[name])
        count *= len(values)
        axes[name] = values
        if count > MAX_COMBINATIONS:
            raise InputError(f"a grid has at most {MAX_COMBINATIONS:,} combinations; give {name} fewer values")
    columns: dict[str, NDArray[Any]] = {}
    outer, inner = 1, count
    for name, values in axes.items():
        inner //= len(values)
        axis = np.array(values, dtype=np.int64 if document.params[name].type == "int" else np.float64)
        columns[name] = np.tile(np.repeat(axis, inner), outer)
        outer *= len(values)
    for condition in document.require:
        kept = np.broadcast_to(evaluate_columns(condition, columns), count) & _answered(condition, columns)
        columns = {name: column[kept] for name, column in columns.items()}
        count = int(kept.sum())
        if not count:
            raise InputError(f"no combination meets what the strategy requires: {expression_text(condition)}")
    for name, setting, expression in settings_of(document):
        found = np.broadcast_to(evaluate_columns(expression, columns), count)
        for value in np.unique(np.where(_answered(expression, columns), found, np.nan)):
            if not setting.accepts(float(value)):
                raise InputError(f"{name} is {setting.expected}, not {value:.10g}, which this grid has")
    for right, condition in agreements(document):
        if not np.broadcast_to(evaluate_columns(condition, columns), count).all():
            raise InputError(f"{right}, which some choices of this grid do not meet")
    _check_calls(document, columns)
    return columns


def _answered(expression: Expression, columns: Mapping[str, NDArray[Any]]) -> Any:
    """Where every part of an expression over parameters has a finite value: elsewhere a run would be refused."""
    import numpy as np

    known: Any = np.True_
    for part in walk(expression):
        if isinstance(part, Binary | Call):
            known = known & np.isfinite(evaluate_columns(part, columns))
    return known


def _check_calls(document: StrategyDocument, columns: Mapping[str, NDArray[Any]]) -> None:
    """Refuse a grid with a choice that an `x[n]` or a call cannot take, as `check_parameters` refuses it for a run."""
    checked: set[tuple[Expression, tuple[str, ...]]] = set()
    for node in _nodes(document):
        if not isinstance(node, Call | Lag):
            continue
        still = [part for part in _numbers_of(node) if is_constant(part, columns)]
        read = tuple(sorted({name for part in still for name in names(part)}))
        if not read or (node, read) in checked:
            continue
        checked.add((node, read))
        plain_int = all(isinstance(part, Number) or _is_int(part, columns) for part in still)
        for choice in _extremes(read, columns) if plain_int else _choices(read, columns):
            _check_node(node, {**_defaults(document), **dict(zip(read, choice, strict=True))})


def _numbers_of(node: Call | Lag) -> tuple[Expression, ...]:
    """The parts of a node that may have to be whole or within bounds."""
    if isinstance(node, Lag):
        return (node.bars,)
    if node.name not in FUNCTIONS:
        return children(node)
    given = bind_function(node)
    bars = (given[argument.name] for argument in FUNCTIONS[node.name].arguments if argument.kind == "bars")
    return tuple(part for part in bars if part is not None)


def _is_int(part: Expression, columns: Mapping[str, NDArray[Any]]) -> bool:
    return isinstance(part, Name) and columns[part.name].dtype.kind == "i"


def _choices(read: Sequence[str], columns: Mapping[str, NDArray[Any]]) -> Iterable[tuple[int | float, ...]]:
    """Every choice of these parameters that occurs."""
    return dict.fromkeys(zip(*(columns[name].tolist() for name in read), strict=True))


def _extremes(read: Sequence[str], columns: Mapping[str, NDArray[Any]]) -> Iterable[tuple[int | float, ...]]:
    """Choices with the least and the greatest value of each parameter: enough where each is a whole number within bounds."""
    lanes = sorted({int(lane) for name in read for lane in (columns[name].argmin(), columns[name].argmax())})
    return dict.fromkeys(tuple(columns[name][lane].item() for name in read) for lane in lanes)


def _defaults(document: StrategyDocument) -> dict[str, int | float]:
    return {name: parameter.default for name, parameter in document.params.items()}


def _axis(parameter: Parameter, values: Iterable[Any]) -> list[int | float]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InputError(f"parameter {parameter.name} takes a list or a range of values here, not {plain(values, 60)}")
    found = list(dict.fromkeys(convert(parameter, value) for value in islice(values, MAX_COMBINATIONS + 1)))
    if not found:
        raise InputError(f"parameter {parameter.name} needs at least one value")
    return found
