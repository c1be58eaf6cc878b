"""The list of series as a small JSON file, so that the first screen needs neither DuckDB nor numpy.

The file may be deleted at any time. It is never ahead of the catalog or behind it: whoever changes a series removes the file
inside the transaction, and it is written anew while the catalog is locked against writers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from qt_engine.core.clock import iso
from qt_engine.core.errors import StoreError
from qt_engine.data.series import SeriesCard
from qt_engine.storage.catalog import Catalog
from qt_engine.storage.files import replaced

FILE_NAME = "overview.json"
_FORMAT = 1


def read_overview(folder: Path, catalog: Catalog) -> list[SeriesCard]:
    """All series, sorted by symbol and interval: from the file if it is there, else from the catalog (and the file is made)."""
    if not catalog.exists:
        return []
    cards = _read(folder / FILE_NAME)
    return refresh(folder, catalog) if cards is None else cards


def invalidate(folder: Path) -> None:
    """Remove the file; to be called inside the transaction that changes a series."""
    (folder / FILE_NAME).unlink(missing_ok=True)


def refresh(folder: Path, catalog: Catalog) -> list[SeriesCard]:
    """Write the file from the catalog."""
    with catalog.read() as con:
        table = con.execute(
            "SELECT symbol, interval, rows, start_ts, end_ts, last_close, change, spark FROM series ORDER BY ALL"
        ).fetchall()
        cards = [
            SeriesCard(symbol, interval, rows, iso(start), iso(end), last, change, json.loads(spark))
            for symbol, interval, rows, start, end, last, change, spark in table
        ]
        _write(folder / FILE_NAME, cards)
    return cards


def _write(path: Path, cards: Sequence[SeriesCard]) -> None:
    try:
        with replaced(path) as temporary:
            text = json.dumps({"format": _FORMAT, "series": [vars(card) for card in cards]}, allow_nan=False)
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


def _read(path: Path) -> list[SeriesCard] | None:
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != _FORMAT:
            return None
        return [SeriesCard(**card) for card in content["series"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
