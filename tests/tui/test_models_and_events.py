"""Execution models are chosen, remembered and used; results without costs say so; events are listed and lead to the chart."""

from __future__ import annotations

import pytest

from qt_engine.core.errors import InputError
from qt_tui import event_rows, models
from qt_tui.app import QtApp
from qt_tui.folders import Folders
from qt_tui.screens.live import LiveScreen
from qt_tui.screens.runs import RunsScreen
from qt_tui.widgets.equity_chart import EquityChart
from qt_tui.widgets.facts import Facts
from qt_tui.widgets.pane import Pane
from qt_tui.widgets.preview_pane import PreviewPane
from qt_tui.widgets.problems_table import ProblemsTable
from qt_tui.widgets.table import Table
from research_workspace import screen_text, settle, until, wait_for

SIZE = (120, 40)
SPAN = {"start": "2005-01-01", "end": "2008-12-31"}
SYMBOLS = ["AAPL", "IBM", "MSFT"]


def limited(app: QtApp) -> str:
    """A portfolio run that reaches limits."""
    given = {"max_concentration": 0.4, "max_gross": 0.9}
    run = app.workspace.backtest("xmom_crosssec", SYMBOLS, execution="us_stocks", risk=given, **SPAN)
    assert run.events
    return run.id


async def test_the_model_is_chosen_remembered_and_used_by_preview_and_run(app: QtApp, folders: Folders) -> None:
    app.remembered.note("strategy", "sma_cross")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        preview = app.screen.query_one(PreviewPane)
        assert preview.remark.endswith("settings")
        await pilot.press("m")
        await settle(pilot)
        assert "fee 5 bps, slippage 2 bps" in screen_text(pilot) and "now: settings" in screen_text(pilot)
        await pilot.press(*"perfect", "enter")
        await settle(pilot)
        assert (preview.title, preview.remark[-7:]) == ("Preview  PERFECT", "perfect")
        assert "cannot be traded" in screen_text(pilot), "and why is said below the editor"
        before = len(app.workspace.runs.list())
        await pilot.press("r")
        await until(pilot, lambda: len(app.workspace.runs.list()) == before + 1)
        await settle(pilot)
        run = app.workspace.runs.list()[0]
        assert run.model == "perfect" and run.perfect
        await pilot.press("3")
        await settle(pilot)
        app.screen.query_one("#run-list", Table).select(run.run_id)
        await settle(pilot)
        row = next(line for line in screen_text(pilot).splitlines() if run.run_id[-8:] in line)
        assert " PERFECT " in row
        assert app.screen.query_one("#metrics", Pane).title == "Metrics PERFECT"
        assert app.screen.query_one("#curves", Pane).remark.endswith("PERFECT")
        app.marked_runs = [run.run_id, next(r.run_id for r in app.workspace.runs.list() if not r.perfect)]
        await pilot.press("4")
        await settle(pilot)
        assert "A baseline PERFECT" in screen_text(pilot) and "A PERFECT: cannot be traded" in screen_text(pilot)
    again = QtApp(app.workspace, folders)
    assert models.chosen(again.remembered) == "perfect"


async def test_a_model_that_is_gone_is_told_and_another_one_helps(app: QtApp) -> None:
    app.remembered.note("strategy", "sma_cross")
    app.remembered.note("execution", "us_stock")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        said = " ".join(str(row.cells[-1][0]) for row in app.screen.query_one(ProblemsTable).rows)
        assert "did you mean us_stocks" in said
        await pilot.press("m")
        await settle(pilot)
        await pilot.press(*"us_stocks", "enter")
        await settle(pilot)
        assert app.screen.query_one(PreviewPane).remark.endswith("us_stocks")
        assert len(app.screen.query_one(EquityChart).times) > 0


async def test_forms_take_model_and_limits_and_say_what_is_wrong(app: QtApp) -> None:
    models.choose(app.remembered, "conservative")
    app.remembered.note("strategy", "sma_cross")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("1")
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
        assert "conservative" in screen_text(pilot)
        await pilot.press(*["shift+tab"], *"max_dd=20%", "enter")
        await settle(pilot)
        assert "did you mean max_drawdown?" in " ".join(screen_text(pilot).split())
        before = len(app.workspace.runs.list())
        await pilot.press("ctrl+u", *"max_drawdown=20% max_orders_per_day=3", "enter")
        await until(pilot, lambda: len(app.workspace.runs.list()) == before + 1)
        await settle(pilot)
        spec = app.workspace.runs.list()[0].spec
        assert spec.model["name"] == "conservative"
        assert spec.limits == {"max_drawdown": 0.2, "max_orders_per_day": 3}


