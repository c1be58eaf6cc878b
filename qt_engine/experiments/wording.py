"""Numbers of the kernel's tables in the words that people and programs see, the same wherever rows are shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from qt_engine.core.clock import iso

NO_SIDE = "none"
"""Side of a target order whose size was never known."""


def word(kind: Any, number: int) -> str:
    """The lower-case name of an enum's number."""
    return str(kind(number).name).lower()


def side_word(number: int) -> str:
    """`buy`, `sell`, or `none`."""
    from qt_engine.simulation.contract import Side

    return word(Side, number) if number else NO_SIDE


def event_rows(rows: Iterable[Sequence[Any]], symbols: Sequence[str]) -> list[dict[str, Any]]:
    """Rows with the fields of `EVENT` as `time, kind, symbol, value, bound`; `symbol` is None for the whole book.

    A value or bound that is not a finite number is None.
    """
    from qt_engine.simulation.contract import Event

    return [
        {
            "time": iso(ts), "kind": word(Event, kind), "symbol": None if asset < 0 else symbols[asset],
            "value": _finite(value), "bound": _finite(bound),
        }
        for _, ts, _, asset, kind, value, bound in rows
    ]  # fmt: skip


def _finite(number: float | str) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None
