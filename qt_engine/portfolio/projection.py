"""Fitting proportions to limits: the closed-form methods say only how weights relate, the limits say the rest.

Each weight is `clip(level × share, lower, upper)` with one level a book, so that what a cap takes away is given to
the other assets of the book in proportion; assets of a sector above its cap get a lower level of their own. This is
the least change of the shares in the metric Σ (x − share)² / share, hence unique, and reordering the assets reorders
it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio.constraints import Limits, Sector
from qt_engine.portfolio.infeasible import Infeasible
from qt_engine.portfolio.quadratic import QuadraticProgramme
from qt_engine.portfolio.vertices import vertex

Floats = NDArray[np.float64]


def in_proportion(shares: Floats, side: NDArray[np.int8], limits: Limits) -> Floats | Infeasible:
    """Signed weights float64 `(n,)` in proportion to `shares` (at least 0) as far as the limits allow."""
    held = shares > 0
    for book in limits.books:
        if float(np.where(held, limits.upper, limits.lower)[book.members].sum()) < book.total - 1e-9:
            return Infeasible(f"too few assets have a weight above 0 for the {book.name} side's {book.total:.6g}")
    scaled = shares / shares.max() if held.any() else shares
    absolute = _fit(scaled, limits)
    if absolute is None:
        return Infeasible("gross, net and max_sector leave no room for weights in these proportions")
    signed: Floats = absolute * side
    return signed


def _fit(shares: Floats, limits: Limits) -> Floats | None:
    upper = limits.upper.copy()
    none = np.zeros_like(shares)
    if len(limits.books) == 1:
        for sector in limits.sectors:
            at = sector.members
            if float(upper[at].sum()) > sector.cap:
                upper[at] = _at(shares[at], none[at], limits.lower[at], upper[at], sector.cap)
        return _books(shares, none, upper, limits)
    absolute = _books(shares, none, upper, limits)
    return absolute if _kept(absolute, limits.sectors) else _nearest(shares, limits)


def _nearest(shares: Floats, limits: Limits) -> Floats | None:
    """The least Σ (x − share)² / share; for sectors that both books want more of than there is."""
    moving = shares > 0
    bound = replace(limits, upper=np.where(moving, limits.upper, limits.lower))
    start = vertex(-shares, bound)
    if start is None:
        return None
    inverse = np.divide(1.0, shares, out=np.ones_like(shares), where=moving)
    programme = QuadraticProgramme(np.diag(inverse), bound, start, ridge=0.0)
    return programme.minimise(-np.ones(len(shares)))


def _books(shares: Floats, shift: Floats, upper: Floats, limits: Limits) -> Floats:
    absolute = limits.lower.copy()
    for book in limits.books:
        at = book.members
        absolute[at] = _at(shares[at], shift[at], limits.lower[at], upper[at], book.total)
    return absolute


def _kept(absolute: Floats, sectors: tuple[Sector, ...]) -> bool:
    return all(float(absolute[sector.members].sum()) <= sector.cap + 1e-7 for sector in sectors)


def _at(shares: Floats, shift: Floats, lower: Floats, upper: Floats, total: float) -> Floats:
    level = _level(shares, shift, lower, upper, total)
    return np.clip(level * shares + shift, lower, upper)


def _level(shares: Floats, shift: Floats, lower: Floats, upper: Floats, total: float) -> float:
    """The level at which `clip(level × shares + shift, lower, upper)` sums to `total`; its nearest where none does."""
    moving = shares > 0
    if not moving.any():
        return 0.0
    r, s, low, high = shares[moving], shift[moving], lower[moving], upper[moving]
    fixed = float(np.clip(shift[~moving], lower[~moving], upper[~moving]).sum())
    start, stop = (low - s) / r, (high - s) / r
    points = np.concatenate((start, stop))
    slopes = np.concatenate((r, -r))
    order = np.argsort(points, kind="stable")
    points, slopes = points[order], slopes[order]
    slope = np.maximum(np.cumsum(slopes), 0.0)
    heights = float(low.sum()) + fixed + np.concatenate(([0.0], np.cumsum(slope[:-1] * np.diff(points))))
    at = int(np.searchsorted(heights, total, side="right")) - 1
    if at < 0:
        return float(points[0])
    if at >= len(points) - 1:
        return float(points[-1])
    rise = slope[at]
    return float(points[at] + (total - heights[at]) / rise) if rise > 0 else float(points[at])
