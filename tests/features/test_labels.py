"""Labels by hand, and against a slow reading of their definition."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from qt_engine.core.errors import InputError, QtError
from qt_engine.core.intervals import DAY_NS
from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import Market
from qt_engine.features import label
from qt_engine.features.labelling import compute_label
from qt_engine.features.registration import forget
from qt_engine.testing.features import example_market

Bar = tuple[float, float, float, float]

# Bars that give the volatility D; the barriers of the table stand at 100 (1 ± D).
LEAD: list[Bar] = [(100, 100, 100, 100), (110, 110, 110, 110), (100, 100, 100, 100)]


def market_of(bars: list[Bar]) -> Market:
    columns = [np.array(column, dtype=np.float64) for column in zip(*bars, strict=True)]
    return market_from_arrays(("X",), "1d", np.arange(len(bars)) * DAY_NS, *columns, np.ones(len(bars)))


def deviation_of(close: np.ndarray, span: int) -> np.ndarray:
    """López de Prado's snippet 3.1, on bars."""
    series = pd.Series(close)
    return (series / series.shift(1) - 1).ewm(span=span).std().to_numpy()


D = float(deviation_of(np.array([100.0, 110.0, 100.0]), 2)[2])
UP, DOWN = 100 * (1 + D), 100 * (1 - D)

TABLE: dict[str, tuple[list[Bar], tuple[float, int, float]]] = {
    "profit inside the bar": ([(100, UP + 1, 99, 100)], (1, 3, D)),
    "stop inside the bar": ([(100, 101, DOWN - 1, 100)], (-1, 3, -D)),
    "both in one bar: the stop": ([(100, UP + 1, DOWN - 1, 100)], (-1, 3, -D)),
    "an exact touch counts": ([(100, UP, 99, 100)], (1, 3, D)),
    "a gap over the profit returns the open": ([(UP + 5, UP + 6, UP + 4, UP + 5)], (1, 3, D + 0.05)),
    "a gap below the stop returns the open": ([(DOWN - 5, DOWN - 4, DOWN - 6, DOWN - 5)], (-1, 3, -D - 0.05)),
    "opened over the profit, fell through the stop": ([(UP + 5, UP + 6, DOWN - 6, 100)], (1, 3, D + 0.05)),
    "profit in the second bar": ([(100, 101, 99, 100), (100, UP + 1, 99, 100)], (1, 4, D)),
    "neither in two bars": ([(100, 101, 99, 100), (100, 102, 99, 101), (100, 200, 1, 100)], (0, 4, 0.01)),
    "the last moment": ([(100, 101, 99, 100), (100, 102, DOWN, 101)], (-1, 4, -D)),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_three_barriers(name: str) -> None:
    bars, (value, touch, returned) = TABLE[name]
    found = compute_label(
        "triple_barrier", market_of([*LEAD, *bars]), {"profit": 1.0, "stop": 1.0, "bars": 2, "span": 2}
    )
    assert found["value"][2, 0] == value
    assert found["touch"][2, 0] == touch
    assert found["return"][2, 0] == pytest.approx(returned, rel=1e-12)
    assert np.isnan(found["value"][:2]).all()
    assert math.isnan(found["value"][-1, 0])


def test_what_is_not_decided_is_not_guessed() -> None:
    quiet = market_of([*LEAD, (100, 101, 99, 100)])
    found = compute_label("triple_barrier", quiet, {"profit": 1.0, "stop": 1.0, "bars": 2, "span": 2})
    assert all(np.isnan(column).all() for column in found.values())
    still = market_of([(100.0, 100.0, 100.0, 100.0)] * 30)
    found = compute_label("triple_barrier", still, {"bars": 2, "span": 5})
    assert all(np.isnan(column).all() for column in found.values()), "without volatility there is no barrier"


def reference(market: Market, asset: int, profit: float, stop: float, bars: int, span: int) -> list[tuple[float, ...]]:
    o, h, low, c = (getattr(market, name)[:, asset].tolist() for name in ("open", "high", "low", "close"))
    deviation = deviation_of(np.array(c), span)
    found: list[tuple[float, ...]] = []
    for i in range(len(c)):
        outcome: tuple[float, ...] = (math.nan,) * 3
        if i >= span:
            upper = c[i] * (1 + profit * deviation[i]) if profit else math.inf
            lower = c[i] * (1 - stop * deviation[i]) if stop else -math.inf
            for j in range(i + 1, min(i + bars + 1, len(c))):
                if o[j] >= upper:
                    outcome = (1, j, o[j] / c[i] - 1)
                elif o[j] <= lower:
                    outcome = (-1, j, o[j] / c[i] - 1)
                elif low[j] <= lower:
                    outcome = (-1, j, lower / c[i] - 1)
                elif h[j] >= upper:
                    outcome = (1, j, upper / c[i] - 1)
                elif j == i + bars:
                    outcome = (0, j, c[j] / c[i] - 1)
                else:
                    continue
                break
        found.append(outcome)
    return found


@pytest.mark.parametrize(
    "settings", [(2.0, 2.0, 21, 100), (1.0, 1.0, 5, 20), (0.5, 2.0, 3, 10), (0.0, 1.0, 10, 10), (1.5, 0.0, 1, 2)]
)
def test_equals_the_slow_reading(settings: tuple[float, float, int, int]) -> None:
    market = example_market(260, 2)
    found = compute_label(
        "triple_barrier", market, dict(zip(("profit", "stop", "bars", "span"), settings, strict=True))
    )
    for asset in range(2):
        for bar, expected in enumerate(reference(market, asset, *settings)):
            mine = tuple(found[output][bar, asset] for output in ("value", "touch", "return"))
            assert mine == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True), bar
    assert len({*found["value"][~np.isnan(found["value"])]}) >= 2


def test_forward_return() -> None:
    market = market_of([(c, c, c, c) for c in (100.0, 110.0, 99.0, 99.0)])
    assert compute_label("forward_return", market)["value"][:, 0] == pytest.approx(
        [0.1, -0.1, 0.0, math.nan], nan_ok=True
    )
    two = compute_label("forward_return", market, {"bars": 2})["value"][:, 0]
    assert two == pytest.approx([-0.01, -0.1, math.nan, math.nan], nan_ok=True)
    assert np.isnan(compute_label("forward_return", market, {"bars": 50})["value"]).all()


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("triple_barrier", {"profit": 0.0, "stop": 0.0}, "cannot both be 0"),
        ("triple_barrier", {"bars": 0}, "bars must be between 1"),
        ("triple_barrier", {"stop": -1.0}, "stop must be between 0"),
        ("triple_barier", {}, "did you mean 'triple_barrier'"),
        ("rsi", {}, "rsi is a feature, not a label"),
        ("forward_return@2", {}, "has version 1, not 2"),
    ],
)
def test_bad_input_is_named(name: str, parameters: dict[str, float], said: str) -> None:
    with pytest.raises(InputError) as caught:
        compute_label(name, example_market(20), parameters)
    assert said in str(caught.value)


def test_a_label_that_misbehaves_is_named() -> None:
    label("short", horizon=lambda: 1, description="x")(lambda close: close[1:])
    try:
        with pytest.raises(QtError, match="label short must return 1 arrays of 20 values"):
            compute_label("short", example_market(20))
        label("short", horizon=lambda: 1, description="x")(lambda close: 1 / 0)
        with pytest.raises(QtError, match="label short failed: ZeroDivisionError"):
            compute_label("short", example_market(20))
    finally:
        forget("short")
