"""Strategies in Python: listed, read, edited; run only when somebody asks for it, and overtaken when something else is wanted."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from qt_tui import python_text
from qt_tui.app import QtApp
from qt_tui.drafts import Drafts
from qt_tui.widgets.editor import Editor
from qt_tui.widgets.equity_chart import EquityChart
from qt_tui.widgets.pane import Pane
from qt_tui.widgets.preview_pane import PreviewPane
from qt_tui.widgets.problems_table import ProblemsTable
from qt_tui.widgets.table import Table
from research_workspace import screen_text, settle, until

SIZE = (120, 40)
PROGRAM = """\
import time
from pathlib import Path

from qt_engine import Strategy, TargetPositions

with Path({trace!r}).open("a") as file:
    file.write("module\\n")


class Half(Strategy):
    \"\"\"Half of it.\"\"\"

    name = "half"
    universe = ("AAPL",)

    def on_data(self, context):
        time.sleep({pause})
        if context.bar % 100 == 0:
            with Path({trace!r}).open("a") as file:
                file.write("bars\\n")
        return TargetPositions({{"AAPL": 0.5}}) if context.bar == 0 else None
"""


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Where the program leaves a line whenever it runs."""
    return tmp_path / "trace"


def said(app: QtApp) -> str:
    """All sentences below the editor."""
    return " ".join(str(row.cells[-1][0]) for row in app.screen.query_one(ProblemsTable).rows)


def program(app: QtApp, trace: Path, pause: float = 0.0) -> None:
    app.workspace.strategies.save("half", PROGRAM.format(trace=str(trace), pause=pause), "python")
    app.remembered.note("strategy", "half")


async def test_a_program_is_shown_and_run_only_when_asked(app: QtApp, trace: Path) -> None:
    program(app, trace)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        rows = {row.key: row.cells[1][0] for row in app.screen.query_one("#names", Table).rows}
        assert rows["half"] == rows["mr_pairs"] == "python" and rows["sma_cross"] == ""
        editor = app.screen.query_one(Editor)
        assert editor.language == "python" and editor.text.startswith("import time")
        assert app.screen.query_one("#text", Pane).remark == "half  python, workspace"
        assert "is run when you ask for it" in said(app) and "a strategy in Python is a" in screen_text(pilot)
        assert not trace.exists()
        await pilot.press("p")
        await settle(pilot)
        assert trace.exists() and len(app.screen.query_one(EquityChart).times) > 1000
        assert "not proved" in said(app)
        trace.unlink()
        await pilot.press("e", *"x = (")
        await settle(pilot)
        await until(pilot, lambda: app.screen.query_one(ProblemsTable).place("0+0") is not None)
        assert "this is not Python" in said(app)
        await pilot.press(*"1)", "enter", "ctrl+s")
        await settle(pilot)
        assert app.workspace.strategies.resolve("half").text.startswith("x = (1)\n")
        assert not trace.exists(), "neither typing nor saving runs it"
        await pilot.press("ctrl+l")
        await settle(pilot)
        assert trace.exists()


async def test_a_problem_of_a_program_has_its_line(app: QtApp, trace: Path) -> None:
    program(app, trace)
    app.workspace.strategies.save(
        "half", app.workspace.strategies.resolve("half").text.replace("0.5", "1 / 0"), "python"
    )
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("p")
        await settle(pilot)
        problems = app.screen.query_one(ProblemsTable)
        assert "division by zero" in said(app)
        assert problems.place("0+0") == (21, 1)


async def test_a_program_is_copied_run_and_deleted(app: QtApp) -> None:
    app.remembered.note("strategy", "xmom_crosssec_py")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        assert len(app.screen.query_one(EquityChart).times) > 1000, "a shipped one is trusted"
        await pilot.press("n")
        await settle(pilot)
        await pilot.press("ctrl+u", *"mine", "enter")
        await settle(pilot)
        source = app.workspace.strategies.resolve("mine")
        assert source.language == "python" and 'name = "mine"' in source.text
        before = len(app.workspace.runs.list())
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(app.workspace.runs.list()) == before + 1)
        await settle(pilot)
        assert app.workspace.runs.list()[0].spec.strategy == "mine"
        await pilot.press("f3")
        await settle(pilot)
        facts = app.screen.query_one("#facts").copy_text()  # type: ignore[attr-defined]
        assert "Kind\tpython" in facts and "proved: no look-ahead" in facts
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("escape", "x")
        await settle(pilot)
        await pilot.press("D")
        await settle(pilot)
        assert "mine" not in {info.name for info in app.workspace.strategies.programs()}


