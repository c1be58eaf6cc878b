"""What constraints mean for the chosen assets: `Limits`, and the exact test whether they have a solution.

The sign of a weight is that of its side, so everything is linear in absolute weights `x`: bounds for each asset, one
total for each book (long, short; from gross and net), and a cap for each sector over both books. Whether a solution
exists is a question of flow from at most two books to the sectors, answered by its minimum cut, with a sentence that
names the cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio.infeasible import Infeasible
from qt_engine.strategies.selection import ConstraintsSetting

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
SLACK = 1e-9
"""Constraints that contradict by less than this do not."""
TOLERANCE = 1e-6
"""By how much a weight may pass a bound before the answer counts as broken."""


@dataclass(frozen=True)
class Book:
    """All long or all short assets: `members` bool `(n,)`, and the sum of their absolute weights."""

    name: str
    members: Mask
    total: float


@dataclass(frozen=True)
class Sector:
    """`members` bool `(n,)` of one sector, whose absolute weights sum to at most `cap`."""

    name: str
    members: Mask
    cap: float


@dataclass(frozen=True)
class Limits:
    """Bounds of absolute weights: `lower`, `upper` float64 `(n,)`, books, sectors.

    `fills`: whether book totals are to be reached; else `gross` is an upper bound and books carry no total of their
    own.
    """

    lower: Floats
    upper: Floats
    books: tuple[Book, ...]
    sectors: tuple[Sector, ...]
    gross: float
    net: float | None
    fills: bool = True


def net_of(side: NDArray[np.int8], setting: ConstraintsSetting) -> float:
    """The net aimed at: as given, else `gross` (`-gross`) where only longs (shorts) are chosen and 0 where both are."""
    if setting.net is not None:
        return setting.net
    longs, shorts = bool((side > 0).any()), bool((side < 0).any())
    return 0.0 if longs and shorts else setting.gross if longs else -setting.gross


def limits_of(
    symbols: tuple[str, ...],
    side: NDArray[np.int8],
    sectors: tuple[str, ...],
    setting: ConstraintsSetting,
    *,
    fills_gross: bool = True,
) -> Limits | Infeasible:
    """The limits of assets that all have a side, or the contradiction among the constraints.

    Parameters
    ----------
    sectors
        The sector of each asset, "" without one; empty where no sectors are known.
    fills_gross
        False: `gross` is only an upper bound, and nothing but the bounds of single assets can contradict.
    """
    n = len(symbols)
    low = 0.0 if setting.min_weight is None else setting.min_weight
    high = setting.gross if setting.max_weight is None else min(setting.max_weight, setting.gross)
    flaw = _flaw(setting)
    if flaw:
        return Infeasible(flaw)
    shorts = [symbol for symbol, at in zip(symbols, side, strict=True) if at < 0]
    if setting.long_only and shorts:
        return Infeasible(f"long_only contradicts the short side: {', '.join(shorts[:3])}{' …' * (len(shorts) > 3)}")
    lower, upper = np.full(n, low), np.full(n, high)
    net = net_of(side, setting)
    books = tuple(
        Book(name, members, total)
        for name, members, total in (
            ("long", side > 0, (setting.gross + net) / 2),
            ("short", side < 0, (setting.gross - net) / 2),
        )
        if members.any() or total > SLACK
    )
    limits = Limits(lower, upper, books, _sectors(sectors, setting), setting.gross, setting.net, fills_gross)
    if not fills_gross:
        return limits
    reason = _contradiction(limits, setting)
    return Infeasible(reason) if reason else limits


def broken(weights: Floats, side: NDArray[np.int8], limits: Limits) -> str | None:
    """The first limit that signed weights do not keep, in words; None where all are kept (turnover aside)."""
    if weights.shape != side.shape:
        return f"gave weights of shape {weights.shape} for {len(side)} assets"
    if not np.isfinite(weights).all():
        return "gave weights that are no numbers"
    absolute = weights * side
    room = TOLERANCE * max(1, len(side))
    if (absolute < -TOLERANCE).any():
        return "gave a weight against the side of its asset"
    held = absolute > TOLERANCE if not limits.fills else np.ones(len(side), bool)
    if (absolute[held] < limits.lower[held] - TOLERANCE).any():
        return "gave a weight below min_weight"
    if (absolute > limits.upper + TOLERANCE).any():
        return "gave a weight above max_weight"
    if limits.fills:
        for book in limits.books:
            if abs(float(absolute[book.members].sum()) - book.total) > room:
                return f"missed gross and net: the {book.name} side is not {_number(book.total)}"
    elif float(absolute.sum()) > limits.gross + room:
        return f"gave more than gross {_number(limits.gross)}"
    for sector in limits.sectors:
        if float(absolute[sector.members].sum()) > sector.cap + room:
            return f"gave sector {sector.name} more than max_sector {_percent(sector.cap)}"
    return None


def _flaw(setting: ConstraintsSetting) -> str | None:
    numbers = {
        name: getattr(setting, name)
        for name in ("gross", "net", "max_weight", "min_weight", "max_turnover", "max_sector")
    }
    for name, value in numbers.items():
        if value is not None and not np.isfinite(value):
            return f"{name} must be a finite number"
        if value is not None and name != "net" and value < 0:
            return f"{name} {_number(value)} is below 0"
    if setting.net is not None and abs(setting.net) > setting.gross + SLACK:
        return f"net {_number(setting.net)} is more than gross {_number(setting.gross)}"
    if setting.min_weight is not None and setting.max_weight is not None and setting.min_weight > setting.max_weight:
        return f"min_weight {_percent(setting.min_weight)} is above max_weight {_percent(setting.max_weight)}"
    return None


def _sectors(names: tuple[str, ...], setting: ConstraintsSetting) -> tuple[Sector, ...]:
    if setting.max_sector is None or not names:
        return ()
    label = np.array(names)
    return tuple(Sector(name, label == name, setting.max_sector) for name in sorted({name for name in names if name}))


def _contradiction(limits: Limits, setting: ConstraintsSetting) -> str | None:
    """The first cut that is too small, from the simplest sentence to the one that needs everything."""
    one = len(limits.books) == 1
    for book in limits.books:
        count = int(book.members.sum())
        aim = f"gross {_number(limits.gross)}" if one else f"the {book.name} side's {_number(book.total)}"
        if count == 0:
            return (
                f"gross {_number(limits.gross)} and net {_number(setting.net or 0.0)} need {book.name} assets, "
                "none is chosen"
            )
        if float(limits.upper[book.members].sum()) < book.total - SLACK:
            return f"max_weight {_percent(setting.max_weight)} of {_assets(count)} cannot reach {aim}"
        if float(limits.lower[book.members].sum()) > book.total + SLACK:
            return f"min_weight {_percent(setting.min_weight)} of {_assets(count)} is more than {aim}"
    return _sector_contradiction(limits, setting)


def _sector_contradiction(limits: Limits, setting: ConstraintsSetting) -> str | None:
    for sector in limits.sectors:
        if float(limits.lower[sector.members].sum()) > sector.cap + SLACK:
            return (
                f"min_weight {_percent(setting.min_weight)} of the {_assets(int(sector.members.sum()))} of sector "
                f"{sector.name} is more than max_sector {_percent(sector.cap)}"
            )
    if not limits.sectors:
        return None
    free = np.ones(len(limits.lower), bool)
    for sector in limits.sectors:
        free &= ~sector.members
    spare = limits.upper - limits.lower
    combinations = [(book,) for book in limits.books] + ([limits.books] if len(limits.books) == 2 else [])
    for books in combinations:
        members = np.logical_or.reduce([book.members for book in books])
        wanted = sum(book.total for book in books) - float(limits.lower[members].sum())
        reachable = float(spare[members & free].sum())
        for sector in limits.sectors:
            room = sector.cap - float(limits.lower[sector.members].sum())
            reachable += min(room, float(spare[members & sector.members].sum()))
        if reachable < wanted - SLACK:
            aim = (
                f"gross {_number(limits.gross)}"
                if len(books) == len(limits.books)
                else f"the {books[0].name} side's {_number(books[0].total)}"
            )
            inside = sum(bool((sector.members & members).any()) for sector in limits.sectors)
            return f"max_sector {_percent(setting.max_sector)} of {inside} sectors cannot reach {aim}"
    return None


def _assets(count: int) -> str:
    return "1 asset" if count == 1 else f"{count} assets"


def _percent(value: float | None) -> str:
    return f"{100 * (value or 0.0):.6g}%"


def _number(value: float) -> str:
    return f"{value:.6g}"
