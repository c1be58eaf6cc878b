"""Where values are missing."""

from __future__ import annotations

from qt_engine.core.compiled import compiled
from qt_engine.features._arrays import Floats


@compiled
def first_present(x: Floats) -> int:
    """Index of the first value that is not NaN; the length if there is none."""
    for i in range(len(x)):
        if x[i] == x[i]:
            return i
    return len(x)


@compiled
def count_missing(x: Floats) -> int:
    """How many values are NaN. Counts to the end, because a loop without exit is vectorised."""
    missing = 0
    for i in range(len(x)):
        missing += x[i] != x[i]
    return missing