async def test_a_long_preview_tells_how_far_it_is_and_stops_when_another_is_wanted(app: QtApp, trace: Path) -> None:
    program(app, trace, pause=0.003)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("p")
        await until(pilot, lambda: "%" in app.screen.query_one(PreviewPane).remark)
        assert app.screen.query_one(PreviewPane).remark.startswith("computing")
        await pilot.press("k")  # macd_trend or whatever stands above: the keys are free
        await settle(pilot)
        assert app.screen.query_one("#text", Pane).remark.startswith("donchian") or len(
            app.screen.query_one(EquityChart).times
        )
        asked = trace.read_text().count("bars")
        await settle(pilot)
        assert trace.read_text().count("bars") == asked < 33, "the old one has stopped"


async def test_the_header_says_how_far_a_run_is_and_it_can_be_cancelled(app: QtApp, trace: Path) -> None:
    program(app, trace, pause=0.003)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("r", "3")
        await until(pilot, lambda: re.search(r" run [1-9]\d?%", screen_text(pilot)) is not None)
        await pilot.press("x")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("D")
        await until(pilot, lambda: app.workspace.runs.list()[0].status == "cancelled")
        await until(pilot, lambda: " run " not in screen_text(pilot).splitlines()[0])
        await settle(pilot)


async def test_a_class_in_a_document_is_not_run(app: QtApp, trace: Path) -> None:
    app.remembered.note("strategy", "sma_cross")
    Drafts(app.remembered).keep("sma_cross", PROGRAM.format(trace=str(trace), pause=0), None)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        assert "a document has no classes" in said(app)
        assert not trace.exists()


async def test_the_text_of_an_installed_one_comes_when_asked(
    app: QtApp, trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    (site / "far_away-1.dist-info").mkdir(parents=True)
    (site / "far_away-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: far-away\nVersion: 1\n")
    (site / "far_away-1.dist-info" / "entry_points.txt").write_text("[qt.strategies]\nhalf = far_away:Half\n")
    (site / "far_away.py").write_text(PROGRAM.format(trace=str(trace), pause=0))
    monkeypatch.syspath_prepend(str(site))
    app.remembered.note("strategy", "half")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settle(pilot)
        assert "press p to do so" in screen_text(pilot) and "far_away" not in sys.modules and not trace.exists()
        await pilot.press("e", *"abc", "escape")
        await settle(pilot)
        assert app.remembered.get("drafts") in (None, "{}"), "there is nothing to change yet"
        await pilot.press("p")
        await settle(pilot)
        assert "class Half" in app.screen.query_one(Editor).text and trace.exists()
        assert len(app.screen.query_one(EquityChart).times) > 1000
    sys.modules.pop("far_away", None)


async def test_tab_goes_through_the_editor_until_something_is_typed(app: QtApp) -> None:
    app.remembered.note("strategy", "sma_cross")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await settle(pilot)
        text = app.screen.query_one(Editor).text
        await pilot.press("tab", "tab")
        assert app.screen.active_pane.id == "preview"  # type: ignore[attr-defined]
        await pilot.press("shift+tab", "shift+tab")
        assert app.screen.active_pane.id == "list"  # type: ignore[attr-defined]
        assert app.screen.query_one(Editor).text == text
        await pilot.press("e", "tab")
        assert app.screen.query_one(Editor).text == "  " + text
        await settle(pilot)


def test_what_can_be_said_without_running() -> None:
    (mistake,) = python_text.mistakes("def f(:\n    pass\n")
    assert (mistake.line, mistake.column) == (1, 7)
    assert python_text.mistakes("x = 1\n")[0].sentence.startswith("there is no strategy here")
    assert python_text.mistakes("class A(Strategy): pass\n") == []
    assert python_text.mistakes("x = '\0'") != []
    assert (
        python_text.renamed('class A(B):\n    name = "old"\n    other = "x"\n', "new").splitlines()[1]
        == '    name = "new"'
    )
    assert python_text.renamed("class A(B):\n    name: str = 'old'\n", "new").splitlines()[1] == '    name: str = "new"'
