"""The files of a run, `runs/<id>/`: each is there entirely or not at all.

`spec.json` is written when the run is registered; `fills`, `orders`, `trades` and `equity` as Parquet when it has
completed, before its row in the catalog says so. Two files are there only where there is something in them: `events.parquet`
(limits that were reached, corporate actions) and `fallbacks.json` (portfolio problems without a solution).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import StoreError
from qt_engine.evaluation.trades import TRADE
from qt_engine.simulation.contract import EVENT, FILL, ORDER, SimResult
from qt_engine.storage.files import replaced
from qt_engine.storage.lake import read_parquet, write_parquet

EQUITY = np.dtype([("ts", "<i8"), ("equity", "<f8")])
"""Equity at each bar's close, under the time of the bar (`ts`, UTC nanoseconds), as fills are."""
TABLES = {"fills": FILL, "orders": ORDER, "trades": TRADE, "equity": EQUITY, "events": EVENT}

FALLBACK = ("time", "method", "reason", "used")

Rows = NDArray[np.void]


def write_spec(folder: Path, document: Mapping[str, Any]) -> None:
    """Write `spec.json`."""
    _write_json(folder / "spec.json", document)


def write_fallbacks(folder: Path, fallbacks: Sequence[Mapping[str, Any]]) -> None:
    """Write `fallbacks.json`, where there are any."""
    if fallbacks:
        _write_json(folder / "fallbacks.json", list(fallbacks))


def read_fallbacks(folder: Path) -> list[dict[str, Any]]:
    """What `fallbacks.json` says; nothing where there is none.

    Raises
    ------
    StoreError
        If it is damaged.
    """
    if not (folder / "fallbacks.json").exists():
        return []
    return [{name: item[name] for name in FALLBACK} for item in _read_json(folder / "fallbacks.json")]


def _write_json(path: Path, document: Any) -> None:
    try:
        with replaced(path) as temporary:
            temporary.write_text(
                json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8"
            )
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


def read_spec(folder: Path) -> Any:
    """What `spec.json` says.

    Raises
    ------
    StoreError
        If it is missing or damaged.
    """
    return _read_json(folder / "spec.json")


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def write_result(folder: Path, result: SimResult, trades: Rows, ts: NDArray[np.int64]) -> None:
    """Write what came out of a run."""
    write_table(folder, "fills", result.fills)
    write_table(folder, "orders", result.orders)
    write_table(folder, "trades", trades)
    if len(result.events):
        write_table(folder, "events", result.events)
    write_parquet(folder / "equity.parquet", {"ts": ts, "equity": result.equity})


def write_table(folder: Path, name: str, rows: Rows) -> None:
    """Write one table of `TABLES`."""
    columns = {column: np.ascontiguousarray(rows[column]) for column in TABLES[name].names or ()}
    write_parquet(folder / f"{name}.parquet", columns)


def read_table(folder: Path, name: str) -> Rows:
    """Read one table of `TABLES`.

    Raises
    ------
    StoreError
        If the file is missing or damaged. Without a file of events there were none.
    """
    if name == "events" and not (folder / f"{name}.parquet").exists():
        return np.zeros(0, EVENT)
    columns = read_parquet([folder / f"{name}.parquet"])
    dtype = TABLES[name]
    names = dtype.names or ()
    if sorted(columns) != sorted(names):
        raise StoreError(
            f"{folder / name}.parquet: has the columns {', '.join(sorted(columns))}, not {', '.join(sorted(names))}"
        )
    rows = np.zeros(len(columns[names[0]]), dtype)
    for column in names:
        values = columns[column]
        if np.ma.isMaskedArray(values):
            raise StoreError(f"{folder / name}.parquet: column {column} holds empty values")
        rows[column] = values
    return rows
