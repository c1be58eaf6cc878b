"""A run has its row before its first step and keeps it, whatever becomes of the process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qt_engine import Workspace
from qt_engine.core.errors import CancelledError, InputError, NotFoundError, StoreError
from qt_engine.experiments.record import RunRecord
from sample_workspace import STRATEGY


def test_a_completed_run_has_its_row_and_its_files(ws: Workspace) -> None:
    run = ws.backtest("quick")
    stored = ws.runs.get(run.id)
    assert stored == run.record
    assert stored.status == "completed"
    assert re.fullmatch(r"exp-\d{8}T\d{9}-[0-9a-f]{8}", run.id)
    assert run.id.endswith(stored.spec.hash[:8])
    assert sorted(path.name for path in ws.runs.folder(run.id).iterdir()) == [
        "equity.parquet", "fills.parquet", "orders.parquet", "spec.json", "trades.parquet",
    ]  # fmt: skip
    equity = ws.runs.equity(run.id)
    assert len(equity) == stored.slice.bars
    assert stored.metrics is not None
    assert equity["equity"][-1] == stored.metrics.final_equity
    assert len(ws.runs.trades(run.id)) == stored.metrics.trades > 0


def test_the_row_is_there_and_running_while_the_run_goes_on(ws: Workspace) -> None:
    seen: list[RunRecord] = []
    ws.backtest("quick", progress=lambda share: seen.extend(ws.runs.list("running")))
    assert seen[0].status == "running"
    assert seen[0].metrics is None
    assert [record.status for record in ws.runs.list()] == ["completed"]


def test_progress_is_seen_by_others(ws: Workspace) -> None:
    seen: list[float] = []

    def look(share: float) -> None:
        (record,) = ws.runs.list("running")
        ws.runs.note_progress(record.run_id, 0.25)
        seen.append(ws.runs.get(record.run_id).progress)

    run = ws.backtest("quick", progress=look)
    assert seen == [0.25]
    assert ws.runs.get(run.id).progress == 1.0
    assert not (ws.runs.folder(run.id) / "progress").exists()


def test_a_run_that_raises_is_kept_as_failed_with_error_and_traceback(ws: Workspace) -> None:
    def burst(share: float) -> None:
        raise ZeroDivisionError("a [red]bad[/] day\x1b[2J")

    with pytest.raises(ZeroDivisionError):
        ws.backtest("quick", progress=burst)
    (record,) = ws.runs.list("failed")
    assert record.error == "ZeroDivisionError: a [red]bad[/] day [2J"
    assert record.traceback is not None
    assert "burst" in record.traceback
    assert record.metrics is None
    assert "traceback" not in record.details()
    with pytest.raises(InputError, match="failed; only a completed run has metrics"):
        _ = ws.run(record.run_id).metrics.sharpe
    with pytest.raises(InputError, match="failed; only a completed run has trades"):
        ws.runs.trades(record.run_id)


@pytest.mark.parametrize("reason", [KeyboardInterrupt(), CancelledError("enough")])
def test_a_cancelled_run_is_kept_as_cancelled(ws: Workspace, reason: BaseException) -> None:
    def stop(share: float) -> None:
        raise reason

    with pytest.raises(type(reason)):
        ws.backtest("quick", progress=stop)
    assert [record.status for record in ws.runs.list()] == ["cancelled"]


LONG_RUN = """
import sys, time
from qt_engine import Workspace
def tell(share):
    print("started", flush=True)
    time.sleep(60)