@pytest.mark.parametrize("size", [SIZE, (80, 24), (200, 50)])
async def test_events_of_a_run_and_where_they_lead(size: tuple[int, int], app: QtApp) -> None:
    run_id = limited(app)
    app.remembered.note("run", run_id)
    async with app.run_test(size=size) as pilot:
        await pilot.press("3")
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, RunsScreen)
        assert "limits" in screen.query_one("#trades-pane", Pane).remark, "counted beside the trades"
        await pilot.press("tab")
        facts = screen.query_one("#facts", Facts)
        assert {"Kind\tportfolio", "Model\tus_stocks", "≤ max_gross\t0.9"} <= set(facts.copy_text().splitlines())
        assert "limits were reached" in facts.copy_text()
        await pilot.press("v")
        await settle(pilot)
        table = screen.query_one("#events", Table)
        assert table.has_focus and screen.query_one("#trades-pane", Pane).title == "Events"
        assert "What happened" in screen_text(pilot)
        book = next(row for row in table.rows if row.cells[2] == event_rows.BOOK)
        table.select(book.key)
        await pilot.press("enter")
        await settle(pilot)
        assert screen.query_one("#equity", EquityChart).cursor is not None, "the curve at the time of the event"
        screen.show_pane("trades-pane")
        single = next(row for row in table.rows if row.cells[2] != event_rows.BOOK)
        table.select(single.key)
        await pilot.press("enter")
        await until(pilot, lambda: screen.query_one("#curves").has_class("-trade"))
        await settle(pilot)
        assert f"{single.cells[2]} max" in screen.query_one("#curves", Pane).remark, "the candles around it"
        await pilot.press("escape", "v")
        await settle(pilot)
        assert screen.query_one("#trades-pane", Pane).title == "Trades"


async def test_fallbacks_stand_among_the_events_and_in_the_notes(app: QtApp) -> None:
    run = app.workspace.backtest("min_variance", SYMBOLS, start="2000-01-01", end="2004-12-31")
    assert run.fallbacks
    app.remembered.note("run", run.id)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3", "v")
        await settle(pilot)
        text = screen_text(pilot)
        assert "fallback" in text and "min_variance: " in text
        assert "fallbacks" in app.screen.query_one("#trades-pane", Pane).remark
        assert "used hold" in app.screen.query_one("#facts", Facts).copy_text()


async def test_a_portfolio_session_shows_weights_terms_and_events(app: QtApp) -> None:
    sessions = app.workspace.sessions
    started = sessions.start("xmom_crosssec", SYMBOLS, execution="us_stocks", risk={"max_concentration": 0.4}, **SPAN)
    wait_for(lambda: sessions.status(started).state != "running")
    app.remembered.note("session", started)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("6")
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, LiveScreen)
        facts = screen.query_one("#facts", Facts).copy_text()
        assert "Kind\tportfolio" in facts and "Model\tus_stocks" in facts and "≤ max_concentration\t0.4" in facts
        positions = screen.query_one("#positions", Table)
        assert positions.row_count == len(sessions.status(started).positions) > 0
        weights = [row.figures["weight"] for row in positions.rows]
        assert all(weight is not None and 0.1 < weight < 0.6 for weight in weights)
        assert "gross" in screen.query_one("#holdings", Pane).remark
        assert " target " in screen_text(pilot), "orders of targets are named in full"
        await pilot.press("v")
        await settle(pilot)
        table = screen.query_one("#events", Table)
        assert table.has_focus and "max concentration" in screen_text(pilot)
        await pilot.press("enter")
        assert screen.query_one("#equity", EquityChart).cursor is not None


async def test_a_sweep_keeps_its_model_up_to_the_run_made_of_it(app: QtApp) -> None:
    models.choose(app.remembered, "perfect")
    app.remembered.note("strategy", "sma_cross")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        await pilot.press("tab", *"AAPL", "tab", *"fast=5:10:5", "enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("J")
        await until(pilot, lambda: app.screen.query_one("#results", Table).row_count == 2)
        assert app.screen.query_one("#results-pane", Pane).remark.startswith("PERFECT execution")
        models.choose(app.remembered, None)
        before = len(app.workspace.runs.list())
        await pilot.press("tab", "r")
        await until(pilot, lambda: len(app.workspace.runs.list()) == before + 1)
        await settle(pilot)
        assert app.workspace.runs.list()[0].perfect


def test_limits_are_read_as_they_are_written() -> None:
    given = models.limits("max_drawdown=20% max_orders_per_day=10, max_gross=1.5")
    assert given == {"max_drawdown": 0.2, "max_orders_per_day": 10, "max_gross": 1.5}
    assert models.limits(models.limits_text(given)) == given
    with pytest.raises(InputError, match="such as max_drawdown=20%"):
        models.limits("max_drawdown=much")


def test_events_are_counted_by_sort() -> None:
    event = {"time": "2010-01-04T00:00:00Z", "symbol": None, "value": 1.0, "bound": None}
    fallback = {"time": "2010-01-04T00:00:00Z", "method": "hrp", "reason": "r", "used": "equal"}
    events = [{**event, "kind": "max_gross"}, {**event, "kind": "split"}, {**event, "kind": "dividend"}, fallback]
    assert event_rows.counted(events) == "1 limit, 2 actions, 1 fallback"
    assert event_rows.counted([]) == ""


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("max_gross", 1.62, "162.00%"),
        ("max_orders_per_day", 12.0, "12"),
        ("split", 0.1, "0.1"),
        ("dividend", -12.345, "-12.35"),
        ("kill_switch", None, "—"),
    ],
)
def test_a_figure_has_the_unit_of_its_event(kind: str, value: float | None, shown: str) -> None:
    assert event_rows.figure(kind, value) == shown
