"""A run as files for other programs: trades, fills, orders, equity and events with names and ISO times, and its spec."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError, StoreError
from qt_engine.core.text import plain
from qt_engine.experiments.rows import spec_document
from qt_engine.experiments.wording import side_word, word
from qt_engine.storage.files import replaced

if TYPE_CHECKING:
    from qt_engine.experiments.artifacts import Rows
    from qt_engine.experiments.record import RunRecord
    from qt_engine.experiments.registry import RunRegistry

FORMATS = ("csv", "json", "parquet")
Table = list[dict[str, Any]]


def export(record: RunRecord, runs: RunRegistry, folder: Path, format: str = "csv") -> list[Path]:
    """Write a completed run to a folder, which is made where there is none.

    Parameters
    ----------
    format
        `csv`, `json` or `parquet`; the spec and the record are always JSON.

    Returns
    -------
    list of Path
        The files: `trades`, `fills`, `orders`, `equity`, `events`, `run.json` and `spec.json`.

    Raises
    ------
    InputError
        If the format is unknown, the run has not completed, or the folder cannot be written.
    """
    if format not in FORMATS:
        raise InputError(f"format {plain(format)!r} is not one of {', '.join(FORMATS)}")
    tables = tables_of(record, runs)
    described = {**record.details(), "fallbacks": runs.fallbacks_of(record)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{plain(folder)} cannot be made: {error.strerror or error}") from None
    written = []
    try:
        for name, table in tables.items():
            path = folder / f"{name}.{format}"
            _WRITERS[format](path, table, COLUMNS[name])
            written.append(path)
        for name, document in (("run.json", described), ("spec.json", spec_document(record))):
            _write_json(folder / name, document, ())
            written.append(folder / name)
    except OSError as error:
        raise StoreError(f"{plain(folder)}: {error.strerror or error}") from error
    return written


def tables_of(record: RunRecord, runs: RunRegistry) -> dict[str, Table]:
    """Everything a completed run left, as rows with names in place of numbers."""
    from qt_engine.simulation.contract import AMBIGUOUS, Kind, Reason, Status

    symbols = record.spec.symbols
    fills = [
        {
            "sequence": row["sequence"], "time": iso(row["ts"]), "bar": row["bar"], "symbol": symbols[row["asset"]],
            "order": row["order"], "side": side_word(row["side"]), "kind": word(Kind, row["kind"]),
            "reason": word(Reason, row["reason"]), "ambiguous": bool(row["flags"] & AMBIGUOUS),
            **{name: row[name] for name in ("quantity", "price", "fee", "slippage")},
        }
        for row in _rows(runs.rows_of(record, "fills"))
    ]  # fmt: skip
    orders = [
        {
            "id": row["id"], "symbol": symbols[row["asset"]], "decided_bar": row["decided_bar"], "side": side_word(row["side"]),
            "kind": word(Kind, row["kind"]), "reason": word(Reason, row["reason"]), "status": word(Status, row["status"]),
            "fill_bar": row["fill_bar"],
        }
        for row in _rows(runs.rows_of(record, "orders"))
    ]  # fmt: skip
    equity = [{"time": iso(row["ts"]), "equity": row["equity"]} for row in _rows(runs.rows_of(record, "equity"))]
    return {
        "trades": [trade.as_json() for trade in runs.trades_of(record)],
        "fills": fills,
        "orders": orders,
        "equity": equity,
        "events": runs.events_of(record),
    }


COLUMNS = {
    "trades": (
        "symbol", "side", "quantity", "entry_time", "entry_price", "exit_time", "exit_price", "exit_reason", "pnl", "fees",
        "bars_held",
    ),
    "fills": (
        "sequence", "time", "bar", "symbol", "order", "side", "kind", "reason", "ambiguous", "quantity", "price", "fee",
        "slippage",
    ),
    "orders": ("id", "symbol", "decided_bar", "side", "kind", "reason", "status", "fill_bar"),
    "equity": ("time", "equity"),
    "events": ("time", "kind", "symbol", "value", "bound"),
}  # fmt: skip
"""The columns of each exported table, also where it has no rows."""


def _rows(rows: Rows) -> Table:
    names = rows.dtype.names or ()
    return [dict(zip(names, row, strict=True)) for row in rows.tolist()]


def _write_csv(path: Path, table: Table, columns: Sequence[str]) -> None:
    with replaced(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def _write_json(path: Path, document: Any, columns: Sequence[str]) -> None:
    with replaced(path) as temporary:
        temporary.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _write_parquet(path: Path, table: Table, columns: Sequence[str]) -> None:
    import numpy as np

    from qt_engine.storage.lake import write_parquet

    # What is not known: no text, or no number.
    missing = {"symbol": ""}
    columns_of = {
        name: [missing.get(name, np.nan) if row[name] is None else row[name] for row in table] for name in columns
    }
    write_parquet(path, {name: np.array(values) for name, values in columns_of.items()})


_WRITERS = {"csv": _write_csv, "json": _write_json, "parquet": _write_parquet}
