"""Functions of the language that look back over a condition or a series, and those that look across assets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError

Floats: TypeAlias = NDArray[np.float64]

CELLS = 1 << 20
"""How much of a table is ranked at once: all of it needs several times its memory."""


def count(condition: Floats, bars: int, out: Floats) -> None:
    """In how many of the last `bars` bars the condition was true; missing until there are that many bars."""
    total = np.concatenate([[0.0], np.cumsum(condition == 1.0)])
    out[:] = np.nan
    if len(condition) >= bars:
        out[bars - 1 :] = total[bars:] - total[:-bars]


def bars_since(condition: Floats, _: int, out: Floats) -> None:
    """Bars since the condition was last true; missing before it ever was."""
    here = np.arange(len(condition), dtype=np.float64)
    last = np.maximum.accumulate(np.where(condition == 1.0, here, -1.0)) if len(condition) else here
    out[:] = np.where(last >= 0.0, here - last, np.nan)


def _runs(up: Floats, bars: int, out: Floats) -> None:
    """True where `up` held in each of the last `bars` bars, false where it failed in one, else unknown."""
    false = np.concatenate([[0.0], np.cumsum(up == -1.0)])
    true = np.concatenate([[0.0], np.cumsum(up == 1.0)])
    start = np.maximum(np.arange(1, len(up) + 1) - bars, 0)
    failed = false[1:] - false[start] > 0
    held = true[1:] - true[start] == bars
    out[:] = np.where(failed, -1.0, np.where(held, 1.0, 0.0))


def _steps(x: Floats, sign: float) -> Floats:
    """-1, 0 (unknown), +1: whether x moved in the direction of `sign` from the bar before."""
    now, before = x[1:] * sign, x[:-1] * sign
    steps = np.zeros(len(x))
    # Compared, not subtracted: the difference of two infinite values is missing, their order is not.
    steps[1:] = np.where(now > before, 1.0, np.where(now <= before, -1.0, 0.0))
    return steps


def rising(x: Floats, bars: int, out: Floats) -> None:
    """x > x[1] > … > x[bars], as a condition."""
    _runs(_steps(x, 1.0), bars, out)


def falling(x: Floats, bars: int, out: Floats) -> None:
    """x < x[1] < … < x[bars], as a condition."""
    _runs(_steps(x, -1.0), bars, out)


COUNTING: Mapping[str, Callable[[Floats, int, Floats], None]] = {
    "bars_since": bars_since, "count": count, "falling": falling, "rising": rising,
}  # fmt: skip


def cross_section(op: str, table: Floats) -> Floats:
    """`rank` or `zscore` of every row of a table `(T, A)` with NaN where an asset does not count.

    rank: share of the row's values at or below this one, ties share their average, in (0, 1]. zscore: distance from the
    row's mean in population standard deviations, missing where these are zero.
    """
    if op == "rank":
        return _rank(table)
    if op == "zscore":
        present = ~np.isnan(table)
        number = present.sum(axis=1, keepdims=True)
        known = np.where(present, table, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            centred = np.where(present, table - known.sum(axis=1, keepdims=True) / number, 0.0)
            deviation = np.sqrt((centred * centred).sum(axis=1, keepdims=True) / number)
            # Equal values have no deviation, whatever the rounding of their mean says.
            lowest = np.where(present, table, np.inf).min(axis=1, keepdims=True)
            highest = np.where(present, table, -np.inf).max(axis=1, keepdims=True)
            return np.where(present & (highest > lowest) & (deviation > 0.0), centred / deviation, np.nan)
    raise InputError(f"{op} does not look across assets")


def _rank(table: Floats) -> Floats:
    out = np.empty(table.shape)
    rows = max(CELLS // max(table.shape[1], 1), 1)
    for start in range(0, len(table), rows):
        out[start : start + rows] = _rank_rows(table[start : start + rows])
    return out


def _rank_rows(table: Floats) -> Floats:
    order = np.argsort(table, axis=1)  # missing values come last
    ordered = np.take_along_axis(table, order, axis=1)
    begins, ends = np.ones(table.shape, np.bool_), np.ones(table.shape, np.bool_)
    begins[:, 1:] = ends[:, :-1] = ordered[:, 1:] != ordered[:, :-1]
    places = np.arange(table.shape[1])
    below = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    up_to = np.minimum.accumulate(np.where(ends, places + 1, len(places))[:, ::-1], axis=1)[:, ::-1]
    present = ~np.isnan(table)
    number = np.maximum(present.sum(axis=1, keepdims=True), 1)
    ranks = np.empty(table.shape)
    np.put_along_axis(ranks, order, (below + 1 + up_to) / 2.0 / number, axis=1)
    return np.where(present, ranks, np.nan)
