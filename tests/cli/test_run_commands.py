"""`qt backtest` and `qt runs`: the JSON contract, what a person sees, exit codes, and that wrong input changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qt_engine import Workspace
from qt_engine.cli import main

BACKTEST_KEYS = [
    "run_id", "status", "strategy", "symbols", "interval", "start", "end", "bars", "seed", "git_commit", "spec_hash", "data_hash",
    "parameter_hash", "input_hash", "result_hash", "parameters", "metrics", "open_positions", "warnings",
]  # fmt: skip
METRIC_KEYS = [
    "final_equity", "total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "trades", "win_rate",
    "profit_factor", "exposure", "turnover", "fees", "slippage", "ambiguous_bars",
]  # fmt: skip
TRADE_KEYS = [
    "symbol", "side", "quantity", "entry_time", "entry_price", "exit_time", "exit_price", "exit_reason", "pnl", "fees", "bars_held",
]  # fmt: skip


@dataclass
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


Call = Callable[..., Said]


@pytest.fixture
def qt(ws: Workspace, capfd: pytest.CaptureFixture[str]) -> Call:
    """Calls `qt` on the test's workspace."""

    def call(*words: object) -> Said:
        code = main(["--workspace", str(ws.folder), *map(str, words)])
        captured = capfd.readouterr()
        return Said(code, captured.out, captured.err)

    return call


def test_backtest_document(qt: Call, ws: Workspace) -> None:
    document = qt(
        "backtest", "quick", "--symbols", "AAPL,IBM", "--interval", "1d", "--start", "2005-01-03", "--end", "2013-02-04",
        "--set", "window=25", "--cash", 50000, "--fee-bps", 1, "--slippage-bps", 0.5, "--tick", 0.01, "--seed", 7, "--json",
    ).json  # fmt: skip
    assert list(document) == BACKTEST_KEYS
    assert list(document["metrics"]) == METRIC_KEYS
    assert document["status"] == "completed"
    assert document["strategy"] == "quick"
    assert document["symbols"] == ["AAPL", "IBM"]
    assert document["start"] == "2005-01-03T00:00:00Z"
    assert document["end"] == "2013-02-04T00:00:00Z"
    assert document["parameters"] == {"window": 25}
    assert document["seed"] == 7
    assert all(len(document[name]) == 64 for name in BACKTEST_KEYS if name.endswith("_hash"))
    assert document["open_positions"]
    for position in document["open_positions"]:
        assert list(position) == ["symbol", "quantity", "entry_time", "entry_price", "last_price", "unrealised_pnl"]
    record = ws.runs.get(document["run_id"])
    assert record.as_json() == document
    assert (record.spec.cash, record.spec.fee_bps, record.spec.slippage_bps, record.spec.tick) == (
        50000.0,
        1.0,
        0.5,
        0.01,
    )


def test_backtest_says_null_where_a_figure_is_not_defined_and_warns(qt: Call) -> None:
    document = qt("backtest", "quick", "--end", "2000-03-08", "--start", "1999-01-01", "--json").json
    assert document["metrics"]["win_rate"] is None
    assert document["metrics"]["sharpe"] is None
    assert document["warnings"] == [
        "the bars begin on 2000-03-01; the start asked for was 1999-01-01",
        "no position was ever opened",
    ]


@pytest.mark.parametrize(
    "strategy", ["sma_cross", "rsi_reversion", "bollinger_reversion", "donchian_breakout", "macd_trend"]
)
def test_shipped_strategies_run_as_they_are(qt: Call, strategy: str) -> None:
    document = qt("backtest", strategy, "--json").json
    assert document["metrics"]["trades"] > 0


def test_backtest_for_a_person(qt: Call) -> None:
    said = qt("backtest", "quick")
    assert said.code == 0
    assert "quick on AAPL, 1d, 2000-03-01 to 2013-03-01" in said.out
    for name in METRIC_KEYS:
        assert name in said.out
    assert "equity" in said.out
    assert "\x1b" not in said.out
    assert len(said.out.splitlines()) > 25


