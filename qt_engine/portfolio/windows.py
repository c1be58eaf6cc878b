"""What is known of the assets at one bar: the window of returns that ends there, and nothing after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qt_engine.data.market import Market

Floats = NDArray[np.float64]
REACH = 2
"""How many windows back bars in which all trade are looked for."""


@dataclass(frozen=True)
class Window:
    """`returns` float64 `(window, n)`, oldest first, of the columns `assets`; `left_out`: those without such a window."""

    assets: NDArray[np.intp]
    returns: Floats
    left_out: NDArray[np.intp]


def window_of(market: Market, bar: int, assets: NDArray[np.intp], bars: int) -> Window:
    """The last `bars` simple returns up to and including `bar`, close to close, of those assets that have them.

    A return is one between two successive bars in which all these assets trade: where venues keep different
    calendars, or one asset was halted for a day, all returns are over the same time, and a gap is never taken for an
    asset that does not move. The bars are looked for in twice the window; an asset for which there are too few
    (listed not long ago, traded in fewer than half of the bars) is left out, the one with the fewest first.
    """
    need = bars + 1
    closes = market.close[max(0, bar - REACH * need + 1) : bar + 1][:, assets]
    traded = np.isfinite(closes) & (closes > 0)
    if len(closes) >= need and traded[-need:].all():
        return Window(assets, _returns(closes[-need:]), assets[:0])
    counts = traded.sum(axis=0)
    keep = (counts >= need) & traded[-1]
    while keep.any():
        common = np.flatnonzero(traded[:, keep].all(axis=1))
        if len(common) >= need:
            used = closes[common[-need:]][:, keep]
            return Window(assets[keep], _returns(used), assets[~keep])
        keep &= counts > counts[keep].min()
    return Window(assets[:0], np.empty((bars, 0)), assets)


def _returns(closes: Floats) -> Floats:
    return np.ascontiguousarray(closes[1:] / closes[:-1] - 1.0)
