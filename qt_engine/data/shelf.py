"""The shelf: series as lists of immutable Parquet parts, and the snapshots that name every state they ever had.

The parts of a series follow each other in time and never overlap. New rows that lie after everything become a part of their
own; rows that fall among stored ones are merged with the parts they touch into a new part, while the old ones stay for the
snapshots that name them. Small neighbours are merged too, so that many small imports leave few parts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.clock import now_ns
from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.data import overview
from qt_engine.data.canonical import COLUMNS, Rows, concatenate
from qt_engine.data.series import EventInfo, SeriesInfo
from qt_engine.storage.catalog import Catalog
from qt_engine.storage.lake import read_parquet, write_parquet

_SPARK = 32
_LONGEST_NAME = 120


@dataclass(frozen=True)
class Part:
    """One immutable Parquet file: its name (the hash of its rows), and what it holds."""

    name: str
    rows: int
    start_ts: int
    end_ts: int


@dataclass(frozen=True)
class Series:
    """A series with its parts in order of time."""

    info: SeriesInfo
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class EventSeries:
    """Events of one symbol and kind as they are now, with their parts in order of time."""

    info: EventInfo
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Stored:
    """Everything that is stored, sorted: series by (symbol, interval), events by (symbol, kind)."""

    series: dict[tuple[str, str], Series]
    events: dict[tuple[str, str], EventSeries]


@dataclass(frozen=True)
class Snapshot:
    """A past or present state of a series."""

    symbol: str
    interval: str
    venue: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class ImportRecord:
    """What the catalog keeps of an import, beside the rows."""

    provider: str
    layout: str
    raw_sha256: str
    raw_name: str
    raw_bytes: int
    rows: int
    new_rows: int
    duplicates: int
    replaced: int
    issues: tuple[str, ...]


def folder_name(symbol: str) -> str:
    """A file name that is safe everywhere and different for different symbols.

    Raises
    ------
    InputError
        If the symbol is empty or no valid text.
    """
    if not symbol.strip():
        raise InputError("the symbol is empty; give one, such as AAPL")
    try:
        name = quote(symbol, safe="")
        digest = hashlib.sha256(symbol.encode()).hexdigest()
    except UnicodeEncodeError:
        raise InputError("the symbol is not valid text; use UTF-8") from None
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    # `+` is never left by `quote`, so a shortened name equals no whole one
    return name if len(name) <= _LONGEST_NAME else f"{name[:60]}+{digest[:40]}"


class Shelf:
    """Series of the workspace in `folder`: reads parts, and puts new rows on the shelf."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self.folder = folder
        self.catalog = catalog
        self._seen: tuple[tuple[int, int] | None, Stored] = (None, Stored({}, {}))

    def all(self) -> dict[tuple[str, str], Series]:
        """All series by (symbol, interval), sorted."""
        return self.stored().series

    def stored(self) -> Stored:
        """All series and events.

        What was read stays valid while `overview.json` is the same file, for every import replaces that.
        """
        if not self.catalog.exists:
            return Stored({}, {})
        stamp = self._stamp()
        if stamp is None or self._seen[0] != stamp:
            self._seen = (stamp, self._read_all())
        return self._seen[1]

    def get(self, symbol: str, interval: str) -> Series | None:
        """One series, or None."""
        return self.all().get((symbol, interval))

    def snapshot(self, snapshot: str) -> Snapshot:
        """The state of a series that a hash names.

        Raises
        ------
        NotFoundError
            If no series ever had that state.
        """
        with self.catalog.read() as con:
            found = con.execute(
                "SELECT symbol, interval, venue, parts FROM snapshots WHERE snapshot = ?", [snapshot]
            ).fetchall()
        if not found:
            raise NotFoundError(f"snapshot {snapshot[:12]} is not in this workspace; import its data again")
        symbol, interval, venue, parts = found[0]
        return Snapshot(symbol, interval, venue, tuple(json.loads(parts)))

    def path(self, symbol: str, interval: str, part: str) -> Path:
        """Where a part is kept."""
        return self.folder / "bars" / folder_name(symbol) / interval / f"{part}.parquet"

    def read(
        self, symbol: str, interval: str, parts: Sequence[str], *, offset: int = 0, limit: int | None = None
    ) -> Rows:
        """The rows of these parts, one after the other, or a page of them.

        Raises
        ------
        StoreError
            If a part is missing or damaged.
        """
        if not parts:
            return Rows.empty()
        paths = [self.path(symbol, interval, part) for part in parts]
        return Rows.from_columns(read_parquet(paths, COLUMNS, offset=offset, limit=limit))

    def read_times(self, symbol: str, interval: str, part: str) -> NDArray[np.int64]:
        """Only the times of a part."""
        return np.asarray(read_parquet([self.path(symbol, interval, part)], ["ts"])["ts"], np.int64)

    def put(
        self, symbol: str, interval: str, venue: str, new: Rows, known: Series | None, record: ImportRecord
    ) -> str | None:
        """Put sorted new rows on the shelf; where a time is stored already, the new row takes its place.

        Parameters
        ----------
        known
            The series as the caller saw it when it chose the rows.

        Returns
        -------
        str or None
            The snapshot of the series now; None if someone else changed it meanwhile: look again and choose anew.
        """
        parts, made = self._placed(symbol, interval, venue, new, known)
        rows = self.read(symbol, interval, [part.name for part in parts])
        snapshot = rows.content_hash(symbol, interval, venue)
        with self.catalog.write() as con:
            now = con.execute(
                "SELECT snapshot FROM series WHERE symbol = ? AND interval = ?", [symbol, interval]
            ).fetchall()
            if (now[0][0] if now else None) != (known.info.snapshot if known else None):
                return None
            overview.invalidate(self.folder)
            _record(con, symbol, interval, venue, rows, parts, made, snapshot, record)
        overview.refresh(self.folder, self.catalog)
        return snapshot

    def _placed(
        self, symbol: str, interval: str, venue: str, new: Rows, known: Series | None
    ) -> tuple[list[Part], Part | None]:
        """The parts of the series with the new rows among them, and the part that was made for that."""
        parts = list(known.parts) if known else []
        if not len(new):
            return parts, None
        start, end, size = int(new.ts[0]), int(new.ts[-1]), len(new)
        low = sum(part.end_ts < start for part in parts)
        high = sum(part.start_ts <= end for part in parts)
        size += sum(part.rows for part in parts[low:high])
        while low and parts[low - 1].rows <= size:
            low -= 1
            size += parts[low].rows
        touched = self.read(symbol, interval, [part.name for part in parts[low:high]])
        merged = merge(touched, new)
        made = Part(merged.content_hash(symbol, interval, venue), len(merged), int(merged.ts[0]), int(merged.ts[-1]))
        path = self.path(symbol, interval, made.name)
        if not path.exists():
            write_parquet(path, merged.columns())
        return [*parts[:low], made, *parts[high:]], made

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = (self.folder / overview.FILE_NAME).stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def _read_all(self) -> Stored:
        with self.catalog.read() as con:
            parts = {
                row[0]: Part(*row) for row in con.execute("SELECT part, rows, start_ts, end_ts FROM parts").fetchall()
            }
            table = con.execute(
                "SELECT symbol, interval, venue, rows, start_ts, end_ts, snapshot, last_close, change, parts FROM series "
                "ORDER BY symbol, interval"
            ).fetchall()
            events = con.execute(
                "SELECT symbol, kind, venue, rows, start_ts, end_ts, snapshot, parts FROM event_series ORDER BY symbol, kind"
            ).fetchall()
        return Stored(
            {
                (row[0], row[1]): Series(SeriesInfo(*row[:-1]), tuple(parts[name] for name in json.loads(row[-1])))
                for row in table
            },
            {(row[0], row[1]): EventSeries(EventInfo(*row[:-1]), read_parts(row[-1])) for row in events},
        )


