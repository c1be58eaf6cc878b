"""The only place that reads a clock.

Results never depend on it: it stamps records (run ids, journals, heartbeats) and paces replays.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

NANOSECOND = 1
MILLISECOND = 1_000_000
SECOND = 1_000_000_000


def now_ns() -> int:
    """Wall time in UTC nanoseconds since 1970."""
    return time.time_ns()


def monotonic() -> float:
    """Seconds that never run backwards; only differences mean anything."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """Pause this thread."""
    time.sleep(max(0.0, seconds))


def iso(ns: int) -> str:
    """UTC nanoseconds as ISO 8601 with `Z`, as short as the value allows.

    >>> iso(1_262_563_200_000_000_000)
    '2010-01-04T00:00:00Z'
    """
    seconds, rest = divmod(int(ns), SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}".rstrip("0") + "Z" if rest else f"{text}Z"


def compact(ns: int) -> str:
    """UTC nanoseconds as `YYYYMMDDTHHMMSSmmm`, for use in identifiers."""
    seconds, rest = divmod(int(ns), SECOND)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%S") + f"{rest // MILLISECOND:03d}"
