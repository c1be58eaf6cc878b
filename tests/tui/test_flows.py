"""What a person does in a day, with keys alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qt_engine import Workspace
from qt_tui.app import QtApp
from qt_tui.folders import Folders
from qt_tui.screens.runs import RunsScreen
from qt_tui.widgets.bars_table import BarsTable
from qt_tui.widgets.candle_chart import CandleChart
from qt_tui.widgets.equity_chart import EquityChart
from qt_tui.widgets.problems_table import ProblemsTable
from qt_tui.widgets.table import Table
from research_workspace import SESSION, screen_text, settle, until

SIZE = (120, 40)


async def test_an_empty_workspace_says_what_to_press_and_that_key_imports_the_sample(
    tmp_path: Path, folders: Folders
) -> None:
    app = QtApp(Workspace.open(tmp_path / "fresh"), folders)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "Press i to import" in screen_text(pilot)
        await pilot.press("i")
        await until(pilot, lambda: app.screen.query_one("#symbol-list", Table).row_count == 5)
        await settle(pilot)
        assert "AAPL 1d  3,270 rows" in screen_text(pilot)


async def test_browsing_follows_the_cursor_and_is_where_it_was_left(app: QtApp, folders: Folders) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("j", "j", "j")
        await settle(pilot)
        assert "IBM 1d" in screen_text(pilot)
        await pilot.press("tab", "h", "h")
        chart = app.screen.query_one(CandleChart)
        assert chart.cursor == len(chart.times) - 3
        await pilot.press("3")
        await settle(pilot)
    again = QtApp(app.workspace, folders)
    async with again.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert again.current_mode == "runs"
        await pilot.press("1")
        await settle(pilot)
        assert "IBM 1d" in screen_text(pilot)


async def test_rows_are_paged_from_the_first_to_the_last(app: QtApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("tab", "tab")
        table = app.screen.query_one(BarsTable)
        assert table.has_focus and table.cursor == 3269
        await pilot.press("g")
        await until(pilot, lambda: "2000-03-01" in screen_text(pilot))
        await pilot.press("pagedown")
        assert table.cursor == table.page
        chart = app.screen.query_one(CandleChart)
        assert chart.cursor == table.cursor, "the candles follow the rows"
        chart.focus()
        await pilot.press("right", "right")
        assert table.cursor == table.page + 2, "and the rows the crosshair"


async def test_rows_far_from_the_last_ones_bring_their_candles_along(tmp_path: Path, folders: Folders) -> None:
    rows = 10_000
    file = tmp_path / "minutes.csv"
    lines = (f"{1_600_000_000 + 60 * n},{n + 1},{n + 2},{n + 1},{n + 1.5},1" for n in range(rows))
    file.write_text("timestamp,open,high,low,close,volume\n" + "\n".join(lines), "utf-8")
    workspace = Workspace.open(tmp_path / "minutes")
    workspace.data.import_file(file, symbol="M", interval="1m")
    app = QtApp(workspace, folders)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "1m  10,000 rows" in screen_text(pilot)
        await pilot.press("tab", "tab", "g")
        await settle(pilot)
        assert "2020-09-13 12:26  O 1.00 H 2.00 L 1.00 C 1.50" in screen_text(pilot)
        await pilot.press("G")
        await settle(pilot)
        assert "C 10,000.50" in screen_text(pilot)


async def test_the_filter_narrows_a_list_and_escape_brings_it_back(app: QtApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"goo", "enter")
        table = app.screen.query_one("#symbol-list", Table)
        assert [row.key for row in table.rows] == ["GOOG 1d"]
        await pilot.press("slash", "escape")
        assert table.row_count == 5


async def test_editing_shows_problems_with_their_place_and_then_the_curve(app: QtApp) -> None:
    app.remembered.note("strategy", "broken")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        problems = app.screen.query_one(ProblemsTable)
        assert problems.place("0+0") == (7, 30)
        assert "did you mean sma?" in " ".join(row.text for row in problems.rows)
        await pilot.press("f8")
        assert app.screen.focused is not None and app.screen.focused.id == "editor"
        await pilot.press("right", "right", "right", "right", "backspace")
        chart = app.screen.query_one(EquityChart)
        await until(pilot, lambda: len(chart.times) > 0)
        await settle(pilot)
        assert problems.row_count == 0
        assert "changed, ctrl+s saves" in screen_text(pilot)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "sma(close, 20)" in app.workspace.strategies.resolve("broken").text


async def test_a_text_that_was_not_saved_is_there_after_a_restart(app: QtApp, folders: Folders) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("e", *"hello", "escape")
        await settle(pilot)
        name = app.remembered.get("strategy")
    again = QtApp(app.workspace, folders)
    async with again.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert again.remembered.get("strategy") == name
        assert again.screen.query_one("#editor").text.startswith("hello")  # type: ignore[attr-defined]


async def test_launching_from_runs_makes_a_registered_run(app: QtApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await settle(pilot)
        before = app.screen.query_one("#run-list", Table).row_count
        await pilot.press("g", "r")
        await settle(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        table = app.screen.query_one("#run-list", Table)
        await until(pilot, lambda: table.row_count == before + 1)
        await settle(pilot)
        newest = app.workspace.runs.list()[0]
        assert newest.status == "completed" and newest.spec.strategy == "macd_trend"
        assert newest.spec.symbols == ("MSFT", "GOOG")


async def test_a_form_says_what_is_wrong_and_keeps_what_was_typed(app: QtApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
        await pilot.press("tab", *" NONE", "enter")
        await settle(pilot)
        text = screen_text(pilot)
        assert len(app.screen_stack) == 2 and "NONE" in text
        before = len(app.workspace.runs.list())
        await pilot.press("escape")
        assert len(app.workspace.runs.list()) == before


async def test_a_failed_run_has_its_row_with_the_error(app: QtApp) -> None:
    spec = app.workspace.specify("sma_cross", ["AAPL"])
    from qt_engine.experiments.spec import DataSlice

    data = DataSlice.of(app.workspace.data.load(["AAPL"], "1d"))
    record = app.workspace.runs.register(spec, data, engine=1, input_hash=None)
    app.workspace.runs.seal_failed(record, "ZeroDivisionError: [bold]float[/bold] division", "Traceback …")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await settle(pilot)
        text = screen_text(pilot)
        assert "✗ failed" in text
        assert "failed: ZeroDivisionError: [bold]float[/bold] division" in text


async def test_from_a_metric_to_the_candles_of_a_trade(app: QtApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, RunsScreen)
        screen.show_pane("trades-pane")
        await pilot.press("enter")
        await until(pilot, lambda: screen.query_one("#curves").has_class("-trade"))
        await settle(pilot)
        assert "escape: back" in screen_text(pilot)
        chart = [line[36:] for line in screen_text(pilot).splitlines()[12:25]]
        assert any(re.search(r"(?<![A-Za-z])E(?![A-Za-z])", line) for line in chart), "where it was entered"
        assert any(re.search(r"(?<![A-Za-z])X(?![A-Za-z])", line) for line in chart), "where it was left"
        await pilot.press("escape")
        assert not screen.query_one("#curves").has_class("-trade")


async def test_marked_runs_are_compared(app: QtApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await settle(pilot)
        app.screen.query_one("#run-list", Table).select(
            next(r.run_id for r in app.workspace.runs.list() if r.spec.parameters.get("fast") == 10)
        )
        await pilot.press("space", "space", "c")
        await until(pilot, lambda: app.current_mode == "compare")
        await settle(pilot)
        text = screen_text(pilot)
        assert "A baseline" in text and "difference" in text
        differing = app.screen.query_one("#differing", Table)
        assert [row.key for row in differing.rows] == ["run", "parameter fast", "parameter slow"], "only what differs"
        assert len(app.screen.query_one(EquityChart).times) > 1000
        await pilot.press("b")
        await settle(pilot)
        assert "B baseline" in screen_text(pilot)


async def test_a_paper_session_is_started_watched_stopped_and_resumed(app: QtApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("6")
        await settle(pilot)
        table = app.screen.query_one("#sessions", Table)
        assert [row.key for row in table.rows] == [SESSION]
        await pilot.press("r")
        await settle(pilot)
        await pilot.press("tab", *"AAPL", "tab", "end", "0", "0", "enter")
        await until(pilot, lambda: table.row_count == 2)
        started = table.rows[0].key
        facts = app.screen.query_one("#facts")
        await until(pilot, lambda: "▶ running" in facts.copy_text())  # type: ignore[attr-defined]
        await until(pilot, lambda: len(app.screen.query_one(EquityChart).times) > 20)
        assert "PAPER 1" in screen_text(pilot)
        await pilot.press("x")
        await pilot.press("D")
        await until(pilot, lambda: app.workspace.sessions.status(started).state in ("stopped", "finished"))
        await until(pilot, lambda: "▶ running" not in facts.copy_text())  # type: ignore[attr-defined]
        if app.workspace.sessions.status(started).state == "stopped":
            await pilot.press("u")
            await until(pilot, lambda: app.workspace.sessions.status(started).state != "stopped")
            app.workspace.sessions.stop(started)


async def test_a_sweep_is_a_job_and_its_best_combination_becomes_a_run(app: QtApp) -> None:
    app.remembered.note("strategy", "sma_cross")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        await pilot.press("tab", *"AAPL", "tab", *"fast=5:20:5", "enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("J")
        await until(pilot, lambda: app.screen.query_one("#results", Table).row_count == 4)
        before = len(app.workspace.runs.list())
        await pilot.press("tab", "r")
        await until(pilot, lambda: len(app.workspace.runs.list()) == before + 1)
        await settle(pilot)
        assert app.workspace.runs.list()[0].spec.parameters["fast"] in (5, 10, 15, 20)


async def test_go_to_anything(app: QtApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        for typed, mode, wanted in (
            ("ibm", "data", "IBM 1d"),
            ("donch", "strategies", "donchian_breakout"),
            ("journal", "journal", ""),
        ):
            await pilot.press("colon")
            await settle(pilot)
            await pilot.press(*typed, "enter")
            await until(pilot, lambda mode=mode: app.current_mode == mode)  # type: ignore[misc]
            await settle(pilot)
            assert wanted in screen_text(pilot)


async def test_every_command_is_in_the_palette(app: QtApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p")
        await settle(pilot)
        await pilot.press(*"next theme", "enter")
        await until(pilot, lambda: app.theme == "light")


@pytest.mark.parametrize("size", [(40, 10), (20, 5), (100, 12), (300, 80)])
async def test_every_mode_survives_every_size(size: tuple[int, int], app: QtApp) -> None:
    async with app.run_test(size=size) as pilot:
        for number in "1234567":
            await pilot.press(number)
            await settle(pilot)
            await pilot.press("z", "tab", "z")


async def test_the_workspace_may_change_while_a_mode_is_still_being_composed(app: QtApp) -> None:
    """The watch looks at any time, also between the switch to a mode and its first paint."""
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screens = []
        for mode in ("strategies", "runs", "compare", "optimise", "live", "journal"):
            switched = app.switch_mode(mode)
            app.watch_workspace.nudge()  # before anything of the new mode is mounted
            screens.append(app.screen)
            await switched
            app.watch_workspace.nudge()
        await settle(pilot)
        assert app.is_running and len({id(screen) for screen in screens}) == 6


async def test_a_strategy_is_copied_edited_run_and_deleted(app: QtApp) -> None:
    """n, a name, ctrl+r in the editor, x and its confirmation."""
    app.remembered.note("strategy", "sma_cross")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        assert "sma_cross_2" in screen_text(pilot)
        await pilot.press("ctrl+u", *"Mine", "enter")
        await settle(pilot)
        assert "small letters, digits and underscores" in screen_text(pilot)
        await pilot.press("ctrl+u", *"mine", "enter")
        await settle(pilot)
        assert len(app.screen_stack) == 1
        assert "name: mine" in app.workspace.strategies.resolve("mine").text
        before = {record.run_id for record in app.workspace.runs.list()}
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(app.workspace.runs.list()) == len(before) + 1)
        await settle(pilot)
        (newest,) = [record for record in app.workspace.runs.list() if record.run_id not in before]
        assert newest.spec.strategy == "mine"
        await pilot.press("escape", "x")
        await settle(pilot)
        assert "Delete mine" in screen_text(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert "mine" in {info.name for info in app.workspace.strategies.list()}
        await pilot.press("x")
        await settle(pilot)
        await pilot.press("D")
        await settle(pilot)
        assert "mine" not in {info.name for info in app.workspace.strategies.list()}


async def test_the_preview_is_of_the_symbols_that_were_chosen(app: QtApp) -> None:
    app.remembered.note("strategy", "sma_cross")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("S")
        await settle(pilot)
        await pilot.press("ctrl+u", *"IBM MSFT", "enter")
        await settle(pilot)
        assert "Preview on IBM MSFT" in screen_text(pilot)
        chosen = app.screen.query_one(EquityChart)
        assert len(chosen.times) > 0
        assert app.remembered.get("symbols") == "IBM MSFT"
