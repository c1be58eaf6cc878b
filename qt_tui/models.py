"""Which execution model previews and launches use: one choice for each workspace, remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError

if TYPE_CHECKING:
    from qt_tui.remembered import Remembered

SETTINGS = "settings"
"""Called so: no named model, but fee and slippage of the user's settings."""
PERFECT = "PERFECT"
"""What stands beside every result of a model without costs: nobody can trade it."""


def chosen(remembered: Remembered) -> str | None:
    """The model's name; None for the settings."""
    return remembered.get("execution") or None


def choose(remembered: Remembered, name: str | None) -> None:
    """Use another one from now on."""
    remembered.note("execution", name or "")


def title(name: str | None) -> str:
    """How the choice is called on screen."""
    return name or SETTINGS


def typed(text: str) -> str | None:
    """The model that a form names; empty and `settings` are the settings."""
    return None if text in ("", SETTINGS) else text


def named(stored: Mapping[str, Any]) -> str | None:
    """The model that a stored run or job was made with, as it was named; None for one without a name."""
    name = stored.get("name")
    return str(name) if name else None


def limits(text: str) -> dict[str, int | float]:
    """`max_drawdown=20% max_orders_per_day=10` as limits by name.

    Raises
    ------
    InputError
        If a part is not `name=number`.
    """
    from qt_tui.screens.form import settings

    found: dict[str, int | float] = {}
    for name, given in settings(text).items():
        try:
            number = float(given.removesuffix("%")) / (100.0 if given.endswith("%") else 1.0)
        except ValueError:
            raise InputError(
                f"limits are written name=number, such as max_drawdown=20%, not {name}={given!r}"
            ) from None
        found[name] = int(number) if given.isdigit() else number
    return found


def limits_text(given: Mapping[str, Any]) -> str:
    """The reverse of `limits`."""
    return " ".join(f"{name}={value:g}" for name, value in given.items())