Workspace.open(sys.argv[1]).backtest("quick", progress=tell)
"""


def start_long_run(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", LONG_RUN, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


@pytest.mark.parametrize("waited_for", [True, False], ids=["gone", "zombie"])
@pytest.mark.parametrize("look", ["list", "get", "list interrupted"])
def test_a_killed_run_is_interrupted_at_the_next_look(ws: Workspace, look: str, waited_for: bool) -> None:
    process = start_long_run(ws.folder)
    (record,) = ws.runs.list("running")
    assert record.process.pid == process.pid
    os.kill(process.pid, signal.SIGKILL)
    if waited_for:
        process.wait()
    else:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    other = Workspace.open(ws.folder)
    match look:
        case "get":
            sealed = other.runs.get(record.run_id)
        case "list":
            (sealed,) = other.runs.list()
        case _:
            (sealed,) = other.runs.list("interrupted")
    assert sealed.status == "interrupted"
    assert sealed.sealed_ns is not None
    assert other.runs.list("running") == []
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_two_processes_at_once_lose_nothing(ws: Workspace) -> None:
    code = (
        "import sys; from qt_engine import Workspace; ws = Workspace.open(sys.argv[1])\n"
        "for i in range(4): print(ws.backtest('quick', params={'window': 5 + i}).id, flush=True)"
    )
    command = [sys.executable, "-c", code, str(ws.folder)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [line for process in processes for line in process.communicate(timeout=100)[0].split()]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(told) == sorted(record.run_id for record in ws.runs.list("completed"))
    assert len(set(told)) == 8


def test_ids_are_unique_when_everything_else_is_equal(ws: Workspace) -> None:
    ids: list[str] = []

    def work() -> None:
        ids.extend(ws.runs._claim("exp-20200101T000000000-00000000") for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 200


def test_lookup_by_the_beginning_of_an_id(ws: Workspace) -> None:
    first, second = ws.backtest("quick"), ws.backtest("quick", params={"window": 11})
    assert ws.runs.get(first.id[:-1]) == first.record
    with pytest.raises(InputError, match="beginning of 2 runs"):
        ws.runs.get("exp-")
    with pytest.raises(NotFoundError, match=f"did you mean {second.id}"):
        ws.runs.get(second.id.replace("exp", "xep"))
    for nothing in ("", "zzz", "' OR 1=1 --", "exp-%", "[red]"):
        with pytest.raises(NotFoundError):
            ws.runs.get(nothing)


def test_an_empty_workspace_has_no_runs(tmp_path: Path) -> None:
    empty = Workspace.open(tmp_path / "empty")
    assert empty.runs.list() == []
    with pytest.raises(NotFoundError, match="there are no runs yet"):
        empty.runs.get("exp-1")


def test_list_filters_and_limits(ws: Workspace) -> None:
    ids = [ws.backtest("quick", params={"window": 5 + index}).id for index in range(3)]
    ids.append(ws.backtest("sma_cross").id)
    assert [record.run_id for record in ws.runs.list()] == ids[::-1]
    assert [record.run_id for record in ws.runs.list(limit=2)] == ids[:1:-1]
    assert [record.run_id for record in ws.runs.list(strategy="sma_cross")] == ids[3:]
    assert ws.runs.list("failed") == []
    with pytest.raises(InputError, match="status 'done' is not one of running"):
        ws.runs.list("done")
    with pytest.raises(InputError, match="limit"):
        ws.runs.list(limit=-1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"strategy": "quikc"},
        {"symbols": ["NOPE"]},
        {"symbols": []},
        {"symbols": ["AAPL", "AAPL"]},
        {"params": {"windw": 3}},
        {"params": {"window": 1}},
        {"params": {"window": "many"}},
        {"start": "yesterday"},
        {"start": "2012-01-01", "end": "2011-01-01"},
        {"start": "2030-01-01"},
        {"interval": "5m"},
        {"interval": "soon"},
        {"cash": 0.0},
        {"cash": float("nan")},
        {"fee_bps": -1.0},
        {"slippage_bps": float("inf")},
        {"tick": 0.0},
        {"seed": -1},
    ],
    ids=str,
)
def test_wrong_input_stores_nothing(ws: Workspace, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        ws.backtest(**{"strategy": "quick", **wrong})
    assert "\n" not in str(caught.value)
    assert ws.runs.list() == []
    assert not (ws.folder / "runs").exists()


def test_the_git_commit_of_the_workspace_is_recorded(ws: Workspace) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", "-C", ws.folder, *identity, *arguments], check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q")
    unborn = ws.backtest("quick").record
    assert (unborn.git_commit, unborn.git_dirty) == (None, None)
    git("add", "strategies")
    git("commit", "-q", "-m", "strategy")
    clean = ws.backtest("quick").record
    ws.strategies.save("quick", STRATEGY.replace("5%", "6%"))
    dirty = ws.backtest("quick").record
    commit = git("rev-parse", "HEAD").strip()
    assert (clean.git_commit, clean.git_dirty) == (commit, False)
    assert (dirty.git_commit, dirty.git_dirty) == (commit, True)
    assert ws.runs.get(dirty.run_id).git_dirty is True


def test_without_a_repository_there_is_no_commit(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record = ws.backtest("quick").record
    assert (record.git_commit, record.git_dirty) == (None, None)


def test_spec_json_is_enough_to_know_what_was_run(ws: Workspace) -> None:
    run = ws.backtest("quick", start="2010-01-01", fee_bps=1)
    stored = json.loads((ws.runs.folder(run.id) / "spec.json").read_text())
    assert stored["spec"]["parameters"] == {"window": 10}
    assert stored["spec"]["start"] == "2010-01-01"
    assert stored["spec"]["source"] == STRATEGY
    assert stored["data"]["hash"] == run.record.slice.hash
    assert str(ws.folder) not in json.dumps(stored)


@pytest.mark.parametrize("damage", ["missing", "torn", "other columns"])
def test_a_damaged_file_is_an_error_of_one_line(ws: Workspace, damage: str) -> None:
    run = ws.backtest("quick")
    path = ws.runs.folder(run.id) / "equity.parquet"
    match damage:
        case "missing":
            path.unlink()
        case "torn":
            path.write_bytes(path.read_bytes()[:100])
        case _:
            path.write_bytes((path.parent / "fills.parquet").read_bytes())
    with pytest.raises(StoreError, match=r"equity\.parquet") as caught:
        ws.runs.equity(run.id)
    assert "\n" not in str(caught.value)


def test_no_unfinished_file_is_ever_left(ws: Workspace) -> None:
    run = ws.backtest("quick", symbols=["AAPL", "IBM"])
    assert not [path for path in ws.runs.folder(run.id).rglob("*") if path.suffix == ".tmp"]
    assert np.all(np.diff(ws.runs.equity(run.id)["ts"]) > 0)
