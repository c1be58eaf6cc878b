"""Pages of stored events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from qt_engine.core.clock import iso
from qt_engine.data.event_shelf import EventShelf
from qt_engine.data.market import ACTION_KINDS
from qt_engine.data.shelf import EventSeries


@dataclass(frozen=True)
class EventPage:
    """A page of the events of one symbol.

    Attributes
    ----------
    total
        How many events there are in the asked time, on all pages.
    offset
        Which of them the page begins with.
    columns
        See `qt_engine.data.events.COLUMNS`.
    """

    symbol: str
    kind: str
    total: int
    offset: int
    columns: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.columns["ts"])

    def rows(self) -> list[dict[str, Any]]:
        """The events as plain values: `time` as ISO 8601, or a date; actions by name; unknown sizes as None."""
        names = {code: name for name, code in ACTION_KINDS.items()}
        lists = {name: column.tolist() for name, column in self.columns.items()}
        dated = lists.pop("dated", None)
        times = [iso(ts) for ts in lists.pop("ts")]
        if dated is not None:
            times = [time[:10] if date else time for time, date in zip(times, dated, strict=True)]
            lists["kind"] = [names[code] for code in lists["kind"]]
        values = zip(*lists.values(), strict=True)
        return [
            {"time": time, **{name: None if value != value else value for name, value in zip(lists, row, strict=True)}}
            for time, row in zip(times, values, strict=True)
        ]


def read_page(shelf: EventShelf, series: EventSeries, low: int, high: int, offset: int, limit: int | None) -> EventPage:
    """The events from `offset` on, at most `limit`, of those from `low` to `high` (UTC nanoseconds, inclusive)."""
    info = series.info
    touched = [part for part in series.parts if part.end_ts >= low and part.start_ts <= high]
    events = shelf.read(info.symbol, info.kind, touched).between(low, high)
    last = len(events) if limit is None else offset + limit
    return EventPage(info.symbol, info.kind, len(events), offset, events.take(slice(offset, last)).columns)
