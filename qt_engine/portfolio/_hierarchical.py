"""Hierarchical risk parity, by skfolio: a tree of correlations orders the assets, risk is split down the order."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.portfolio._base import Optimizer, Problem
from qt_engine.portfolio.constraints import Limits
from qt_engine.portfolio.infeasible import Infeasible
from qt_engine.portfolio.projection import in_proportion

Floats = NDArray[np.float64]


class HierarchicalRiskParity(Optimizer):
    """López de Prado (2016), with Ward linkage of √((1 − correlation) / 2) and recursive bisection of variances.

    The tree's left and right are arbitrary and depend on the order of the columns, so assets are put in the order of
    their symbols first. A short asset enters with its returns reversed. Weights are then fitted to the limits in
    proportion. Needs skfolio.
    """

    name = "hrp"
    uses_returns = True
    uses_covariance = True

    def propose(self, problem: Problem, limits: Limits) -> Floats | Infeasible:
        """The shares of the tree, fitted to the limits."""
        n = len(problem.symbols)
        still = np.flatnonzero((np.diagonal(problem.covariance) <= 0) | (np.ptp(problem.returns, axis=0) <= 0))
        if len(still):
            return Infeasible(f"{problem.symbols[still[0]]} has a volatility of 0 in the window")
        if n == 1:
            return in_proportion(np.ones(1), problem.side, limits)
        order = np.array(sorted(range(n), key=lambda i: problem.symbols[i]))
        side = problem.side.astype(np.float64)[order]
        covariance = problem.covariance[np.ix_(order, order)] * np.outer(side, side)
        split = _split(problem.returns[:, order] * side, covariance)
        if isinstance(split, Infeasible):
            return split
        shares = np.empty(n)
        shares[order] = split
        return in_proportion(shares, problem.side, limits)


def _split(returns: Floats, covariance: Floats) -> Floats | Infeasible:
    """skfolio's weights float64 `(n,)`, all above 0, for a covariance that is already known."""
    prior = _skfolio("prior").EmpiricalPrior(covariance_estimator=_known_covariance(covariance))
    model = _skfolio("optimization").HierarchicalRiskParity(prior_estimator=prior)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(returns)
    except (ValueError, ArithmeticError, RuntimeError, np.linalg.LinAlgError) as error:
        return Infeasible(f"skfolio: {str(error).splitlines()[0] if str(error) else type(error).__name__}")
    weights = np.asarray(model.weights_, np.float64)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        return Infeasible("skfolio: no weights")
    return weights


def _skfolio(part: str) -> Any:
    """A module of the library, imported only where it is used: it takes seconds.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return import_module(f"skfolio.{part}")
    except ImportError as error:
        raise InputError("weights: method hrp needs skfolio: pip install 'qt-workstation[portfolio]'") from error


def _known_covariance(matrix: Floats) -> Any:
    base: Any = _skfolio("moments").BaseCovariance

    class KnownCovariance(base):  # type: ignore[misc]
        """Hands over a matrix that was estimated elsewhere."""

        def __init__(self, matrix: Any = None, nearest: bool = True) -> None:
            super().__init__(nearest=nearest)
            self.matrix = matrix

        def fit(self, X: Any, y: Any = None, **fit_params: Any) -> KnownCovariance:
            self.n_features_in_ = np.asarray(X).shape[1]
            self._set_covariance(self.matrix)
            return self

    return KnownCovariance(matrix)
