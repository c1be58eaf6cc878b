"""Equity curves with different times, brought onto one axis as returns since each one's start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def on_one_axis(curves: Sequence[tuple[Any, Any]]) -> tuple[Sequence[int], list[Sequence[float]]]:
    """The union of all times, and the return of each curve there; NaN before it starts, its last value after it ends.

    Parameters
    ----------
    curves
        (int64 UTC nanoseconds, float64 equity), each of one length and with increasing times.
    """
    import numpy as np

    if not curves:
        return [], []
    axis = np.unique(np.concatenate([times for times, _ in curves]))
    values: list[Sequence[float]] = []
    for times, equity in curves:
        position = np.searchsorted(times, axis, side="right") - 1
        returns = equity / equity[0] - 1.0
        values.append(np.where(position >= 0, returns[np.maximum(position, 0)], np.nan).tolist())
    return axis.tolist(), values
