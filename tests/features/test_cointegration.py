"""Engle and Granger's test against known answers (statsmodels 0.14, `coint(trend="c", autolag=None)` and `OLS`)."""

from __future__ import annotations

import numpy as np
import pytest

from qt_engine.core.randomness import splitmix64
from qt_engine.features.cointegration import critical_value, dickey_fuller, engle_granger


def _uniforms(seed: int, n: int) -> np.ndarray:
    return np.array([(number >> 11) * 2.0**-53 for number in splitmix64(seed, n)])


def _series(seed: int, n: int, memory: float) -> tuple[np.ndarray, np.ndarray]:
    """A walk, and 0.3 + 1.2 × that walk with errors that remember."""
    x = 4 + np.cumsum(_uniforms(seed, n) - 0.5) * 0.02
    noise = _uniforms(seed + 1, n) - 0.5
    error = np.zeros(n)
    for t in range(1, n):
        error[t] = memory * error[t - 1] + 0.02 * noise[t]
    return 0.3 + 1.2 * x + error, x


KNOWN = [
    ((11, 250, 0.8, 1), -4.967545902909691, 0.46746301276115876, 1.158921844457982, (-3.360779, -3.061527)),
    ((12, 250, 1.0, 1), -2.832016338281175, 0.795789393684414, 1.0821855053532263, (-3.360779, -3.061527)),
    ((13, 500, 0.95, 0), -3.804431933856623, 0.4180246198335842, 1.1706891448200836, (-3.348402, -3.05296)),
    ((14, 100, 0.5, 2), -4.858541463460902, 0.4592270264077918, 1.159812493108067, (-3.398544, -3.087568)),
    ((15, 1000, 0.98, 4), -3.4212165987978187, 0.2219357483449368, 1.2213202946988004, (-3.342253, -3.048698)),
]


@pytest.mark.parametrize(("case", "statistic", "intercept", "slope", "critical"), KNOWN)
def test_known_answers(
    case: tuple[int, int, float, int], statistic: float, intercept: float, slope: float, critical: tuple[float, float]
) -> None:
    seed, n, memory, lags = case
    found = engle_granger(*_series(seed, n, memory), lags)
    assert found.statistic == pytest.approx(statistic, rel=1e-9)
    assert found.intercept == pytest.approx(intercept, rel=1e-9)
    assert found.slope == pytest.approx(slope, rel=1e-10)
    assert (critical_value(n, 5), critical_value(n, 10)) == pytest.approx(critical, abs=1e-6)
    assert found.holds(5) == (statistic < critical[0])


def test_levels_are_in_order_and_others_are_refused() -> None:
    assert critical_value(100, 1) < critical_value(100, 5) < critical_value(100, 10)
    assert critical_value(10**9, 5) == pytest.approx(-3.33613, abs=1e-6)
    with pytest.raises(KeyError):
        critical_value(100, 2)


@pytest.mark.parametrize("n", [0, 1, 5, 11])
def test_too_short_is_undefined(n: int) -> None:
    y, x = _series(1, 20, 0.5)
    assert np.isnan(engle_granger(y[:n], x[:n], 1).statistic)
    assert not engle_granger(y[:n], x[:n], 1).holds()


def test_lines_and_constants_are_undefined() -> None:
    _, x = _series(1, 100, 0.5)
    assert np.isnan(engle_granger(2.0 * x + 1.0, x).statistic)
    assert np.isnan(engle_granger(x, np.full(100, 3.0)).statistic)
    assert np.isnan(dickey_fuller(np.zeros(100)))


def test_few_of_independent_walks_pass_and_nearly_all_of_those_that_keep_together() -> None:
    """At five percent, of 200 pairs of independent walks about ten pass."""
    false = true = 0
    for seed in range(200):
        walk = np.cumsum(_uniforms(1000 + 7 * seed, 300) - 0.5)
        other = np.cumsum(_uniforms(5000 + 7 * seed, 300) - 0.5)
        false += engle_granger(walk, other).holds(5)
        true += engle_granger(walk + (_uniforms(9000 + 7 * seed, 300) - 0.5), walk).holds(5)
    assert 2 <= false <= 22
    assert true >= 198
