"""Weights that are known: by formula, from papers, and from general solvers on the same problems."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qt_engine.portfolio import Infeasible, Problem, Weights, optimizer
from qt_engine.portfolio._black_litterman import implied_returns, posterior
from qt_engine.portfolio._risk_parity import equal_contributions
from qt_engine.portfolio.covariance import ledoit_wolf, sample
from qt_engine.strategies.selection import ConstraintsSetting

GRID = 2e-6


def _weights(method: str, problem: Problem) -> np.ndarray:
    answer = optimizer(method).optimize(problem)
    assert isinstance(answer, Weights), answer
    return answer.values


def _names(count: int) -> tuple[str, ...]:
    return tuple(f"A{number:03}" for number in range(count))


def _long(covariance: np.ndarray, **more: Any) -> Problem:
    n = len(covariance)
    return Problem(_names(n), np.ones(n, np.int8), covariance=np.array(covariance, np.float64), **more)


@settings(max_examples=100, deadline=None)
@given(st.floats(0.05, 0.5), st.floats(0.05, 0.5), st.floats(-0.95, 0.95))
def test_minimum_variance_of_two_assets(one: float, two: float, correlation: float) -> None:
    """w = (σ₂² − ρσ₁σ₂) / (σ₁² + σ₂² − 2ρσ₁σ₂), kept between 0 and 1."""
    across = correlation * one * two
    weight = min(max((two**2 - across) / (one**2 + two**2 - 2 * across), 0.0), 1.0)
    found = _weights("min_variance", _long(np.array([[one**2, across], [across, two**2]])))
    np.testing.assert_allclose(found, [weight, 1 - weight], atol=GRID)


def test_minimum_variance_without_a_bound_in_the_way_is_the_inverse_of_the_covariance() -> None:
    covariance = sample(np.random.default_rng(3).normal(0, 0.01, (4000, 12)))
    inverse = np.linalg.solve(covariance, np.ones(12))
    np.testing.assert_allclose(_weights("min_variance", _long(covariance)), inverse / inverse.sum(), atol=GRID)


def test_the_best_sharpe_ratio_without_a_bound_in_the_way_is_the_tangency_portfolio() -> None:
    rng = np.random.default_rng(4)
    covariance = sample(rng.normal(0, 0.01, (4000, 10)))
    expected = rng.uniform(0.0004, 0.001, 10)
    tangency = np.linalg.solve(covariance, expected - 0.0001)
    found = _weights(
        "max_sharpe", _long(covariance, returns=np.zeros((2, 10)), expected_returns=expected, risk_free=0.0001)
    )
    np.testing.assert_allclose(found, tangency / tangency.sum(), atol=GRID)


def test_the_best_sharpe_ratio_of_uncorrelated_assets_leaves_out_those_below_cash() -> None:
    covariance, expected = np.diag([1.0, 4.0, 1.0]) * 1e-4, np.array([0.001, 0.002, -0.001])
    found = _weights("max_sharpe", _long(covariance, returns=np.zeros((2, 3)), expected_returns=expected))
    np.testing.assert_allclose(found, [2 / 3, 1 / 3, 0], atol=GRID)


def test_nothing_that_earns_more_than_cash_is_said_in_words() -> None:
    for expected in ([-0.001, -0.002], [0.0, 0.0]):
        answer = optimizer("max_sharpe").optimize(
            _long(np.eye(2) * 1e-4, returns=np.zeros((2, 2)), expected_returns=np.array(expected))
        )
        assert answer == Infeasible("no weights within the limits are expected to earn more than cash")


@pytest.mark.parametrize("assets", [2, 7, 60])
def test_risk_parity_has_equal_contributions(assets: int) -> None:
    rng = np.random.default_rng(assets)
    returns = rng.normal(0, 0.01, (300, 1)) + rng.normal(0, 1, (300, assets)) * rng.uniform(0.005, 0.04, assets)
    covariance = sample(returns)
    weights = _weights("risk_parity", _long(covariance))
    contributions = weights * (covariance @ weights)
    np.testing.assert_allclose(contributions / contributions.sum(), 1 / assets, atol=3e-6)


def test_risk_parity_of_two_assets_is_inverse_volatility() -> None:
    covariance = np.array([[0.04, 0.03], [0.03, 0.09]])
    np.testing.assert_allclose(_weights("risk_parity", _long(covariance)), [0.6, 0.4], atol=GRID)


def test_risk_budgets_are_contributions() -> None:
    covariance = sample(np.random.default_rng(1).normal(0, 0.01, (200, 4)) * [1, 2, 3, 4])
    budget = np.array([0.1, 0.2, 0.3, 0.4])
    weights = equal_contributions(covariance, budget)
    assert weights is not None
    contributions = weights * (covariance @ weights)
    np.testing.assert_allclose(contributions / contributions.sum(), budget, rtol=1e-9)


def test_inverse_volatility_is_in_proportion() -> None:
    returns = np.array([[0.01, 0.02, 0.04], [-0.01, -0.02, -0.04], [0.01, 0.02, 0.04]])
    found = _weights("inverse_volatility", Problem(_names(3), np.ones(3, np.int8), returns=returns))
    np.testing.assert_allclose(found, np.array([4, 2, 1]) / 7, atol=GRID)


def test_capped_shares_are_given_to_the_others_in_proportion() -> None:
    returns = np.array([[0.01, 0.02, 0.04], [-0.01, -0.02, -0.04], [0.01, 0.02, 0.04]])
    setting = ConstraintsSetting(max_weight=0.4)
    found = _weights("inverse_volatility", Problem(_names(3), np.ones(3, np.int8), setting, returns=returns))
    np.testing.assert_allclose(found, [0.4, 0.4, 0.2], atol=GRID)


# He and Litterman, The intuition behind Black-Litterman model portfolios (Goldman Sachs, 1999), tables 1 to 4.
COUNTRIES = ("Australia", "Canada", "France", "Germany", "Japan", "UK", "USA")
CORRELATIONS = (
    (1.000, 0.488, 0.478, 0.515, 0.439, 0.512, 0.491),
    (0.488, 1.000, 0.664, 0.655, 0.310, 0.608, 0.779),
    (0.478, 0.664, 1.000, 0.861, 0.355, 0.783, 0.668),
    (0.515, 0.655, 0.861, 1.000, 0.354, 0.777, 0.653),
    (0.439, 0.310, 0.355, 0.354, 1.000, 0.405, 0.306),
    (0.512, 0.608, 0.783, 0.777, 0.405, 1.000, 0.652),
    (0.491, 0.779, 0.668, 0.653, 0.306, 0.652, 1.000),
)
VOLATILITY = np.array([16.0, 20.3, 24.8, 27.1, 21.0, 20.0, 18.7]) / 100
MARKET = np.array([1.6, 2.2, 5.2, 5.5, 11.6, 12.4, 61.5]) / 100
WORLD = np.array(CORRELATIONS) * np.outer(VOLATILITY, VOLATILITY)


def test_implied_returns_are_those_of_he_and_litterman() -> None:
    np.testing.assert_allclose(100 * implied_returns(WORLD, MARKET), [3.9, 6.9, 8.4, 9.0, 4.3, 6.8, 7.6], atol=0.06)


def test_a_view_on_germany_gives_the_returns_and_weights_of_he_and_litterman() -> None:
    """Germany beats France and the UK, weighted by size, by 5%; the view is as uncertain as the prior makes it."""
    europe = MARKET[[2, 5]] / MARKET[[2, 5]].sum()
    picks = np.array([[0, 0, -europe[0], 1, 0, -europe[1], 0]])
    uncertainty = 0.05 * picks @ WORLD @ picks.T
    expected, covariance = posterior(implied_returns(WORLD, MARKET), WORLD, picks, np.array([0.05]), uncertainty)
    np.testing.assert_allclose(100 * expected, [4.3, 7.6, 9.3, 11.0, 4.5, 7.0, 8.1], atol=0.06)
    weights = np.linalg.solve(2.5 * covariance, expected)
    np.testing.assert_allclose(100 * weights, [1.5, 2.1, -4.0, 35.4, 11.0, -9.5, 58.6], atol=0.15)


def test_black_litterman_without_views_is_the_market() -> None:
    found = _weights("black_litterman", _long(WORLD / 252))
    np.testing.assert_allclose(found, 1 / 7, atol=GRID)


def test_black_litterman_goes_where_the_view_is_and_further_the_more_it_is_believed() -> None:
    views = np.where(np.arange(7) == 3, 0.15 / 252, np.nan)
    weights = [
        _weights("black_litterman", _long(WORLD / 252, views=views, confidence=confidence))[3]
        for confidence in (0.01, 0.2, 0.5, 0.9)
    ]
    assert 1 / 7 < weights[0] < weights[1] < weights[2] < weights[3]


def test_the_posterior_is_that_of_skfolio() -> None:
    prior = pytest.importorskip("skfolio.prior")
    moments = pytest.importorskip("skfolio.moments")
    returns = np.random.default_rng(0).normal(0.0003, 0.01, (400, 4)) @ np.array(
        [[1, 0.2, 0, 0], [0, 1, 0.4, 0], [0, 0, 1, 0.3], [0.1, 0, 0, 1]]
    )
    model = prior.BlackLitterman(
        views=["x0 == 0.001", "x2 == -0.0005"], tau=0.05,
        prior_estimator=prior.EmpiricalPrior(
            mu_estimator=moments.EquilibriumMu(risk_aversion=2.5, covariance_estimator=moments.EmpiricalCovariance()),
            covariance_estimator=moments.EmpiricalCovariance(),
        ),
    )  # fmt: skip
    model.fit(pd.DataFrame(returns, columns=["x0", "x1", "x2", "x3"]))
    covariance, picks = sample(returns), np.eye(4)[[0, 2]]
    found = posterior(
        implied_returns(covariance, np.full(4, 0.25)), covariance, picks, np.array([0.001, -0.0005]),
        np.diag(np.diagonal(0.05 * picks @ covariance @ picks.T)),
    )  # fmt: skip
    np.testing.assert_allclose(found[0], model.return_distribution_.mu, rtol=1e-8)
    np.testing.assert_allclose(found[1], model.return_distribution_.covariance, rtol=1e-8)


def _returns(observations: int, assets: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    common = rng.normal(0.0003, 0.008, (observations, 2)) @ rng.normal(0.7, 0.4, (2, assets))
    return common + rng.normal(0.0003, 1.0, (observations, assets)) * rng.uniform(0.005, 0.03, assets)


def test_hierarchical_risk_parity_is_that_of_skfolio() -> None:
    optimization = pytest.importorskip("skfolio.optimization")
    prior, moments = pytest.importorskip("skfolio.prior"), pytest.importorskip("skfolio.moments")
    for assets in (2, 5, 24):
        returns = _returns(250, assets, assets)
        model = optimization.HierarchicalRiskParity(
            prior_estimator=prior.EmpiricalPrior(covariance_estimator=moments.LedoitWolf())
        )
        model.fit(returns)
        found = _weights("hrp", _long(ledoit_wolf(returns), returns=returns, expected_returns=returns.mean(axis=0)))
        np.testing.assert_allclose(found, model.weights_, atol=GRID)


@pytest.mark.parametrize(("assets", "most"), [(5, 1.0), (40, 0.1), (150, 0.02)])
@pytest.mark.parametrize("method", ["min_variance", "max_sharpe"])
def test_solutions_are_those_of_skfolio(method: str, assets: int, most: float) -> None:
    optimization = pytest.importorskip("skfolio.optimization")
    prior, moments = pytest.importorskip("skfolio.prior"), pytest.importorskip("skfolio.moments")
    returns = _returns(400, assets, assets)
    aim = optimization.ObjectiveFunction
    model = optimization.MeanRisk(
        objective_function=aim.MINIMIZE_RISK if method == "min_variance" else aim.MAXIMIZE_RATIO, max_weights=most,
        prior_estimator=prior.EmpiricalPrior(covariance_estimator=moments.LedoitWolf()),
        solver_params={"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12},
    )  # fmt: skip
    model.fit(returns)
    problem = _long(
        ledoit_wolf(returns), returns=returns, expected_returns=returns.mean(axis=0),
        constraints=ConstraintsSetting(max_weight=most),
    )  # fmt: skip
    np.testing.assert_allclose(_weights(method, problem), model.weights_, atol=2e-5)


@pytest.mark.parametrize("seed", range(12))
def test_minimum_variance_under_every_constraint_is_that_of_a_general_solver(seed: int) -> None:
    cvxpy = pytest.importorskip("cvxpy")
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 40))
    covariance = ledoit_wolf(_returns(150, n, seed))
    side = np.where(rng.uniform(size=n) < (0.4 if seed % 2 else 0.0), -1, 1).astype(np.int8)
    side[0] = 1
    both = bool((side < 0).any())
    sectors = tuple(("a", "b", "c", "")[k] for k in rng.integers(0, 4, n))
    previous = rng.dirichlet(np.ones(n)) * side
    setting = ConstraintsSetting(
        long_only=not both, gross=1.2, net=0.3 if both else None, max_weight=0.45, min_weight=0.002,
        max_sector=0.5, max_turnover=None if seed % 3 == 0 else 0.9,
    )  # fmt: skip
    weights = cvxpy.Variable(n)
    limits = [
        cvxpy.multiply(side, weights) >= 0.002, cvxpy.multiply(side, weights) <= 0.45,
        side @ weights == 1.2, cvxpy.sum(weights) == (0.3 if both else 1.2),
    ]  # fmt: skip
    for name in ("a", "b", "c"):
        inside = np.array([sector == name for sector in sectors])
        if inside.any():
            limits.append(cvxpy.sum(cvxpy.multiply(side[inside], weights[inside])) <= 0.5)
    if setting.max_turnover is not None:
        limits.append(cvxpy.norm1(weights - previous) <= setting.max_turnover)
    general = cvxpy.Problem(cvxpy.Minimize(cvxpy.quad_form(weights, cvxpy.psd_wrap(covariance * 1e4))), limits)
    general.solve(solver="CLARABEL", tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    answer = optimizer("min_variance").optimize(
        Problem(_names(n), side, setting, previous=previous, sectors=sectors, covariance=covariance)
    )
    if general.status != "optimal":
        # With a turnover that cannot be kept the answer is part of the way; without one there is no answer.
        assert isinstance(answer, Infeasible) or setting.max_turnover is not None
        return
    assert isinstance(answer, Weights), answer
    np.testing.assert_allclose(answer.values, weights.value, atol=3e-5)


def test_equal_assets_have_equal_weights_although_their_covariance_is_singular() -> None:
    covariance = np.array([[4.0, 4.0, 0.0], [4.0, 4.0, 0.0], [0.0, 0.0, 4.0]]) * 1e-4
    np.testing.assert_allclose(_weights("min_variance", _long(covariance)), [0.25, 0.25, 0.5], atol=GRID)


def test_more_assets_than_observations_have_weights() -> None:
    returns = _returns(30, 120, 5)
    weights = _weights("min_variance", _long(sample(returns)))
    assert abs(weights.sum() - 1) < 120e-6
    assert (weights >= 0).all()