def read_parts(text: str) -> tuple[Part, ...]:
    """Parts as the catalog keeps those of events."""
    return tuple(Part(*part) for part in json.loads(text))


def merge(old: Rows, new: Rows) -> Rows:
    """Both sets of rows in order of time; of two rows for one time, the new one."""
    kept = old.take(~np.isin(old.ts, new.ts))
    both = concatenate([kept, new])
    return both.take(np.argsort(both.ts, kind="stable"))


def _record(
    con: Any, symbol: str, interval: str, venue: str, rows: Rows, parts: Sequence[Part], made: Part | None, snapshot: str,
    record: ImportRecord,
) -> None:  # fmt: skip
    """Everything the catalog keeps of an import, in the caller's transaction."""
    now, names = now_ns(), json.dumps([part.name for part in parts])
    raw = record.raw_sha256
    con.execute("INSERT OR IGNORE INTO raw_files VALUES (?, ?, ?, ?)", [raw, record.raw_name, record.raw_bytes, now])
    if made is not None:
        con.execute(
            "INSERT OR IGNORE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [made.name, symbol, interval, list(parts).index(made), made.rows, made.start_ts, made.end_ts, raw, now],
        )
    con.execute(
        "INSERT OR IGNORE INTO snapshots VALUES (?, ?, ?, ?, ?, ?)",
        [snapshot, symbol, interval, venue, names, len(rows)],
    )
    close = rows.close
    change = float(close[-1] / close[-2] - 1.0) if len(close) > 1 else 0.0
    places = np.unique(np.linspace(0, len(close) - 1, min(_SPARK, len(close))).round().astype(np.int64))
    con.execute(
        "INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [symbol, interval, venue, len(rows), int(rows.ts[0]), int(rows.ts[-1]), snapshot, names, float(close[-1]), change,
         json.dumps(close[places].tolist()), now],
    )  # fmt: skip
    con.execute(
        "INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [raw, symbol, interval, record.provider, record.layout, record.rows, record.new_rows, record.duplicates,
         record.replaced, snapshot, json.dumps(record.issues), now],
    )  # fmt: skip
