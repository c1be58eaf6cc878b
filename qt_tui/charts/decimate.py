"""From many points to one low, one high and one last value a dot column, before anything is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

Bucket = tuple[float, float, float]
"""Lowest, highest and last finite value; NaN where a column has none."""

_EMPTY: Bucket = (math.nan, math.nan, math.nan)


def decimate(values: Sequence[float], columns: int) -> list[Bucket]:
    """At most `columns` buckets that keep every extreme.

    A series no longer than `columns` comes back point by point. Arrays longer than a few thousand points are
    reduced by numpy, which is loaded by then: whoever made the array needed it.
    """
    total = len(values)
    if total <= columns:
        return [(float(v), float(v), float(v)) for v in values]
    if total > 4096:
        return _by_numpy(values, columns)
    buckets = []
    for column in range(columns):
        part = [float(v) for v in values[column * total // columns : (column + 1) * total // columns]]
        finite = [v for v in part if math.isfinite(v)]
        buckets.append((min(finite), max(finite), finite[-1]) if finite else _EMPTY)
    return buckets


def _by_numpy(values: Sequence[float], columns: int) -> list[Bucket]:
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    array = np.where(np.isfinite(array), array, np.nan)
    starts = np.arange(columns) * len(array) // columns
    low = np.fmin.reduceat(array, starts)
    high = np.fmax.reduceat(array, starts)
    last = array[np.append(starts[1:], len(array)) - 1]
    last = np.where(np.isnan(last), high, last)
    return list(zip(low.tolist(), high.tolist(), last.tolist(), strict=True))


def column_index(column: int, columns: int, total: int) -> int:
    """The last point that falls into a column: the one a crosshair there names."""
    if total <= 1 or columns <= 1:
        return max(0, total - 1)
    if total <= columns:
        return round(column * (total - 1) / (columns - 1))
    return min(total - 1, (column + 1) * total // columns - 1)
