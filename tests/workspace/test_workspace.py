"""The front door: where a workspace is, what a script does with it, and what it does not import."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qt_engine import Workspace
from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.workspace import locate
from sample_workspace import STRATEGY


def test_the_script_of_the_readme(ws: Workspace) -> None:
    run = ws.backtest("sma_cross", symbols=["AAPL"], params={"fast": 10})
    assert run.status == "completed"
    assert np.isfinite(run.metrics.sharpe)
    assert run.record.spec.parameters["fast"] == 10
    equity = run.equity
    assert type(equity).__module__.startswith("pandas")
    assert str(equity.index.tz) == "UTC"
    assert len(equity) == run.record.slice.bars
    assert equity.iloc[0] == 100_000.0
    assert equity.iloc[-1] == run.metrics.final_equity
    assert run.trades[0].symbol == "AAPL"
    assert len(run.trades) == run.metrics.trades
    other = ws.backtest("sma_cross", symbols=["AAPL"])
    assert ws.compare(run, other).parameters[0].values == (10, 20)
    assert ws.run(run.id).as_json() == run.as_json()


def test_the_money_adds_up(ws: Workspace) -> None:
    run = ws.backtest("quick", ["AAPL", "IBM", "MSFT"], fee_bps=12, slippage_bps=3, cash=50_000)
    open_entries = {p["symbol"]: p for p in run.record.open_positions}
    open_fees = sum(p["quantity"] * p["entry_price"] * 0.0012 for p in open_entries.values())
    earned = (
        sum(trade.pnl for trade in run.trades) + sum(p["unrealised_pnl"] for p in open_entries.values()) - open_fees
    )
    assert run.metrics.final_equity == pytest.approx(50_000 + earned, rel=1e-12)
    assert run.metrics.fees == pytest.approx(sum(t.fees for t in run.trades) + open_fees, rel=1e-12)
    wins = [t.pnl for t in run.trades if t.pnl > 0]
    assert run.metrics.win_rate == len(wins) / len(run.trades)
    assert run.metrics.profit_factor == pytest.approx(
        sum(wins) / -sum(t.pnl for t in run.trades if t.pnl <= 0), rel=1e-9
    )


def test_metrics_are_those_of_empyrical_on_the_equity_of_the_run(ws: Workspace) -> None:
    import empyrical

    run = ws.backtest("quick")
    returns = run.equity.pct_change().iloc[1:]
    assert run.metrics.sharpe == pytest.approx(empyrical.sharpe_ratio(returns), rel=1e-10)
    assert run.metrics.sortino == pytest.approx(empyrical.sortino_ratio(returns), rel=1e-10)
    assert run.metrics.volatility == pytest.approx(empyrical.annual_volatility(returns), rel=1e-10)
    assert run.metrics.max_drawdown == pytest.approx(empyrical.max_drawdown(returns), rel=1e-10)
    assert run.metrics.calmar == pytest.approx(empyrical.calmar_ratio(returns), rel=1e-10)
    assert run.metrics.cagr == pytest.approx(empyrical.annual_return(returns), rel=1e-10)


def test_where_a_workspace_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = locate("research")
    assert named.name == "research"
    assert named.parent.name == "workspaces"
    assert locate() == named.parent / "default"
    monkeypatch.chdir(tmp_path)
    assert locate("./here") == tmp_path / "here"
    assert locate(".") == tmp_path
    assert locate(tmp_path / "x") == tmp_path / "x"
    assert locate(Path("x")) == tmp_path / "x"
    monkeypatch.setenv("QT_WORKSPACE", str(tmp_path / "from-env"))
    assert locate() == tmp_path / "from-env"
    assert locate("research") == named
    assert Workspace.open("research").folder.is_dir()


@pytest.mark.parametrize("place", ["", "  ", "a\0b", "FILE", "FILE/below"])
def test_a_place_that_cannot_be(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as caught:
        Workspace.open(place.replace("FILE", str(tmp_path / "file")))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("symbol", "near"), [("aapl", "AAPL"), ("Goog", "GOOG"), ("MSTF", "MSFT")])
def test_a_symbol_written_otherwise_comes_with_the_one_that_is_stored(ws: Workspace, symbol: str, near: str) -> None:
    with pytest.raises(NotFoundError, match=f"did you mean '{near}'"):
        ws.backtest("quick", [symbol])


def test_unknown_names_come_with_the_nearest(ws: Workspace) -> None:
    with pytest.raises(NotFoundError, match="sma_cross"):
        ws.backtest("sma_cros")
    with pytest.raises(NotFoundError, match="AAPL"):
        ws.backtest("quick", ["APL"])
    with pytest.raises(InputError, match="window"):
        ws.backtest("quick", params={"windw": 3})


def test_a_strategy_file_by_its_path(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(STRATEGY.replace("quick", "mine"))
    run = ws.backtest(file)
    assert run.record.spec.strategy == "mine"
    file.write_text(STRATEGY.replace("sma(", "smaa("))
    with pytest.raises(InputError, match=r"mine\.yaml, line 9, column"):
        ws.backtest(str(file))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"cash": "lots"}, "cash is a number"), ({"cash": 10**400}, "cash is a number"), ({"seed": "x"}, "seed is a number"),
        ({"fee_bps": [5]}, "fee_bps is a number"), ({"tick": complex(1, 1)}, "tick is a number"),
        ({"symbols": [1]}, "symbols are texts"), ({"symbols": [None]}, "symbols are texts"), ({"symbols": []}, "no universe"),
        ({"seed": 1.5}, "whole number"), ({"cash": float("inf")}, "below 1e15"),
    ],
)  # fmt: skip
def test_what_is_no_number_or_symbol_is_refused(ws: Workspace, wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        ws.backtest("quick", **wrong)
    assert ws.runs.list() == []


def test_dates_may_be_objects(ws: Workspace) -> None:
    day = date(2010, 3, 1)
    assert ws.data.bars("AAPL", start=day, limit=1).ts[0] == ws.data.load(["AAPL"], start="2010-03-01").ts[0]
    assert ws.specify("quick", start=day).start == "2010-03-01"


def test_settings_and_arguments_lie_over_the_defaults(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("fee_bps: 9\n")
    monkeypatch.setenv("QT_CONFIG", str(config))
    monkeypatch.setenv("QT_CASH", "5000")
    spec = Workspace.open(ws.folder).specify("quick", slippage_bps=0)
    assert (spec.cash, spec.fee_bps, spec.slippage_bps, spec.seed) == (5000.0, 9.0, 0.0, 0)
    assert Workspace.open(ws.folder).specify("quick", fee_bps=1).fee_bps == 1.0


def test_preview_is_the_run_without_a_trace(ws: Workspace) -> None:
    run = ws.backtest("quick", ["AAPL", "IBM"], start="2005-01-01")
    preview = ws.preview(STRATEGY, ["AAPL", "IBM"], start="2005-01-01")
    assert preview.problems == ()
    assert preview.metrics == run.metrics
    assert preview.equity is not None
    assert preview.ts is not None
    times, values = run.curve()
    assert preview.equity.tolist() == values
    assert preview.ts.tolist() == times
    assert len(ws.runs.list()) == 1
    assert ws.preview(STRATEGY, params={"window": 20}).metrics == ws.backtest("quick", params={"window": 20}).metrics


@pytest.mark.parametrize(
    ("text", "symbols", "words"),
    [
        ("", None, ""),
        ("kind: [", None, ""),
        (STRATEGY.replace("sma(", "smaa("), None, "sma"),
        (STRATEGY, ["NOPE"], "NOPE"),
        (STRATEGY.replace("[AAPL]", "[]"), None, "symbols"),
        (STRATEGY.replace("default: 10", "default: 1"), None, "window"),
    ],
)
def test_preview_answers_wrong_text_with_problems(
    ws: Workspace, text: str, symbols: list[str] | None, words: str
) -> None:
    preview = ws.preview(text, symbols)
    assert preview.problems
    assert any(words in problem.sentence for problem in preview.problems)
    assert preview.equity is None
    assert preview.metrics is None


def test_preview_sees_new_bars(ws: Workspace, tmp_path: Path) -> None:
    before = ws.preview(STRATEGY)
    more = tmp_path / "more.csv"
    more.write_text("timestamp,open,high,low,close,volume\n2013-03-04,430,440,420,435,1000\n")
    ws.data.import_file(more, symbol="AAPL", interval="1d")
    after = ws.preview(STRATEGY)
    assert before.ts is not None
    assert after.ts is not None
    assert len(after.ts) == len(before.ts) + 1


def test_opening_a_workspace_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from qt_engine import Workspace; ws = Workspace.open(sys.argv[1]); ws.settings; ws.data; ws.runs; ws.strategies\n"
        "ws.data.overview()\n"
        "heavy = {'numpy', 'pandas', 'numba', 'duckdb', 'optuna', 'pandera', 'pydantic', 'talib', 'rich', 'textual', 'typer'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True, env=os.environ
    )
    assert done.stdout.strip() == "[]"
