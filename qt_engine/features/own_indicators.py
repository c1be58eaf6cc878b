"""The declarations of qt's own compiled indicators; their kernels are in the private files beside this one."""

from __future__ import annotations

from collections.abc import Callable

from qt_engine.features.indicator import Indicator, Parameter

X = ("x",)
CLOSED = ("close",)
RANGE = ("high", "low")
BAR = ("high", "low", "close")
TRADED = ("high", "low", "close", "volume")


def window(default: int | None = None, low: int = 1, name: str = "window") -> Parameter:
    """A number of bars."""
    return Parameter(name, "int", default, low, 100_000)


def factor(name: str, default: float | None, low: float, high: float) -> Parameter:
    """A number without unit."""
    return Parameter(name, "float", default, low, high)


def full_window(window: int, **_: float) -> int:
    """Warm-up of what needs `window` values."""
    return window - 1


def full_changes(window: int, **_: float) -> int:
    """Warm-up of what needs `window` changes."""
    return window


def none() -> int:
    """No warm-up."""
    return 0


MACD = (window(12, 2, "fast"), window(26, 2, "slow"), window(9, 1, "signal"))
STOCHASTIC = (window(14), window(3, 1, "smooth"))
BANDS = (window(20), factor("deviations", 2.0, 0.0, 100.0))


def macd_warmup(fast: int, slow: int, signal: int) -> int:
    """The slow average, then the signal line."""
    return max(fast, slow) + signal - 2


def own(
    name: str,
    place: str,
    inputs: tuple[str, ...],
    parameters: tuple[Parameter, ...],
    warmup: Callable[..., int],
    description: str,
    source: str,
) -> Indicator:
    """A declaration whose kernel has the indicator's own name, unless `place` names another as `module:function`."""
    kernel = place if ":" in place else f"{place}:{name}"
    series = tuple(column for column in inputs if column in ("x", "y"))
    return Indicator(name, series, inputs[len(series) :], parameters, description, source, kernel, warmup)


TREND = (
    own("sma", "_trend", X, (window(),), full_window, "Simple moving average", "TA-Lib SMA"),
    own("ema", "_trend", X, (window(),), full_window,
        "Exponential moving average, weight 2 / (window + 1), seeded with an SMA", "TA-Lib EMA"),
    own("wma", "_trend", X, (window(),), full_window, "Weighted moving average, weights 1 to window", "TA-Lib WMA"),
    own("hma", "_trend", X, (window(low=2),), lambda window: window - 1 + int(window**0.5) - 1,
        "Hull moving average: WMA of 2 WMA(window / 2) - WMA(window)", "Hull 2005"),
    own("dema", "_trend", X, (window(),), lambda window: 2 * (window - 1), "Double exponential moving average", "TA-Lib DEMA"),
    own("tema", "_trend", X, (window(),), lambda window: 3 * (window - 1), "Triple exponential moving average", "TA-Lib TEMA"),
    own("trima", "_trend", X, (window(),), full_window, "Triangular moving average", "TA-Lib TRIMA"),
    own("kama", "_trend", X, (window(10, 2),), full_changes,
        "Kaufman's adaptive moving average between EMA(2) and EMA(30)", "TA-Lib KAMA"),
    own("wilder", "_trend", X, (window(),), full_window, "Wilder's smoothing: weight 1 / window, SMA seed", "Wilder 1978"),
    own("vwma", "_volume", ("x", "volume"), (window(),), full_window, "Moving average weighted by volume", "TA-Lib VWMA"),
    own("linear_regression", "_trend", X, (window(low=2),), full_window, "End of the least-squares line", "TA-Lib LINEARREG"),
    own("linear_regression_slope", "_trend", X, (window(low=2),), full_window,
        "Slope of the least-squares line, per bar", "TA-Lib LINEARREG_SLOPE"),
    own("midpoint", "_trend", X, (window(),), full_window, "Middle of the highest and lowest value", "TA-Lib MIDPOINT"),
    own("midprice", "_trend", RANGE, (window(),), full_window, "Middle of the highest high and lowest low", "TA-Lib MIDPRICE"),
    own("highest", "_trend", X, (window(),), full_window, "Highest of the last window bars, this one included", "TA-Lib MAX"),
    own("lowest", "_trend", X, (window(),), full_window, "Lowest of the last window bars, this one included", "TA-Lib MIN"),
    own("donchian_upper", "_trend:highest", ("high",), (window(20),), full_window,
        "Highest high of the last window bars, this one included", "TA-Lib MAX"),
    own("donchian_lower", "_trend:lowest", ("low",), (window(20),), full_window,
        "Lowest low of the last window bars, this one included", "TA-Lib MIN"),
    own("donchian_middle", "_trend:midprice", RANGE, (window(20),), full_window,
        "Middle of the Donchian channel", "TA-Lib MIDPRICE"),
    own("typical_price", "_trend", BAR, (), none, "(high + low + close) / 3", "TA-Lib TYPPRICE"),
)  # fmt: skip

