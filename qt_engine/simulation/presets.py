"""Named execution models: files `NAME.yaml` in `configs/execution/`, and the user's own laid over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.resources import shipped
from qt_engine.core.settings import read_yaml, user_config_file
from qt_engine.core.text import nearest, plain

if TYPE_CHECKING:
    from qt_engine.simulation.execution import Execution

FOLDER = "execution"


@dataclass(frozen=True)
class Preset:
    """An execution model with a name."""

    name: str
    description: str
    path: Path
    source: str
    """`shipped` or `user`."""
    settings: Mapping[str, Any]

    def model(self, **changes: Any) -> Execution:
        """The model, with other values laid over the file's.

        Raises
        ------
        InputError
            Naming the file and every violation in it.
        """
        from qt_engine.simulation.execution import Execution

        given = {name: value for name, value in changes.items() if value is not None}
        same = all(self.settings.get(name) == value for name, value in given.items())
        try:
            return Execution.model_validate(
                {**self.settings, **given, "name": self.name if same else f"{self.name}, changed"}
            )
        except InputError as error:
            raise InputError(error.reason, file=str(self.path)) from None


def presets() -> dict[str, Preset]:
    """All named models, by name; a user's file takes the place of a shipped one of the same name.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    found: dict[str, Preset] = {}
    for source, folder in (("shipped", shipped("configs") / FOLDER), ("user", user_config_file().parent / FOLDER)):
        for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
            settings = read_yaml(path)
            description = settings.pop("description", "")
            found[path.stem] = Preset(path.stem, str(description), path, source, settings)
    return dict(sorted(found.items()))


def preset(name: str) -> Preset:
    """One named model.

    Raises
    ------
    NotFoundError
        If there is none of this name.
    """
    known = presets()
    if name not in known:
        hint = nearest(name, known)
        close = f"; did you mean {hint}?" if hint else ""
        raise NotFoundError(f"there is no execution model {plain(name, 60)!r}{close}; there are {', '.join(known)}")
    return known[name]