def test_runs_documents(qt: Call) -> None:
    first = qt("backtest", "quick", "--json").json
    second = qt("backtest", "quick", "--set", "window=20", "--json").json
    listed = qt("runs", "list", "--json").json
    assert [row["run_id"] for row in listed] == [second["run_id"], first["run_id"]]
    assert {name: listed[1][name] for name in BACKTEST_KEYS} == first
    assert [row["run_id"] for row in qt("runs", "list", "--limit", 1, "--json").json] == [second["run_id"]]
    assert qt("runs", "list", "--status", "failed", "--json").json == []
    shown = qt("runs", "show", first["run_id"], "--json").json
    assert shown == {**listed[1], "events": [], "fallbacks": []}
    assert {
        "created",
        "sealed",
        "git_dirty",
        "execution",
        "sources",
        "error",
        "engine",
        "asked",
        "progress",
        "tags",
    } <= set(shown)
    trades = qt("runs", "trades", first["run_id"], "--json").json
    assert len(trades) == first["metrics"]["trades"]
    assert all(list(row) == TRADE_KEYS for row in trades)
    assert {row["exit_reason"] for row in trades} == {"exit_signal", "stop_loss"}
    compared = qt("runs", "compare", first["run_id"], second["run_id"], "--json").json
    assert list(compared) == ["baseline", "runs", "metrics", "parameters", "differences"]
    assert compared["parameters"] == {"window": [10, 20]}
    assert list(compared["metrics"]) == METRIC_KEYS
    assert qt("runs", "reproduce", first["run_id"], "--json").json == {
        "run_id": first["run_id"], "verdict": "identical", "first_difference": None,
    }  # fmt: skip


def test_runs_for_a_person(qt: Call) -> None:
    first = qt("backtest", "quick", "--json").json["run_id"]
    second = qt("backtest", "sma_cross", "--symbols", "IBM", "--json").json["run_id"]
    assert first in qt("runs", "list").out
    assert "completed" in qt("runs", "show", first).out
    assert "stop_loss" in qt("runs", "trades", first).out
    compared = qt("runs", "compare", first, second).out
    assert "sharpe" in compared
    assert "parameters that differ" in compared
    assert qt("runs", "reproduce", first).out.strip() == f"run {first}: identical"


def test_limits_that_were_reached_are_shown(qt: Call) -> None:
    words = ["--symbols", "AAPL,IBM", "--limit", "max_concentration=10%", "--limit", "max_drawdown=5%"]
    run_id = qt("backtest", "quick", *words, "--json").json["run_id"]
    document = qt("runs", "show", run_id, "--json").json
    assert document["limits"] == {"max_concentration": 0.1, "max_drawdown": 0.05}
    assert len(document["events"]) == document["metrics"]["limit_events"] > 20
    assert document["events"][-1]["kind"] == "max_drawdown"
    assert list(document["events"][0]) == ["time", "kind", "symbol", "value", "bound"]
    shown = qt("runs", "show", run_id).out
    assert "events, the first 20 of " in shown
    assert "max_concentration" in shown
    assert "limits: max_concentration = 0.1, max_drawdown = 0.05" in shown
    assert "note: limits were reached: max_concentration " in shown
    assert "limit_events" in shown


def test_perfect_execution_is_labelled_everywhere(qt: Call) -> None:
    said = qt("backtest", "quick", "--execution", "perfect")
    assert "execution: perfect" in said.out
    assert "note: perfect execution: no costs; such a result cannot be traded" in said.out
    first = qt("runs", "list", "--json").json[0]
    assert first["execution"]["perfect"] is True
    second = qt("backtest", "quick", "--json").json["run_id"]
    listed = qt("runs", "list").out.splitlines()
    assert [("perfect execution" in line) for line in listed if "exp-" in line] == [False, True]
    compared = qt("runs", "compare", first["run_id"], second)
    assert "perfect execution: no costs" in compared.out
    assert compared.out.count("perfect execution") == 1


def test_no_runs_yet(qt: Call) -> None:
    assert "no runs yet" in qt("runs", "list").out
    assert qt("runs", "list", "--json").json == []


def test_reproduce_says_what_drifted(qt: Call, ws: Workspace) -> None:
    run_id = qt("backtest", "quick", "--json").json["run_id"]
    (ws.runs.folder(run_id) / "fills.parquet").unlink()
    document = qt("runs", "reproduce", run_id, "--json").json
    assert document["verdict"] == "drifted"
    assert document["first_difference"].startswith("fills: ")
    assert "first difference: fills: " in qt("runs", "reproduce", run_id).out


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_export_writes_files(qt: Call, tmp_path: Path, format: str) -> None:
    run_id = qt("backtest", "quick", "--json").json["run_id"]
    document = qt("runs", "export", run_id, "--output", tmp_path / "out", "--format", format, "--json").json
    assert document["run_id"] == run_id
    assert len(document["files"]) == 7
    assert all(Path(name).is_file() for name in document["files"])
    assert "trades.csv" in qt("runs", "export", run_id).out


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("catalog.lock", "catalog.turn")
    }


