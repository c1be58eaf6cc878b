"""Asks what to backtest, checks it while the form is still open, and starts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from qt_tui.background import in_background
from qt_tui.launch import Order, launch
from qt_tui.models import chosen, limits, limits_text, title, typed
from qt_tui.screens.form import FormScreen, market_fields, settings, words
from qt_tui.widgets.field import Field

if TYPE_CHECKING:
    from qt_tui.app import QtApp


class LaunchScreen(FormScreen[None]):
    """A backtest."""

    heading = "Backtest"
    explain = "Enter starts it. What stays empty is as the strategy says."

    def __init__(
        self,
        *,
        strategy: str = "",
        symbols: Sequence[str] = (),
        parameters: Mapping[str, object] | None = None,
        execution: str | None = None,
        limits: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._execution = execution
        self._limits = limits or {}
        self._strategy = strategy
        self._symbols = symbols
        self._parameters = parameters or {}

    def fields(self) -> list[Field]:
        app = cast("QtApp", self.app)
        strategy = self._strategy or app.remembered.get("strategy") or ""
        given = " ".join(
            f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in self._parameters.items()
        )
        return [
            Field("Strategy", strategy, hint="a name or a file", id="strategy"),
            Field("Symbols", " ".join(self._symbols), hint="the strategy's universe", id="symbols"),
            Field("Interval", hint="the strategy's interval", id="interval"),
            Field("Start", hint="2010-01-01, or as far as the data goes", id="start"),
            Field("End", hint="2012-12-31, or as far as the data goes", id="end"),
            Field("Parameters", given, hint="fast=10 slow=50", id="parameters"),
            *market_fields(self._execution or title(chosen(app.remembered)), limits_text(self._limits)),
        ]

    def send(self) -> None:
        order = Order(
            self.value("strategy"), words(self.value("symbols")), self.value("interval") or None,
            self.value("start") or None, self.value("end") or None, settings(self.value("parameters")),
            typed(self.value("execution")), limits(self.value("limits")),
        )  # fmt: skip
        workspace = cast("QtApp", self.app).workspace
        self.complain("checking…")

        def check() -> None:
            spec = workspace.specify(
                order.strategy,
                list(order.symbols) or None,
                order.interval,
                order.start,
                order.end,
                dict(order.parameters),
                **order.execution_arguments(),
            )
            workspace.data.load(spec.symbols, spec.interval, spec.start, spec.end)

        in_background(self, "check", check, lambda _: self._start(order), self.complain)

    def _start(self, order: Order) -> None:
        app = cast("QtApp", self.app)
        self.dismiss(None)
        launch(app, order)
