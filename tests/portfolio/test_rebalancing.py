"""Schedules as values, bands, and what weights become while nothing is traded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.portfolio_markets import market_of, random_market
from qt_engine.core.errors import InputError
from qt_engine.portfolio.rebalancing import Calendar, DriftBand, EveryBars, drifted, drifted_between, last_closes
from qt_engine.strategies.schedule import period_ends


def test_schedules_are_those_of_strategies() -> None:
    market = random_market(200, 2)
    for every in ("week", "month", "quarter"):
        assert Calendar(every).bars(market).tolist() == period_ends(market, every).tolist()
    assert EveryBars(50).bars(market).tolist() == [49, 99, 149, 199]
    with pytest.raises(InputError):
        EveryBars(0).bars(market)


def test_a_band_is_left_by_any_asset() -> None:
    band = DriftBand(0.125)
    assert not band.is_left(np.array([0.625, 0.375]), np.array([0.5, 0.5]))
    assert band.is_left(np.array([0.626, 0.374]), np.array([0.5, 0.5]))


@pytest.mark.parametrize(
    ("weights", "returns", "after"),
    [
        ([0.5, 0.5], [0.0, 0.0], [0.5, 0.5]),
        ([0.5, 0.5], [1.0, 0.0], [2 / 3, 1 / 3]),
        ([0.5, 0.0], [1.0, 9.0], [2 / 3, 0.0]),  # half in cash
        ([0.5, -0.5], [0.1, 0.1], [0.55, -0.55]),
        ([0.5, 0.5], [np.nan, 1.0], [1 / 3, 2 / 3]),
        ([2.0, 0.0], [-0.6, 0.0], [0.0, 0.0]),  # nothing is left of the equity
        ([0.5, 0.5], [[1.0, 0.0], [-0.5, 1.0]], [1 / 3, 2 / 3]),
    ],
)
def test_weights_drift_with_returns(weights: list[float], returns: list[float], after: list[float]) -> None:
    np.testing.assert_allclose(drifted(np.array(weights), np.array(returns)), after, atol=1e-15)


@given(st.lists(st.floats(0, 0.3), min_size=3, max_size=3), st.lists(st.floats(-0.5, 1), min_size=3, max_size=3))
def test_drifting_keeps_the_ratios_of_values(weights: list[float], returns: list[float]) -> None:
    before, growth = np.array(weights), 1 + np.array(returns)
    after = drifted(before, growth - 1)
    cash = 1 - before.sum()
    worth = np.append(before * growth, cash)
    np.testing.assert_allclose(np.append(after, 1 - after.sum()), worth / worth.sum(), atol=1e-12)


def test_a_target_is_held_from_the_next_open_on() -> None:
    closes = np.array([[10.0, 10], [10, 10], [30, 10]])
    opens = np.array([[10.0, 10], [20, 10], [30, 10]])
    market = market_of(closes, opens)
    weights = np.array([0.5, 0.5])
    np.testing.assert_allclose(drifted_between(weights, market, 0, 0), weights)
    np.testing.assert_allclose(drifted_between(weights, market, 0, 2), [0.6, 0.4])


def test_an_asset_that_stops_trading_keeps_its_last_close() -> None:
    closes = np.array([[10.0, 10], [10, 10], [20, 10], [np.nan, 10], [np.nan, 10]])
    market = market_of(closes)
    assert last_closes(market, 4, [0, 1]).tolist() == [20, 10]
    np.testing.assert_allclose(drifted_between(np.array([0.5, 0.5]), market, 0, 4), [2 / 3, 1 / 3])
    assert np.isnan(last_closes(market_of(np.array([[np.nan, 1.0]])), 0, [0, 1])[0])
