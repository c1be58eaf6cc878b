"""Texts that were changed but not saved: kept for each strategy, and across a restart, so that nothing typed is lost."""

from __future__ import annotations

import json
import re

from qt_tui.remembered import Remembered


class Drafts:
    """A mapping of strategy name to changed text."""

    def __init__(self, remembered: Remembered) -> None:
        self._remembered = remembered
        try:
            stored = json.loads(remembered.get("drafts") or "{}")
        except ValueError:
            stored = {}
        self._texts: dict[str, str] = (
            {k: v for k, v in stored.items() if isinstance(v, str)} if isinstance(stored, dict) else {}
        )

    def __contains__(self, name: str) -> bool:
        return name in self._texts

    def get(self, name: str) -> str | None:
        """The changed text, if there is one."""
        return self._texts.get(name)

    def keep(self, name: str, text: str, stored: str | None) -> None:
        """Note a text; one that is as it is stored is no draft."""
        if text == stored:
            self._texts.pop(name, None)
        else:
            self._texts[name] = text
        self._note()

    def drop(self, name: str) -> None:
        """Forget a draft."""
        self._texts.pop(name, None)
        self._note()

    def _note(self) -> None:
        self._remembered.note("drafts", json.dumps(self._texts))


def renamed(text: str, name: str) -> str:
    """The text of a document with another value for its key `name`."""
    return re.sub(r"(?m)^name:[^\n#]*", f"name: {name}", text, count=1)
