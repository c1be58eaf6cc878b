"""Makes the pictures of `docs/images`: starts the app on a workspace with the bundled bars, presses keys, exports what is shown.

`make screens`, or `python docs/make_screens.py [FOLDER]`. The workspace is made in a temporary folder under a stepping clock,
so that two pictures of the same version are the same, but for the id of the paper session.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from textual.pilot import Pilot

from qt_engine import Workspace
from qt_engine.core import clock
from qt_tui.app import QtApp
from qt_tui.folders import Folders
from qt_tui.widgets.editor import Editor

IMAGES = Path(__file__).parent / "images"
SIZE = (120, 40)
START_NS = 1_795_255_200_000_000_000  # 2026-11-21T10:00:00Z
SHOTS = {
    "data": ("1", "tab"),
    "strategies": ("2", "e"),
    "runs": ("3",),
    "events": ("3", "down", "v"),
    "compare": ("3", "space", "down", "space", "down", "space", "c"),
    "live": ("6",),
}
"""Name of each picture, and the keys that lead to it."""


def make_workspace(folder: Path) -> Workspace:
    """Sample bars, a few runs and a finished paper session."""
    workspace = Workspace.open(folder)
    with clock.stepping(START_NS):
        workspace.data.import_sample()
        workspace.backtest("donchian_breakout", ["AAPL", "IBM", "MSFT"])
        workspace.backtest("macd_trend", ["IBM"])
        workspace.backtest("rsi_reversion", ["AAPL"])
        workspace.backtest("sma_cross", ["AAPL"], params={"fast": 5})
        limits = {"max_concentration": 0.55, "max_drawdown": 0.6}
        workspace.backtest("xmom_crosssec", execution="us_stocks", risk=limits)
        workspace.backtest("sma_cross", ["AAPL"])
        session = workspace.sessions.start("xmom_crosssec", ["AAPL", "IBM", "MSFT"], execution="us_stocks", risk=limits)
    while workspace.sessions.status(session).state == "running":
        clock.sleep(0.1)
    return workspace


async def settle(pilot: Pilot[int]) -> None:
    """Wait until no thread works for the app and what they found is on the screen."""
    quiet = 0
    while quiet < 5:
        await asyncio.sleep(0.05)
        await pilot.pause()
        quiet = 0 if any(not worker.is_finished for worker in pilot.app.workers) else quiet + 1
    for editor in pilot.app.screen.query(Editor):
        editor.cursor_blink = False


async def shoot(workspace: Workspace, own: Path, keys: tuple[str, ...]) -> str:
    """The screen after some keys, as SVG."""
    app = QtApp(workspace, Folders(own / "config", own / "state"))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        app.remembered.note("strategy", "sma_cross")
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        return app.export_screenshot(title="qt", simplify=True)


def main() -> int:
    """Make every picture."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        workspace = make_workspace(Path(folder) / "research")
        for name, keys in SHOTS.items():
            svg = asyncio.run(shoot(workspace, Path(folder) / name, keys))
            # Rich names the styles of each picture after a random number; a fixed one keeps pictures comparable.
            svg = re.sub(r"terminal-\d+", f"terminal-{name}", svg)
            (target / f"{name}.svg").write_text(re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE), encoding="utf-8")
            print(target / f"{name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
