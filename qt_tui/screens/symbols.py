"""Asks for the symbols that previews and runs use."""

from __future__ import annotations

from collections.abc import Sequence

from qt_tui.screens.form import FormScreen, words
from qt_tui.widgets.field import Field


class SymbolsScreen(FormScreen[list[str]]):
    """Dismissed with the list; empty means the strategy's own universe."""

    heading = "Symbols"
    explain = "Separated by spaces. Empty: the universe that the strategy names. Enter takes them."

    def __init__(self, symbols: Sequence[str]) -> None:
        super().__init__()
        self._symbols = symbols

    def fields(self) -> list[Field]:
        return [Field("Symbols", " ".join(self._symbols), hint="AAPL MSFT", id="symbols")]

    def send(self) -> None:
        self.dismiss(words(self.value("symbols")))
