"""Inverse volatility: weights in proportion to one over the standard deviation of returns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio._base import Optimizer, Problem
from qt_engine.portfolio.constraints import Limits
from qt_engine.portfolio.infeasible import Infeasible
from qt_engine.portfolio.projection import in_proportion


class InverseVolatility(Optimizer):
    """Weights in proportion to 1 / σ, with σ² the diagonal of the covariance; capped weights leave the rest in proportion."""

    name = "inverse_volatility"
    uses_covariance = True

    def propose(self, problem: Problem, limits: Limits) -> NDArray[np.float64] | Infeasible:
        """1 / σ, fitted to the limits; an asset that never moves has no such weight."""
        variance = np.diagonal(problem.covariance)
        still = np.flatnonzero(variance <= 0)
        if len(still):
            return Infeasible(f"{problem.symbols[still[0]]} has a volatility of 0 in the window")
        return in_proportion(1 / np.sqrt(variance), problem.side, limits)
