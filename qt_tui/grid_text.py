"""What is typed for a sweep: `fast=5:60:5 slow=60,100,200`, ranges with both ends or lists."""

from __future__ import annotations

import math

from qt_engine.core.errors import InputError

MOST_VALUES = 1000


def read_grid(text: str) -> dict[str, list[float | int]] | None:
    """Values by parameter; None where nothing was typed, which means all ranges that the strategy names.

    Raises
    ------
    InputError
        If a part is not `name=low:high:step` or `name=a,b,c`.
    """
    grid: dict[str, list[float | int]] = {}
    for part in text.split():
        name, sign, values = part.partition("=")
        if not sign or not name or not values:
            raise InputError(f"write fast=5:60:5 or fast=5,10,20, not {part!r}")
        grid[name] = _range(part, values) if ":" in values else [_number(part, value) for value in values.split(",")]
    return grid or None


def _range(part: str, text: str) -> list[float | int]:
    edges = [_number(part, value) for value in text.split(":")]
    if len(edges) not in (2, 3):
        raise InputError(f"a range is low:high or low:high:step, not {part!r}")
    low, high = edges[:2]
    step = edges[2] if len(edges) == 3 else 1
    count = math.floor((high - low) / step + 1e-9) + 1 if step > 0 else 0
    if not 1 <= count <= MOST_VALUES:
        raise InputError(f"{part!r} has no values, or more than {MOST_VALUES}")
    return [low + position * step for position in range(count)]


def _number(part: str, text: str) -> float | int:
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{text!r} in {part!r} is no number") from None
    if not math.isfinite(value):
        raise InputError(f"{text!r} in {part!r} is no number")
    return int(value) if value == int(value) and "." not in text and "e" not in text.lower() else value
