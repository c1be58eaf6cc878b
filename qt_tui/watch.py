"""Looks whether the workspace has changed, cheaply: file times only, once a second, and tells the screen in sight.

Other processes write to the same workspace (`qt backtest` in another window, a sweep, a paper session), so the app
cannot know by itself when a list has grown.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.timer import Timer

from qt_tui.background import in_background
from qt_tui.status import Status

if TYPE_CHECKING:
    from qt_tui.app import QtApp

PERIOD = 1.0
FOLLOWING = 0.25
WATCHED = ("catalog.duckdb", "jobs", "strategies", "overview.json")


class Watch:
    """A timer on the app; a change calls `refresh_content` of the mode in sight."""

    def __init__(self, app: QtApp) -> None:
        self._app = app
        self._seen: tuple[int, ...] = ()
        self._following: Timer | None = None

    def start(self) -> None:
        """Begin to look; the first look fills the header."""
        self._seen = self._stamp()
        self.renew_status()
        self._app.set_interval(PERIOD, self._look)

    def _stamp(self) -> tuple[int, ...]:
        folder = Path(self._app.workspace.folder)
        stamps = []
        for name in WATCHED:
            try:
                stamps.append((folder / name).stat().st_mtime_ns)
            except OSError:
                stamps.append(0)
        return tuple(stamps)

    def _look(self) -> None:
        stamp = self._stamp()
        if stamp == self._seen:
            if self._app.status.jobs or self._app.status.sessions:
                self.renew_status()
            return
        self._seen = stamp
        self.nudge()

    def nudge(self) -> None:
        """Something has changed: renew header and mode at once."""
        self.renew_status()
        from qt_tui.screens.mode import ModeScreen

        for screen in reversed(self._app.screen_stack):
            if isinstance(screen, ModeScreen):
                screen.renew()
                return

    def renew_status(self) -> None:
        """Read again what the header says."""
        in_background(self._app, "status", self._read_status, self._app.show_status, failed=lambda line: None)

    def _read_status(self) -> Status:
        workspace = self._app.workspace
        cards = workspace.data.overview()
        date = max((str(card.end)[:10] for card in cards), default="")
        folder = Path(workspace.folder)
        sessions = jobs = 0
        if (folder / "jobs").is_dir():
            active = [job for job in workspace.jobs.list() if job.state == "running"]
            sessions = sum(job.kind == "paper" for job in active)
            jobs = len(active) - sessions
        here = self._app.running_here
        return Status(folder.name, date, sessions, jobs, here.count, here.share)

    def follow(self) -> None:
        """Show how far the backtests of this app are, until the last one has ended."""
        if self._following is None:
            self._following = self._app.set_interval(FOLLOWING, self._follow)

    def _follow(self) -> None:
        here = self._app.running_here
        if not here.count and self._following is not None:
            self._following.stop()
            self._following = None
        self._app.show_status(replace(self._app.status, runs=here.count, share=here.share))
