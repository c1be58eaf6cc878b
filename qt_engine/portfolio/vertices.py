"""A point within limits to start from, found without a solver: books filled one after the other, up to the caps of sectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio.constraints import Limits

Floats = NDArray[np.float64]


def vertex(preference: Floats, limits: Limits) -> Floats | None:
    """Absolute weights float64 `(n,)` with as few off their bounds as can be, assets of the least `preference` first.

    None where the limits have no solution. Where two books share sectors, the first is filled in two goes: with what
    takes nothing from the second, then with the rest. What it takes then costs the second the same in every sector, so
    whenever there is a solution one is found.
    """
    x = limits.lower.copy()
    order = np.argsort(preference, kind="stable")
    sector = np.full(len(x), len(limits.sectors))
    for number, entry in enumerate(limits.sectors):
        sector[entry.members] = number
    room = np.array([*(entry.cap - float(x[entry.members].sum()) for entry in limits.sectors), np.inf])
    spare = limits.upper - limits.lower
    for number, book in enumerate(limits.books):
        left = book.total - float(x[book.members].sum())
        for later in limits.books[number + 1 :]:
            wanted = np.bincount(sector[later.members], spare[later.members], len(room))
            harmless = np.maximum(room - np.minimum(wanted, room), 0.0)
            harmless[-1] = np.inf
            taken = left - _fill(x, order[book.members[order]], sector, harmless, limits.upper, left)
            room[:-1] -= _taken(x, limits) - _taken(limits.lower, limits) if taken > 0 else 0.0
            left -= taken
        left = _fill(x, order[book.members[order]], sector, room, limits.upper, left)
        if left > 1e-9:
            return None
    return x


def _fill(
    x: Floats, assets: NDArray[np.intp], sector: NDArray[np.intp], room: Floats, upper: Floats, left: float
) -> float:
    """Fill assets in turn, `x` and `room` in place; what could not be placed of `left`."""
    for asset in assets:
        if left <= 0:
            break
        group = int(sector[asset])
        more = min(float(upper[asset] - x[asset]), left, float(room[group]))
        if more > 0:
            x[asset] += more
            left -= more
            room[group] -= more
    return left


def _taken(x: Floats, limits: Limits) -> Floats:
    return np.array([float(x[entry.members].sum()) for entry in limits.sectors])
