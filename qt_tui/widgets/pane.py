"""A pane: one title line above its content. The pane that has the focus shows its title in the accent colour."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from qt_tui.look import palette_of
from qt_tui.widgets.strips import shown, strip


class PaneTitle(Widget):
    """The title at the left, a remark at the right."""

    DEFAULT_CSS = "PaneTitle { height: 1; width: 1fr; }"

    text: reactive[str] = reactive("")
    remark: reactive[str] = reactive("")

    def render_line(self, y: int) -> Strip:
        palette = palette_of(self)
        pane = self.parent
        focused = isinstance(pane, Pane) and pane.holds_focus
        width = self.size.width
        title, remark = shown(self.text), shown(self.remark)
        room = width - len(title) - 3
        remark = remark if len(remark) <= room else remark[: max(0, room - 1)] + "…" if room > 1 else ""
        gap = max(1, width - len(title) - len(remark) - 2)
        style = f"bold {palette.accent}" if focused else palette.foreground
        line = [(f" {title}", style), (" " * gap, ""), (f"{remark} ", palette.muted)]
        return strip(line, width, palette.surface)


class Pane(Vertical):
    """Title and content; `home` is the widget that takes the focus when the pane is chosen."""

    DEFAULT_CSS = """
    Pane { height: 1fr; width: 1fr; }
    Pane.-hidden { display: none; }
    """

    def __init__(self, title: str, *content: Widget, id: str, home: Widget | None = None) -> None:
        self.heading = PaneTitle()
        self.heading.set_reactive(PaneTitle.text, title)
        super().__init__(self.heading, *content, id=id)
        self.home = home if home is not None else next((w for w in content if w.can_focus), None)

    def compose(self) -> ComposeResult:
        yield from ()

    @property
    def title(self) -> str:
        """What the title line and the tab say."""
        return self.heading.text

    @title.setter
    def title(self, text: str) -> None:
        self.heading.text = text

    @property
    def remark(self) -> str:
        """What stands at the right of the title line."""
        return self.heading.remark

    @remark.setter
    def remark(self, text: str) -> None:
        self.heading.remark = text

    @property
    def holds_focus(self) -> bool:
        """Whether the focused widget is inside."""
        focused = self.screen.focused
        return focused is not None and self in focused.ancestors

    def on_descendant_focus(self) -> None:
        self.heading.refresh()

    def on_descendant_blur(self) -> None:
        self.heading.refresh()
