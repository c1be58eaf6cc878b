"""What the seven modes share: header, panes, tabs on narrow terminals, filter, zoom, footer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget

from qt_tui.keymap import bind
from qt_tui.widgets.chart import Chart
from qt_tui.widgets.filter_bar import FilterBar
from qt_tui.widgets.footer_line import FooterLine
from qt_tui.widgets.header_line import HeaderLine
from qt_tui.widgets.pane import Pane
from qt_tui.widgets.tab_line import TabLine
from qt_tui.widgets.table import Table

if TYPE_CHECKING:
    from qt_engine.workspace import Workspace
    from qt_tui.app import QtApp


class ModeScreen(Screen[None]):
    """A subclass names its `mode` and gives `panes()`; layout for each density stands in its `CSS`.

    Life-cycle: `compose` once, then `refresh_content` each time the mode is shown.
    """

    mode: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012 - so declared by Screen
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    ModeScreen { background: $background; color: $foreground; }
    ModeScreen #body { height: 1fr; layout: grid; grid-gutter: 0 1; }
    ModeScreen.-narrow #body { layout: vertical; }
    ModeScreen.-narrow PaneTitle { display: none; }
    ModeScreen.-narrow TabLine { display: block; }
    ModeScreen.-narrow Pane { display: none; }
    ModeScreen.-narrow Pane.-active { display: block; }
    ModeScreen.-zoomed #body { layout: vertical; }
    ModeScreen.-zoomed Pane { display: none; }
    ModeScreen.-zoomed Pane.-active { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("screen.next_pane", "next_pane", "Next pane", "Move to the next pane"),
        bind("screen.previous_pane", "previous_pane", "Previous pane", "Move to the pane before"),
        bind("screen.zoom", "zoom", "Zoom", "Show this pane alone, and all again"),
        bind("screen.filter", "filter", "Filter", "Show only rows that pass: words, sharpe>1, dd<20%"),
        bind("screen.copy", "copy", "Copy", "Copy what is under the cursor to the clipboard"),
    ]

    _renew_when_mounted = False

    def panes(self) -> Iterable[Pane]:
        """The panes, in the order of tab."""
        raise NotImplementedError

    def refresh_content(self) -> None:
        """Look at the workspace again; called whenever the mode is shown, once it is composed."""

    def renew(self) -> None:
        """`refresh_content` now, or as soon as the mode is composed: whoever calls does not know whether it is."""
        if self.is_mounted:
            self.refresh_content()
        else:
            self._renew_when_mounted = True

    def compose(self) -> ComposeResult:
        yield HeaderLine(self.mode)
        yield TabLine()
        yield Container(*self.panes(), id="body")
        yield FilterBar()
        yield FooterLine()

    @property
    def qt(self) -> QtApp:
        """The app, with its type."""
        return cast("QtApp", self.app)

    @property
    def workspace(self) -> Workspace:
        """The workspace that is open."""
        return self.qt.workspace

    # -- panes ---------------------------------------------------------------------------------------------------

    @property
    def all_panes(self) -> list[Pane]:
        """The panes, in the order of tab."""
        return list(self.query(Pane))

    @property
    def active_pane(self) -> Pane:
        """The pane that has, or last had, the focus."""
        panes = self.all_panes
        return next((pane for pane in panes if pane.has_class("-active")), panes[0])

    def on_mount(self) -> None:
        self.query_one(HeaderLine).status = self.qt.status
        self._activate(self.all_panes[0], focus=True)
        if self._renew_when_mounted:
            self.call_after_refresh(self.renew)

    def on_screen_resume(self) -> None:
        self.query_one(HeaderLine).status = self.qt.status
        # After the paint: a thread that starts now would take the interpreter from it.
        self.call_after_refresh(self.renew)

    def _activate(self, chosen: Pane, *, focus: bool) -> None:
        panes = self.all_panes
        for pane in panes:
            pane.set_class(pane is chosen, "-active")
            pane.heading.refresh()
        tabs = self.query_one(TabLine)
        tabs.titles = tuple(pane.title for pane in panes)
        tabs.active = panes.index(chosen)
        tabs.remark = chosen.remark
        if focus and chosen.home is not None:
            chosen.home.focus()

    def note_title(self, pane: Pane, *, title: str | None = None, remark: str | None = None) -> None:
        """Change what a pane's title line and its tab say."""
        if title is not None:
            pane.title = title
        if remark is not None:
            pane.remark = remark
        tabs = self.query_one(TabLine)
        tabs.titles = tuple(other.title for other in self.all_panes)
        if pane is self.active_pane:
            tabs.remark = pane.remark

    def show_pane(self, name: str, *, focus: bool = True) -> None:
        """Bring a pane to the front by its id."""
        self._activate(self.query_one(f"#{name}", Pane), focus=focus)

    def on_descendant_focus(self) -> None:
        focused = self.focused
        pane = next((a for a in focused.ancestors if isinstance(a, Pane)), None) if focused else None
        if pane is not None and not pane.has_class("-active"):
            self._activate(pane, focus=False)

    @on(TabLine.Chosen)
    def _tab_chosen(self, message: TabLine.Chosen) -> None:
        self._activate(self.all_panes[message.index], focus=True)

    def action_next_pane(self) -> None:
        self._step(1)

    def action_previous_pane(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        panes = [pane for pane in self.all_panes if pane.home is not None]
        at = panes.index(self.active_pane) if self.active_pane in panes else 0
        self._activate(panes[(at + by) % len(panes)], focus=True)

    def action_zoom(self) -> None:
        self.toggle_class("-zoomed")

    # -- what every pane can do ----------------------------------------------------------------------------------

    @property
    def focused_table(self) -> Table | None:
        """The table that has the focus, else the first one in sight."""
        if isinstance(self.focused, Table):
            return self.focused
        return next(iter(self.active_pane.query(Table)), None) or next(iter(self.query(Table)), None)

    def action_filter(self) -> None:
        table = self.focused_table
        if table is not None:
            self.query_one(FilterBar).open_for(table)

    @on(FilterBar.Filtered)
    def _filtered(self, message: FilterBar.Filtered) -> None:
        pane = next((a for a in message.table.ancestors if isinstance(a, Pane)), None)
        if pane is not None:
            self.note_title(pane, remark=f"/{message.text}" if message.text else "")

    def action_copy(self) -> None:
        give = getattr(self.focused, "copy_text", None)
        text = give() if give else ""
        if text:
            self.app.copy_to_clipboard(text)
            self.app.notify("copied", timeout=2, markup=False)

    @on(Chart.Pointed)
    def _pointed(self, message: Chart.Pointed) -> None:
        """The crosshair's date is shared by all charts of the mode."""
        for chart in self.query(Chart):
            if chart is not message.chart:
                chart.point_at(message.ts)

    def tell(self, text: str, *, severity: str = "information") -> None:
        """A notification of one line, as plain text."""
        self.app.notify(text, severity=severity, markup=False, timeout=5)  # type: ignore[arg-type]

    def widget(self, name: str) -> Widget:
        """A widget of this screen by id."""
        return self.query_one(f"#{name}")
