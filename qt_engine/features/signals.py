"""The declarations of the signals: momentum, mean reversion, and liquidity and order flow estimated from bars.

They are called like the other indicators; their kernels are in the private files beside this one, each with its source.
"""

from __future__ import annotations

from collections.abc import Callable

from qt_engine.features.indicator import Indicator, Parameter
from qt_engine.features.own_indicators import BAR, factor, full_changes, full_window, window

CLOSE = ("close",)
TRADES = ("close", "volume")
YEAR, MONTH = 252, 21
"""Trading days."""


def skipping(window: int, skip: int) -> str | None:
    """Refuse to leave out more than there is; two bars are needed for a deviation."""
    return f"skip must be at most window - 2, not {skip} of {window}" if skip > window - 2 else None


def signal(
    name: str, place: str, inputs: tuple[str, ...], parameters: tuple[Parameter, ...], warmup: Callable[..., int], scale: int,
    description: str, source: str, refuse: Callable[..., str | None] | None = None,
) -> Indicator:  # fmt: skip
    """A declaration whose kernel has the signal's own name in the module `place`."""
    series = tuple(column for column in inputs if column == "x")
    return Indicator(
        name, series, inputs[len(series) :], parameters, description, source, f"{place}:{name}", warmup, kind="signal",
        scale=scale, refuse=refuse,
    )  # fmt: skip


SKIP = Parameter("skip", "int", MONTH, 0, 100_000)

MOMENTUM = (
    signal("momentum_12_1", "_momentum_signals", CLOSE, (window(YEAR, 2), SKIP), full_changes, 0,
        "Return from window bars ago to skip bars ago", "Jegadeesh and Titman 1993", skipping),
    signal("time_series_momentum", "_momentum_signals", CLOSE,
        (window(YEAR, 2), factor("centre", 60.0, 0.5, 100_000.0), factor("target", 0.01, 0.0, 1.0)), full_changes, 0,
        "Sign of the return over window bars times target over the volatility of a bar", "Moskowitz, Ooi, Pedersen 2012"),
    signal("risk_adjusted_momentum", "_momentum_signals", CLOSE, (window(YEAR, 2), SKIP), full_changes, 0,
        "Mean over deviation of returns from window bars ago to skip bars ago; 0 without deviation",
        "Rachev and others 2007", skipping),
    signal("nearness_to_high", "_momentum_signals", ("high", "close"), (window(YEAR),), full_window, 0,
        "Close over the highest high of the last window bars", "George and Hwang 2004"),
)  # fmt: skip

REVERSION = (
    signal("short_term_reversal", "_reversion", CLOSE, (window(MONTH),), full_changes, 0,
        "Minus the return over window bars", "Jegadeesh 1990"),
    signal("bollinger_percent_b", "_reversion", ("x",), (window(20), factor("deviations", 2.0, 0.0, 100.0)), full_window, 0,
        "Place between the lower (0) and the upper (1) Bollinger band; 0.5 without deviation", "Bollinger 2001"),
    signal("half_life", "_reversion", CLOSE, (window(100, 3),), full_changes, 0,
        "Bars in which half of a deviation from the mean goes; infinite where it stays", "Chan 2013"),
    signal("hurst", "_reversion", CLOSE, (window(128, 16),), full_window, 0,
        "Generalised Hurst exponent: below 0.5 where the price comes back, above where it trends",
        "Di Matteo, Aste, Dacorogna 2005"),
    signal("cumulative_rsi", "_reversion", CLOSE, (window(2, 2), window(2, 1, "length")),
        lambda window, length: window + length - 1, 0, "Sum of the last length values of rsi(window)", "Connors, Alvarez 2009"),
    signal("connors_rsi", "_reversion", CLOSE, (window(3, 2), window(2, 2, "streak"), window(100, 1, "rank")),
        lambda window, streak, rank: max(window, streak, rank + 1), 0,
        "Mean of rsi, rsi of the run of ups or downs, and percent rank of the return, 0 to 100", "Connors, Alvarez 2012"),
)  # fmt: skip

MICROSTRUCTURE = (
    signal("amihud", "_microstructure", TRADES, (window(MONTH),), full_changes, -1,
        "Illiquidity: mean |return| per million of currency traded; infinite where nothing was", "Amihud 2002"),
    signal("roll_spread", "_microstructure", CLOSE, (window(MONTH, 2),), lambda window: window + 1, 1,
        "Bid-ask spread in units of price, from the covariance of successive changes", "Roll 1984"),
    signal("corwin_schultz", "_microstructure", BAR, (window(MONTH),), full_changes, 0,
        "Bid-ask spread as a fraction of the price, from highs and lows of two bars", "Corwin and Schultz 2012"),
    signal("kyle_lambda", "_microstructure", TRADES, (window(MONTH, 2),), full_changes, 1,
        "Price impact: slope of changes on signed volume", "Kyle 1985, Hasbrouck 2009"),
    signal("vpin", "_microstructure", TRADES, (window(50), window(50, 2, "volatility_window")),
        lambda window, volatility_window: window + volatility_window - 1, 0,
        "Share of volume that buyers and sellers did not match, by bulk classification, 0 to 1",
        "Easley, López de Prado, O'Hara 2012"),
    signal("order_flow_imbalance", "_microstructure", TRADES, (window(MONTH),), full_changes, 0,
        "Volume of rising minus that of falling bars over all volume, -1 to 1", "Lee and Ready 1991"),
)  # fmt: skip

SIGNALS: tuple[Indicator, ...] = (*MOMENTUM, *REVERSION, *MICROSTRUCTURE)
"""Declared by family; `qt_engine.features.registry` sorts them by name."""
