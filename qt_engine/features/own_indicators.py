"""The declarations of qt's own compiled indicators; their kernels are in the private files beside this one."""

from __future__ import annotations

from collections.abc import Callable

from qt_engine.features.indicator import Indicator, Parameter

X = ("x",)
BAR = ("high", "low", "close")


def _window(default: int | None = None, low: int = 1, name: str = "window") -> Parameter:
    return Parameter(name, "int", default, low, 100_000)


def _own(
    name: str,
    kernel: str,
    description: str,
    source: str,
    warmup: Callable[..., int],
    *parameters: Parameter,
    series: tuple[str, ...] = (),
    implicit: tuple[str, ...] = (),
) -> Indicator:
    return Indicator(name, series, implicit, parameters, description, source, kernel, warmup)


def _full(window: int) -> int:
    return window - 1


def _changes(window: int) -> int:
    return window


OWN_INDICATORS: tuple[Indicator, ...] = (
    _own("sma", "_trend:sma", "Simple moving average.", "TA-Lib SMA", _full, _window(), series=X),
    _own("ema", "_trend:ema", "Exponential moving average, 2 / (window + 1), seeded with an SMA.", "TA-Lib EMA",
         _full, _window(), series=X),
    _own("rsi", "_momentum:rsi", "Relative strength index, Wilder's smoothing, 0 to 100.", "TA-Lib RSI",
         _changes, _window(14, 2), series=X),
    _own("atr", "_volatility:atr", "Average true range, Wilder's smoothing, in units of price.", "TA-Lib ATR",
         _changes, _window(14), implicit=BAR),
)  # fmt: skip
"""Declared by family; `qt_engine.features.registry` sorts them by name."""
