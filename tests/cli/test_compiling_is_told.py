"""Who waits for a compiler is told so, on a terminal and nowhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

QT = (sys.executable, "-c", "import sys; from qt_engine.cli import main; sys.exit(main())")
RULES = "schema: 1\nname: r\nkind: rules\nentry:\n  long: close > open\n"
PORTFOLIO = "schema: 1\nname: p\nkind: portfolio\n"


def said(folder: Path, *words: str) -> str:
    """What a process on a terminal writes to stderr, in which nothing was compiled and nothing will be: there are no bars."""
    controller, terminal = pty.openpty()
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "empty")}
    done = subprocess.run([*QT, "-w", f"{folder}/w", *words], stderr=terminal, env=environment, check=False)
    os.close(terminal)
    text = os.read(controller, 65536).decode()
    os.close(controller)
    assert done.returncode == 2
    assert "no bars" in text
    return text


@pytest.mark.parametrize("command", ["backtest", "paper start"])
def test_what_is_waited_for_is_told(command: str, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(RULES)
    (tmp_path / "p.yaml").write_text(PORTFOLIO)
    rules = (*command.split(), str(tmp_path / "r.yaml"), "--symbols", "A")
    portfolio = (*command.split(), str(tmp_path / "p.yaml"), "--symbols", "A")
    assert "compiled now, once: some seconds" in said(tmp_path, *rules)
    assert "about twenty seconds" in said(tmp_path, *rules, "--limit", "max_drawdown=5%")
    assert "about twenty seconds" in said(tmp_path, *portfolio)


def test_a_pipe_is_told_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "empty")}
    words = (*QT, "-w", f"{tmp_path}/w", "backtest", "sma_cross", "--symbols", "A")
    done = subprocess.run(words, capture_output=True, env=environment, check=False, text=True)
    assert done.stderr.startswith("no bars of 'A' are stored")
