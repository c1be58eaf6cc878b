"""How the arguments of a call are told apart: which are series, which are parameters, which prices are implied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from qt_engine.core.errors import InputError
from qt_engine.features.indicator import Indicator

S = TypeVar("S")
"""Whatever the caller uses for a series: an expression, an array, a name."""


@dataclass(frozen=True)
class Column:
    """A price column that the market supplies because the call did not pass a series for it."""

    name: str


@dataclass(frozen=True)
class Binding(Generic[S]):
    """A call, understood: `inputs` in the order `compute` takes them, and every parameter."""

    inputs: tuple[S | Column, ...]
    parameters: dict[str, float]


def bind(
    indicator: Indicator, arguments: Sequence[S | float], keywords: Mapping[str, S | float] | None = None
) -> Binding[S]:
    """Sort the arguments of a call into series and parameters.

    Leading arguments that are no numbers are series, the rest are parameters in their order; both may be given by name.
    The series of the indicator must be given. Its price columns need not be; as many further series as there are columns
    take their places, and a single further one takes the place of `close`.

    Parameters
    ----------
    arguments
        In the order of the call: an int or float is a number, anything else is a series.
    keywords
        Arguments given by name.

    Raises
    ------
    InputError
        If the call does not fit; the reason says what the indicator takes.
    """
    leading: list[S] = []
    numbers: list[float] = []
    for argument in arguments:
        if _is_number(argument):
            numbers.append(argument)  # type: ignore[arg-type]
        elif numbers:
            raise _misfit(indicator, "a series comes after a number")
        else:
            leading.append(argument)  # type: ignore[arg-type]

    named_series: dict[str, S] = {}
    values: dict[str, float] = {}
    for name in sorted(keywords or {}):
        argument = (keywords or {})[name]
        if name in indicator.inputs:
            if _is_number(argument):
                raise _misfit(indicator, f"{name} must be a series, not the number {argument}")
            named_series[name] = argument  # type: ignore[assignment]
        elif any(p.name == name for p in indicator.parameters):
            if not _is_number(argument):
                raise _misfit(indicator, f"{name} must be a number, not a series")
            values[name] = argument  # type: ignore[assignment]
        else:
            raise _misfit(indicator, f"there is no argument {name!r}{indicator.meant(name)}")

    inputs = _place_series(indicator, leading, named_series)
    if len(numbers) > len(indicator.parameters):
        raise _misfit(indicator, f"{len(numbers)} numbers are too many")
    for parameter, number in zip(indicator.parameters, numbers, strict=False):
        if parameter.name in values:
            raise _misfit(indicator, f"{parameter.name} is given twice")
        values[parameter.name] = number
    return Binding(inputs, indicator.complete(values))


def _place_series(indicator: Indicator, leading: list[S], named: Mapping[str, S]) -> tuple[S | Column, ...]:
    order = [name for name in indicator.series if name not in named]
    columns = [name for name in indicator.implicit if name not in named]
    if len(leading) < len(order):
        raise _misfit(indicator, f"series {', '.join(order[len(leading) :])} must come first, such as close")
    extra = len(leading) - len(order)
    if extra == 1 and "close" in columns:
        order.append("close")
    elif extra == len(columns):
        order.extend(columns)
    elif extra:
        raise _misfit(indicator, f"{len(leading)} series are too many")
    placed = {**dict(zip(order, leading, strict=True)), **named}
    return tuple(placed[name] if name in placed else Column(name) for name in indicator.inputs)


def _is_number(argument: object) -> bool:
    return isinstance(argument, (int, float)) and not isinstance(argument, bool)


def _misfit(indicator: Indicator, reason: str) -> InputError:
    prices = f", from {', '.join(indicator.implicit)}" if indicator.implicit else ""
    return InputError(f"{indicator.name}: {reason}; it is {indicator.signature}{prices}")