MOMENTUM = (
    own("rsi", "_momentum", X, (window(14, 2),), full_changes,
        "Relative strength index with Wilder's smoothing, 0 to 100; 0 without any change", "TA-Lib RSI"),
    own("cmo", "_momentum", X, (window(14, 2),), full_changes,
        "Chande momentum oscillator with Wilder's smoothing, -100 to 100", "TA-Lib CMO"),
    own("returns", "_returns", CLOSED, (), lambda: 1, "x / x before - 1; 0 where it was 0", "TA-Lib ROCP"),
    own("log_returns", "_returns", CLOSED, (), lambda: 1, "ln(x / x before); 0 where either is not above 0", "Natural logarithm"),
    own("momentum", "_momentum", X, (window(10),), full_changes, "x minus x window bars ago", "TA-Lib MOM"),
    own("roc", "_momentum", X, (window(10),), full_changes, "Percent change over window bars; 0 where it was 0", "TA-Lib ROC"),
    own("macd", "_momentum", X, MACD, macd_warmup, "EMA(fast) - EMA(slow), from where its signal line starts", "TA-Lib MACD"),
    own("macd_signal", "_momentum", X, MACD, macd_warmup, "EMA(signal) of the MACD line", "TA-Lib MACD"),
    own("macd_histogram", "_momentum", X, MACD, macd_warmup, "MACD line minus its signal line", "TA-Lib MACD"),
    own("ppo", "_momentum", X, (window(12, 2, "fast"), window(26, 2, "slow")), lambda fast, slow: max(fast, slow) - 1,
        "EMA(fast) - EMA(slow) in percent of EMA(slow)", "TA-Lib PPO with EMA"),
    own("trix", "_trend", X, (window(30),), lambda window: 3 * (window - 1) + 1,
        "Percent change of the threefold EMA over one bar", "TA-Lib TRIX"),
    own("stochastic_k", "_momentum", BAR, STOCHASTIC, lambda window, smooth: window + smooth - 2,
        "SMA(smooth) of the close's place between lowest low and highest high, 0 to 100", "TA-Lib STOCH"),
    own("stochastic_d", "_momentum", BAR, (*STOCHASTIC, window(3, 1, "signal")),
        lambda window, smooth, signal: window + smooth + signal - 3, "SMA(signal) of stochastic_k", "TA-Lib STOCH"),
    own("fast_stochastic_k", "_momentum:stochastic_raw", BAR, (window(14),), full_window,
        "The close's place between lowest low and highest high, 0 to 100; 0 where they are equal", "TA-Lib STOCHF"),
    own("fast_stochastic_d", "_momentum:stochastic_k", BAR, (window(14), window(3, 1, "signal")),
        lambda window, signal: window + signal - 2, "SMA(signal) of fast_stochastic_k", "TA-Lib STOCHF"),
    own("williams_r", "_momentum", BAR, (window(14, 2),), full_window,
        "The close's distance from the highest high, -100 to 0", "TA-Lib WILLR"),
    own("willr", "_momentum:williams_r", BAR, (window(14, 2),), full_window, "Same as williams_r", "TA-Lib WILLR"),
    own("cci", "_momentum", BAR, (window(14, 2),), full_window, "Commodity channel index", "TA-Lib CCI"),
    own("aroon_up", "_momentum", ("high",), (window(14, 2),), full_changes,
        "How recent the highest high of the last window + 1 bars is, 0 to 100", "TA-Lib AROON"),
    own("aroon_down", "_momentum", ("low",), (window(14, 2),), full_changes,
        "How recent the lowest low of the last window + 1 bars is, 0 to 100", "TA-Lib AROON"),
    own("aroon_oscillator", "_momentum", RANGE, (window(14, 2),), full_changes, "Aroon up minus Aroon down", "TA-Lib AROONOSC"),
    own("ultimate_oscillator", "_momentum", BAR, (window(7, 1, "short"), window(14, 1, "medium"), window(28, 1, "long")),
        lambda short, medium, long: max(short, medium, long),
        "Buying pressure over true range in three windows, 0 to 100", "TA-Lib ULTOSC"),
    own("plus_di", "_directional", BAR, (window(14, 2),), full_changes, "Plus directional indicator, 0 to 100", "TA-Lib PLUS_DI"),
    own("minus_di", "_directional", BAR, (window(14, 2),), full_changes, "Minus directional indicator, 0-100", "TA-Lib MINUS_DI"),
    own("dx", "_directional", BAR, (window(14, 2),), full_changes, "Directional movement index, 0 to 100", "TA-Lib DX"),
    own("adx", "_directional", BAR, (window(14, 2),), lambda window: 2 * window - 1,
        "Average directional movement index, 0 to 100", "TA-Lib ADX"),
)  # fmt: skip

