"""Mode 2: strategies as text, what is wrong with them as you type, and their equity curve beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.timer import Timer
from textual.widgets import TextArea

from qt_engine.core.errors import QtError
from qt_engine.core.numba_start import import_numba
from qt_tui import formats, metrics
from qt_tui.background import in_background
from qt_tui.charts.palette import NAMES
from qt_tui.drafts import Drafts
from qt_tui.keymap import bind
from qt_tui.launch import Order, launch
from qt_tui.screens.mode import ModeScreen
from qt_tui.widgets.editor import Editor
from qt_tui.widgets.equity_chart import EquityChart
from qt_tui.widgets.facts import Facts
from qt_tui.widgets.pane import Pane
from qt_tui.widgets.problems_table import ProblemsTable
from qt_tui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from qt_engine.experiments.preview import Preview
    from qt_engine.strategies.library import StrategyInfo

FIRST = "computing the first curve; on a fresh machine the engine is compiled now, once, which takes some seconds"


class StrategiesScreen(ModeScreen):
    """List, editor with problems, preview."""

    mode = "strategies"
    CSS = """
    StrategiesScreen.-normal #body { grid-size: 3 1; grid-columns: 26 1fr 1fr; }
    StrategiesScreen.-wide #body { grid-size: 3 1; grid-columns: 32 1fr 1fr; }
    StrategiesScreen #problems { height: 5; }
    StrategiesScreen #figures { height: 5; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("strategies.edit", "edit", "Edit", "Edit this strategy", show=True),
        bind("strategies.save", "save", "Save", "Save to the workspace", show=True, priority=True),
        bind(
            "strategies.run_from_editor",
            "run_now",
            "Run",
            "Save and backtest on the chosen symbols",
            show=True,
            priority=True,
        ),
        bind("strategies.run", "run_now", "Run", "Save and backtest on the chosen symbols"),
        bind("strategies.symbols", "symbols", "Symbols", "Choose the symbols of preview and runs"),
        bind("strategies.sweep", "sweep", "Sweep", "Run all combinations of the parameters as a job", show=True),
        bind("strategies.new", "new", "New", "A new strategy from this one"),
        bind("strategies.delete", "delete", "Delete", "Delete this workspace's strategy, or drop its changes"),
        bind("strategies.editor", "outside", "$EDITOR", "Edit in the editor that $EDITOR names"),
        bind("strategies.next_problem", "next_problem", "Next problem", "Go to the next problem in the text"),
    ]

    def panes(self) -> Iterable[Pane]:
        columns = (Column("Name", 14, grow=True), Column("", 3))
        yield Pane("Strategies", Table(columns, empty="looking…", id="names"), id="list")
        editor = Editor(id="editor")
        yield Pane("Editor", editor, ProblemsTable(id="problems"), id="text", home=editor)
        chart = EquityChart(empty="choose a strategy", id="equity")
        yield Pane("Preview", chart, Facts(empty="", least=22, id="figures"), id="preview", home=chart)

    def on_mount(self) -> None:
        super().on_mount()
        self._infos: dict[str, StrategyInfo] = {}
        self._strategy = ""
        self._drafts = Drafts(self.qt.remembered)
        self._pause: Timer | None = None
        self._waiting = ""
        chosen = self.qt.remembered.get("symbols")
        self._symbols: list[str] = chosen.split() if chosen else []
        self._say_symbols()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action == "edit" and isinstance(self.focused, Editor))

    # -- the list ------------------------------------------------------------------------------------------------

    def refresh_content(self) -> None:
        in_background(self, "strategies", lambda: self.workspace.strategies.list(), self._show_names)

    def _show_names(self, infos: Sequence[StrategyInfo]) -> None:
        first = not self._infos
        self._infos = {info.name: info for info in infos}
        self._fill()
        self._say_name()
        if first:
            self.select_strategy(self.qt.remembered.get("strategy") or infos[0].name)
            self._open(self._table.current)
        elif self.qt.remembered.get("strategy") not in (None, self._strategy):
            self.select_strategy(self.qt.remembered.get("strategy") or "")

    def _fill(self) -> None:
        palette = NAMES
        rows = []
        for info in self._infos.values():
            changed = "*" if info.name in self._drafts else ""
            own = "own" if info.source == "workspace" else ""
            rows.append(
                Row(info.name, [info.name, (changed or own, palette.muted)], words=f"{info.name} {info.description}")
            )
        self._table.show(rows)

    @property
    def _table(self) -> Table:
        return self.query_one("#names", Table)

    @property
    def editor(self) -> Editor:
        """The editor."""
        return self.query_one(Editor)

    def select_strategy(self, name: str) -> None:
        """Open a strategy by name."""
        self._table.select(name)

    @on(Table.Moved, "#names")
    def _moved(self, message: Table.Moved) -> None:
        self._open(message.row)

    @on(Table.Opened, "#names")
    def action_edit(self) -> None:
        self.show_pane("text")

    def _open(self, row: Row | None) -> None:
        if row is None or row.key == self._strategy:
            return
        self._strategy = row.key
        self.qt.remembered.note("strategy", row.key)
        draft = self._drafts.get(row.key)
        text = draft if draft is not None else self._stored(row.key)
        if text is not None:
            self.editor.load_text(text)
            self._preview_now()
        self._say_name()

    def _stored(self, name: str) -> str | None:
        try:
            return self.workspace.strategies.resolve(name).text
        except QtError as error:
            self.tell(str(error), severity="error")
            return None

    def _say_name(self) -> None:
        info = self._infos.get(self._strategy)
        source = "changed, ctrl+s saves" if self._strategy in self._drafts else info.source if info else ""
        self.note_title(self.query_one("#text", Pane), remark=f"{self._strategy}  {source}")

    # -- typing --------------------------------------------------------------------------------------------------

    @on(TextArea.Changed)
    def _typed(self) -> None:
        if not self._strategy:
            return
        text = self.editor.text
        before = self._strategy in self._drafts
        if text == self._waiting and not before:
            return
        self._drafts.keep(self._strategy, text, self._stored(self._strategy))
        if before != (self._strategy in self._drafts):
            self._fill()
            self._say_name()
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(self.workspace.settings.preview_pause_ms / 1000, self._preview_now)

    @on(Editor.Left)
    def _left_editor(self) -> None:
        self.show_pane("list")

    # -- the preview ---------------------------------------------------------------------------------------------

    def _preview_now(self) -> None:
        self._pause = None
        text = self._waiting = self.editor.text
        chart = self.query_one("#equity", EquityChart)
        if not len(chart.times):
            chart.clear(FIRST)
        symbols = self._symbols or None

        def work() -> Preview:
            import_numba()  # the quick way, for this process is ours
            return self.workspace.preview(text, symbols)

        in_background(self, "preview", work, self._show_preview, self._preview_failed)

    def _show_preview(self, preview: Preview) -> None:
        table = self.query_one(ProblemsTable)
        table.show_problems(preview.problems)
        wrong = len(preview.problems)
        palette = NAMES
        pane = self.query_one("#preview", Pane)
        if preview.ts is None or preview.equity is None or preview.metrics is None:
            self.note_title(
                pane, remark="as before the problem" if len(self.query_one("#equity", EquityChart).times) else ""
            )
            if not len(self.query_one("#equity", EquityChart).times):
                self.query_one("#equity", EquityChart).clear(f"{wrong} problems; f8 goes to the next one")
            return
        self.query_one("#equity", EquityChart).show_curve(
            preview.ts.tolist(), preview.equity.tolist(), " ".join(preview.symbols)
        )
        self.query_one("#figures", Facts).show(metrics.facts(preview.metrics.as_json(), palette, metrics.HEADLINE))
        self.note_title(pane, remark=formats.percent(preview.metrics.total_return))

    def _preview_failed(self, line: str) -> None:
        self.query_one(ProblemsTable).say(line)

    def action_next_problem(self) -> None:
        place = self.query_one(ProblemsTable).next_after(*self.editor.cursor_location)
        if place is not None:
            self.show_pane("text", focus=False)
            self.editor.go_to(*place)

    @on(Table.Opened, "#problems")
    def _problem_opened(self, message: Table.Opened) -> None:
        place = self.query_one(ProblemsTable).place(message.row.key)
        if place is not None:
            self.editor.go_to(*place)

    # -- what the keys do ----------------------------------------------------------------------------------------

    def action_save(self) -> bool:
        """Write the text into the workspace; False if it could not be."""
        try:
            path = self.workspace.strategies.save(self._strategy, self.editor.text)
        except QtError as error:
            self.tell(str(error), severity="error")
            return False
        self._drafts.drop(self._strategy)
        self.tell(f"saved to {path}")
        self.refresh_content()
        self._say_name()
        return True

    def action_run_now(self) -> None:
        if self._strategy in self._drafts and not self.action_save():
            return
        launch(self.qt, Order(self._strategy, self._symbols))

    def action_symbols(self) -> None:
        from qt_tui.screens.symbols import SymbolsScreen

        self.app.push_screen(SymbolsScreen(self._symbols), self._symbols_chosen)

    def _symbols_chosen(self, symbols: list[str] | None) -> None:
        if symbols is not None:
            self._symbols = symbols
            self.qt.remembered.note("symbols", " ".join(symbols))
            self._say_symbols()
            self._preview_now()

    def _say_symbols(self) -> None:
        shown = " ".join(self._symbols) or "its universe"
        self.note_title(self.query_one("#preview", Pane), title=f"Preview on {shown}" if self._symbols else "Preview")

    def action_sweep(self) -> None:
        from qt_tui.screens.sweep import SweepScreen

        if self._strategy in self._drafts and not self.action_save():
            return
        self.app.push_screen(SweepScreen(self._strategy, self._symbols))

    def action_new(self) -> None:
        from qt_tui.screens.name import NameScreen

        self.app.push_screen(NameScreen(self._strategy), self._named)

    def _named(self, name: str | None) -> None:
        if name is None:
            return
        from qt_tui.drafts import renamed

        try:
            self.workspace.strategies.save(name, renamed(self.editor.text, name))
        except QtError as error:
            self.tell(str(error), severity="error")
            return
        self.qt.remembered.note("strategy", name)
        self.refresh_content()
        self.show_pane("text")

    def action_delete(self) -> None:
        from qt_tui.screens.confirm import ConfirmScreen

        name = self._strategy
        if name in self._drafts:
            question, consequence = f"Drop the changes to {name}?", "The text goes back to what was saved last."
        elif self._infos.get(name) and self._infos[name].source == "workspace":
            question, consequence = f"Delete {name} from this workspace?", "Runs keep their own copy of its text."
        else:
            self.tell(f"{name} ships with qt and cannot be deleted", severity="warning")
            return
        self.app.push_screen(ConfirmScreen(question, consequence), lambda sure: self._delete(name) if sure else None)

    def _delete(self, name: str) -> None:
        if name in self._drafts:
            self._drafts.drop(name)
        else:
            try:
                self.workspace.strategies.delete(name)
            except QtError as error:
                self.tell(str(error), severity="error")
                return
        self._strategy = ""
        self.refresh_content()
        self.call_after_refresh(lambda: self._open(self._table.current))

    def action_outside(self) -> None:
        if self._infos.get(self._strategy) is None or not self.action_save():
            return
        if self.qt.edit_outside(str(self.workspace.strategies.resolve(self._strategy).path)):
            text = self._stored(self._strategy)
            if text is not None:
                self.editor.load_text(text)
                self._preview_now()
