"""A run as files that other programs read."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from qt_engine import Workspace
from qt_engine.core.errors import InputError
from qt_engine.experiments.export import COLUMNS
from qt_engine.storage.lake import read_parquet


def read(path: Path) -> list[dict[str, Any]]:
    match path.suffix:
        case ".csv":
            with path.open(newline="") as file:
                return list(csv.DictReader(file))
        case ".json":
            return list(json.loads(path.read_text()))
        case _:
            columns = read_parquet([path])
            return [
                dict(zip(columns, row, strict=True))
                for row in zip(*(v.tolist() for v in columns.values()), strict=True)
            ]


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_every_table_holds_what_the_run_has(ws: Workspace, tmp_path: Path, format: str) -> None:
    run = ws.backtest("quick", ["AAPL", "IBM"])
    files = ws.export(run, tmp_path / "out", format)
    assert [path.name for path in files] == [*(f"{name}.{format}" for name in COLUMNS), "run.json", "spec.json"]
    tables = {path.stem: read(path) for path in files[:5]}
    assert {name: tuple(table[0]) for name, table in tables.items() if table} == {
        name: columns for name, columns in COLUMNS.items() if name != "events"
    }
    assert tables["events"] == []
    assert len(tables["trades"]) == len(run.trades)
    assert float(tables["trades"][3]["pnl"]) == run.trades[3].pnl
    assert [row["side"] for row in tables["fills"]][:1] == ["buy"]
    assert {row["symbol"] for row in tables["fills"]} == {"AAPL", "IBM"}
    assert {row["status"] for row in tables["orders"]} <= {"filled", "cancelled", "expired", "rejected"}
    assert float(tables["equity"][-1]["equity"]) == run.metrics.final_equity
    assert tables["equity"][0]["time"] == "2000-03-01T00:00:00Z"
    assert json.loads((tmp_path / "out" / "run.json").read_text())["run_id"] == run.id


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_a_run_without_trades_has_tables_without_rows(ws: Workspace, format: str) -> None:
    run = ws.backtest("quick", ["AAPL"], end="2000-03-10")
    files = ws.export(run, format=format)
    assert files[0].parent == ws.folder / "exports" / run.id
    assert {path.stem: len(read(path)) for path in files[:5]} == {
        "trades": 0,
        "fills": 0,
        "orders": 0,
        "equity": 8,
        "events": 0,
    }


def test_wrong_input(ws: Workspace, tmp_path: Path) -> None:
    run = ws.backtest("quick")
    with pytest.raises(InputError, match="'xlsx' is not one of csv, json, parquet"):
        ws.export(run, tmp_path, "xlsx")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        ws.export(run, tmp_path / "file" / "folder")
