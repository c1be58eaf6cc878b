"""Events on the shelf: immutable Parquet parts below `events/`, and the snapshots that name every state they ever had.

As with bars, parts follow each other in time and never overlap; all events of one moment stand in one part.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from qt_engine.core.clock import now_ns
from qt_engine.core.errors import NotFoundError
from qt_engine.data import overview
from qt_engine.data.events import COLUMNS, Events
from qt_engine.data.shelf import EventSeries, ImportRecord, Part, Shelf, folder_name, read_parts
from qt_engine.storage.lake import read_parquet, write_parquet


class EventShelf:
    """Events of the workspace whose series stand on `shelf`."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def get(self, symbol: str, kind: str) -> EventSeries | None:
        """The events of one symbol and kind, or None."""
        return self._shelf.stored().events.get((symbol, kind))

    def path(self, symbol: str, kind: str, part: str) -> Path:
        """Where a part is kept."""
        return self._shelf.folder / "events" / folder_name(symbol) / kind / f"{part}.parquet"

    def read(self, symbol: str, kind: str, parts: Sequence[Part]) -> Events:
        """All events of these parts, one after the other.

        Raises
        ------
        StoreError
            If a part is missing or damaged.
        """
        if not parts:
            return Events.empty(kind)
        paths = [self.path(symbol, kind, part.name) for part in parts]
        return Events.from_columns(kind, read_parquet(paths, list(COLUMNS[kind])))

    def snapshot(self, snapshot: str, symbol: str, kind: str) -> tuple[str, tuple[Part, ...]]:
        """The venue and the parts of a past or present state.

        Raises
        ------
        NotFoundError
            If there never was such a state of these events.
        """
        now = self.get(symbol, kind)
        if now is not None and now.info.snapshot == snapshot:
            return now.info.venue, now.parts
        with self._shelf.catalog.read() as con:
            found = con.execute(
                "SELECT venue, parts FROM event_snapshots WHERE snapshot = ? AND symbol = ? AND kind = ?",
                [snapshot, symbol, kind],
            ).fetchall()
        if not found:
            raise NotFoundError(
                f"snapshot {snapshot[:12]} of the {kind} of {symbol!r} is not in this workspace; import them again"
            )
        return found[0][0], read_parts(found[0][1])

    def put(
        self, symbol: str, kind: str, venue: str, new: Events, known: EventSeries | None, record: ImportRecord
    ) -> str | None:
        """Put sorted new events on the shelf; see `Shelf.put`. A new action takes the place of one of its kind and time."""
        parts = self._placed(symbol, kind, venue, new, known)
        events = self.read(symbol, kind, parts)
        snapshot = events.content_hash(symbol, venue)
        with self._shelf.catalog.write() as con:
            stored = con.execute(
                "SELECT snapshot FROM event_series WHERE symbol = ? AND kind = ?", [symbol, kind]
            ).fetchall()
            if (stored[0][0] if stored else None) != (known.info.snapshot if known else None):
                return None
            overview.invalidate(self._shelf.folder)
            now = now_ns()
            names = json.dumps([[part.name, part.rows, part.start_ts, part.end_ts] for part in parts])
            con.execute(
                "INSERT OR IGNORE INTO raw_files VALUES (?, ?, ?, ?)",
                [record.raw_sha256, record.raw_name, record.raw_bytes, now],
            )
            con.execute(
                "INSERT OR IGNORE INTO event_snapshots VALUES (?, ?, ?, ?, ?, ?)",
                [snapshot, symbol, kind, venue, names, len(events)],
            )
            con.execute(
                "INSERT OR REPLACE INTO event_series VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [symbol, kind, venue, len(events), int(events.ts[0]), int(events.ts[-1]), snapshot, names, now],
            )
            con.execute(
                "INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [record.raw_sha256, symbol, kind, record.provider, record.layout, record.rows, record.new_rows,
                 record.duplicates, record.replaced, snapshot, json.dumps(record.issues), now],
            )  # fmt: skip
        overview.refresh(self._shelf.folder, self._shelf.catalog)
        return snapshot

    def _placed(self, symbol: str, kind: str, venue: str, new: Events, known: EventSeries | None) -> tuple[Part, ...]:
        from qt_engine.data.event_merge import merge

        parts = list(known.parts) if known else []
        if not len(new):
            return tuple(parts)
        start, end, size = int(new.ts[0]), int(new.ts[-1]), len(new)
        low = sum(part.end_ts < start for part in parts)
        high = sum(part.start_ts <= end for part in parts)
        size += sum(part.rows for part in parts[low:high])
        while low and parts[low - 1].rows <= size:  # small neighbours are merged, so that many imports leave few parts
            low -= 1
            size += parts[low].rows
        merged = merge(self.read(symbol, kind, parts[low:high]), new)
        made = Part(merged.content_hash(symbol, venue), len(merged), int(merged.ts[0]), int(merged.ts[-1]))
        path = self.path(symbol, kind, made.name)
        if not path.exists():
            write_parquet(path, dict(merged.columns))
        return (*parts[:low], made, *parts[high:])
