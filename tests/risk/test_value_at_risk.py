"""Value at risk and expected shortfall: known figures, what every measure of a tail must satisfy, and what is refused."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qt_engine.core.errors import InputError
from qt_engine.risk.value_at_risk import (
    METHODS,
    Method,
    cornish_fisher_tail,
    forecast,
    is_monotone,
    normal_tail,
    tail_risk,
)

TRANSLATED: tuple[Method, ...] = ("historical", "normal", "cornish_fisher")


@st.composite
def return_series(draw: st.DrawFn) -> np.ndarray:
    """Nearly normal returns with a few that were drawn one by one: ties, and outliers now and then."""
    sample = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).normal(0.0005, 0.01, draw(st.integers(20, 80)))
    drawn = draw(st.lists(st.integers(-200, 200), max_size=6))
    sample[: len(drawn)] = np.array(drawn) / 10_000
    return sample


returns = return_series()


def busy(n: int = 600, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(8, n) * 0.01


# value at risk and expected shortfall in standard deviations
@pytest.mark.parametrize(("level", "var", "shortfall"), [(0.95, 1.644854, 2.062713), (0.99, 2.326348, 2.665214)])
def test_the_normal_distribution(level: float, var: float, shortfall: float) -> None:
    assert normal_tail(level) == pytest.approx((var, shortfall), abs=5e-7)
    sample = np.array([-1.0, 1.0] * 50) + 0.25
    deviation = sample.std(ddof=1)
    got = tail_risk(sample, level, method="normal")
    assert got.value_at_risk == pytest.approx(var * deviation - 0.25, abs=1e-6)
    assert got.expected_shortfall == pytest.approx(shortfall * deviation - 0.25, abs=1e-6)


@pytest.mark.parametrize(
    ("count", "level", "var", "shortfall"),
    [
        (100, 0.95, -5.0, None),  # losses from -99 to 0: even the tail gains
        (100, 0.95, 95.0, 98.0),
        (100, 0.99, 99.0, 100.0),
        (20, 0.95, 19.0, 20.0),
        (50, 0.95, 48.0, (50 + 49 + 0.5 * 48) / 2.5),  # half of the loss on the border counts
        (4, 0.5, 2.0, 3.5),
    ],
)
def test_the_empirical_distribution(count: int, level: float, var: float, shortfall: float | None) -> None:
    losses = np.arange(1.0, count + 1) if shortfall is not None else np.arange(1.0, count + 1) - 100
    got = tail_risk(-np.random.default_rng(0).permutation(losses), level)
    assert got.value_at_risk == var
    if shortfall is not None:
        assert got.expected_shortfall == pytest.approx(shortfall, abs=1e-12)


def test_the_ewma_variance_is_the_recursion_of_riskmetrics() -> None:
    sample = busy(300)
    total = weight = 0.0
    for value in sample:
        total, weight = 0.94 * total + value * value, 0.94 * weight + 1.0
    got = tail_risk(sample, 0.99, method="ewma")
    assert got.value_at_risk == pytest.approx(2.3263478740 * math.sqrt(total / weight), rel=1e-9)
    assert got.expected_shortfall / got.value_at_risk == pytest.approx(2.665214 / 2.326348, rel=1e-6)


def test_cornish_fisher_is_the_normal_distribution_where_there_is_nothing_to_correct() -> None:
    assert tuple(map(float, cornish_fisher_tail(0.99, 0.0, 0.0))) == pytest.approx(normal_tail(0.99), rel=1e-14)


def test_cornish_fisher_by_hand() -> None:
    # z = -2.326348, S = -0.5, K = 1, term by term: -2.326348 - 0.367658 - 0.233792 + 0.094089
    assert float(cornish_fisher_tail(0.99, -0.5, 1.0)[0]) == pytest.approx(2.833709, abs=2e-6)


@pytest.mark.parametrize(("skewness", "kurtosis"), [(0.0, 1.0), (-0.5, 1.0), (0.4, 2.0), (-0.8, 3.0), (0.0, -0.3)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_the_closed_form_of_the_shortfall_is_the_mean_of_the_quantiles_beyond(
    level: float, skewness: float, kurtosis: float
) -> None:
    steps = 4000
    tail = 1.0 - (1.0 - level) * (np.arange(steps) + 0.5) / steps
    quantiles = []
    for p in tail:
        z = -normal_tail(float(p))[0]
        quantiles.append(
            z + (z * z - 1) * skewness / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skewness**2 / 36
        )
    assert float(cornish_fisher_tail(level, skewness, kurtosis)[1]) == pytest.approx(-np.mean(quantiles), rel=2e-3)


@pytest.mark.parametrize(
    ("skewness", "kurtosis", "inside"),
    [
        (0, 0, True),
        (0, 7.9, True),
        (0, 8.1, False),
        (1, 2, True),
        (1, 0, False),
        (0, -0.4, True),
        (0, -1.5, False),
        (3, 5, False),
    ],
)
def test_the_domain_of_the_expansion(skewness: float, kurtosis: float, inside: bool) -> None:
    assert bool(is_monotone(0.95, skewness, kurtosis)) is inside
    z = np.linspace(-4, 4, 4001)
    curve = z + (z**2 - 1) * skewness / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skewness**2 / 36
    assert bool((np.diff(curve) >= -1e-12).all()) is inside


def test_outside_its_domain_cornish_fisher_refuses_and_says_what_to_do() -> None:
    crash = np.append(busy(200) * 0.1, -0.5)
    with pytest.raises(InputError, match="not monotone for skewness .* use historical or normal"):
        tail_risk(crash, 0.99, method="cornish_fisher")
    with pytest.raises(InputError, match="all are equal"):
        tail_risk(np.full(50, 0.1), method="cornish_fisher")


@pytest.mark.parametrize("method", METHODS)
@given(sample=returns, level=st.sampled_from((0.8, 0.9, 0.95)))
def test_the_shortfall_is_never_below_the_value_at_risk(method: Method, sample: np.ndarray, level: float) -> None:
    try:
        got = tail_risk(sample, level, method=method)
    except InputError:
        assume(False)
    assert got.expected_shortfall >= got.value_at_risk - 1e-15
    assert got.observations == len(sample)


@pytest.mark.parametrize("method", METHODS)
@given(sample=returns)
def test_a_higher_level_is_never_a_smaller_loss(method: Method, sample: np.ndarray) -> None:
    measured = []
    for level in (0.7, 0.8, 0.9, 0.95):
        try:
            measured.append(tail_risk(sample, level, method=method))
        except InputError:
            assume(False)
    for one, other in pairwise(measured):
        assert other.value_at_risk >= one.value_at_risk - 1e-15
        assert other.expected_shortfall >= one.expected_shortfall - 1e-15


@pytest.mark.parametrize("method", METHODS)
@given(sample=returns, factor=st.sampled_from((0.5, 2.0, 1024.0)))
def test_twice_the_returns_is_twice_the_loss(method: Method, sample: np.ndarray, factor: float) -> None:
    try:
        one, other = (tail_risk(sample * f, method=method) for f in (1.0, factor))
    except InputError:
        assume(False)
    assert other.value_at_risk == one.value_at_risk * factor  # powers of two: to the last bit
    assert other.expected_shortfall == one.expected_shortfall * factor


@pytest.mark.parametrize("method", TRANSLATED)
@given(sample=returns, gain=st.sampled_from((-0.01, 0.003, 0.05)))
def test_a_sure_gain_lowers_the_loss_by_as_much(method: Method, sample: np.ndarray, gain: float) -> None:
    assume(sample.std() > 1e-6)
    try:
        one, other = (tail_risk(sample + g, method=method) for g in (0.0, gain))
    except InputError:
        assume(False)
    assert other.value_at_risk == pytest.approx(one.value_at_risk - gain, abs=1e-12)
    assert other.expected_shortfall == pytest.approx(one.expected_shortfall - gain, abs=1e-12)


@given(
    one=arrays(np.float64, 40, elements=st.integers(-50, 50)),
    other=arrays(np.float64, 40, elements=st.integers(-50, 50)),
)
def test_the_shortfall_of_two_books_together_is_at_most_the_sum(one: np.ndarray, other: np.ndarray) -> None:
    both = tail_risk(one + other).expected_shortfall
    assert both <= tail_risk(one).expected_shortfall + tail_risk(other).expected_shortfall + 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_a_forecast_is_the_measure_of_the_returns_before(method: Method) -> None:
    sample = busy(260)
    made = forecast(sample, 0.95, method=method, window=60)
    assert np.isnan(made.value_at_risk[:60]).all()
    for t in (60, 61, 150, 259):
        try:
            expected = tail_risk(sample[t - 60 : t], 0.95, method=method)
        except InputError:
            assert np.isnan(made.value_at_risk[t])
            continue
        assert made.value_at_risk[t] == pytest.approx(expected.value_at_risk, rel=1e-12)
        assert made.expected_shortfall[t] == pytest.approx(expected.expected_shortfall, rel=1e-12)
    assert made.undefined == int(np.isnan(made.value_at_risk[60:]).sum())


@pytest.mark.parametrize("method", METHODS)
@given(cut=st.integers(61, 259), seed=st.integers(0, 99))
def test_what_comes_later_changes_no_forecast(method: Method, cut: int, seed: int) -> None:
    sample = busy(260)
    changed = sample.copy()
    changed[cut:] = busy(260, seed + 100)[cut:] * 5
    one, other = (forecast(x, 0.95, method=method, window=60).value_at_risk[: cut + 1] for x in (sample, changed))
    np.testing.assert_array_equal(one, other)


def test_a_long_series_is_worked_on_in_pieces_with_the_same_result() -> None:
    sample = busy(9_000)
    whole = forecast(sample, window=250).value_at_risk
    for first in (0, 3_900, 8_000):
        part = forecast(sample[first : first + 600], window=250).value_at_risk
        np.testing.assert_array_equal(part[250:], whole[first + 250 : first + 600])


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5, math.nan, math.inf, "high"])
@pytest.mark.parametrize("method", METHODS)
def test_a_level_outside_0_to_1_is_refused(method: Method, level: float) -> None:
    with pytest.raises(InputError, match="level"):
        tail_risk(busy(), level, method=method)


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        ([], "at least"),
        ([0.01] * 5, "at least 20 values, not 5"),
        ([[0.1, 0.2]] * 30, "one series"),
        ([0.01] * 30 + [math.nan] + [0.01] * 9, "value 30 is nan"),
        ([0.01] * 30 + [math.inf], "value 30 is inf"),
        (["a"] * 30, "numbers"),
        (None, "needs at least"),
    ],
)
def test_a_series_that_is_none_is_refused_with_the_place(sample: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        tail_risk(sample)  # type: ignore[arg-type]


def test_other_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="one of historical"):
        tail_risk(busy(), method="gaussian")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="decay"):
        tail_risk(busy(), method="ewma", decay=1.0)
    with pytest.raises(InputError, match="window: historical needs 100"):
        forecast(busy(), 0.99, window=50)
    with pytest.raises(InputError, match="needs at least 251"):
        forecast(busy(250), window=250)
    with pytest.raises(InputError, match="window"):
        forecast(busy(), method="normal", window=2.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [50, 101, 333, 1000])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.975])
def test_another_library_has_the_same_empirical_figures(count: int, level: float) -> None:
    measures = pytest.importorskip("skfolio.measures")
    sample, got = busy(count), tail_risk(busy(count), level)
    assert got.value_at_risk == pytest.approx(measures.value_at_risk(sample, beta=level), abs=1e-15)
    assert got.expected_shortfall == pytest.approx(measures.cvar(sample, beta=level), abs=1e-15)
