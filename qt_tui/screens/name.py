"""Asks for the name of a new strategy."""

from __future__ import annotations

import re

from qt_engine.core.errors import InputError
from qt_tui.screens.form import FormScreen
from qt_tui.widgets.field import Field


class NameScreen(FormScreen[str]):
    """Dismissed with a valid name."""

    heading = "New strategy"
    explain = "It begins as a copy of the one that is open. Enter makes it."

    def __init__(self, origin: str) -> None:
        super().__init__()
        self._origin = origin

    def fields(self) -> list[Field]:
        return [Field("Name", f"{self._origin}_2" if self._origin else "", hint="my_strategy", id="name")]

    def send(self) -> None:
        name = self.value("name")
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
            raise InputError("a name is small letters, digits and underscores, a letter first")
        self.dismiss(name)
