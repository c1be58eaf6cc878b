"""Ticks and labels: round numbers at the right, dates below."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from qt_tui.charts.lines import Line

_MANTISSAS = (1.0, 2.0, 2.5, 5.0, 10.0)
_THINNING = 8
"""A period is still used where at least one of eight of its labels fits."""
_MINUTE = 60
_PERIODS = (1, 5, 15, 30, 60, 180, 360, 720)
"""Minutes of a day's parts, from the finest."""
_LONGEST_WITHOUT_YEAR = 250
"""Days after which a label must name the year."""
_CALENDAR = (("%Y-%m-%d", "%m-%d"), ("%Y-%m", "%Y-%m"), ("%Y", "%Y"))


def extent(series: Sequence[Sequence[float]]) -> tuple[float, float] | None:
    """Lowest and highest finite value, never equal; None where there is no finite value."""
    low, high = math.inf, -math.inf
    for values in series:
        for value in values:
            if math.isfinite(value):
                low, high = min(low, value), max(high, value)
    if low > high:
        return None
    if low == high:
        pad = abs(low) * 0.01 or 1.0
        return low - pad, high + pad
    return low, high


def tick_step(low: float, high: float, count: int) -> float:
    """The smallest round step that gives at most `count` ticks between `low` and `high`."""
    raw = (high - low) / max(1, count)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in _MANTISSAS if m * power >= raw * 0.999999)


def ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers inside the range."""
    step = tick_step(low, high, count)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [n * step for n in range(first, last + 1)]


def tick_labels(values: Sequence[float], *, percent: bool = False) -> list[str]:
    """Short labels, all with the same number of decimals and the same suffix."""
    if not values:
        return []
    step = abs(values[1] - values[0]) if len(values) > 1 else abs(values[0]) or 1.0
    largest = max(abs(v) for v in values)
    scale, suffix = 1.0, ""
    if percent:
        scale, suffix = 0.01, "%"
    else:
        for limit, letter in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
            if largest >= limit:
                scale, suffix = (1e3 if letter == "k" else limit), letter
                break
    decimals = max(0, min(8, -math.floor(math.log10(step / scale) + 1e-9)))
    if round(step / scale, decimals) != step / scale and round(step / scale, decimals + 1) == round(step / scale, 12):
        decimals += 1
    return [f"{v / scale + 0.0:,.{decimals}f}{suffix}" for v in values]


def value_axis(low: float, high: float, rows: int, *, percent: bool = False) -> dict[int, str]:
    """Label of each text row that carries a tick, row 0 at the top."""
    if rows < 2:
        return {}
    marks = ticks(low, high, max(1, rows // 3))
    labels = tick_labels(marks, percent=percent)
    return {row_of(value, low, high, rows): label for value, label in zip(marks, labels, strict=True)}


def row_of(value: float, low: float, high: float, rows: int) -> int:
    """The row of a value; row 0 is the top."""
    share = (value - low) / (high - low)
    return min(rows - 1, max(0, round((1.0 - share) * (rows - 1))))


def date_axis(times: Sequence[int], width: int, style: str) -> Line:
    """Labels below a chart; `times` holds the UTC nanoseconds shown in each text column.

    The finest calendar period that fits is written where it begins.
    """
    moments = [datetime.fromtimestamp(int(t) // 1_000_000_000, UTC) for t in times[:width]]
    if not moments:
        return [(" " * width, "")]
    best: list[tuple[int, str]] = [(0, moments[0].strftime("%Y-%m-%d"))]
    for keys, pattern in _calendar(moments):
        starts = [i for i in range(1, len(keys)) if keys[i] != keys[i - 1]]
        labels = [
            (i, moments[i].strftime("%m-%d" if "%H" in pattern and _new_day(moments, i) else pattern)) for i in starts
        ]
        length = len(labels[0][1]) + 2 if labels else 0
        if labels and len(labels) * length <= width * _THINNING:
            best = labels
            break
    cells = [" "] * width
    free = 0
    for column, label in best:
        if free <= column and column + len(label) <= width:
            cells[column : column + len(label)] = label
            free = column + len(label) + 2
    return [("".join(cells), style)]


def _calendar(moments: Sequence[datetime]) -> Iterator[tuple[list[object], str]]:
    """A key for each moment that changes with the period, and how its labels are written; the finest first."""
    if len({(m.hour, m.minute) for m in moments}) > 1:
        for minutes in _PERIODS:
            yield [(m.date(), (m.hour * _MINUTE + m.minute) // minutes) for m in moments], "%H:%M"
    days = (moments[-1] - moments[0]).days
    for period, pattern in _CALENDAR[int(days > _LONGEST_WITHOUT_YEAR) :]:
        yield [m.strftime(period) for m in moments], pattern


def _new_day(moments: Sequence[datetime], index: int) -> bool:
    return moments[index].date() != moments[index - 1].date()
