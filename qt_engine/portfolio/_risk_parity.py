"""Risk parity: every asset contributes the same risk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio._base import Optimizer, Problem
from qt_engine.portfolio.constraints import Limits
from qt_engine.portfolio.infeasible import Infeasible
from qt_engine.portfolio.projection import in_proportion
from qt_engine.portfolio.quadratic import RIDGE

Floats = NDArray[np.float64]
STEPS = 200
CLOSE = 1e-20


class RiskParity(Optimizer):
    """Weights with equal risk contributions wᵢ (Σw)ᵢ, then fitted to the limits in proportion.

    Where a limit binds, or both sides are held and their sums are not those that equal contributions have,
    contributions are no longer equal: the limits come first.
    """

    name = "risk_parity"
    uses_covariance = True

    def propose(self, problem: Problem, limits: Limits) -> Floats | Infeasible:
        """Equal risk contributions, fitted to the limits."""
        variance = np.diagonal(problem.covariance)
        still = np.flatnonzero(variance <= 0)
        if len(still):
            return Infeasible(f"{problem.symbols[still[0]]} has a volatility of 0 in the window")
        side = problem.side.astype(np.float64)
        volatility = np.sqrt(variance)
        correlation = problem.covariance / np.outer(volatility, volatility) * np.outer(side, side)
        shares = equal_contributions(correlation)
        if shares is None:
            return Infeasible("no weights with equal risk contributions: the covariance is badly conditioned")
        return in_proportion(shares / volatility, problem.side, limits)


def equal_contributions(matrix: Floats, budget: Floats | None = None) -> Floats | None:
    """Weights above 0 float64 `(n,)`, sum 1, whose contributions xᵢ (Mx)ᵢ are in proportion to `budget` (default: equal).

    They minimise ½ x'Mx − Σ budgetᵢ ln xᵢ, which is convex and self-concordant, by damped Newton steps: Spinu, An
    algorithm for computing risk parity weights (2013). None if the steps do not end.

    Parameters
    ----------
    matrix
        float64 `(n, n)`, symmetric positive semi-definite, with a diagonal above 0. Scaling assets scales the answer
        inversely, so a correlation matrix is the best conditioned one.
    budget
        float64 `(n,)`, above 0.
    """
    n = len(matrix)
    share = np.full(n, 1.0 / n) if budget is None else budget / budget.sum()
    matrix = matrix.copy()
    matrix[np.diag_indices(n)] *= 1.0 + RIDGE
    x = np.sqrt(share / np.diagonal(matrix))
    x /= np.sqrt(float(x @ matrix @ x))
    least = float(share.min())
    for _ in range(STEPS):
        gradient = matrix @ x - share / x
        hessian = matrix.copy()
        hessian[np.diag_indices(n)] += share / x**2
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            return None
        # The Newton decrement of the function divided by its smallest budget, which is self-concordant in the usual
        # scale.
        decrement = float(gradient @ step) / least
        if not np.isfinite(decrement):
            return None
        longest = float((step / x).max())
        full = decrement < 0.05 and longest < 1
        x = x - step * (1.0 if full else 1.0 / (1.0 + np.sqrt(max(decrement, 0.0))))
        if decrement < CLOSE:
            scaled: Floats = x / x.sum()
            return scaled
    return None
