"""One import, from raw bytes to a new snapshot: store, parse, validate, put in order, compare with what is stored, shelve.

Only the first step changes anything before everything has been found good.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as with_changes

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError, StoreError
from qt_engine.core.intervals import DAY_NS, interval_ns
from qt_engine.data.canonical import Rows
from qt_engine.data.parsed import Parsed
from qt_engine.data.providers import Provider, Source
from qt_engine.data.raw import RawFile, RawStore
from qt_engine.data.series import ImportReport
from qt_engine.data.shelf import ImportRecord, Series, Shelf, folder_name
from qt_engine.data.venues import UNKNOWN, checked_venue, detect_venue

_ATTEMPTS = 20
_LONGEST_INTERVAL = 366 * DAY_NS


@dataclass(frozen=True)
class Arranged:
    """Rows of a file in strictly increasing order of time, the line of each, and what was put right on the way."""

    rows: Rows
    lines: NDArray[np.int64]
    repeated: int
    issues: tuple[str, ...]


def import_source(
    raw_store: RawStore, shelf: Shelf, provider: Provider, source: Source, *, replace: bool = False
) -> ImportReport:
    """Import one source of a provider.

    Parameters
    ----------
    replace
        Whether a row of the file may take the place of another one that is stored for its time. Old snapshots keep theirs.

    Raises
    ------
    InputError
        If anything about the file or the request is wrong; then nothing but the raw bytes was stored.
    """
    if interval_ns(source.interval) > _LONGEST_INTERVAL:
        raise InputError(f"interval {source.interval!r} is longer than a year; bars that long are not kept")
    folder_name(source.symbol)
    if source.venue:
        source = with_changes(source, venue=checked_venue(source.venue))
    with provider.open(source) as stream:
        raw = raw_store.store(stream)
    parsed = provider.parse(raw.path, source)
    if not len(parsed.rows):
        raise InputError("holds no rows; a file of bars needs at least one", file=source.name)

    from qt_engine.data.schema import validate

    validate(parsed.rows, parsed.lines, source.name)
    arranged = arrange(parsed, source)
    for _ in range(_ATTEMPTS):
        report = _shelve(shelf, provider.name, source, raw, parsed, arranged, replace)
        if report is not None:
            return report
    raise StoreError(f"{source.symbol} {source.interval}: others keep changing this series; import again")


def arrange(parsed: Parsed, source: Source) -> Arranged:
    """Sort by time and drop rows that are repeated identically.

    Raises
    ------
    InputError
        If two different rows stand for one time.
    """
    rows, lines, issues = parsed.rows, parsed.lines, list(parsed.issues)
    steps = np.diff(rows.ts)
    if np.any(steps < 0):
        order = np.argsort(rows.ts, kind="stable")
        rows, lines = rows.take(order), lines[order]
        count = int(np.count_nonzero(steps < 0))
        issues.append(f"rows were not in order of time ({count} {_times(count)} back) and have been sorted")
    same = np.flatnonzero(np.diff(rows.ts) == 0)
    if len(same):
        different = same[rows.take(same).differs(rows.take(same + 1))]
        if len(different):
            at = int(different[np.argmin(lines[different + 1])])
            raise InputError(
                f"another row for {iso(int(rows.ts[at]))} with other values stands on line {lines[at]}; keep one of them",
                file=source.name,
                line=int(lines[at + 1]),
                column="timestamp",
            )
        kept = np.ones(len(rows), bool)
        kept[same + 1] = False
        rows, lines = rows.take(kept), lines[kept]
        issues.append(f"{len(same)} repeated identical {'row was' if len(same) == 1 else 'rows were'} dropped")
    issues += _spacing(rows, source.interval)
    return Arranged(rows, lines, len(same), tuple(issues))


def _spacing(rows: Rows, interval: str) -> list[str]:
    """A remark if bars stand closer than their interval (a day of 23 hours is none)."""
    if len(rows) < 2:
        return []
    nearest = int(np.diff(rows.ts).min())
    slack = DAY_NS // 24 if interval_ns(interval) >= DAY_NS else 0
    if nearest >= interval_ns(interval) - slack:
        return []
    return [f"some bars open {nearest / 1e9:g} s after the one before although the interval is {interval}"]


def _shelve(
    shelf: Shelf, provider: str, source: Source, raw: RawFile, parsed: Parsed, arranged: Arranged, replace: bool
) -> ImportReport | None:
    """Choose what is new against the series as it is now and put it on the shelf; None if the series changed meanwhile."""
    known = shelf.get(source.symbol, source.interval)
    rows, issues = arranged.rows, list(arranged.issues)
    is_stored, differs = _compare(shelf, known, rows)
    replaced = int(np.count_nonzero(differs))
    if replaced and not replace:
        at = int(np.flatnonzero(differs)[np.argmin(arranged.lines[differs])])
        raise InputError(
            f"another row for {iso(int(rows.ts[at]))} with other values is stored already; "
            "use --replace to put this one in its place",
            file=source.name,
            line=int(arranged.lines[at]),
            column="timestamp",
        )
    new = rows.take(~is_stored | differs)
    if replaced:
        issues.append(
            f"{replaced} stored {'row was' if replaced == 1 else 'rows were'} replaced; older snapshots keep the old ones"
        )
    if not len(new):
        what = "every row is stored already" if raw.is_new else "this file is stored already"
        issues.append(f"{what}; nothing was added")
    venue = source.venue or (known.info.venue if known else UNKNOWN) or detect_venue(rows.ts, source.interval)
    counts = {"rows": len(parsed.rows), "new_rows": len(new), "duplicates": len(parsed.rows) - len(new)}
    record = ImportRecord(
        provider, parsed.layout, raw.sha256, source.name, raw.size, replaced=replaced, issues=tuple(issues), **counts
    )
    snapshot = shelf.put(source.symbol, source.interval, venue, new, known, record)
    if snapshot is None:
        return None
    start, end = iso(int(rows.ts[0])), iso(int(rows.ts[-1]))
    return ImportReport(
        source.symbol,
        source.interval,
        start=start,
        end=end,
        raw_sha256=raw.sha256,
        snapshot=snapshot,
        issues=issues,
        **counts,
    )


def _compare(shelf: Shelf, known: Series | None, rows: Rows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each row: whether its time is stored, and whether with other values."""
    is_stored, differs = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    if known is None:
        return is_stored, differs
    touched = [part.name for part in known.parts if part.end_ts >= rows.ts[0] and part.start_ts <= rows.ts[-1]]
    if touched:
        stored = shelf.read(known.info.symbol, known.info.interval, touched)
        place = np.searchsorted(stored.ts, rows.ts).clip(max=len(stored) - 1)
        is_stored = stored.ts[place] == rows.ts
        differs = is_stored & rows.differs(stored.take(place))
    return is_stored, differs


def _times(count: int) -> str:
    return "step" if count == 1 else "steps"
