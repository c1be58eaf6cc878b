"""What reading a source gives: rows as they stood there, before anyone judged or sorted them."""

from __future__ import annotations

from dataclasses import dataclass, field

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
