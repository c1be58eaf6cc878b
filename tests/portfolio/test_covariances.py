"""Estimates of covariance: what other libraries find, and what every estimate is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qt_engine.core.errors import InputError
from qt_engine.portfolio.covariance import estimate, ewma, factor, ledoit_wolf, sample, shrunk
from qt_engine.strategies.selection import COVARIANCES, WeightsSetting


def _returns(observations: int, assets: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.01, (observations, 2)) @ rng.normal(1, 0.5, (2, assets)) + rng.normal(
        0, 0.01, (observations, assets)
    )


@pytest.mark.parametrize("shape", [(60, 4), (40, 90), (252, 30), (2, 3)])
def test_ledoit_wolf_is_that_of_scikit_learn(shape: tuple[int, int]) -> None:
    covariance = pytest.importorskip("sklearn.covariance")
    returns = _returns(*shape)
    expected, _ = covariance.ledoit_wolf(returns)
    np.testing.assert_allclose(ledoit_wolf(returns), expected, rtol=1e-10, atol=1e-18)


@pytest.mark.parametrize("half_life", [1.0, 10.0, 63.0, 1e9])
def test_ewma_is_that_of_pandas(half_life: float) -> None:
    returns = _returns(80, 3)
    expected = pd.DataFrame(returns).ewm(halflife=half_life).cov().loc[79].to_numpy()
    np.testing.assert_allclose(ewma(returns, half_life), expected, rtol=1e-8)


def test_sample_is_that_of_numpy() -> None:
    returns = _returns(50, 5)
    np.testing.assert_allclose(sample(returns), np.cov(returns.T), rtol=1e-12)


def test_shrinking_goes_from_the_sample_to_equal_variances_without_correlation() -> None:
    returns = _returns(50, 5)
    np.testing.assert_allclose(shrunk(returns, 0.0), sample(returns), rtol=1e-12)
    np.testing.assert_allclose(shrunk(returns, 1.0), np.eye(5) * np.trace(sample(returns)) / 5, atol=1e-20)


def test_factors_keep_each_variance_and_end_at_the_sample() -> None:
    returns = _returns(100, 8)
    for factors in (1, 2, 5):
        np.testing.assert_allclose(np.diagonal(factor(returns, factors)), np.diagonal(sample(returns)), rtol=1e-12)
    np.testing.assert_allclose(factor(returns, 8), sample(returns), rtol=1e-10, atol=1e-18)
    np.testing.assert_allclose(factor(returns, 500), sample(returns), rtol=1e-10, atol=1e-18)


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(2, 12), st.integers(1, 8)), elements=st.floats(-0.5, 0.5, width=32)),
    st.sampled_from(COVARIANCES),
)
def test_every_estimate_is_symmetric_and_positive_semi_definite(returns: np.ndarray, name: str) -> None:
    found = estimate(returns, WeightsSetting("min_variance", covariance=name, half_life=5.0, factors=2))  # type: ignore[arg-type]
    assert found.shape == (returns.shape[1],) * 2
    assert np.array_equal(found, found.T)
    size = max(float(np.abs(found).max()), 1e-300)
    assert np.linalg.eigvalsh(found / size).min() > -1e-10


@pytest.mark.parametrize("name", COVARIANCES)
def test_scaling_returns_scales_the_estimate_by_the_square(name: str) -> None:
    setting = WeightsSetting("min_variance", covariance=name)  # type: ignore[arg-type]
    returns = _returns(60, 4)
    np.testing.assert_allclose(estimate(returns * 8, setting), estimate(returns, setting) * 64, rtol=1e-12)


@pytest.mark.parametrize("returns", [np.zeros((1, 3)), np.full((5, 2), np.nan), np.zeros(4)])
def test_returns_that_have_no_covariance_are_refused(returns: np.ndarray) -> None:
    for function in (sample, ledoit_wolf):
        with pytest.raises(InputError):
            function(returns)