WRONG = [
    (["backtest"], "STRATEGY"),
    (["backtest", "sma_cros"], "sma_cross"),
    (["backtest", "nowhere/strategy.yaml"], "nowhere/strategy.yaml"),
    (["backtest", "quick", "--symbols", "NOPE"], "NOPE"),
    (["backtest", "quick", "--symbols", ""], "--symbols"),
    (["backtest", "quick", "--symbols", "AAPL,,IBM"], "--symbols"),
    (["backtest", "quick", "--symbols", "AAPL,AAPL"], "AAPL"),
    (["backtest", "quick", "--symbols", "../../etc"], "../../etc"),
    (["backtest", "quick", "--symbols", "[red]x[/red]\x1b[2J"], "[red]x[/red]"),
    (["backtest", "quick", "--interval", "5m"], "5m"),
    (["backtest", "quick", "--interval", "often"], "often"),
    (["backtest", "quick", "--interval", ""], "interval ''"),
    (["backtest", "quick", "--start", "soon"], "soon"),
    (["backtest", "quick", "--end", "2010-02-30"], "2010-02-30"),
    (["backtest", "quick", "--start", "2012-01-01", "--end", "2011-01-01"], "2012-01-01"),
    (["backtest", "quick", "--start", "2050-01-01"], "AAPL"),
    (["backtest", "quick", "--set", "window"], "name=value"),
    (["backtest", "quick", "--set", "window="], "name=value"),
    (["backtest", "quick", "--set", "window=5", "--set", "window=6"], "twice"),
    (["backtest", "quick", "--set", "windw=5"], "window"),
    (["backtest", "quick", "--set", "window=1000"], "window"),
    (["backtest", "quick", "--set", "window=nan"], "window"),
    (["backtest", "quick", "--cash", "0"], "cash"),
    (["backtest", "quick", "--cash", "nan"], "cash"),
    (["backtest", "quick", "--cash", "lots"], "--cash"),
    (["backtest", "quick", "--fee-bps", "-1"], "fee_bps"),
    (["backtest", "quick", "--slippage-bps", "inf"], "slippage_bps"),
    (["backtest", "quick", "--tick", "0"], "tick"),
    (["backtest", "quick", "--seed", "-4"], "seed"),
    (["backtest", "quick", "--seed", "1.5"], "--seed"),
    (["backtest", "quick", "--speed", "3"], "--speed"),
    (["backtest", "quick", "sma_cross"], "sma_cross"),
    (["runs"], "list, show, trades, compare, reproduce, export"),
    (["data"], "import, list, bars, events, quality"),
    (["runs", "lits"], "lits"),
    (["runs", "list", "--status", "done"], "done"),
    (["runs", "list", "--limit", "-1"], "limit"),
    (["runs", "show", "exp-nothing"], "exp-nothing"),
    (["runs", "show", "x'; DROP TABLE runs; --"], "DROP"),
    (["runs", "trades", ""], "does not exist"),
    (["runs", "compare"], "A B"),
    (["runs", "compare", "exp-nothing", "exp-other"], "exp-nothing"),
    (["runs", "reproduce", "exp-nothing"], "exp-nothing"),
    (["runs", "export", "exp-nothing"], "exp-nothing"),
    (["rusn"], "rusn"),
    (["--nope"], "--nope"),
]


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize(("words", "named"), WRONG, ids=[" ".join(words)[:40] for words, _ in WRONG])
def test_wrong_input_is_one_line_exit_2_and_nothing_stored(
    qt: Call, ws: Workspace, words: list[str], named: str, as_json: bool
) -> None:
    before = snapshot(ws.folder)
    said = qt(*words, *(["--json"] if as_json and len(words) > 1 else []))
    assert said.code == 2, said
    assert said.out == ""
    assert len(said.err.splitlines()) == 1, said.err
    assert named in said.err
    assert "Traceback" not in said.err
    assert "\x1b" not in said.err
    assert {name: data for name, data in snapshot(ws.folder).items() if name != "catalog.duckdb"} == {
        name: data for name, data in before.items() if name != "catalog.duckdb"
    }
    assert ws.runs.list() == []


