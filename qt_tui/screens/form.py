"""A dialog with fields; enter sends it, and what is wrong is said inside it, so that nothing typed is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import on
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input

from qt_engine.core.errors import InputError
from qt_tui.background import in_background
from qt_tui.keymap import bind
from qt_tui.known import all_strategies
from qt_tui.models import SETTINGS
from qt_tui.screens.dialog import Dialog
from qt_tui.widgets.field import Field
from qt_tui.widgets.plain_text import PlainText

if TYPE_CHECKING:
    from qt_tui.app import QtApp

Answer = TypeVar("Answer")


class FormScreen(Dialog[Answer]):
    """A subclass gives `fields()` and does its work in `send()`."""

    DEFAULT_CSS = """
    FormScreen > #frame { max-width: 84; }
    FormScreen #problem { color: $error; margin-top: 1; }
    FormScreen #explain { color: $muted; margin-bottom: 1; }
    """
    explain = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("dialog.accept", "accept", "Start", "Do it with what is filled in", show=True),
    ]

    def fields(self) -> list[Field]:
        """The fields, from top to bottom."""
        raise NotImplementedError

    def send(self) -> None:
        """Do what the form is for; raise `InputError` to say what is wrong."""
        raise NotImplementedError

    def content(self) -> list[Widget]:
        return [PlainText(self.explain, id="explain"), *self.fields(), PlainText("", id="problem")]

    def on_mount(self) -> None:
        self.query(Input).first().focus()
        self.suggest_names()

    def suggest_names(self) -> None:
        """Offer the names of strategies and of execution models, found in a thread."""
        workspace = cast("QtApp", self.app).workspace

        def find() -> tuple[list[str], list[str]]:
            strategies = [info.name for info in all_strategies(workspace.strategies)]
            return strategies, [SETTINGS, *workspace.execution_models()]

        in_background(self, "names", find, self._offer_names, failed=lambda line: None)

    def _offer_names(self, found: tuple[list[str], list[str]]) -> None:
        for name, known in zip(("strategy", "execution"), found, strict=True):
            for field in self.query(f"#{name}").results(Field):
                field.suggest(known)
                if name == "strategy" and known:
                    field.prefill(known[0])

    def value(self, name: str) -> str:
        """What stands in a field."""
        return self.query_one(f"#{name}", Field).value

    def complain(self, line: str) -> None:
        """Say what is wrong."""
        self.query_one("#problem", PlainText).say(line)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_accept()

    def action_accept(self) -> None:
        try:
            self.send()
        except InputError as error:
            self.complain(str(error))


def market_fields(execution: str, limits: str = "") -> list[Field]:
    """How orders meet the market: the execution model and the run's own limits."""
    return [
        Field("Execution", execution, hint="fee and slippage of your settings", id="execution"),
        Field("Limits", limits, hint="max_drawdown=20% max_orders_per_day=10", id="limits"),
    ]


def words(text: str) -> list[str]:
    """Names separated by commas or spaces."""
    return [word for word in text.replace(",", " ").split() if word]


def settings(text: str) -> dict[str, str]:
    """`fast=10 slow=50` as a mapping.

    Raises
    ------
    InputError
        If a part is not `name=value`.
    """
    found = {}
    for part in words(text):
        name, sign, value = part.partition("=")
        if not sign or not name or not value:
            raise InputError(f"parameters are written name=value, not {part!r}")
        found[name] = value
    return found
