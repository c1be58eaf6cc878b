"""`qt demo`: the tour works from nothing, may be taken again, and opens the app only on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from qt_engine import Workspace
from qt_engine.cli import main


def test_the_tour(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    opened: list[Workspace] = []
    assert main(["demo"], open_app=lambda workspace: opened.append(workspace) or 0) == 0
    said = capfd.readouterr().out
    for words in (
        "AAPL",
        "sma_cross",
        "rsi_reversion",
        "80 combinations",
        "B - A",
        "max_drawdown",
        "parameters that differ",
    ):
        assert words in said
    assert opened == []
    runs = Workspace.open("demo").runs.list()
    assert [run.status for run in runs] == ["completed"] * 3
    assert str(tmp_path / "user-data") in said


def test_the_tour_in_a_folder_and_again(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "here"
    assert main(["--workspace", str(folder), "demo"]) == 0
    assert f"qt --workspace {folder}" in capfd.readouterr().out
    assert main(["--workspace", str(folder), "demo"]) == 0
    assert len(Workspace.open(folder).data.series()) == 5
    assert len(Workspace.open(folder).runs.list()) == 6
    assert not (tmp_path / "user-data" / "qt" / "workspaces").exists()


def test_on_a_terminal_the_app_opens_afterwards(tmp_path: Path) -> None:
    code = (
        "import sys; from qt_engine.cli import main\n"
        "sys.exit(main(['--workspace', sys.argv[1], 'demo'], open_app=lambda ws: print('OPENED', ws.folder.name) or 0))"
    )
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "room")], stdout=terminal, stderr=subprocess.DEVNULL
    ) as process:
        os.close(terminal)
        said = b""
        while True:
            try:
                chunk = os.read(controller, 65536)
            except OSError:
                break
            if not chunk:
                break
            said += chunk
    os.close(controller)
    assert process.returncode == 0
    assert b"OPENED room" in said.splitlines()[-1]
