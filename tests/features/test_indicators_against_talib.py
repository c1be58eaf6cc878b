"""Own indicators give TA-Lib's numbers to 1e-9, and the windows' statistics those of a slow and obvious reference."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import talib

from features.indicator_markets import Columns, bars
from qt_engine.features import INDICATORS, compute

Reference = Callable[..., np.ndarray]
HLC = ("high", "low", "close")
HLCV = (*HLC, "volume")


def of(function: str, *columns: str, output: int | None = None, more: tuple[float, ...] = ()) -> Reference:
    """TA-Lib's function on columns of the market, with the indicator's parameters and then `more`."""

    def reference(market: Columns, *parameters: float) -> np.ndarray:
        result = getattr(talib, function)(*[market[name] for name in columns], *parameters, *more)
        return result if output is None else result[output]

    return reference


def stochastic(output: int) -> Reference:
    def reference(market: Columns, window: int, smooth: int, signal: int = 1) -> np.ndarray:
        return talib.STOCH(market["high"], market["low"], market["close"], window, smooth, 0, signal, 0)[output]

    return reference


def fast_stochastic(output: int) -> Reference:
    def reference(market: Columns, window: int, signal: int = 1) -> np.ndarray:
        return talib.STOCHF(market["high"], market["low"], market["close"], window, signal, 0)[output]

    return reference


def band(output: int) -> Reference:
    def reference(market: Columns, window: int, deviations: float = 2.0) -> np.ndarray:
        return talib.BBANDS(market["x"], window, deviations, deviations)[output]

    return reference


WINDOWS = [(2,), (5,), (14,), (30,)]
MACDS = [(12, 26, 9), (26, 12, 9), (3, 10, 1), (2, 3, 2)]

TABLE: dict[str, tuple[Reference, list[tuple[float, ...]]]] = {
    "sma": (of("SMA", "x"), [(1,), *WINDOWS]),
    "rolling_mean": (of("SMA", "x"), WINDOWS),
    "ema": (of("EMA", "x"), [(1,), *WINDOWS]),
    "wma": (of("WMA", "x"), [(1,), *WINDOWS]),
    "hma": (of("HMA", "x"), [(4,), (5,), (16,), (30,)]),
    "dema": (of("DEMA", "x"), [(1,), *WINDOWS]),
    "tema": (of("TEMA", "x"), [(1,), *WINDOWS]),
    "trima": (of("TRIMA", "x"), [(1,), *WINDOWS]),
    "kama": (of("KAMA", "x"), WINDOWS),
    "wilder": (of("RMA", "x"), WINDOWS),
    "vwma": (of("VWMA", "x", "volume"), WINDOWS),
    "linear_regression": (of("LINEARREG", "x"), WINDOWS),
    "linear_regression_slope": (of("LINEARREG_SLOPE", "x"), [(3,), (14,), (30,)]),
    "midpoint": (of("MIDPOINT", "x"), WINDOWS),
    "midprice": (of("MIDPRICE", "high", "low"), WINDOWS),
    "donchian_middle": (of("MIDPRICE", "high", "low"), WINDOWS),
    "highest": (of("MAX", "x"), WINDOWS),
    "lowest": (of("MIN", "x"), WINDOWS),
    "rolling_max": (of("MAX", "x"), WINDOWS),
    "rolling_min": (of("MIN", "x"), WINDOWS),
    "donchian_upper": (of("MAX", "high"), WINDOWS),
    "donchian_lower": (of("MIN", "low"), WINDOWS),
    "typical_price": (of("TYPPRICE", *HLC), [()]),
    "rsi": (of("RSI", "x"), WINDOWS),
    "cmo": (of("CMO", "x"), WINDOWS),
    "momentum": (of("MOM", "x"), [(1,), *WINDOWS]),
    "returns": (of("ROCP", "close", more=(1,)), [()]),
    "roc": (of("ROC", "x"), [(1,), *WINDOWS]),
    "macd": (of("MACD", "x", output=0), MACDS),
    "macd_signal": (of("MACD", "x", output=1), MACDS),
    "macd_histogram": (of("MACD", "x", output=2), MACDS),
    "ppo": (of("PPO", "x", more=(1,)), [(12, 26), (26, 12), (3, 10)]),
    "trix": (of("TRIX", "x"), [(1,), (5,), (15,)]),
    "stochastic_k": (stochastic(0), [(14, 3), (5, 1), (2, 2)]),
    "stochastic_d": (stochastic(1), [(14, 3, 3), (5, 1, 2)]),
    "fast_stochastic_k": (fast_stochastic(0), WINDOWS),
    "fast_stochastic_d": (fast_stochastic(1), [(14, 3), (5, 1)]),
    "williams_r": (of("WILLR", *HLC), WINDOWS),
    "willr": (of("WILLR", *HLC), WINDOWS),
    "cci": (of("CCI", *HLC), WINDOWS),
    "aroon_up": (of("AROON", "high", "low", output=1), WINDOWS),
    "aroon_down": (of("AROON", "high", "low", output=0), WINDOWS),
    "aroon_oscillator": (of("AROONOSC", "high", "low"), WINDOWS),
    "ultimate_oscillator": (of("ULTOSC", *HLC), [(7, 14, 28), (28, 7, 14), (1, 2, 3)]),
    "plus_di": (of("PLUS_DI", *HLC), WINDOWS),
    "minus_di": (of("MINUS_DI", *HLC), WINDOWS),
    "dx": (of("DX", *HLC), WINDOWS),
    "adx": (of("ADX", *HLC), WINDOWS),
    "true_range": (of("TRANGE", *HLC), [()]),
    "atr": (of("ATR", *HLC), [(1,), *WINDOWS]),
    "natr": (of("NATR", *HLC), WINDOWS),
    "stddev": (of("STDDEV", "x"), [(5,), (14,), (30,)]),
    "variance": (of("VAR", "x"), [(1,), (5,), (14,), (30,)]),
    "bollinger_upper": (band(0), [(20, 2.0), (5, 1.5)]),
    "bollinger_middle": (band(1), [(20,), (5,)]),
    "bollinger_lower": (band(2), [(20, 2.0), (5, 1.5)]),
    "obv": (of("OBV", "close", "volume"), [()]),
    "ad": (of("AD", *HLCV), [()]),
    "adosc": (of("ADOSC", *HLCV), [(3, 10), (10, 3)]),
    "mfi": (of("MFI", *HLCV), WINDOWS),
    "sum": (of("SUM", "x"), WINDOWS),
    "rolling_correlation": (of("CORREL", "x", "y"), [(5,), (14,), (30,)]),
    "percent_rank": (of("PERCENTRANK", "x"), WINDOWS),
}
NOT_IN_TALIB = {
    "bollinger_width", "keltner_upper", "keltner_lower", "rolling_std", "rolling_median", "rolling_quantile", "rolling_zscore",
    "log_returns",
}  # fmt: skip
MARKETS = [
    ("walk", 1), ("walk", 2), ("walk", 3), ("walk", 16), ("walk", 60), ("walk", 5000), ("walk", 60_000), ("constant", 80),
    ("halted", 700), ("steps", 700), ("huge", 300), ("tiny", 300),
]  # fmt: skip


def test_every_own_indicator_is_compared() -> None:
    assert {name for name, i in INDICATORS.items() if not name.startswith("ta.") and i.kind == "indicator"} == set(
        TABLE
    ) | NOT_IN_TALIB
    assert len(TABLE) >= 30


@pytest.mark.parametrize("name", sorted(TABLE))
def test_equals_talib(name: str) -> None:
    reference, settings = TABLE[name]
    indicator = INDICATORS[name]
    for kind, count in MARKETS:
        market = bars(kind, count)
        if name == "rolling_correlation" and kind == "huge":
            continue  # TA-Lib's products overflow there and it gives 0
        for values in settings:
            mine = compute(
                name,
                [market[c] for c in indicator.inputs],
                dict(zip([p.name for p in indicator.parameters], values, strict=True)),
            )
            theirs = reference(market, *values)
            place = f"{name}{values} on {kind} {count}"
            assert np.array_equal(np.isnan(mine), np.isnan(theirs)), place
            known = ~np.isnan(mine)
            size = scale_of(name, market, theirs[known])
            wrong = np.abs(mine[known] - theirs[known]) > 1e-9 * size
            assert not wrong.any(), (place, np.flatnonzero(wrong)[:3], mine[known][wrong][:3], theirs[known][wrong][:3])


def scale_of(name: str, market: Columns, expected: np.ndarray) -> np.ndarray:
    """What 1e-9 is relative to: the value, or what it is a small difference of."""
    if name in {"adosc", "ad"}:
        return np.full(len(expected), max(1.0, np.abs(talib.AD(*[market[c] for c in HLCV])).max()))
    price = np.abs(market["close"]).max()
    if name == "mfi":
        return np.full(len(expected), 100.0)
    if name == "variance":  # TA-Lib subtracts squares of prices
        return np.maximum(np.abs(expected), price * price * 1e-2)
    if name in {"stddev", "macd", "macd_signal", "macd_histogram", "momentum", "linear_regression_slope"}:
        return np.maximum(np.abs(expected), price)
    return np.maximum(np.abs(expected), min(1.0, price))


def naive(x: np.ndarray, window: int, statistic: Callable[[np.ndarray], float]) -> np.ndarray:
    out = np.full(len(x), np.nan)
    for t in range(window - 1, len(x)):
        out[t] = statistic(x[t - window + 1 : t + 1])
    return out


def zscore(values: np.ndarray) -> float:
    deviation = values.std(ddof=1)
    return float((values[-1] - values.mean()) / deviation) if deviation else 0.0


@pytest.mark.parametrize("window", [2, 3, 7, 20, 64])
@pytest.mark.parametrize("kind", ["walk", "halted", "steps"])
def test_statistics_of_a_window(kind: str, window: int) -> None:
    x = bars(kind, 400, 7)["x"]
    expected = {
        "rolling_std": naive(x, window, lambda v: float(v.std(ddof=1))),
        "rolling_median": naive(x, window, lambda v: float(np.median(v))),
        "sum": naive(x, window, lambda v: float(v.sum())),
        "rolling_max": naive(x, window, np.max),
        "rolling_min": naive(x, window, np.min),
    }
    for name, reference in expected.items():
        np.testing.assert_allclose(
            compute(name, [x], {"window": window}), reference, rtol=1e-11, atol=1e-11, err_msg=name
        )
    for quantile in (0.0, 0.1, 0.5, 0.77, 1.0):
        reference = naive(x, window, lambda v, q=quantile: float(np.quantile(v, q)))
        mine = compute("rolling_quantile", [x], {"window": window, "quantile": quantile})
        np.testing.assert_allclose(mine, reference, rtol=1e-12, err_msg=f"quantile {quantile}")
    if kind == "walk":
        np.testing.assert_allclose(
            compute("rolling_zscore", [x], {"window": window}), naive(x, window, zscore), rtol=1e-8, atol=1e-8
        )


def test_variance_is_accurate_where_squares_cancel() -> None:
    draw = np.random.default_rng(2)
    x = 1e6 + np.cumsum(draw.normal(0, 0.01, 600))
    for window in (2, 10, 50):
        mine = compute("variance", [x], {"window": window})
        for t in range(window - 1, len(x), 37):
            exact = float(statistics.pvariance([Fraction(v) for v in x[t - window + 1 : t + 1]]))
            assert mine[t] == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("price", [0.1, 100.1, 49.0, 1e-8, 3e9])
def test_a_constant_series_is_its_own_average(price: float) -> None:
    x = np.full(30_000, price)
    for window in (3, 20, 49, 100):
        for name in ("sma", "ema", "wma", "dema", "tema", "trima", "wilder", "kama", "linear_regression"):
            values = compute(name, [x], {"window": window})
            assert set(values[~np.isnan(values)]) == {price}, (name, window)
        for name in ("stddev", "rolling_std", "rolling_zscore", "momentum", "linear_regression_slope"):
            values = compute(name, [x], {"window": window})
            assert set(values[~np.isnan(values)]) == {0.0}, (name, window)


def test_what_left_the_window_leaves_nothing_behind() -> None:
    x = np.concatenate([np.full(50, 1e15) + np.arange(50), np.full(100, 3.25)])
    for name, then in (
        ("sum", 3.25 * 20),
        ("stddev", 0.0),
        ("variance", 0.0),
        ("linear_regression", 3.25),
        ("highest", 3.25),
    ):
        assert set(compute(name, [x], {"window": 20})[70:]) == {then}, name


def test_bands_around_averages() -> None:
    market = bars("walk", 300)
    high, low, close = (market[c] for c in HLC)
    upper = compute("keltner_upper", [high, low, close], {"window": 20, "multiple": 1.5})
    lower = compute("keltner_lower", [high, low, close], {"window": 20, "multiple": 1.5})
    np.testing.assert_allclose(
        upper[20:], (talib.EMA(close, 20) + 1.5 * talib.ATR(high, low, close, 20))[20:], rtol=1e-12
    )
    np.testing.assert_allclose(
        lower[20:], (talib.EMA(close, 20) - 1.5 * talib.ATR(high, low, close, 20))[20:], rtol=1e-12
    )
    top, middle, bottom = talib.BBANDS(close, 20, 2.0, 2.0)
    width = compute("bollinger_width", [close], {"window": 20, "deviations": 2.0})
    np.testing.assert_allclose(width[19:], ((top - bottom) / middle)[19:], rtol=1e-9)
