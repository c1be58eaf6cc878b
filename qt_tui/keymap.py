"""Every key by action id. The shipped `configs/keymap.yaml` is the only place that knows a default key;
the user's own file is laid over it when the app starts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from textual.binding import Binding

from qt_engine.core.errors import InputError
from qt_engine.core.resources import shipped
from qt_engine.core.text import nearest
from qt_tui.yaml_file import read_mapping

RESERVED = ("ctrl+b",)
"""tmux's prefix: a key that never arrives."""


def read_keymap(path: Path) -> dict[str, str]:
    """Keys by action id, such as `{"app.theme": "t"}`.

    Raises
    ------
    InputError
        If the file is no mapping of scopes to `action: keys`, or uses a reserved key.
    """
    keys: dict[str, str] = {}
    for scope, actions in read_mapping(path).items():
        if not isinstance(actions, dict):
            raise InputError(f"{scope} must be a mapping from actions to keys", file=str(path))
        for action, given in actions.items():
            if isinstance(given, int):
                given = str(given)
            if not isinstance(given, str) or not given.strip():
                raise InputError(f'{scope}.{action} must name keys, such as "ctrl+s", not {given!r}', file=str(path))
            taken = next((key for key in RESERVED if key in [part.strip() for part in given.split(",")]), None)
            if taken:
                raise InputError(f"{scope}.{action}: {taken} is tmux's prefix and never arrives", file=str(path))
            keys[f"{scope}.{action}"] = given
    return keys


@cache
def defaults() -> dict[str, str]:
    """The shipped keys."""
    return read_keymap(shipped("configs") / "keymap.yaml")


def overrides(path: Path) -> dict[str, str]:
    """What the user's file changes; nothing where there is no file.

    Raises
    ------
    InputError
        If the file is wrong or names an action that does not exist.
    """
    if not path.is_file():
        return {}
    keys = read_keymap(path)
    for name in keys:
        if name not in defaults():
            hint = nearest(name, defaults())
            raise InputError(f"no action {name!r}" + (f"; did you mean {hint}?" if hint else ""), file=str(path))
    return keys


def bind(
    identity: str,
    action: str,
    description: str,
    tooltip: str,
    *,
    show: bool = False,
    priority: bool = False,
) -> Binding:
    """A binding with the shipped keys of its action id; `show` puts it into the footer."""
    return Binding(
        defaults()[identity], action, description, show=show, priority=priority, tooltip=tooltip, id=identity
    )
