"""A small research workspace, made once under a stepping clock so that every picture of it is the same."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from qt_engine import Workspace
from qt_engine.core import clock
from qt_tui.app import QtApp
from qt_tui.folders import Folders
from qt_tui.widgets.editor import Editor

START_NS = 1_767_261_600_000_000_000  # 2026-01-01T10:00:00Z
SESSION = "paper-20260101T100000000-5eed5eed"
BROKEN = """\
schema: 1
name: broken
kind: rules
interval: 1d
universe: [AAPL]
entry:
  long: crosses_above(close, smaa(close, 20))
exit:
  long: crosses_below(close, sma(close, 20))
"""


@pytest.fixture(scope="session")
def research(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sample bars, four runs, a broken strategy and a finished paper session; not to be changed."""
    folder = tmp_path_factory.mktemp("tui") / "research"
    ws = Workspace.open(folder)
    with clock.stepping(START_NS):
        ws.data.import_sample()
        for strategy, symbols, params in (
            ("sma_cross", ["AAPL"], {}),
            ("sma_cross", ["AAPL"], {"fast": 10, "slow": 60}),
            ("rsi_reversion", ["IBM"], {}),
            ("macd_trend", ["MSFT", "GOOG"], {}),
        ):
            ws.backtest(strategy, symbols, params=params, start="2005-01-01", end="2012-12-31")
        ws.strategies.save("broken", BROKEN)
        started = ws.sessions.start("sma_cross", ["AAPL"], speed=0.0, start="2010-01-01", end="2012-12-31")
    wait_for(lambda: ws.sessions.status(started).state != "running")
    # The id of a session holds its process; a picture must not.
    (folder / "jobs" / started).rename(folder / "jobs" / SESSION)
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """A user without settings."""
    return Folders(tmp_path / "config", tmp_path / "state")


@pytest.fixture
def workspace(research: Path, tmp_path: Path) -> Workspace:
    """A copy of the research workspace that a test may change."""
    shutil.copytree(research, tmp_path / "research")
    return Workspace.open(tmp_path / "research")


@pytest.fixture
def app(workspace: Workspace, folders: Folders) -> QtApp:
    """The app on that copy."""
    return QtApp(workspace, folders)


@pytest.fixture(autouse=True)
def own_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the person who runs the tests is read or written."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user-data"))
    monkeypatch.setenv("QT_CONFIG", str(tmp_path / "no-config.yaml"))
    for name in [name for name in os.environ if name.startswith("QT_") and name != "QT_CONFIG"]:
        monkeypatch.delenv(name)


def wait_for(test: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    deadline = clock.monotonic() + seconds
    while not test():
        assert clock.monotonic() < deadline, "waited too long"
        clock.sleep(0.05)


async def settle(pilot: Pilot[int], seconds: float = 60.0) -> None:
    """Wait until no thread works for the app any more and what they found is on the screen."""
    quiet, deadline = 0, clock.monotonic() + seconds
    while quiet < 3:
        assert clock.monotonic() < deadline, "the app does not come to rest"
        await asyncio.sleep(0.03)
        await pilot.pause()
        quiet = 0 if any(not worker.is_finished for worker in pilot.app.workers) else quiet + 1
    for editor in pilot.app.screen.query(Editor):
        editor.cursor_blink = False


async def until(pilot: Pilot[int], test: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds on the screen."""
    deadline = clock.monotonic() + seconds
    while not test():
        assert clock.monotonic() < deadline, f"waited too long; the screen shows\n{screen_text(pilot)}"
        await asyncio.sleep(0.03)
        await pilot.pause()


def screen_text(pilot: Pilot[int]) -> str:
    """What is on the screen, as text."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)
