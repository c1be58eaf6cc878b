"""One import of events, from raw bytes to a new snapshot, in the steps of an import of bars."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError, StoreError
from qt_engine.core.text import plain
from qt_engine.data.event_merge import find_stored, occurrence
from qt_engine.data.event_shelf import EventShelf
from qt_engine.data.events import FORMS, Events, action_codes, checked_kind, find_fault
from qt_engine.data.files import open_file, read_file
from qt_engine.data.market import ACTION_KINDS
from qt_engine.data.parsed import Table
from qt_engine.data.raw import RawFile, RawStore
from qt_engine.data.series import EventReport
from qt_engine.data.shelf import ImportRecord, folder_name
from qt_engine.data.ticks import INTERVAL
from qt_engine.data.time_zones import zone
from qt_engine.data.venues import UNKNOWN, checked_venue, detect_venue

_ATTEMPTS = 20


@dataclass(frozen=True)
class _Request:
    """What was asked for."""

    file: str
    symbol: str
    kind: str
    venue: str
    replace: bool


@dataclass(frozen=True)
class _Arranged:
    """Events of a file in order of time, the line of each, and what was put right on the way."""

    events: Events
    lines: NDArray[np.int64]
    issues: tuple[str, ...]


def import_events(
    raw_store: RawStore,
    shelf: EventShelf,
    path: str | Path,
    *,
    symbol: str,
    kind: str,
    tz: str | None,
    venue: str,
    replace: bool,
) -> EventReport:
    """Import a file of trades, quotes or actions of one symbol; parameters as `DataService.import_events`.

    Raises
    ------
    InputError
        If anything about the file or the request is wrong; then nothing but the raw bytes was stored.
    """
    request = _Request(plain(path, 400), symbol, checked_kind(kind), checked_venue(venue) if venue else "", replace)
    place = zone(tz) if tz is not None else None
    folder_name(symbol)
    with open_file(Path(path), request.file) as stream:
        raw = raw_store.store(stream)
    table = read_file(raw.path, request.file, place, FORMS[request.kind])
    arranged = _arrange(table, request)
    for _ in range(_ATTEMPTS):
        report = _shelve(shelf, request, raw, table, arranged)
        if report is not None:
            return report
    raise StoreError(f"{symbol} {kind}: others keep changing these events; import again")


def _arrange(table: Table, request: _Request) -> _Arranged:
    """Check every row, sort by time and drop what stands twice.

    Raises
    ------
    InputError
        At the first row that cannot be, or that contradicts another one.
    """
    events, lines, issues = _events(table, request), table.lines, list(table.issues)
    fault = find_fault(events)
    if fault is not None:
        position, column, reason = fault
        raise InputError(reason, file=request.file, line=int(lines[position]), column=column)
    ids = table.columns.get("id")
    if ids is not None:
        kept = _first_of_each(ids, events, lines, request)
        dropped = len(events) - len(kept)
        if dropped:
            issues.append(f"{dropped} {'trade' if dropped == 1 else 'trades'} with an id that stands above dropped")
            events, lines = events.take(kept), lines[kept]
    back = int(np.count_nonzero(np.diff(events.ts) < 0))
    if back:
        order = np.argsort(events.ts, kind="stable")
        events, lines = events.take(order), lines[order]
        issues.append(
            f"rows were not in order of time ({back} {'step' if back == 1 else 'steps'} back) and have been sorted"
        )
    if request.kind == "actions":
        kept = _one_of_a_kind(events, lines, request)
        dropped = len(events) - len(kept)
        if dropped:
            issues.append(f"{dropped} repeated identical {'row was' if dropped == 1 else 'rows were'} dropped")
            events, lines = events.take(kept), lines[kept]
    elif ids is None:
        alike = int(np.count_nonzero(occurrence(events.keys())))
        if alike:
            issues.append(
                f"{alike} {'row is' if alike == 1 else 'rows are'} like one above; kept, for without ids nobody knows "
                "whether they are the same"
            )
    return _Arranged(events, lines, tuple(issues))


def _events(table: Table, request: _Request) -> Events:
    columns = {name: column for name, column in table.columns.items() if name != "id"}
    if request.kind == "actions":
        columns["kind"], columns["dated"] = action_codes(table.columns["kind"].tolist()), table.dated
        unknown = np.flatnonzero(columns["kind"] < 0)
        if len(unknown):
            name, line = table.columns["kind"][unknown[0]], int(table.lines[unknown[0]])
            raise InputError(
                f"{plain(name, 40)!r} is no kind of action; use {', '.join(ACTION_KINDS)}",
                file=request.file, line=line, column="kind",
            )  # fmt: skip
    return Events.from_columns(request.kind, columns)


def _first_of_each(
    ids: NDArray[np.object_], events: Events, lines: NDArray[np.int64], request: _Request
) -> NDArray[np.int64]:
    """Positions of the trades whose id does not stand above."""
    _, first, number = np.unique(ids.astype(str), return_index=True, return_inverse=True)
    original = first[number]
    repeated = np.flatnonzero(original != np.arange(len(ids)))
    keys = events.keys()
    other = repeated[keys[repeated] != keys[original[repeated]]]
    if len(other):
        at = int(other[0])
        raise InputError(
            f"another trade with the id {plain(ids[at], 40)!r} stands on line {lines[original[at]]}; keep one of them",
            file=request.file, line=int(lines[at]), column="id",
        )  # fmt: skip
    return np.sort(first)


def _one_of_a_kind(events: Events, lines: NDArray[np.int64], request: _Request) -> NDArray[np.int64]:
    """Positions of the actions that do not stand above."""
    _, first, number = np.unique(events.keys(), return_index=True, return_inverse=True)
    original = first[number]
    value = events.columns["value"]
    other = np.flatnonzero(value != value[original])
    if len(other):
        at = int(other[0])
        raise InputError(
            f"another value for the same kind and time stands on line {lines[original[at]]}; keep one of them, or their sum",
            file=request.file, line=int(lines[at]), column="value",
        )  # fmt: skip
    return np.sort(first)


def _shelve(
    shelf: EventShelf, request: _Request, raw: RawFile, table: Table, arranged: _Arranged
) -> EventReport | None:
    """Choose what is new against what is stored now and put it on the shelf; None if that changed meanwhile."""
    known = shelf.get(request.symbol, request.kind)
    events, issues = arranged.events, list(arranged.issues)
    parts = known.parts if known else ()
    touched = [part for part in parts if part.end_ts >= events.ts[0] and part.start_ts <= events.ts[-1]]
    is_stored, differs = find_stored(shelf.read(request.symbol, request.kind, touched), events)
    replaced = int(np.count_nonzero(differs))
    if replaced and not request.replace:
        at = int(np.flatnonzero(differs)[np.argmin(arranged.lines[differs])])
        raise InputError(
            f"another value for {iso(int(events.ts[at]))} is stored already; use --replace to put this one in its place",
            file=request.file, line=int(arranged.lines[at]), column="value",
        )  # fmt: skip
    new = events.take(~is_stored)
    if replaced:
        issues.append(
            f"{replaced} stored {'row was' if replaced == 1 else 'rows were'} replaced; older snapshots keep the old ones"
        )
    if not len(new):
        what = "every row is stored already" if raw.is_new else "this file is stored already"
        issues.append(f"{what}; nothing was added")
    venue = request.venue or (known.info.venue if known else UNKNOWN)
    if not venue and request.kind != "actions":
        venue = detect_venue(events.ts, INTERVAL)
    counts = {"rows": len(table.lines), "new_rows": len(new), "duplicates": len(table.lines) - len(new)}
    record = ImportRecord(
        "files", table.layout, raw.sha256, request.file, raw.size, replaced=replaced, issues=tuple(issues), **counts
    )
    snapshot = shelf.put(request.symbol, request.kind, venue, new, known, record)
    if snapshot is None:
        return None
    return EventReport(
        request.symbol, request.kind, start=iso(int(events.ts[0])), end=iso(int(events.ts[-1])), raw_sha256=raw.sha256,
        snapshot=snapshot, issues=issues, **counts,
    )  # fmt: skip
