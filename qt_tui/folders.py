"""The only place that knows where the user's own files are: settings laid over the shipped ones, and what is remembered."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folders:
    """`config` holds `keymap.yaml` and `themes/*.yaml`; `state` what the app remembers and its log."""

    config: Path
    state: Path

    @classmethod
    def of_user(cls) -> Folders:
        """`QT_CONFIG_DIR` and `QT_STATE_DIR`, else the platform's folders for settings and state."""
        from platformdirs import user_config_path, user_state_path

        config, state = os.environ.get("QT_CONFIG_DIR"), os.environ.get("QT_STATE_DIR")
        return cls(
            config=Path(config) if config else user_config_path("qt"),
            state=Path(state) if state else user_state_path("qt"),
        )

    @property
    def keymap(self) -> Path:
        """The user's keys, laid over `configs/keymap.yaml`."""
        return self.config / "keymap.yaml"

    @property
    def themes(self) -> Path:
        """The user's own themes; one of the same name takes the place of a shipped one."""
        return self.config / "themes"

    @property
    def remembered(self) -> Path:
        """What the app remembers between two starts."""
        return self.state / "terminal.json"

    @property
    def log(self) -> Path:
        """Where unexpected errors are written in full."""
        return self.state / "terminal.log"
