"""What the arguments of a feature's function say about its parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qt_engine.core.errors import InputError
from qt_engine.features.indicator import Parameter

WIDEST = 1e15
"""Bound of a parameter that is given none."""


def parameters_of(
    function: Callable[..., Any],
    given: Sequence[Parameter] | None,
    bounds: Mapping[str, tuple[float, float]] | None,
    inputs: int,
    name: str,
) -> tuple[Parameter, ...]:
    """The parameters of a feature: those that were declared, else the keyword-only arguments of its function.

    Raises
    ------
    InputError
        If the function does not take `inputs` series and these parameters.
    """
    try:
        arguments = list(inspect.signature(function).parameters.values())
    except ValueError:  # some compiled functions do not tell
        return tuple(given or ())
    if type(function).__name__ == "ufunc":  # numpy's own take options that are no parameters
        arguments = [a for a in arguments if a.kind != a.KEYWORD_ONLY]
    declared = {parameter.name for parameter in given or ()}
    series = [a for a in arguments if a.kind in (a.POSITIONAL_ONLY, a.POSITIONAL_OR_KEYWORD) and a.name not in declared]
    needed = sum(a.default is a.empty for a in series)
    if not needed <= inputs <= len(series) and not any(a.kind == a.VAR_POSITIONAL for a in arguments):
        raise InputError(f"{name}: its function takes {needed} series, but {inputs} are declared")
    missing = sorted(declared - {a.name for a in arguments})
    if missing and not any(a.kind == a.VAR_KEYWORD for a in arguments):
        raise InputError(f"{name}: its function does not take the parameter {missing[0]!r}")
    if given is not None:
        return tuple(given)
    made = [_parameter(a, (bounds or {}).get(a.name), name) for a in arguments if a.kind == a.KEYWORD_ONLY]
    unknown = sorted({*(bounds or {})} - {parameter.name for parameter in made})
    if unknown:
        raise InputError(f"{name}: bounds are given for {unknown[0]!r}, which is no parameter")
    return tuple(made)


def _parameter(argument: inspect.Parameter, bounds: tuple[float, float] | None, name: str) -> Parameter:
    default = argument.default
    if isinstance(default, bool) or not isinstance(default, (int, float)):
        raise InputError(f"{name}: parameter {argument.name} needs a number as default, or declare it with Parameter")
    if isinstance(default, int):
        low, high = bounds or (min(1, default), max(100_000, default))
        return Parameter(argument.name, "int", default, low, high)
    low, high = bounds or (-WIDEST, WIDEST)
    return Parameter(argument.name, "float", default, low, high)


def first_line(function: Callable[..., Any]) -> str:
    """The first line of a function's docstring, without a full stop."""
    return (inspect.getdoc(function) or "").partition("\n")[0].rstrip(".")
