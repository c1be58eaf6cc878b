"""How a call is understood, and what is said of one that cannot be."""

from __future__ import annotations

import pytest

from qt_engine.core.errors import InputError
from qt_engine.features import INDICATORS, Column, bind, lookup

H, L, C, V = Column("high"), Column("low"), Column("close"), Column("volume")


@pytest.mark.parametrize(
    ("name", "arguments", "keywords", "inputs", "parameters"),
    [
        ("sma", ["close", 20], {}, ["close"], {"window": 20}),
        ("sma", ["close"], {"window": 20.0}, ["close"], {"window": 20}),
        ("sma", [], {"x": "close", "window": 20}, ["close"], {"window": 20}),
        ("rsi", ["close"], {}, ["close"], {"window": 14}),
        ("atr", [], {}, [H, L, C], {"window": 14}),
        ("atr", [7], {}, [H, L, C], {"window": 7}),
        ("atr", ["mid"], {}, [H, L, "mid"], {"window": 14}),
        ("atr", ["a", "b", "c", 7], {}, ["a", "b", "c"], {"window": 7}),
        ("atr", [7], {"high": "h"}, ["h", L, C], {"window": 7}),
        ("macd", ["close", 12, 26], {}, ["close"], {"fast": 12, "slow": 26, "signal": 9}),
        ("macd", ["close", 10], {"signal": 5}, ["close"], {"fast": 10, "slow": 26, "signal": 5}),
        ("bollinger_upper", ["close", 20, 2], {}, ["close"], {"window": 20, "deviations": 2.0}),
        ("stochastic_k", [14, 3], {}, [H, L, C], {"window": 14, "smooth": 3}),
        ("rolling_correlation", ["a", "b", 30], {}, ["a", "b"], {"window": 30}),
        ("vwma", ["close", 30], {}, ["close", V], {"window": 30}),
        ("donchian_upper", [20], {}, [H], {"window": 20}),
        ("obv", [], {}, [C, V], {}),
        ("obv", ["mid"], {}, ["mid", V], {}),
        ("ta.MACD_macdsignal", ["close", 12], {}, ["close"], {"fastperiod": 12, "slowperiod": 26, "signalperiod": 9}),
        ("ta.ATR", [14], {}, [H, L, C], {"timeperiod": 14}),
        ("ta.OBV", [], {}, [C, V], {}),
        ("ta.MAVP", ["close", "lengths"], {}, ["close", "lengths"], {"minperiod": 2, "maxperiod": 30, "matype": 0}),
        ("ta.ADD", ["a", "b"], {}, ["a", "b"], {}),
    ],
)
def test_calls(name: str, arguments: list, keywords: dict, inputs: list, parameters: dict) -> None:
    binding = bind(INDICATORS[name], arguments, keywords)
    assert list(binding.inputs) == inputs
    assert binding.parameters == parameters
    assert list(binding.parameters) == [p.name for p in INDICATORS[name].parameters]
    assert all(
        isinstance(v, int) == (p.kind == "int")
        for v, p in zip(binding.parameters.values(), INDICATORS[name].parameters, strict=True)
    )


@pytest.mark.parametrize(
    ("name", "arguments", "keywords", "said"),
    [
        ("sma", [20], {}, "series x must come first, such as close; it is sma(x, window)"),
        ("sma", ["close"], {}, "window is missing"),
        ("sma", [20, "close"], {}, "a series comes after a number"),
        ("sma", ["close", 20, 30], {}, "2 numbers are too many"),
        ("sma", ["close", "open", 20], {}, "2 series are too many"),
        ("sma", ["close", 20], {"window": 20}, "window is given twice"),
        ("sma", ["close"], {"windw": 20}, "did you mean 'window'"),
        ("sma", ["close"], {"window": "open"}, "window must be a number, not a series"),
        ("sma", [], {"x": 5, "window": 5}, "x must be a series, not the number 5"),
        ("sma", ["close", 0], {}, "window must be between 1 and 100000, not 0"),
        ("sma", ["close", 2.5], {}, "window must be a whole number, not 2.5"),
        ("atr", ["a", "b", 14], {}, "2 series are too many; it is atr(window=14), from high, low, close"),
        ("rolling_correlation", ["a", 30], {}, "series y must come first"),
        ("ta.SMA", [20], {}, "series real must come first"),
    ],
)
def test_calls_that_do_not_fit(name: str, arguments: list, keywords: dict, said: str) -> None:
    with pytest.raises(InputError) as caught:
        bind(INDICATORS[name], arguments, keywords)
    assert said in caught.value.reason
    assert caught.value.reason.startswith(name)


def test_lookup() -> None:
    found = lookup("rsi")
    assert found is not None
    assert found.signature == "rsi(x, window=14)"
    assert lookup("nothing") is None
    assert list(INDICATORS) == sorted(INDICATORS)
