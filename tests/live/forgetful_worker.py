"""The broken control: a session that tells of bars before they are on disk. The kill check must catch it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from qt_engine.jobs.job import JOURNAL
from qt_engine.live.record import BARS
from qt_engine.live.worker import main
from qt_engine.storage.journal import Journal


class ForgetfulJournal(Journal):
    """Keeps the bars in memory and writes them only when something else happens."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._kept: list[tuple[str, dict[str, Any]]] = []

    def append(self, kind: str, **data: Any) -> int:
        if kind == BARS:
            self._kept.append((kind, data))
            return -1
        kept, self._kept = self._kept, []
        return self.append_many([*kept, (kind, data)])


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    sys.exit(main(folder, ForgetfulJournal(folder / JOURNAL)))
