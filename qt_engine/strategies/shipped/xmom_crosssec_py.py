"""Cross-sectional momentum in Python: the document `xmom_crosssec`, decision by decision.

Jegadeesh and Titman, Returns to Buying Winners and Selling Losers, Journal of Finance 48 (1993).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.strategies.base import Context, History, Strategy, TargetPositions, whole
from qt_engine.strategies.registration import register_strategy


@register_strategy
class CrossSectionalMomentum(Strategy):
    """Hold the strongest symbols of the last twelve months without the last one, decided monthly."""

    name = "xmom_crosssec_py"
    version = "1"
    universe = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
    params = {  # noqa: RUF012 - read, never changed
        "back": whole(252, low=63, high=378, step=21),
        "skip": whole(21, low=0, high=42, step=21),
        "held": whole(2, low=1, high=50),
    }
    require = ("skip < back",)
    recursive = True  # its memory is `back` bars of each asset, which are more bars of the market where one has gaps

    def warmup_bars(self, params: Mapping[str, int | float]) -> int:
        return int(params["back"])

    def prepare(self, history: History) -> Mapping[str, NDArray[Any]]:
        """Momentum of every asset over its own bars: days on which it does not trade do not count."""
        back, skip = int(history.params["back"]), int(history.params["skip"])
        momentum = np.full(history.close.shape, np.nan)
        for asset, column in enumerate(history.close.T):
            bars = np.flatnonzero(~np.isnan(column))
            close = column[bars]
            if len(close) > back:
                momentum[bars[back:], asset] = close[back - skip : len(close) - skip] / close[: len(close) - back] - 1
        return {"momentum": momentum}

    def on_data(self, context: Context) -> TargetPositions | None:
        if not context.ends("month"):
            return None
        momentum = context.prepared["momentum"][-1]
        strongest = np.argsort(-momentum, kind="stable")[: int(context.params["held"])]
        return TargetPositions.equal([context.symbols[asset] for asset in strongest if not np.isnan(momentum[asset])])
