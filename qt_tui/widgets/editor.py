"""The strategy editor: YAML or Python with highlighting. Escape leaves it, so that the number keys work again."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from qt_tui.charts.palette import Palette
from qt_tui.keymap import bind
from qt_tui.look import palette_of


class Editor(TextArea):
    """A `TextArea` in the colours of the theme."""

    DEFAULT_CSS = """
    Editor { height: 1fr; width: 1fr; border: none; padding: 0; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1;
      &:focus { border: none; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("strategies.leave", "leave", "Leave", "Leave the editor, so that the keys work again", show=True)
    ]

    class Left(Message):
        """The person has left the editor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", tab_behavior="indent", show_line_numbers=True, id=id, soft_wrap=False)
        self.indent_width = 2
        self.passing = False
        """Whether tab led here: until something is typed it also leads on, and does not indent."""

    def on_mount(self) -> None:
        self.language = "yaml"
        self.recolour()
        self.app.theme_changed_signal.subscribe(self, lambda _: self.recolour())

    def show_text(self, text: str, language: str) -> None:
        """Another text, as `yaml` or `python`."""
        self.language = language
        self.indent_width = 4 if language == "python" else 2
        self.load_text(text)

    def recolour(self) -> None:
        """Take the colours of the theme that is on."""
        name = f"qt {self.app.theme}"
        self.register_theme(_theme(name, palette_of(self)))
        self.theme = name

    async def _on_key(self, event: events.Key) -> None:
        passing = self.passing and event.key in ("tab", "shift+tab")
        self.passing = passing
        if passing or event.key == "escape":
            event.prevent_default()  # a text area that indents with tab would move the focus at escape

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        return not (self.passing and key in ("tab", "shift+tab")) and super().check_consume_key(key, character)

    def on_click(self) -> None:
        self.passing = False

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def go_to(self, line: int, column: int) -> None:
        """Put the cursor on a place, counted from 1."""
        row = max(0, min(line - 1, self.document.line_count - 1))
        self.move_cursor((row, max(0, column - 1)), center=True)
        self.focus()


def _theme(name: str, palette: Palette) -> TextAreaTheme:
    from rich.style import Style

    return TextAreaTheme(
        name=name,
        base_style=Style(color=palette.foreground, bgcolor=palette.background),
        gutter_style=Style(color=palette.muted, bgcolor=palette.background),
        cursor_style=Style(color=palette.background, bgcolor=palette.accent),
        cursor_line_style=Style(bgcolor=palette.surface),
        cursor_line_gutter_style=Style(color=palette.accent, bgcolor=palette.surface),
        bracket_matching_style=Style(bgcolor=palette.cursor, bold=True),
        selection_style=Style(bgcolor=palette.cursor),
        syntax_styles={
            "yaml.field": Style(color=palette.line(0)),
            "string": Style(color=palette.foreground),
            "number": Style(color=palette.line(3)),
            "boolean": Style(color=palette.line(3)),
            "comment": Style(color=palette.muted, italic=True),
            "punctuation.bracket": Style(color=palette.muted),
            "punctuation.delimiter": Style(color=palette.muted),
            "error": Style(color=palette.error),
            **{
                name: Style(color=palette.line(0))
                for name in ("keyword", "keyword.function", "keyword.return", "include")
            },
            **{
                name: Style(color=palette.line(0))
                for name in ("keyword.operator", "repeat", "conditional", "exception")
            },
            **{name: Style(color=palette.line(2)) for name in ("function", "function.call", "method", "method.call")},
            **{name: Style(color=palette.line(2)) for name in ("type", "type.class", "constructor")},
            "constant.builtin": Style(color=palette.line(3)),
            "float": Style(color=palette.line(3)),
            "string.documentation": Style(color=palette.muted, italic=True),
        },
    )
