"""Inverse volatility: weights in proportion to one over the standard deviation of returns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio._base import Optimizer, Problem
from qt_engine.portfolio.constraints import Limits
from qt_engine.portfolio.infeasible import Infeasible
from qt_engine.portfolio.projection import in_proportion


class InverseVolatility(Optimizer):
    """Weights in proportion to 1 / σ, with σ the sample standard deviation of the returns, fitted to the limits."""

    name = "inverse_volatility"
    uses_returns = True

    def propose(self, problem: Problem, limits: Limits) -> NDArray[np.float64] | Infeasible:
        """1 / σ, fitted to the limits; an asset that never moves has no such weight."""
        if len(problem.returns) < 2:
            return Infeasible("a volatility needs at least 2 returns")
        still = np.flatnonzero(np.ptp(problem.returns, axis=0) <= 0)
        if len(still):
            return Infeasible(f"{problem.symbols[still[0]]} has a volatility of 0 in the window")
        return in_proportion(1 / np.std(problem.returns, axis=0, ddof=1), problem.side, limits)