VOLATILITY = (
    own("true_range", "_volatility", BAR, (), lambda: 1, "The bar's range, stretched to the close before", "TA-Lib TRANGE"),
    own("atr", "_volatility", BAR, (window(14),), full_changes,
        "Average true range with Wilder's smoothing, in units of price", "TA-Lib ATR"),
    own("natr", "_volatility", BAR, (window(14, 2),), full_changes, "ATR in percent of the close", "TA-Lib NATR"),
    own("stddev", "_volatility", X, (window(20),), full_window, "Standard deviation of the population", "TA-Lib STDDEV"),
    own("variance", "_volatility", X, (window(20),), full_window, "Variance of the population", "TA-Lib VAR"),
    own("bollinger_upper", "_volatility", X, BANDS, full_window, "SMA plus deviations times stddev", "TA-Lib BBANDS"),
    own("bollinger_middle", "_volatility", X, (window(20),), full_window, "SMA", "TA-Lib BBANDS"),
    own("bollinger_lower", "_volatility", X, BANDS, full_window, "SMA minus deviations times stddev", "TA-Lib BBANDS"),
    own("bollinger_width", "_volatility", X, BANDS, full_window,
        "Upper minus lower Bollinger band, as a fraction of the middle", "Bollinger 2001"),
    own("keltner_upper", "_volatility", BAR, (window(20), factor("multiple", 2.0, 0.0, 100.0)), full_changes,
        "EMA of the close plus multiple times ATR", "Keltner, as revised by Raschke"),
    own("keltner_lower", "_volatility", BAR, (window(20), factor("multiple", 2.0, 0.0, 100.0)), full_changes,
        "EMA of the close minus multiple times ATR", "Keltner, as revised by Raschke"),
)  # fmt: skip

VOLUME = (
    own("obv", "_volume", ("close", "volume"), (), none, "On-balance volume", "TA-Lib OBV"),
    own("ad", "_volume", TRADED, (), none, "Chaikin accumulation/distribution line", "TA-Lib AD"),
    own("adosc", "_volume", TRADED, (window(3, 2, "fast"), window(10, 2, "slow")), lambda fast, slow: max(fast, slow) - 1,
        "Chaikin oscillator: EMA(fast) - EMA(slow) of ad, started from its first value", "TA-Lib ADOSC"),
    own("mfi", "_volume", TRADED, (window(14, 2),), full_changes, "Money flow index, 0 to 100", "TA-Lib MFI"),
)  # fmt: skip

STATISTICS = (
    own("sum", "_statistics:rolling_sum", X, (window(),), full_window, "Sum of the last window values", "TA-Lib SUM"),
    own("rolling_mean", "_trend:sma", X, (window(),), full_window, "Mean of the last window values", "TA-Lib SMA"),
    own("rolling_std", "_statistics", X, (window(low=2),), full_window,
        "Standard deviation of the sample, over window - 1", "pandas Rolling.std"),
    own("rolling_min", "_trend:lowest", X, (window(),), full_window, "Smallest of the last window values", "TA-Lib MIN"),
    own("rolling_max", "_trend:highest", X, (window(),), full_window, "Largest of the last window values", "TA-Lib MAX"),
    own("rolling_median", "_statistics", X, (window(),), full_window, "Median of the last values", "pandas Rolling.median"),
    own("rolling_quantile", "_statistics", X, (window(), factor("quantile", None, 0.0, 1.0)), full_window,
        "Quantile of the last window values, linear between neighbours", "pandas Rolling.quantile"),
    own("rolling_correlation", "_statistics", ("x", "y"), (window(low=2),), full_window,
        "Pearson correlation of the last window values; 0 where a series does not vary", "TA-Lib CORREL"),
    own("rolling_zscore", "_statistics", X, (window(low=2),), full_window,
        "Sample standard deviations away from the mean; 0 where nothing varies", "pandas Rolling.mean and .std"),
    own("percent_rank", "_statistics", X, (window(),), full_changes,
        "Percent of the window values before this one that are below it", "TA-Lib PERCENTRANK"),
)  # fmt: skip

OWN_INDICATORS: tuple[Indicator, ...] = (*TREND, *MOMENTUM, *VOLATILITY, *VOLUME, *STATISTICS)
"""Declared by family; `qt_engine.features.registry` sorts them by name."""
