"""`Selection`: what a portfolio strategy chose at each rebalance, before weights are constructed from it.

The language ends here and `qt_engine.portfolio` begins: no expressions are left, every parameter is a number.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qt_engine.strategies.plan import Risk
from qt_engine.strategies.portfolio_document import (
    COVARIANCES,
    FALLBACKS,
    WEIGHTS_METHODS,
    Covariance,
    FallbackMethod,
    WeightsMethod,
)

__all__ = [
    "COVARIANCES", "FALLBACKS", "WEIGHTS_METHODS", "ConstraintsSetting", "Covariance", "FallbackMethod", "Selection",
    "WeightsMethod", "WeightsSetting",
]  # fmt: skip


def _no_table() -> NDArray[np.float64]:
    return np.empty((0, 0))


@dataclass(frozen=True, slots=True)
class WeightsSetting:
    """How the chosen assets are weighted.

    Attributes
    ----------
    window
        Bars of returns that volatility and covariance are estimated from, the bar of the decision the last.
    covariance
        Its estimator, for the methods that need one.
    half_life
        Bars after which a return counts half, for `ewma`.
    shrinkage
        Share of the scaled identity in the estimate, for `shrunk`; a fraction.
    factors
        How many principal components carry the common risk, for `factor`.
    confidence
        How far the views are believed, for `black_litterman`; a fraction in (0, 1).
    fallback
        What is held where the method has no solution: `hold` is the last target, `cash` nothing.
    """

    method: WeightsMethod = "equal"
    window: int = 252
    covariance: Covariance = "ledoit_wolf"
    half_life: float = 63.0
    shrinkage: float = 0.1
    factors: int = 5
    confidence: float = 0.5
    fallback: FallbackMethod = "equal"


@dataclass(frozen=True, slots=True)
class ConstraintsSetting:
    """Bounds of the weights, all as fractions of equity; None where there is no bound.

    Attributes
    ----------
    max_weight, min_weight
        Of the absolute weight of one chosen asset.
    max_turnover
        Of the sum of |new weight − last target| at one rebalance.
    gross
        Sum of the absolute weights that is aimed at.
    net
        Sum of the signed weights. None: `gross` where only one side is chosen, 0 where both are.
    long_only
        No weight is below 0.
    sectors
        Name and asset indices (columns of the market) of each sector, by name; `max_sector` bounds the absolute weights
        of each.
    """

    max_weight: float | None = None
    min_weight: float | None = None
    max_turnover: float | None = None
    gross: float = 1.0
    net: float | None = None
    long_only: bool = True
    sectors: tuple[tuple[str, tuple[int, ...]], ...] = ()
    max_sector: float | None = None


@dataclass(frozen=True)
class Selection:
    """What was chosen at `R` rebalances among `A` assets.

    Attributes
    ----------
    bars
        int64 `(R,)`, strictly increasing: the bars at whose close it was chosen, from bars up to that one.
    scores
        float64 `(R, A)`: what the assets are ranked by; NaN where it is not known, everywhere without a ranking.
    side
        int8 `(R, A)`: +1 long, -1 short, 0 not chosen. An asset that does not trade in the bar is never chosen.
    drift_band
        Absolute weight, as `Plan.drift_band`; infinite where there is none.
    signal
        float64 `(R, A)`: the weights as the strategy gives them, for the method `signal` (0 where the side is 0); else of
        size 0.
    views
        float64 `(R, A)`: expected return of each asset per bar, for `black_litterman`; NaN where there is no view.
        Else of size 0.
    risk
        The run's limits.
    """

    bars: NDArray[np.int64]
    scores: NDArray[np.float64]
    side: NDArray[np.int8]
    weights: WeightsSetting = field(default_factory=WeightsSetting)
    constraints: ConstraintsSetting = field(default_factory=ConstraintsSetting)
    drift_band: float = float("inf")
    signal: NDArray[np.float64] = field(default_factory=_no_table)
    views: NDArray[np.float64] = field(default_factory=_no_table)
    risk: Risk = field(default_factory=Risk)
