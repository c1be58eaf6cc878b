"""What holds for every indicator: no look-ahead, exact warm-up, gaps that poison nothing, the same bytes every time."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.indicator_markets import bars
from qt_engine.core.errors import InputError
from qt_engine.features import INDICATORS, Indicator, compute, compute_many

OWN = sorted(name for name in INDICATORS if not name.startswith("ta."))
EVERY = list(INDICATORS)
BARS = 260
MARKET = bars("walk", BARS, 3)


def parameters_of(indicator: Indicator) -> dict[str, float]:
    fallback = {"int": 7, "float": 0.3}
    return {p.name: fallback[p.kind] if p.default is None else p.default for p in indicator.parameters}


def refused(indicator: Indicator, parameters: dict[str, float]) -> bool:
    """Whether the indicator does not take these parameters."""
    try:
        indicator.complete(parameters)
    except InputError:
        return True
    return False


def inputs_of(indicator: Indicator) -> list[np.ndarray]:
    # A cosine for TA-Lib's ACOS and ASIN, which are undefined beyond 1.
    domain = {"ta.ACOS", "ta.ASIN"}
    return [np.cos(MARKET[c]) if indicator.name in domain else MARKET[c] for c in indicator.inputs]


@pytest.mark.parametrize("name", EVERY)
def test_warmup_is_exact(name: str) -> None:
    indicator = INDICATORS[name]
    parameters = parameters_of(indicator)
    values = compute(name, inputs_of(indicator), parameters)
    assert np.flatnonzero(np.isnan(values)).tolist() == list(range(indicator.warmup(**parameters)))


@pytest.mark.parametrize("name", EVERY)
def test_later_bars_change_nothing(name: str) -> None:
    indicator = INDICATORS[name]
    inputs, parameters = inputs_of(indicator), parameters_of(indicator)
    whole = compute(name, inputs, parameters)
    for bars_known in (1, 2, 3, 6, 7, 8, 13, 14, 15, 27, 28, 29, 33, 34, 40, 63, 64, 65, 100, 177, BARS - 1):
        part = compute(name, [column[:bars_known] for column in inputs], parameters)
        assert part.tobytes() == whole[:bars_known].tobytes(), bars_known


@pytest.mark.parametrize("window", [2, 20, 127, 900])
def test_later_bars_change_nothing_in_long_series(window: int) -> None:
    market = bars("walk", 40_000, 4)
    for name in OWN:
        indicator = INDICATORS[name]
        if name in {"rolling_median", "rolling_quantile", "percent_rank", "cci"} and window > 127:
            continue  # quadratic, and made of nothing that starts afresh
        if name in {"half_life", "hurst", "connors_rsi", "roll_spread", "kyle_lambda"} and window > 127:
            continue  # likewise
        parameters = parameters_of(indicator)
        if "window" in parameters:
            parameters["window"] = window
        if refused(indicator, parameters):
            continue
        inputs = [market[c] for c in indicator.inputs]
        whole = compute(name, inputs, parameters)
        for bars_known in (2047 + window, 8192 + window - 1, 8192 + window, 8193 + window, 20_001, 39_999):
            part = compute(name, [column[:bars_known] for column in inputs], parameters)
            assert part.tobytes() == whole[:bars_known].tobytes(), (name, bars_known)


@pytest.mark.parametrize("name", EVERY)
def test_a_gap_is_as_if_the_bars_were_not_there(name: str) -> None:
    indicator = INDICATORS[name]
    inputs, parameters = inputs_of(indicator), parameters_of(indicator)
    if not inputs:
        return
    draw = np.random.default_rng(5)
    holes = [draw.random(BARS) < 0.06 for _ in inputs]
    holes[0][:3] = True  # leading NaN as well
    absent = np.logical_or.reduce(holes)
    gappy = [np.where(hole, np.nan, column) for hole, column in zip(holes, inputs, strict=True)]
    values = compute(name, gappy, parameters)
    dense = compute(name, [column[~absent] for column in inputs], parameters)
    if indicator.positions:
        known = ~np.isnan(dense)
        dense[known] = np.flatnonzero(~absent)[dense[known].astype(int)]
    assert np.isnan(values[absent]).all()
    assert values[~absent].tobytes() == dense.tobytes()


@pytest.mark.parametrize("name", EVERY)
def test_leading_nan_is_warmup(name: str) -> None:
    indicator = INDICATORS[name]
    inputs, parameters = inputs_of(indicator), parameters_of(indicator)
    values = compute(name, inputs, parameters)
    later = compute(name, [np.concatenate([np.full(9, np.nan), column]) for column in inputs], parameters)
    assert np.isnan(later[:9]).all()
    assert (later[9:] - 9 if indicator.positions else later[9:]).tobytes() == values.tobytes()


@pytest.mark.parametrize("name", EVERY)
def test_nothing_in_nothing_out(name: str) -> None:
    indicator = INDICATORS[name]
    parameters = parameters_of(indicator)
    assert compute(name, [np.empty(0)] * len(indicator.inputs), parameters).shape == (0,)
    blank = compute(name, [np.full(40, np.nan)] * len(indicator.inputs), parameters)
    assert blank.shape == (40,)
    assert np.isnan(blank).all()


def test_what_is_written_to_is_only_the_result() -> None:
    for name in EVERY:
        indicator = INDICATORS[name]
        inputs = [column.copy() for column in inputs_of(indicator)]
        for column in inputs:
            column.flags.writeable = False
        before = [column.tobytes() for column in inputs]
        values = compute(name, inputs, parameters_of(indicator))
        assert [column.tobytes() for column in inputs] == before
        assert values.dtype == np.float64
        assert values.flags.writeable
        assert not any(np.shares_memory(values, column) for column in inputs)


def test_columns_of_a_panel_need_not_be_contiguous() -> None:
    panel = np.random.default_rng(0).random((300, 3)) + 10
    np.testing.assert_array_equal(
        compute("sma", [panel[:, 1]], {"window": 5}), compute("sma", [panel[:, 1].copy()], {"window": 5})
    )


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=60),
    window=st.integers(1, 12),
    cut=st.integers(0, 60),
)
def test_any_series_any_cut(values: list[float], window: int, cut: int) -> None:
    x = np.array(values, dtype=np.float64)
    for name in ("sma", "ema", "wma", "highest", "variance", "rolling_median", "sum", "wilder", "percent_rank"):
        whole = compute(name, [x], {"window": window})
        assert compute(name, [x[:cut]], {"window": window}).tobytes() == whole[:cut].tobytes(), name


@pytest.mark.parametrize("name", ["sma", "ema", "rsi", "highest", "rolling_std", "atr", "macd", "ta.SMA", "ta.ATR"])
def test_many_rows_are_the_rows_of_one(name: str) -> None:
    indicator = INDICATORS[name]
    first = indicator.parameters[0].name
    lanes = [{first: float(window)} for window in range(2, 60)]
    for holes in (np.zeros(9000, bool), np.random.default_rng(1).random(9000) < 0.01):
        market = bars("walk", 9000, 8)
        inputs = [np.where(holes, np.nan, market[c]) for c in indicator.inputs]
        many = compute_many(name, inputs, lanes)
        assert many.shape == (58, 9000)
        assert many.flags.c_contiguous
        for lane, row in zip(lanes, many, strict=True):
            assert row.tobytes() == compute(name, inputs, lane).tobytes()


def test_no_lanes() -> None:
    assert compute_many("sma", [MARKET["x"]], []).shape == (0, BARS)


PROGRAM = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from features.test_indicator_promises import digest_of_everything
print(hash("qt"), digest_of_everything())
"""


