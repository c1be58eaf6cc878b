"""The calls into TA-Lib, imported only when a `ta.` function is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from qt_engine.core.errors import InputError
from qt_engine.features._arrays import Floats

# Neither module is typed.
talib: Any = import_module("talib")
abstract: Any = import_module("talib.abstract")


def lookback(function: str, parameters: Mapping[str, float]) -> int:
    """How many leading bars the function leaves without a value."""
    bars: int = abstract.Function(function, **parameters).lookback
    return bars


def kernel(function: str, index: int) -> Callable[..., None]:
    """A function like the compiled kernels, `kernel(*inputs, *parameters, out)`, for one output of a TA-Lib function."""
    call: Callable[..., Any] = getattr(talib, function)
    declared = abstract.Function(function)
    names = list(declared.parameters)
    width = sum(len(given) if isinstance(given, list) else 1 for given in declared.input_names.values())

    def fill(*arguments: Any) -> None:
        out: Floats = arguments[-1]
        inputs, parameters = arguments[:width], dict(zip(names, arguments[width:-1], strict=True))
        try:
            result = call(*inputs, **parameters)
            first = lookback(function, parameters)
        except Exception as error:  # TA-Lib raises nothing narrower
            raise InputError(f"ta.{function}: TA-Lib refuses these inputs or parameters ({error})") from error
        out[:] = result[index] if isinstance(result, tuple) else result
        out[: max(min(first, len(out)), 0)] = np.nan  # whole-number outputs hold zeros there

    return fill
