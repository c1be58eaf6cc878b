"""Every mode at two sizes, as pictures; `--snapshot-update` renews them after they were looked at."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from qt_tui import modes
from qt_tui.app import QtApp
from research_workspace import settle

SIZES = ((120, 40), (80, 24))
Compare = Callable[..., bool]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("mode", modes.NAMES)
def test_mode(mode: str, size: tuple[int, int], app: QtApp, snap_compare: Compare) -> None:
    async def look(pilot: Pilot[int]) -> None:
        await settle(pilot)
        if mode == "strategies":
            app.remembered.note("strategy", "sma_cross")
        if mode == "compare":
            app.marked_runs = [run.run_id for run in app.workspace.runs.list()[1:4]]
        await pilot.press(str(modes.NAMES.index(mode) + 1))
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=look)


@pytest.mark.parametrize("pane", ["chart", "rows"])
def test_panes_of_a_narrow_terminal(pane: str, app: QtApp, snap_compare: Compare) -> None:
    async def look(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press(*["tab"] * (1 if pane == "chart" else 2))
        await settle(pilot)

    assert snap_compare(app, terminal_size=(80, 24), run_before=look)


@pytest.mark.parametrize("theme", ["light", "high_contrast", "colour_blind"])
def test_themes(theme: str, app: QtApp, snap_compare: Compare) -> None:
    async def look(pilot: Pilot[int]) -> None:
        app.theme = theme
        await pilot.press("3")
        await settle(pilot)

    assert snap_compare(app, terminal_size=(120, 40), run_before=look)


def test_three_panes_of_a_wide_terminal(app: QtApp, snap_compare: Compare) -> None:
    async def look(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press("tab", "left", "left", "left", "left")
        await settle(pilot)

    assert snap_compare(app, terminal_size=(200, 50), run_before=look)


def test_problems_as_you_type(app: QtApp, snap_compare: Compare) -> None:
    async def look(pilot: Pilot[int]) -> None:
        app.remembered.note("strategy", "broken")
        await pilot.press("2")
        await settle(pilot)

    assert snap_compare(app, terminal_size=(120, 40), run_before=look)


def test_help(app: QtApp, snap_compare: Compare) -> None:
    async def look(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press("question_mark")
        await settle(pilot)

    assert snap_compare(app, terminal_size=(120, 40), run_before=look)