def test_a_strategy_with_a_mistake_names_file_line_and_column(qt: Call, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("schema: 1\nname: bad\nkind: rules\nuniverse: [AAPL]\nentry:\n  long: clos > 3\n")
    said = qt("backtest", file)
    assert said.code == 2
    assert f"{file}, line 6, column 9" in said.err
    assert "close" in said.err


def test_a_damaged_store_is_exit_1_and_one_line(qt: Call, ws: Workspace) -> None:
    run_id = qt("backtest", "quick", "--json").json["run_id"]
    (ws.runs.folder(run_id) / "trades.parquet").write_bytes(b"nonsense")
    said = qt("runs", "trades", run_id, "--json")
    assert (said.code, said.out, len(said.err.splitlines())) == (1, "", 1)


def test_what_nobody_expected_is_one_line_with_the_traceback_in_the_log(
    qt: Call, ws: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def burst(*given: object, **more: object) -> None:
        raise ZeroDivisionError("never\nhappens")

    monkeypatch.setattr(Workspace, "run", burst)
    said = qt("runs", "show", "exp-1")
    assert said.code == 1
    assert len(said.err.splitlines()) == 1
    log = tmp_path / "user-data" / "qt" / "logs" / "qt.log"
    assert str(log) in said.err
    assert "Traceback" in log.read_text()


def test_ctrl_c_is_exit_130(qt: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*given: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Workspace, "backtest", interrupt)
    said = qt("backtest", "quick", "--json")
    assert (said.code, said.out, said.err) == (130, "", "cancelled\n")


def test_interrupted_and_failed_runs_have_their_line(qt: Call, ws: Workspace) -> None:
    def burst(share: float) -> None:
        raise ValueError("the [bold]engine[/] broke")

    with pytest.raises(ValueError, match="broke"):
        ws.backtest("quick", progress=burst)
    (row,) = qt("runs", "list", "--json").json
    assert row["status"] == "failed"
    assert row["error"] == "ValueError: the [bold]engine[/] broke"
    assert row["metrics"] is None
    assert "failed" in qt("runs", "list").out
    shown = qt("runs", "show", row["run_id"])
    assert "error: ValueError: the [bold]engine[/] broke" in shown.out
    assert "Traceback" not in shown.out
    assert qt("runs", "trades", row["run_id"]).code == 2
    assert qt("runs", "reproduce", row["run_id"]).code == 2


def run_qt(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from qt_engine.cli import main; sys.exit(main())"
    command = [sys.executable, "-X", "importtime", "-c", code, *words]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, **environment}, timeout=60
    )


def imported(done: subprocess.CompletedProcess[str]) -> set[str]:
    names = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    return {name.partition(".")[0] for name in names} | names


def test_help_imports_nothing_heavy() -> None:
    done = run_qt("--help")
    assert done.returncode == 0
    assert "backtest" in done.stdout
    heavy = {"numpy", "pandas", "numba", "duckdb", "optuna", "pandera", "pydantic", "textual", "plotext", "talib"}
    assert not heavy & imported(done)


def test_a_backtest_imports_neither_other_groups_nor_what_it_does_not_need(ws: Workspace) -> None:
    done = run_qt("--workspace", str(ws.folder), "backtest", "quick", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["status"] == "completed"
    unneeded = {
        "pandas", "pandera", "optuna", "textual", "plotext", "rich", "talib", "exchange_calendars", "scipy._lib",
        "qt_engine.cli.data", "qt_engine.cli.paper", "qt_engine.jobs", "qt_engine.live", "qt_tui",
    }  # fmt: skip
    assert not unneeded & imported(done)


def test_a_reader_that_leaves_is_no_error(ws: Workspace) -> None:
    ws.backtest("quick")
    code = "import sys; from qt_engine.cli import main; sys.exit(main())"
    words = [
        sys.executable,
        "-c",
        code,
        "--workspace",
        str(ws.folder),
        "runs",
        "trades",
        ws.runs.list()[0].run_id,
        "--json",
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""


def test_the_workspace_from_the_environment(ws: Workspace) -> None:
    done = run_qt("runs", "list", "--json", QT_WORKSPACE=str(ws.folder))
    assert json.loads(done.stdout) == []


def test_version_and_bare_qt(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capfd.readouterr().out.startswith("qt 0.")
    assert main([]) == 0
    assert "Usage: qt" in capfd.readouterr().out
