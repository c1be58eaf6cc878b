"""Every mode at two sizes, as pictures; `--snapshot-update` renews them after they were looked at."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from qt_engine.core import clock
from qt_tui import modes
from qt_tui.app import QtApp
from research_workspace import START_NS, settle

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


def test_the_execution_models(app: QtApp, snap_compare: Compare) -> None:
    async def look(pilot: Pilot[int]) -> None:
        app.remembered.note("strategy", "sma_cross")
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("m")
        await settle(pilot)
        await pilot.press("down", "down", "down", "down", "down")
        await settle(pilot)

    assert snap_compare(app, terminal_size=(120, 40), run_before=look)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_perfect_run_that_reached_limits(size: tuple[int, int], app: QtApp, snap_compare: Compare) -> None:
    given = {"max_concentration": 0.4, "max_gross": 0.9}
    with clock.stepping(START_NS + 3600 * 10**9):
        run = app.workspace.backtest(
            "xmom_crosssec",
            ["AAPL", "IBM", "MSFT"],
            start="2005-01-01",
            end="2008-12-31",
            execution="perfect",
            risk=given,
        )
    app.remembered.note("run", run.id)

    async def look(pilot: Pilot[int]) -> None:
        await pilot.press("3", "v")
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=look)


def test_a_strategy_in_python(app: QtApp, snap_compare: Compare) -> None:
    async def look(pilot: Pilot[int]) -> None:
        app.remembered.note("strategy", "xmom_crosssec_py")
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("e", *["down"] * 24)
        await settle(pilot)

    assert snap_compare(app, terminal_size=(120, 40), run_before=look)
