"""A line of a form: a label and an input."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from qt_tui.widgets.plain_text import PlainText


class Field(Horizontal):
    """`value` is what was typed, without white space around it."""

    DEFAULT_CSS = """
    Field { height: 1; width: 1fr; }
    Field PlainText { width: 16; color: $muted; }
    Field Input { width: 1fr; height: 1; border: none; padding: 0 1; background: $panel; }
    Field Input:focus { border: none; background: $row-cursor; }
    """

    def __init__(self, label: str, value: str = "", *, hint: str = "", id: str, known: Sequence[str] = ()) -> None:
        super().__init__(id=id)
        self._label, self._start, self._hint, self._known = label, value, hint, known

    def compose(self) -> ComposeResult:
        yield PlainText(self._label)
        yield Input(self._start, placeholder=self._hint, compact=True)
        if self._known:
            self.call_after_refresh(self.suggest, self._known)

    def suggest(self, known: Sequence[str]) -> None:
        """Offer what begins like the text that is typed."""
        from textual.suggester import SuggestFromList

        self.query_one(Input).suggester = SuggestFromList(known)

    def prefill(self, text: str) -> None:
        """Write something where nothing was typed yet."""
        if not self.value:
            self.query_one(Input).value = text

    @property
    def value(self) -> str:
        """What was typed."""
        return self.query_one(Input).value.strip()
