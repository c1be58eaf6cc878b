"""What looks wrong in stored bars. Nothing is ever mended here: a person decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.clock import iso
from qt_engine.core.intervals import is_intraday
from qt_engine.data.canonical import Rows
from qt_engine.data.gaps import Gap, find_gaps
from qt_engine.data.market import PRICES
from qt_engine.data.series import SeriesInfo

OUTLIER_SCORE = 10.0
"""How many robust standard deviations a return must lie from the median to be named."""
STALE_BARS, STALE_INTRADAY_BARS = 3, 10
"""How many bars in a row with the same four prices are named, for daily and longer bars and for shorter ones."""
_LISTED = 1000


@dataclass(frozen=True)
class Outlier:
    """A return far from all others: the bar (UTC nanoseconds of its open), the close-to-close log return, its robust score."""

    ts: int
    log_return: float
    score: float


@dataclass(frozen=True)
class StaleRun:
    """Bars in a row with the same open, high, low and close: when the first and the last open, and how many they are."""

    start_ts: int
    end_ts: int
    bars: int


@dataclass(frozen=True)
class QualityReport:
    """Everything that looks wrong in one series, in order of time.

    Attributes
    ----------
    calendar
        What the bars were held against to find gaps.
    gaps, duplicates, outliers, stale
        Missing bars; times (UTC nanoseconds) that stand more than once; extreme returns; runs of the same prices.
    """

    symbol: str
    interval: str
    venue: str
    rows: int
    start_ts: int
    end_ts: int
    calendar: str
    gaps: tuple[Gap, ...]
    duplicates: tuple[int, ...]
    outliers: tuple[Outlier, ...]
    stale: tuple[StaleRun, ...]

    @property
    def missing(self) -> int:
        """How many bars are missing in all gaps."""
        return sum(gap.missing for gap in self.gaps)

    def as_json(self) -> dict[str, Any]:
        """For the command line: counts of everything, and the first thousand of each kind, times as ISO 8601."""
        gaps = [
            {"start": iso(gap.start_ts), "end": iso(gap.end_ts), "missing": gap.missing} for gap in self.gaps[:_LISTED]
        ]
        outliers = [
            {"time": iso(one.ts), "log_return": one.log_return, "score": one.score} for one in self.outliers[:_LISTED]
        ]
        stale = [{"start": iso(run.start_ts), "end": iso(run.end_ts), "bars": run.bars} for run in self.stale[:_LISTED]]
        return {
            "symbol": self.symbol, "interval": self.interval, "venue": self.venue or None, "rows": self.rows,
            "start": iso(self.start_ts), "end": iso(self.end_ts), "calendar": self.calendar,
            "gaps": {"count": len(self.gaps), "missing": self.missing, "items": gaps},
            "duplicates": {"count": len(self.duplicates), "items": [iso(ts) for ts in self.duplicates[:_LISTED]]},
            "outliers": {"count": len(self.outliers), "items": outliers},
            "stale": {"count": len(self.stale), "items": stale},
        }  # fmt: skip


def judge(info: SeriesInfo, rows: Rows) -> QualityReport:
    """Look through the rows of one series."""
    calendar, gaps = find_gaps(rows.ts, info.interval, info.venue)
    shortest = STALE_INTRADAY_BARS if is_intraday(info.interval) else STALE_BARS
    return QualityReport(
        info.symbol,
        info.interval,
        info.venue,
        len(rows),
        info.start_ts,
        info.end_ts,
        calendar,
        gaps,
        tuple(rows.ts[1:][np.diff(rows.ts) <= 0].tolist()),
        find_outliers(rows.ts, rows.close),
        find_stale(rows, shortest),
    )


def find_outliers(ts: NDArray[np.int64], close: NDArray[np.float64]) -> tuple[Outlier, ...]:
    """Close-to-close log returns whose distance from the median is above `OUTLIER_SCORE` robust standard deviations.

    The robust standard deviation is 1.4826 × the median absolute deviation (which estimates σ of a normal distribution);
    where more than half of the returns are equal and it is 0, 1.2533 × the mean absolute deviation.
    Source: Rousseeuw and Croux, Alternatives to the Median Absolute Deviation, JASA 88 (1993).
    """
    if len(close) < 3:
        return ()
    returns = np.diff(np.log(close))
    distance = np.abs(returns - np.median(returns))
    scale = 1.4826 * float(np.median(distance)) or 1.2533 * float(np.mean(distance))
    if scale == 0.0:
        return ()
    found = np.flatnonzero(distance > OUTLIER_SCORE * scale)
    return tuple(Outlier(int(ts[i + 1]), float(returns[i]), float(distance[i] / scale)) for i in found)


def find_stale(rows: Rows, shortest: int) -> tuple[StaleRun, ...]:
    """Runs of at least `shortest` bars with the same four prices."""
    if not len(rows):
        return ()
    changed = np.logical_or.reduce([np.diff(getattr(rows, name)) != 0 for name in PRICES])
    starts = np.concatenate([[0], np.flatnonzero(changed) + 1])
    lengths = np.diff(np.append(starts, len(rows)))
    return tuple(
        StaleRun(int(rows.ts[start]), int(rows.ts[start + length - 1]), int(length))
        for start, length in zip(starts, lengths, strict=True)
        if length >= shortest
    )