def digest_of_everything() -> str:
    digest = hashlib.sha256()
    for name, indicator in INDICATORS.items():
        digest.update(name.encode() + compute(name, inputs_of(indicator), parameters_of(indicator)).tobytes())
    return digest.hexdigest()


def test_fresh_processes_give_the_same_bytes() -> None:
    seen = []
    for seed in ("1", "2"):
        command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(Path(__file__).parents[1])]
        answer = subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        seen.append(answer.stdout.split())
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] == seen[1][1] == digest_of_everything()


@pytest.mark.parametrize(
    ("name", "count", "parameters", "said"),
    [
        ("smaa", 1, {}, "did you mean 'sma'"),
        ("sma", 1, {"window": 0}, "window must be between 1 and 100000, not 0"),
        ("sma", 1, {"window": 2.5}, "whole number"),
        ("sma", 1, {"window": float("nan")}, "must be a number"),
        ("sma", 1, {"windw": 5}, "did you mean 'window'"),
        ("sma", 1, {}, "window is missing; it is sma(x, window)"),
        ("sma", 2, {"window": 5}, "takes 1 series (x), not 2"),
        ("rsi", 1, {"window": 1}, "between 2 and"),
        ("rolling_quantile", 1, {"window": 5, "quantile": 1.5}, "quantile must be between 0 and 1"),
        ("ta.SMA", 1, {"timeperiod": 0}, "timeperiod must be between"),
    ],
)
def test_bad_input_is_named(name: str, count: int, parameters: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=".") as caught:
        compute(name, [MARKET["x"]] * count, parameters)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="of one length"):
        compute("atr", [MARKET["high"], MARKET["low"], MARKET["close"][:-1]], {})


def test_rows_can_be_given() -> None:
    lanes = [{"window": float(window)} for window in (2, 5, 9)]
    stack = np.zeros((3, 4, BARS))
    filled = compute_many("sma", [MARKET["x"]], lanes, stack[:, 1])
    assert np.shares_memory(filled, stack)
    assert stack[:, 1].tobytes() == compute_many("sma", [MARKET["x"]], lanes).tobytes()
    assert not stack[:, [0, 2, 3]].any()
