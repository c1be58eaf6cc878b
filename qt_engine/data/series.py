"""What the data room tells about series: plain records, importable without numpy, so that a screen can show them at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qt_engine.core.clock import iso


@dataclass(frozen=True)
class SeriesInfo:
    """One stored series as it is now.

    Attributes
    ----------
    symbol, interval, venue
        Which bars; the venue is empty where nobody named one and the bars do not tell.
    rows, start_ts, end_ts
        How many bars, and when the first and the last of them open (UTC nanoseconds).
    snapshot
        Names exactly the present rows.
    last_close, change
        The last close, and its relative change from the one before (a fraction; 0 for a single bar).
    """

    symbol: str
    interval: str
    venue: str
    rows: int
    start_ts: int
    end_ts: int
    snapshot: str
    last_close: float
    change: float

    def as_json(self) -> dict[str, Any]:
        """For the command line: times as ISO 8601."""
        return {
            "symbol": self.symbol, "interval": self.interval, "venue": self.venue or None, "rows": self.rows,
            "start": iso(self.start_ts), "end": iso(self.end_ts), "snapshot": self.snapshot,
            "last": self.last_close, "change": self.change,
        }  # fmt: skip


@dataclass(frozen=True)
class EventInfo:
    """The stored events of one symbol and kind (`trades`, `quotes`, `actions`) as they are now; fields as `SeriesInfo`."""

    symbol: str
    kind: str
    venue: str
    rows: int
    start_ts: int
    end_ts: int
    snapshot: str

    def as_json(self) -> dict[str, Any]:
        """As the command line prints it."""
        return {
            "symbol": self.symbol, "kind": self.kind, "venue": self.venue or None, "rows": self.rows, "start": iso(self.start_ts),
            "end": iso(self.end_ts), "snapshot": self.snapshot,
        }  # fmt: skip


@dataclass(frozen=True)
class SeriesCard:
    """What a list shows of a series. `spark` holds up to 32 closes evenly from all bars, the last one included."""

    symbol: str
    interval: str
    rows: int
    start: str
    end: str
    last: float
    change: float
    spark: list[float]


@dataclass(frozen=True)
class ImportReport:
    """What an import did.

    Attributes
    ----------
    rows
        Data rows in the file.
    new_rows
        Of those, rows that were not stored before (with `replace`, rows that took the place of others count as new).
    duplicates
        Of those, rows that were stored already or stand in the file more than once.
    start, end
        When the first and the last bar of the file open, ISO 8601.
    raw_sha256
        Names the bytes in the raw store.
    snapshot
        Names exactly the rows of the series after the import.
    issues
        What was noticed and put right, one sentence each.
    """

    symbol: str
    interval: str
    rows: int
    new_rows: int
    duplicates: int
    start: str
    end: str
    raw_sha256: str
    snapshot: str
    issues: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as the command line prints it."""
        return dict(vars(self))


@dataclass(frozen=True)
class EventReport:
    """What an import of events did; fields as `ImportReport`, with the kind of events in place of the interval."""

    symbol: str
    kind: str
    rows: int
    new_rows: int
    duplicates: int
    start: str
    end: str
    raw_sha256: str
    snapshot: str
    issues: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as the command line prints it."""
        return dict(vars(self))
