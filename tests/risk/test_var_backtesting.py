"""Tests of coverage: known figures, the cases at the edge, and that they tell good forecasts from bad ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.core.errors import InputError
from qt_engine.risk.backtesting import (
    backtest,
    conditional_coverage,
    exceptions,
    independence,
    kupiec,
)
from qt_engine.risk.value_at_risk import METHODS, Method


def test_kupiec_known_answer() -> None:
    test = kupiec(252, 20, 0.05)
    assert test.statistic == pytest.approx(3.912551, abs=5e-7)
    assert test.p_value == pytest.approx(0.047927, abs=5e-7)
    assert (test.degrees_of_freedom, test.observations, test.exceptions) == (1, 252, 20)


# Kupiec (1995), as tabulated by Jorion: exceptions of 255 days at 99 % that are not rejected at 95 % are fewer than 7
@pytest.mark.parametrize(("count", "rejected"), [(1, False), (2, False), (6, False), (7, True), (10, True)])
def test_the_region_of_the_published_table(count: int, rejected: bool) -> None:
    assert (kupiec(255, count, 0.01).p_value < 0.05) is rejected


def test_no_exception_at_all_and_nothing_but_exceptions() -> None:
    assert kupiec(100, 0, 0.05).statistic == pytest.approx(-200 * math.log(0.95))
    assert kupiec(100, 100, 0.05).statistic == pytest.approx(-200 * math.log(0.05))
    for hits in ([0] * 50, [1] * 50):
        alone = independence(hits)
        assert (alone.statistic, alone.p_value, alone.informative) == (0.0, 1.0, False)
        both = conditional_coverage(hits, 0.05)
        assert both.statistic == pytest.approx(kupiec(50, sum(hits), 0.05).statistic)
        assert not both.informative


def test_an_exception_in_the_last_period_alone_is_followed_by_nothing() -> None:
    assert not independence([0, 0, 0, 1]).informative
    assert independence([0, 1, 0, 0]).informative


def test_independence_by_hand() -> None:
    # calm → calm 2, calm → hit 2, hit → calm 1, hit → hit 2
    hits = [0, 0, 1, 1, 0, 0, 1, 1]
    apart = 2 * math.log(0.5) + 2 * math.log(0.5) + math.log(1 / 3) + 2 * math.log(2 / 3)
    together = 3 * math.log(3 / 7) + 4 * math.log(4 / 7)
    test = independence(hits)
    assert test.statistic == pytest.approx(2 * (apart - together))
    assert conditional_coverage(hits, 0.1).statistic == pytest.approx(test.statistic + kupiec(8, 4, 0.1).statistic)


@given(st.lists(st.booleans(), min_size=2, max_size=80), st.floats(0.001, 0.5))
def test_p_values_are_those_of_the_chi_squared_distribution(hits: list[bool], probability: float) -> None:
    from scipy.stats import chi2

    tests = (kupiec(len(hits), sum(hits), probability), independence(hits), conditional_coverage(hits, probability))
    for test in tests:
        assert test.statistic >= 0.0
        assert test.p_value == pytest.approx(chi2.sf(test.statistic, test.degrees_of_freedom), rel=1e-9, abs=1e-300)


@given(st.lists(st.booleans(), min_size=2, max_size=80))
def test_independence_does_not_care_which_of_the_two_is_called_an_exception(hits: list[bool]) -> None:
    assert independence(hits).statistic == pytest.approx(independence([not h for h in hits]).statistic, abs=1e-9)


def test_exceptions_as_often_as_promised_have_a_statistic_of_0() -> None:
    assert kupiec(1000, 50, 0.05).statistic == pytest.approx(0.0, abs=1e-9)


def test_clustered_exceptions_are_found_although_their_number_is_right() -> None:
    hits = np.zeros(1000, bool)
    hits[400:450] = True
    assert kupiec(1000, 50, 0.05).p_value > 0.99
    assert independence(hits).p_value < 1e-10
    assert conditional_coverage(hits, 0.05).p_value < 1e-10


def test_a_loss_equal_to_the_forecast_is_no_exception() -> None:
    assert exceptions([-0.02, -0.03, 0.01], [0.02, 0.02, 0.02]).tolist() == [False, True, False]


@pytest.mark.parametrize("method", METHODS)
def test_forecasts_of_a_steady_series_are_rejected_about_as_often_as_the_level_of_the_test_says(method: Method) -> None:
    series = (np.random.default_rng(seed).normal(0.0, 0.01, 1_000) for seed in range(40))
    tests = [backtest(one, 0.95, method=method) for one in series]
    for name in ("coverage", "independence", "conditional_coverage"):
        assert sum(getattr(test, name).p_value < 0.05 for test in tests) <= 8, name


@pytest.mark.parametrize("method", METHODS)
def test_a_backtest_counts_what_had_a_forecast(method: Method) -> None:
    done = backtest(np.random.default_rng(7).normal(0.0, 0.01, 3_000), 0.95, method=method)
    assert int(done.exceptions.sum()) == done.coverage.exceptions
    assert done.coverage.observations == 2_750 - done.forecasts.undefined
    assert not done.exceptions[:250].any()


def test_a_doubled_volatility_is_noticed() -> None:
    rng = np.random.default_rng(11)
    sample = np.concatenate([rng.normal(0, 0.01, 250), rng.normal(0, 0.03, 250)])
    assert backtest(sample, 0.95, method="normal").conditional_coverage.p_value < 1e-4


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: kupiec(0, 0, 0.05),
        lambda: kupiec(10, 11, 0.05),
        lambda: kupiec(10, -1, 0.05),
        lambda: kupiec(10, 1, 0.0),
        lambda: kupiec(10, 1, 1.0),
        lambda: kupiec(10, 1, math.nan),
        lambda: kupiec(10.5, 1, 0.05),  # type: ignore[arg-type]
        lambda: independence([]),
        lambda: independence([1]),
        lambda: independence([0, 2, 1]),
        lambda: independence([0.0, math.nan, 1.0]),
        lambda: independence(["yes", "no"]),
        lambda: conditional_coverage([0, 1], 1.5),
        lambda: exceptions([0.1, 0.2], [0.1]),
        lambda: exceptions([0.1, math.nan], [0.1, 0.1]),
        lambda: backtest([0.01] * 100),
        lambda: backtest([0.01] * 300, method="cornish_fisher"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: object) -> None:
    with pytest.raises(InputError):
        wrong()  # type: ignore[operator]
