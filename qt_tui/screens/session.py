"""Asks what to replay as a paper session, and starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from qt_engine.core.errors import InputError
from qt_tui.background import in_background
from qt_tui.models import chosen, limits, title, typed
from qt_tui.screens.form import FormScreen, market_fields, settings, words
from qt_tui.widgets.field import Field

if TYPE_CHECKING:
    from qt_tui.app import QtApp


class SessionScreen(FormScreen[str]):
    """Dismissed with the id of the session."""

    heading = "Paper session"
    explain = "Replays stored bars to a process that trades on paper and goes on when this app closes. Enter starts it."

    def fields(self) -> list[Field]:
        app = cast("QtApp", self.app)
        return [
            Field("Strategy", app.remembered.get("strategy") or "", hint="a name or a file", id="strategy"),
            Field("Symbols", app.remembered.get("symbols") or "", hint="the strategy's universe", id="symbols"),
            Field("Bars a second", "20", hint="0: as fast as it can", id="speed"),
            Field("Start", hint="2010-01-01, or as far as the data goes", id="start"),
            Field("End", hint="2012-12-31, or as far as the data goes", id="end"),
            Field("Parameters", hint="fast=10 slow=50", id="parameters"),
            *market_fields(title(chosen(app.remembered))),
        ]

    def send(self) -> None:
        sessions = cast("QtApp", self.app).workspace.sessions
        try:
            speed = float(self.value("speed") or 0)
        except ValueError:
            raise InputError(f"bars a second is a number, not {self.value('speed')!r}") from None
        strategy, symbols = self.value("strategy"), words(self.value("symbols")) or None
        start, end = self.value("start") or None, self.value("end") or None
        parameters = settings(self.value("parameters"))
        execution, risk = typed(self.value("execution")), limits(self.value("limits"))
        self.complain("starting…")
        in_background(
            self, "start",
            lambda: sessions.start(
                strategy, symbols, speed=speed, start=start, end=end, params=parameters, execution=execution, risk=risk
            ),
            self.dismiss, self.complain,
        )  # fmt: skip
