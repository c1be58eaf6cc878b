"""`qt paper` and `qt jobs`: JSON keys and exit codes are what scripts rely on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from qt_engine.cli import main
from qt_engine.core.clock import monotonic, sleep
from qt_engine.workspace import Workspace
from sample_workspace import own_user, sample, ws

__all__ = ["own_user", "sample", "ws"]


class Shell:
    """Runs `qt` on one workspace."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys

    def run(self, *words: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        code = main(["--workspace", str(self.folder), *words])
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def json(self, *words: str) -> Any:
        code, out, err = self.run(*words, "--json")
        assert (code, err) == (0, ""), err
        return json.loads(out)

    def wait(self, session_id: str, states: Sequence[str]) -> Any:
        deadline = monotonic() + 40.0
        while (found := self.json("paper", "status", session_id))["state"] not in states:
            assert monotonic() < deadline, found
            sleep(0.05)
        return found


@pytest.fixture
def qt(ws: Workspace, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(ws.folder, capsys)


def test_a_session_from_start_to_proof(qt: Shell) -> None:
    words = ["--set", "window=15", "--cash", "5000", "--fee-bps", "1", "--start", "2005-01-01", "--end", "2009-12-31"]
    begun = qt.json("paper", "start", "quick", "--symbols", "AAPL,IBM", "--feed", "replay", *words)
    assert sorted(begun) == ["session_id", "state"]
    session_id = begun["session_id"]
    assert begun["state"] in ("running", "finished")
    status = qt.wait(session_id, ["finished"])
    assert {"state", "positions", "equity", "orders", "fills", "cash", "bars_done", "bars_total"} <= set(status)
    assert status["parameters"] == {"window": 15}
    assert status["symbols"] == ["AAPL", "IBM"]
    assert status["initial_cash"] == 5000.0
    assert all(order["status"] in ("filled", "rejected", "cancelled", "expired") for order in status["orders"])
    assert sorted(status["fills"][0]) == sorted(
        [
            "fill",
            "time",
            "symbol",
            "side",
            "kind",
            "reason",
            "quantity",
            "price",
            "fee",
            "slippage",
            "order",
            "ambiguous",
        ]
    )
    assert [row["session_id"] for row in qt.json("paper", "list")] == [session_id]
    proof = qt.json("paper", "parity", session_id)
    assert (proof["verdict"], proof["first_difference"]) == ("identical", None)
    assert proof["fills"] == len(status["fills"]) > 20
    jobs = qt.json("jobs", "list")
    assert [(job["job_id"], job["state"], job["progress"]) for job in jobs] == [(session_id, "finished", 1.0)]
    assert qt.json("jobs", "show", session_id)["spec"]["run"]["strategy"] == "quick"
    for words in (["list"], ["status", session_id], ["parity", session_id]):
        code, out, _ = qt.run("paper", *words)
        assert code == 0
        assert session_id in out


def test_a_session_goes_on_when_who_started_it_has_gone(qt: Shell) -> None:
    program = "import sys; from qt_engine.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [
        "--workspace",
        str(qt.folder),
        "paper",
        "start",
        "quick",
        "--symbols",
        "AAPL",
        "--speed",
        "300",
        "--json",
    ]
    started = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, text=True, check=True)
    session_id = json.loads(started.stdout)["session_id"]
    assert qt.json("paper", "status", session_id)["state"] == "running"
    while not qt.json("paper", "status", session_id[:-3])["fills"]:
        sleep(0.05)
    assert qt.json("paper", "stop", session_id) == {"session_id": session_id, "state": "stopped"}
    stopped = qt.json("paper", "status", session_id)
    assert 0 < stopped["bars_done"] < stopped["bars_total"]
    assert qt.json("paper", "resume", session_id) == {"session_id": session_id, "state": "running"}
    assert qt.json("jobs", "cancel", session_id)["state"] == "stopped"
    assert qt.json("paper", "parity", session_id)["verdict"] == "identical"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["status", "paper-nothing"], "paper session 'paper-nothing' is not known"),
        (["stop", "x\x1b[31my"], "is not known"),
        (["resume", "../../etc"], "is not known"),
        (["parity", ""], "is not known"),
        (["start", "quick", "--symbols", "AAPL", "--feed", "magic"], "use replay"),
        (["start", "quick", "--symbols", "AAPL", "--speed", "-3"], "speed must be 0"),
        (["start", "quick", "--symbols", "AAPL", "--speed", "fast"], "--speed"),
        (["start", "quick", "--symbols", "NOPE"], "no bars of 'NOPE' are stored"),
        (["start", "quack", "--symbols", "AAPL"], "quick"),
        (["start", "quick", "--set", "window=0"], "parameter window is between"),
        (["start"], "STRATEGY"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(qt: Shell, words: list[str], message: str) -> None:
    code, out, err = qt.run("paper", *words, "--json")
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert "\x1b" not in err
    assert "Traceback" not in err


def test_an_empty_workspace_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(tmp_path / "empty", capsys)
    assert shell.json("paper", "list") == []
    assert shell.json("jobs", "list") == []
    assert "qt paper start" in shell.run("paper", "list")[1]
    assert "qt paper start" in shell.run("jobs", "list")[1]
