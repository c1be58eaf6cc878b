"""A paragraph that is never read as markup, whatever it holds."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from qt_tui.widgets.strips import shown


class PlainText(Static):
    """Lines of plain text; control characters are taken out."""

    DEFAULT_CSS = "PlainText { height: auto; width: 1fr; padding: 0 1; }"

    def __init__(self, text: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(_content(text), id=id, classes=classes, markup=False)

    def say(self, text: str) -> None:
        """Show another text."""
        self.update(_content(text))


def _content(text: str) -> Content:
    return Content("\n".join(shown(line) for line in text.split("\n")))
