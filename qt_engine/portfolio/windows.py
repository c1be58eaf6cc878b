"""What is known of the assets at one bar: the window of returns that ends there, and nothing after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qt_engine.data.market import Market

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """`returns` float64 `(window, n)`, oldest first, of the columns `assets`; `incomplete`: those left out."""

    assets: NDArray[np.intp]
    returns: Floats
    incomplete: NDArray[np.intp]


def window_of(market: Market, bar: int, assets: NDArray[np.intp], bars: int) -> Window | None:
    """Simple returns close to close of the last `bars` bars up to and including `bar`; None where there are fewer.

    An asset without a close, or with one that is not above 0, anywhere in the `bars + 1` closes is left out: a return
    over a gap would be one over a longer time, and a filled gap would look like an asset that does not move.
    """
    if bar < bars:
        return None
    closes = market.close[bar - bars : bar + 1][:, assets]
    complete = np.isfinite(closes).all(axis=0) & (closes > 0).all(axis=0)
    closes = closes[:, complete]
    returns = np.ascontiguousarray(closes[1:] / closes[:-1] - 1.0)
    return Window(assets[complete], returns, assets[~complete])
