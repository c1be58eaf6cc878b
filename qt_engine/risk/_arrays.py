"""Numbers as they come in, checked once: finite, of one shape, in range. What is wrong is named in one line."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qt_engine.core.errors import InputError

Floats = NDArray[np.float64]


def series(name: str, values: ArrayLike, least: int = 1) -> Floats:
    """A series of finite numbers, float64 `(n,)`, of at least `least` values."""
    array = _floats(name, values)
    if array.ndim != 1:
        raise InputError(f"{name}: must be one series, not an array of shape {array.shape}")
    if len(array) < least:
        raise InputError(f"{name}: needs at least {least} values, not {len(array)}")
    _finite(name, array)
    return array


def number(
    name: str, value: float, *, low: float = -math.inf, high: float = math.inf, above: float = -math.inf,
    below: float = math.inf,
) -> float:  # fmt: skip
    """A finite number; `low` and `high` are in range, `above` and `below` are not."""
    try:
        given = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name}: must be a number, not {value!r}") from None
    if not (math.isfinite(given) and low <= given <= high and above < given < below):
        bounds = [
            f"{word} {bound:g}"
            for word, bound in (("above", above), ("from", low), ("to", high), ("below", below))
            if math.isfinite(bound)
        ]
        raise InputError(f"{name}: must be a finite number {' and '.join(bounds)}".rstrip() + f", not {given:g}")
    return given


def whole(name: str, value: int, *, low: int) -> int:
    """A whole number of at least `low`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
        raise InputError(f"{name}: must be a whole number from {low}, not {value!r}")
    return int(value)


def _floats(name: str, values: ArrayLike) -> Floats:
    try:
        return np.ascontiguousarray(values, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name}: must hold numbers alone, in rows of one length") from None


def _finite(name: str, array: Floats) -> None:
    wrong = np.flatnonzero(~np.isfinite(array))
    if len(wrong):
        place = int(wrong[0])
        raise InputError(f"{name}: must be finite, and value {place} is {array[place]:g}: leave out what is not known")
