"""Betas are those of the returns that were made with them, and shocks follow from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.core.errors import InputError
from qt_engine.core.intervals import DAY_NS
from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import Market
from qt_engine.risk.factors import FactorReturns, estimate, factor_returns, log_returns

BETAS = np.array([1.0, 2.0, 0.5, -1.0])


def market_of(returns: np.ndarray) -> Market:
    """Daily bars whose closes have these log returns, `(T, A)`; the first row is not seen."""
    close = 100.0 * np.exp(np.cumsum(returns, axis=0))
    ts = np.arange(len(close), dtype=np.int64) * DAY_NS
    symbols = [f"S{a}" for a in range(close.shape[1])]
    return market_from_arrays(symbols, "1d", ts, close, close * 1.01, close * 0.99, close, np.ones_like(close))


def driven(noise: float = 0.0, bars: int = 400, seed: int = 1) -> Market:
    """S0 is the market itself; the others follow it by BETAS."""
    rng = np.random.default_rng(seed)
    index = rng.normal(0.0, 0.01, bars)
    extra = rng.normal(0.0, noise, (bars, 4)) if noise else np.zeros((bars, 4))
    extra[:, 0] = 0.0
    return market_of(index[:, None] * BETAS + extra)


def test_exact_followers_have_their_betas() -> None:
    market = driven()
    model = estimate(market, factor_returns(market, benchmark="S0"), use=["market"])
    np.testing.assert_allclose(model.betas[:, 0], BETAS, atol=1e-9)
    np.testing.assert_allclose(model.r_squared, 1.0)
    np.testing.assert_allclose(model.residual_volatility, 0.0, atol=1e-9)


def test_noise_widens_the_residual_and_not_the_beta() -> None:
    market = driven(noise=0.004, bars=4_000)
    model = estimate(market, factor_returns(market, benchmark="S0"), use=["market"])
    np.testing.assert_allclose(model.betas[:, 0], BETAS, atol=0.05)
    np.testing.assert_allclose(model.residual_volatility[1:], 0.004, rtol=0.1)


def test_a_shock_is_compounded_by_the_beta_and_never_takes_everything() -> None:
    market = driven()
    model = estimate(market, factor_returns(market, benchmark="S0"), use=["market"])
    np.testing.assert_allclose(
        model.shocks({"market": -0.4}), [-0.4, 1 - 0.64 - 1, 0.6**0.5 - 1, 1 / 0.6 - 1], atol=1e-9
    )
    assert (model.shocks({"market": -0.99}) > -1.0).all()
    np.testing.assert_allclose(model.shocks({"market": 0.0}), 0.0)


@given(st.floats(-0.9, 1.0), st.floats(-0.9, 1.0))
def test_two_shocks_after_another_are_one_of_both(one: float, other: float) -> None:
    market = driven(noise=0.004)
    model = estimate(market, factor_returns(market, benchmark="S0"))
    both = (1 + model.shocks({"market": one})) * (1 + model.shocks({"market": other})) - 1
    np.testing.assert_allclose(both, model.shocks({"market": (1 + one) * (1 + other) - 1}), rtol=1e-8, atol=1e-10)


def test_sectors_are_what_their_members_do_beyond_the_market() -> None:
    rng = np.random.default_rng(3)
    index, tech, energy = rng.normal(0, 0.01, (3, 600))
    market = market_of(np.column_stack([index, index + tech, index + 2 * tech, index + energy, index - energy * 0.5]))
    sectors = {"S1": "tech", "S2": "tech", "S3": "energy"}
    factors = factor_returns(market, benchmark="S0", sectors=sectors)
    assert factors.names == ("market", "sector:energy", "sector:tech", "volatility")
    model = estimate(market, factors, sectors=sectors, use=["market", "sector:energy", "sector:tech"])
    # the sector moves by 1.5 × tech
    np.testing.assert_allclose(model.betas[:, 2], [0, 1 / 1.5, 2 / 1.5, 0, 0], atol=1e-8)
    np.testing.assert_allclose(model.betas[:, 1], [0, 0, 0, 1, 0], atol=1e-8)  # S4 belongs to no sector
    np.testing.assert_allclose(model.shocks({"sector:tech": -0.1})[[0, 3, 4]], 0.0, atol=1e-12)


def test_a_given_level_of_volatility_is_a_factor() -> None:
    rng = np.random.default_rng(4)
    index, vol = rng.normal(0, 0.01, (2, 500))
    market = market_of(np.column_stack([index, index - 0.3 * vol]))
    model = estimate(market, factor_returns(market, benchmark="S0", volatility=20.0 * np.exp(np.cumsum(vol))))
    np.testing.assert_allclose(model.betas, [[1, 0], [1, -0.3]], atol=1e-8)
    assert model.shocks({"volatility": 1.0})[1] == pytest.approx(2.0**-0.3 - 1)


def test_what_the_shocked_factor_implies_for_the_others() -> None:
    rng = np.random.default_rng(5)
    index = rng.normal(0, 0.01, 3_000)
    vol = -4.0 * index + rng.normal(0, 0.01, 3_000)
    market = market_of(np.column_stack([index, -0.2 * vol]))
    model = estimate(market, factor_returns(market, benchmark="S0", volatility=20.0 * np.exp(np.cumsum(vol))))
    assert model.shocks({"market": -0.2})[1] == pytest.approx(0.0, abs=1e-8)
    assert model.shocks({"market": -0.2}, propagate=True)[1] == pytest.approx(0.8**0.8 - 1, abs=0.02)
    np.testing.assert_allclose(  # nothing is left to imply
        model.shocks({"market": -0.2, "volatility": 0.5}, propagate=True),
        model.shocks({"market": -0.2, "volatility": 0.5}),
    )


def test_gaps_are_left_out_and_not_filled() -> None:
    market = driven(noise=0.004)
    columns = {name: getattr(market, name).copy() for name in ("open", "high", "low", "close")}
    for column in columns.values():
        column[100:150, 2] = np.nan
    gappy = replace(market, **columns)
    assert np.isnan(log_returns(gappy)[100:151, 2]).all()
    model = estimate(gappy, factor_returns(gappy, benchmark="S0"), use=["market"])
    assert model.observations.tolist() == [399, 399, 399 - 51, 399]
    whole = estimate(market, factor_returns(market, benchmark="S0"), use=["market"])
    np.testing.assert_array_equal(np.delete(model.betas, 2, 0), np.delete(whole.betas, 2, 0))


MARKET = driven(noise=0.004)
FACTORS = factor_returns(MARKET)
MODEL = estimate(MARKET, FACTORS)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: MODEL.shocks({}), "names no factor"),
        (lambda: MODEL.shocks({"markt": -0.1}), "did you mean market"),
        (lambda: MODEL.shocks({"market": -1.0}), "above -1"),
        (lambda: MODEL.shocks({"market": float("nan")}), "finite"),
        (lambda: factor_returns(MARKET, benchmark="SPY"), "no symbol 'SPY'"),
        (lambda: factor_returns(MARKET, sectors={"XX": "tech"}), "no symbol 'XX'"),
        (lambda: factor_returns(MARKET, volatility=[1.0, 2.0]), "volatility"),
        (lambda: factor_returns(MARKET, volatility=np.zeros(400)), "volatility"),
        (lambda: factor_returns(MARKET, window=1), "window"),
        (lambda: estimate(MARKET.head(12), factor_returns(MARKET.head(12)), use=["market"]), "needs 12"),
        (lambda: estimate(MARKET, factor_returns(MARKET.head(100))), "one row for each"),
        (lambda: estimate(MARKET, FACTORS, use=["rates"]), "rates"),
        (lambda: estimate(MARKET, FACTORS, use=[]), "none"),
        (lambda: estimate(MARKET, FactorReturns(("market",), np.full((400, 1), np.inf))), "infinite"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        wrong()
