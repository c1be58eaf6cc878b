"""What reading a source gives: rows as they stood there, before anyone judged or sorted them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.data.canonical import Rows


@dataclass(frozen=True)
class Parsed:
    """What was read: `rows` in the order of the file, the line of each (int64, from 1), the layout, and what to note."""

    rows: Rows
    lines: NDArray[np.int64]
    layout: str
    issues: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Table:
    """A table as it was read, whatever its rows are.

    Attributes
    ----------
    columns
        `ts` (int64, UTC nanoseconds) and the columns of its form that are there: float64, or text as objects.
    lines
        int64, the line of each row, from 1.
    dated
        Where the time is a date without a time of day; `ts` is then the start of that day in UTC, whatever the zone.
    layout, issues
        What it was recognised as, and what to note.
    """

    columns: Mapping[str, NDArray[Any]]
    lines: NDArray[np.int64]
    dated: NDArray[np.bool_]
    layout: str
    issues: tuple[str, ...] = field(default=())
