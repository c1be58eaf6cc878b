"""Mode 2: strategies as text, what is wrong with them as you type, and their equity curve beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.timer import Timer
from textual.widgets import TextArea

from qt_engine.core.errors import QtError
from qt_tui import models, python_text
from qt_tui.background import in_background
from qt_tui.charts.palette import NAMES
from qt_tui.drafts import Drafts, renamed
from qt_tui.keymap import bind
from qt_tui.known import all_strategies
from qt_tui.launch import Order, launch
from qt_tui.python_text import Mistake
from qt_tui.screens.mode import ModeScreen
from qt_tui.widgets.editor import Editor
from qt_tui.widgets.pane import Pane
from qt_tui.widgets.preview_pane import PreviewPane, Wanted
from qt_tui.widgets.problems_table import ProblemsTable
from qt_tui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from qt_engine.strategies.library import Language, StrategyInfo

RUN_IT = "a strategy in Python is a program: it is run when you ask for it, p (while typing ctrl+l)"
ABSENT = """# This strategy belongs to an installed package. Its text is found by importing the package, which runs it:
# press p to do so.
"""


class StrategiesScreen(ModeScreen):
    """List, editor with problems, preview."""

    mode = "strategies"
    CSS = """
    StrategiesScreen.-normal #body { grid-size: 3 1; grid-columns: 30 1fr 1fr; }
    StrategiesScreen.-wide #body { grid-size: 3 1; grid-columns: 36 1fr 1fr; }
    StrategiesScreen #problems { height: 5; }
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
        bind("strategies.execution", "execution", "Model", "Choose the execution model of preview and runs", show=True),
        bind("strategies.preview", "preview", "Preview", "Run this strategy in Python and show its curve", show=True),
        bind("strategies.symbols", "symbols", "Symbols", "Choose the symbols of preview and runs"),
        bind("strategies.sweep", "sweep", "Sweep", "Run all combinations of the parameters as a job", show=True),
        bind("strategies.new", "new", "New", "A new strategy from this one"),
        bind("strategies.delete", "delete", "Delete", "Delete this workspace's strategy, or drop its changes"),
        bind("strategies.editor", "outside", "$EDITOR", "Edit in the editor that $EDITOR names"),
        bind(
            "strategies.next_problem", "next_problem", "Next problem", "Go to the next problem in the text", show=True
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._infos: dict[str, StrategyInfo] = {}
        self._strategy = ""
        self._pause: Timer | None = None
        self._waiting = ""
        self._absent = False
        """Whether the editor shows no text but how to get one."""

    def panes(self) -> Iterable[Pane]:
        columns = (Column("Name", 14, grow=True), Column("", 7))
        yield Pane("Strategies", Table(columns, empty="looking…", id="names"), id="list")
        editor = Editor(id="editor")
        yield Pane("Editor", editor, ProblemsTable(id="problems"), id="text", home=editor)
        yield PreviewPane(id="preview")

    def on_mount(self) -> None:
        super().on_mount()
        self._drafts = Drafts(self.qt.remembered)
        chosen = self.qt.remembered.get("symbols")
        self._symbols: list[str] = chosen.split() if chosen else []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "preview":  # what is not a program is previewed by itself
            return self._language == "python"
        if action == "next_problem":
            return bool(self.is_mounted and self._problems.next_after(0, 0))
        return not (action == "edit" and isinstance(self.focused, Editor))

    # -- the list ------------------------------------------------------------------------------------------------

    def refresh_content(self) -> None:
        in_background(self, "strategies", lambda: all_strategies(self.workspace.strategies), self._show_names)

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
            mark = (
                "python" if info.language == "python" else "own" if info.source == "workspace" and not changed else ""
            )
            words = f"{info.name} {info.description} {mark} {info.source}"
            rows.append(Row(info.name, [info.name, (f"{changed}{mark}", palette.muted)], words=words))
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
        self.editor.passing = False
        self.show_pane("text")

    def _open(self, row: Row | None) -> None:
        if row is None or row.key == self._strategy:
            return
        self._strategy = row.key
        self.qt.remembered.note("strategy", row.key)
        draft = self._drafts.get(row.key)
        info = self._infos[row.key]
        self._absent = draft is None and info.source == "installed"
        text = draft if draft is not None else ABSENT if self._absent else self._stored(row.key)
        self.editor.read_only = self._absent
        if text is not None:
            self._waiting = text  # the editor tells of a change that nobody has typed
            self.editor.show_text(text, info.language)
            self._preview_now()
        self._say_name()
        self.refresh_bindings()

    @property
    def _language(self) -> Language:
        info = self._infos.get(self._strategy)
        return info.language if info is not None else "yaml"

    def _stored(self, name: str) -> str | None:
        try:
            return self.workspace.strategies.resolve(name).text
        except QtError as error:
            self.tell(str(error), severity="error")
            return None

    def _say_name(self) -> None:
        info = self._infos.get(self._strategy)
        source = "changed, ctrl+s saves" if self._strategy in self._drafts else info.source if info else ""
        python = "python, " if self._language == "python" else ""
        self.note_title(self.query_one("#text", Pane), remark=f"{self._strategy}  {python}{source}")

    def _step(self, by: int) -> None:
        super()._step(by)
        self.editor.passing = self.active_pane.id == "text"

    # -- typing --------------------------------------------------------------------------------------------------

    @on(TextArea.Changed)
    def _typed(self) -> None:
        if not self._strategy or self._absent:
            return
        text = self.editor.text
        before = self._strategy in self._drafts
        self._drafts.keep(self._strategy, text, self._stored(self._strategy))
        if before != (self._strategy in self._drafts):
            self._fill()
            self._say_name()
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        if text != self._waiting:
            self._pause = self.set_timer(self.workspace.settings.preview_pause_ms / 1000, self._preview_now)

    @on(Editor.Left)
    def _left_editor(self) -> None:
        self.show_pane("list")

    # -- the preview ---------------------------------------------------------------------------------------------

    def _preview_now(self, *, asked: bool = False) -> None:
        """Preview what stands in the editor; a program that is not shipped as it stands is run only when asked for."""
        self._pause = None
        name = self._strategy
        if name not in self._infos:
            return
        text = self._waiting = self.editor.text
        wanted = Wanted(name, text, self._symbols, models.chosen(self.qt.remembered))
        mistakes: Sequence[Mistake] = ()
        trusted = True
        if self._absent:
            trusted = False
        elif self._language == "python":
            mistakes = python_text.mistakes(text)
            trusted = asked or (self._infos[name].source == "shipped" and name not in self._drafts)
        elif python_text.has_class(text):
            mistakes = [
                Mistake(1, 1, "this is Python, and a document has no classes; n on a strategy in Python begins one")
            ]
        if trusted and not mistakes:
            self._preview.compute(self.workspace, wanted)
            return
        self._preview.rest(wanted, "" if mistakes else RUN_IT)
        self._problems.show_problems(mistakes, [] if mistakes else [RUN_IT])
        self.refresh_bindings()

    @property
    def _preview(self) -> PreviewPane:
        return self.query_one(PreviewPane)

    @property
    def _problems(self) -> ProblemsTable:
        return self.query_one(ProblemsTable)

    @on(PreviewPane.Done)
    def _previewed(self, message: PreviewPane.Done) -> None:
        self._problems.show_problems(message.preview.problems, message.notes)
        self.refresh_bindings()

    @on(PreviewPane.Failed)
    def _preview_failed(self, message: PreviewPane.Failed) -> None:
        self._problems.say(message.line)
        self.refresh_bindings()

    def action_preview(self) -> None:
        if self._strategy in self._infos and self._loaded():
            self._preview_now(asked=True)

    def _loaded(self) -> bool:
        """See that the text is there: that of an installed package is found by importing it, which is done when asked."""
        if self._absent:
            text = self._stored(self._strategy)
            if text is None:
                return False
            self._absent = False
            self.editor.read_only = False
            self.editor.show_text(text, "python")
        return True

    def action_execution(self) -> None:
        from qt_tui.screens.execution import ExecutionScreen

        self.app.push_screen(ExecutionScreen(), self._execution_chosen)

    def _execution_chosen(self, name: str | None) -> None:
        if name is not None:
            models.choose(self.qt.remembered, models.typed(name))
            self._preview.say(remark="")
            self._preview_now()

    def action_next_problem(self) -> None:
        place = self._problems.next_after(*self.editor.cursor_location)
        if place is not None:
            self.show_pane("text", focus=False)
            self.editor.go_to(*place)

    @on(Table.Opened, "#problems")
    def _problem_opened(self, message: Table.Opened) -> None:
        place = self._problems.place(message.row.key)
        if place is not None:
            self.editor.go_to(*place)

    # -- what the keys do ----------------------------------------------------------------------------------------

    def action_save(self) -> bool:
        """Write the text into the workspace; False if it could not be."""
        if self._absent:
            self.tell("p brings its text first", severity="warning")
            return False
        try:
            path = self.workspace.strategies.save(self._strategy, self.editor.text, self._language)
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
        launch(self.qt, Order(self._strategy, self._symbols, execution=models.chosen(self.qt.remembered)))

    def action_symbols(self) -> None:
        from qt_tui.screens.symbols import SymbolsScreen

        self.app.push_screen(SymbolsScreen(self._symbols), self._symbols_chosen)

    def _symbols_chosen(self, symbols: list[str] | None) -> None:
        if symbols is not None:
            self._symbols = symbols
            self.qt.remembered.note("symbols", " ".join(symbols))
            self._preview_now()

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
        if name in self._infos:
            self.tell(f"there is a strategy {name} already", severity="warning")
            return
        change = python_text.renamed if self._language == "python" else renamed
        try:
            self.workspace.strategies.save(name, change(self.editor.text, name), self._language)
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
                self.workspace.strategies.delete(name, self._language)
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
                self.editor.show_text(text, self._language)
                self._preview_now()
