"""An old run comes out byte for byte, or the first thing that differs is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qt_engine import Workspace
from qt_engine.core.errors import InputError
from qt_engine.core.hashing import canonical_json
from qt_engine.experiments.artifacts import read_table, write_table
from qt_engine.experiments.rows import spec_document, update


@pytest.mark.parametrize(
    ("strategy", "symbols"), [("quick", ["AAPL"]), ("quick", ["AAPL", "FB", "IBM"]), ("rsi_reversion", None)]
)
def test_identical(ws: Workspace, strategy: str, symbols: list[str] | None) -> None:
    run = ws.backtest(strategy, symbols, seed=3, fee_bps=7.5, start="2005-01-01")
    answer = Workspace.open(ws.folder).reproduce(run.id)
    assert answer.as_json() == {"run_id": run.id, "verdict": "identical", "first_difference": None}


def test_identical_although_the_strategy_was_changed_or_deleted_since(ws: Workspace) -> None:
    run = ws.backtest("quick")
    ws.strategies.delete("quick")
    assert ws.reproduce(run).verdict == "identical"


def test_identical_although_bars_were_added_since(ws: Workspace, tmp_path: Path) -> None:
    run = ws.backtest("quick")
    more = tmp_path / "more.csv"
    more.write_text(
        "timestamp,open,high,low,close,volume\n2013-03-04,430,440,420,435,1000\n2013-03-05,430,440,420,435,1000\n"
    )
    ws.data.import_file(more, symbol="AAPL", interval="1d")
    newer = ws.backtest("quick")
    assert newer.record.slice.bars == run.record.slice.bars + 2
    assert ws.reproduce(run).verdict == "identical"
    assert ws.reproduce(newer).verdict == "identical"


def tamper_price(folder: Path) -> None:
    fills = read_table(folder, "fills")
    fills["price"][3] = np.nextafter(fills["price"][3], np.inf)
    write_table(folder, "fills", fills)


def tamper_missing_fill(folder: Path) -> None:
    write_table(folder, "fills", read_table(folder, "fills")[:-1])


def tamper_order(folder: Path) -> None:
    orders = read_table(folder, "orders")
    orders["reason"][1] += 1
    write_table(folder, "orders", orders)


def tamper_equity(folder: Path) -> None:
    equity = read_table(folder, "equity")
    equity["equity"][100] += 1e-9
    write_table(folder, "equity", equity)


def remove_fills(folder: Path) -> None:
    (folder / "fills.parquet").unlink()


def tear_orders(folder: Path) -> None:
    path = folder / "orders.parquet"
    path.write_bytes(path.read_bytes()[:60])


def tamper_trade(folder: Path) -> None:
    trades = read_table(folder, "trades")
    trades["pnl"][2] += 1.0
    write_table(folder, "trades", trades)


def tamper_spec(folder: Path) -> None:
    path = folder / "spec.json"
    path.write_text(path.read_text().replace('"window": 10', '"window": 11'))


def tear_spec(folder: Path) -> None:
    (folder / "spec.json").write_text('{"spec": {')


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (tamper_price, r"^fill 3: price \d+\.\d+ ≠ \d+\.\d+$"),
        (tamper_missing_fill, r"^fills: \d+ stored ≠ \d+ now$"),
        (tamper_order, r"^order 1: reason \d ≠ \d$"),
        (tamper_equity, r"^equity at bar 100 \(2000-\d\d-\d\dT00:00:00Z\): equity "),
        (tamper_trade, r"^trade 2: pnl -?\d+\.\d+ ≠ -?\d+\.\d+$"),
        (tamper_spec, r"^spec: parameters in spec\.json is not what was registered$"),
        (tear_spec, r"^spec: .*spec\.json"),
        (remove_fills, r"^fills: .*fills\.parquet"),
        (tear_orders, r"^orders: .*orders\.parquet"),
    ],
)
def test_drifted_names_the_first_difference(ws: Workspace, change: Callable[[Path], None], named: str) -> None:
    run = ws.backtest("quick")
    change(ws.runs.folder(run.id))
    answer = ws.reproduce(run.id)
    assert answer.verdict == "drifted"
    assert answer.first_difference is not None
    assert "\n" not in answer.first_difference
    assert re.search(named, answer.first_difference), answer.first_difference


def change_row(ws: Workspace, run_id: str, **changes: object) -> None:
    with ws.catalog.write() as con:
        con.execute(*update(run_id, changes))


@pytest.mark.parametrize(("column", "named"), [("result_hash", "result hash"), ("input_hash", "input hash")])
def test_a_changed_hash_is_drift(ws: Workspace, column: str, named: str) -> None:
    run = ws.backtest("quick")
    change_row(ws, run.id, **{column: "0" * 64})
    answer = ws.reproduce(run.id)
    assert answer.verdict == "drifted"
    assert answer.first_difference is not None
    assert answer.first_difference.startswith(f"{named} 000000000000 ≠ ")


def test_a_changed_metric_is_drift(ws: Workspace) -> None:
    run = ws.backtest("quick")
    with ws.catalog.write() as con:
        con.execute("UPDATE metrics SET value = value + 0.5 WHERE run_id = ? AND name = 'sharpe'", [run.id])
    difference = ws.reproduce(run.id).first_difference
    assert difference is not None
    assert difference.startswith("metric sharpe: ")


def test_another_engine_revision_is_named_when_something_differs_and_no_drift_where_nothing_does(ws: Workspace) -> None:
    run = ws.backtest("quick")
    change_row(ws, run.id, spec=canonical_json({**spec_document(run.record), "engine": 0}))
    assert ws.reproduce(run.id).verdict == "identical"
    tamper_price(ws.runs.folder(run.id))
    difference = ws.reproduce(run.id).first_difference
    assert difference is not None
    assert difference.startswith("engine revision 0 ≠ ")
    assert "fill 3: price" in difference


def test_lost_bars_are_drift(ws: Workspace) -> None:
    run = ws.backtest("quick")
    for part in (ws.folder / "bars").rglob("*.parquet"):
        part.unlink()
    answer = Workspace.open(ws.folder).reproduce(run.id)
    assert answer.verdict == "drifted"
    assert answer.first_difference is not None
    assert answer.first_difference.startswith("data: ")


def test_only_a_completed_run_can_be_reproduced(ws: Workspace) -> None:
    def burst(share: float) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        ws.backtest("quick", progress=burst)
    (record,) = ws.runs.list()
    with pytest.raises(InputError, match="is failed; only a completed run can be reproduced"):
        ws.reproduce(record.run_id)
