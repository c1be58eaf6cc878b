"""The only place that reads a clock.

Results never depend on it: it stamps records (run ids, journals, heartbeats) and paces replays.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

NANOSECOND = 1
MILLISECOND = 1_000_000
SECOND = 1_000_000_000


_read: Callable[[], int] = time.time_ns


def now_ns() -> int:
    """Wall time in UTC nanoseconds since 1970."""
    return _read()


@contextmanager
def stepping(start_ns: int, step_ns: int = SECOND) -> Iterator[None]:
    """Inside, `now_ns` begins at `start_ns` and moves on by `step_ns` at each call, in this process only.

    For records that must look the same each time they are made: pictures of the screen in tests and documentation.
    """
    global _read
    before, times = _read, itertools.count(start_ns, step_ns)
    _read = times.__next__
    try:
        yield
    finally:
        _read = before


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
