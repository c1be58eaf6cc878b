"""The shipped labels: what happened after a bar. They look ahead by design; see `qt_engine.features.feature.Label`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qt_engine.features.indicator import Parameter
from qt_engine.features.registration import label

if TYPE_CHECKING:
    from qt_engine.features._arrays import Floats


@label(
    "forward_return",
    parameters=(Parameter("bars", "int", 1, 1, 100_000),),
    horizon=lambda bars: bars,
    source="Definition",
)
def forward_return(close: Floats, *, bars: int) -> Floats:
    """Return over the next bars; unknown in the last ones"""
    import numpy as np

    from qt_engine.features import _labels

    made = np.empty(len(close))
    _labels.forward_return(close, bars, made)
    return made


def _no_barrier(profit: float, stop: float, bars: int, span: int) -> str | None:
    return "profit and stop cannot both be 0; without barriers use forward_return" if profit == 0.0 == stop else None


@label(
    "triple_barrier", inputs=("open", "high", "low", "close"), outputs=("value", "touch", "return"), positions=("touch",),
    parameters=(
        Parameter("profit", "float", 2.0, 0.0, 1000.0), Parameter("stop", "float", 2.0, 0.0, 1000.0),
        Parameter("bars", "int", 21, 1, 100_000), Parameter("span", "int", 100, 2, 100_000),
    ),
    horizon=lambda profit, stop, bars, span: bars, warmup=lambda profit, stop, bars, span: span, refuse=_no_barrier,
    source="López de Prado 2018",
)  # fmt: skip
def triple_barrier(
    open_: Floats, high: Floats, low: Floats, close: Floats, *, profit: float, stop: float, bars: int, span: int
) -> tuple[Floats, Floats, Floats]:
    """Which barrier comes first: profit (1), stop (-1), both multiples of volatility, or the end after some bars (0)

    López de Prado (2018), Advances in Financial Machine Learning, chapter 3. The outputs are the label, the bar in which
    the barrier was met, and the return there. A bar that touches both barriers met the stop.
    """
    import numpy as np

    from qt_engine.features import _labels

    value, touch, returned = (np.empty(len(close)) for _ in range(3))
    _labels.triple_barrier(open_, high, low, close, profit, stop, bars, span, value, touch, returned)
    return value, touch, returned
