"""Black–Litterman: what the market implies, moved by views as far as they are believed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qt_engine.portfolio._base import Optimizer, Problem
from qt_engine.portfolio._least_cost import least_cost, least_cost_within
from qt_engine.portfolio.constraints import Limits
from qt_engine.portfolio.infeasible import Infeasible
from qt_engine.portfolio.projection import in_proportion

Floats = NDArray[np.float64]
RISK_AVERSION = 2.5
"""He and Litterman (1999). It scales implied returns and views against each other."""
TAU = 0.05
"""Uncertainty of the implied returns, as a share of the covariance: He and Litterman (1999)."""


class BlackLitterman(Optimizer):
    """Mean-variance weights of the returns that Black and Litterman expect. Turnover is a constraint of the problem.

    No market capitalisations are known, so the market is the book of equal weights within the limits: without any view
    that is the answer. `views` are absolute: the expected return of single assets per bar. Their uncertainty is that of
    the implied returns times (1 − confidence) / confidence, so that a view alone moves the return of its asset by the
    share `confidence` of the way; the covariance stays that of the returns. Idzorek, A step-by-step guide to the
    Black-Litterman model (2005).
    """

    name = "black_litterman"
    uses_covariance = True

    def propose(self, problem: Problem, limits: Limits) -> Floats | Infeasible:
        """The weights of the highest expected utility."""
        expected = _believed(problem, limits)
        if isinstance(expected, Infeasible):
            return expected
        return least_cost(problem, RISK_AVERSION * problem.covariance, -expected, limits)

    def propose_within(self, problem: Problem, limits: Limits, weights: Floats, budget: float) -> Floats | None:
        """The weights of the highest expected utility that trade at most `budget`."""
        expected = _believed(problem, limits)
        if isinstance(expected, Infeasible):
            return None
        return least_cost_within(problem, RISK_AVERSION * problem.covariance, -expected, limits, weights, budget)


def _believed(problem: Problem, limits: Limits) -> Floats | Infeasible:
    """Expected excess returns float64 `(n,)` after the views."""
    n = len(problem.symbols)
    market = in_proportion(np.ones(n), problem.side, limits)
    if isinstance(market, Infeasible):
        return market
    if not 0 < problem.confidence < 1:
        return Infeasible(f"confidence must be above 0 and below 1, not {problem.confidence:.6g}")
    implied = implied_returns(problem.covariance, market)
    views = problem.views if problem.views.size else np.full(n, np.nan)
    if np.isinf(views).any():
        return Infeasible("a view is infinite")
    known = np.flatnonzero(np.isfinite(views))
    if not len(known):
        return implied
    picks = np.zeros((len(known), n))
    picks[np.arange(len(known)), known] = 1.0
    doubt = (1 - problem.confidence) / problem.confidence
    uncertainty = np.diag(doubt * TAU * np.diagonal(problem.covariance)[known])
    try:
        return posterior(implied, problem.covariance, picks, views[known], uncertainty)[0]
    except np.linalg.LinAlgError:
        return Infeasible("the views cannot be told apart: the covariance is singular on them")


def implied_returns(covariance: Floats, market: Floats, risk_aversion: float = RISK_AVERSION) -> Floats:
    """Expected excess returns float64 `(n,)` at which a mean-variance investor holds `market`: δ Σ w."""
    implied: Floats = risk_aversion * covariance @ market
    return implied


def posterior(
    implied: Floats, covariance: Floats, picks: Floats, views: Floats, uncertainty: Floats, tau: float = TAU
) -> tuple[Floats, Floats]:
    """Expected returns `(n,)` and covariance of returns `(n, n)` after the views.

    He and Litterman, The intuition behind Black-Litterman model portfolios (1999), equations 8 and 12:
    with M = τΣP'(PτΣP' + Ω)⁻¹, the mean is π + M (Q − Pπ) and the covariance Σ + τΣ − M P τΣ.

    Parameters
    ----------
    picks, views, uncertainty
        float64 `(k, n)`, `(k,)` and `(k, k)`: P, Q and Ω.
    """
    prior = tau * covariance
    across = prior @ picks.T
    move = np.linalg.solve(picks @ across + uncertainty, across.T).T
    expected = implied + move @ (views - picks @ implied)
    spread = covariance + prior - move @ across.T
    return expected, (spread + spread.T) / 2
