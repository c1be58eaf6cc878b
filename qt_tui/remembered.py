"""What the app remembers between two starts: the theme for all, and mode and selection for each workspace."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Remembered:
    """A small JSON file; losing it costs nothing, so an unreadable one is a fresh one and a failed write is silent."""

    def __init__(self, path: Path, workspace: str) -> None:
        self._path = path
        self._workspace = workspace
        self._content = self._read()

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def theme(self) -> str | None:
        """Name of the theme chosen last, in any workspace."""
        name = self._content.get("theme")
        return name if isinstance(name, str) else None

    @theme.setter
    def theme(self, name: str) -> None:
        self._content["theme"] = name

    def get(self, name: str) -> str | None:
        """What was noted for this workspace."""
        places = self._content.get("workspaces")
        here = places.get(self._workspace) if isinstance(places, dict) else None
        value = here.get(name) if isinstance(here, dict) else None
        return value if isinstance(value, str) else None

    def note(self, name: str, value: str) -> None:
        """Note a value for this workspace; written by `save`."""
        places = self._content.setdefault("workspaces", {})
        if isinstance(places, dict):
            here = places.setdefault(self._workspace, {})
            if isinstance(here, dict):
                here[name] = value

    def save(self) -> None:
        """Write the file; the old one stays whole until the new one is complete."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
            fresh.write_text(json.dumps(self._content, indent=1, sort_keys=True), "utf-8")
            fresh.replace(self._path)
        except OSError:
            return
