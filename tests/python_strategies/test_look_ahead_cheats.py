"""A zoo of cheats: each strategy knows something that nobody could know at the time, and none gets away with it.

Beside every cheat that is easily made by mistake stands its honest twin, which must be believed.
"""

from __future__ import annotations

import json
import os
import textwrap

import numpy as np
import pytest

from qt_engine.core.errors import QtError, StrategyError
from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import Market
from qt_engine.strategies.decisions import targets_of
from qt_engine.strategies.provers import prove_no_lookahead
from qt_engine.strategies.python_source import PythonStrategy, load_python

HEAD = """
import numpy as np
from qt_engine.strategies.base import Strategy, TargetPositions

"""

DAY = 86_400_000_000_000


def market(bars: int = 300, assets: int = 2, seed: int = 7) -> Market:
    """Prices that wander; the second asset does not trade in every bar."""
    steps = np.random.default_rng(seed).normal(0.001, 0.02, (bars, assets))
    close = 100.0 * np.exp(np.cumsum(steps, axis=0))
    close[40:45, -1] = np.nan
    ts = 1_262_563_200_000_000_000 + np.arange(bars, dtype=np.int64) * DAY
    volume = np.where(np.isnan(close), np.nan, 1000.0)
    return market_from_arrays(
        [f"S{k}" for k in range(assets)], "1d", ts, close, close * 1.01, close * 0.99, close, volume
    )


def load(body: str) -> PythonStrategy:
    return load_python(HEAD + textwrap.dedent(body), "cheat.py")


PREPARED = """
class Example(Strategy):
    name = "example"
    warmup = 30

    def prepare(self, history):
        close = history.close
        {prepare}
        return {{"signal": signal}}

    def on_data(self, context):
        signal = context.prepared["signal"][-1]
        if np.isnan(signal[0]):
            return None
        return TargetPositions({{context.symbols[0]: 0.5 if signal[0] > 0 else -0.5}})
"""

PREPARING_CHEATS = {
    "centred_window": """
        kernel = np.ones(11) / 11
        smooth = np.column_stack([np.convolve(column, kernel, mode="same") for column in np.nan_to_num(close).T])
        signal = close - smooth""",
    "normalised_with_the_mean_of_all": "signal = close - np.nanmean(close, axis=0)",
    "standardised_with_the_deviation_of_all": """
        returns = np.diff(close, axis=0, prepend=close[:1])
        signal = returns / np.nanstd(returns, axis=0) - 0.5""",
    "shift_minus_one": "signal = np.vstack([close[1:], close[-1:]]) - close",
    "rolled_around_the_end": "signal = close - np.roll(close, -3, axis=0)",
    "week_labelled_by_its_first_day": """
        import pandas as pd
        frame = pd.DataFrame(close, index=pd.to_datetime(history.ts))
        weekly = frame.resample("W", label="left", closed="left").last().reindex(frame.index, method="ffill")
        signal = (weekly - frame).to_numpy()""",
    "month_known_from_its_first_day": """
        import pandas as pd
        frame = pd.DataFrame(close, index=pd.to_datetime(history.ts))
        signal = (frame.groupby(frame.index.to_period("M")).transform("last") - frame).to_numpy()""",
    "back_filled": """
        import pandas as pd
        gaps = pd.DataFrame(np.where(np.arange(len(close))[:, None] % 3 == 0, close, np.nan))
        signal = gaps.bfill().fillna(0.0).to_numpy() - close""",
    "interpolated_over_gaps": """
        import pandas as pd
        gaps = pd.DataFrame(np.where(np.arange(len(close))[:, None] % 5 == 0, close, np.nan))
        signal = gaps.interpolate().to_numpy() - close""",
    "fitted_on_the_whole_sample": """
        x = np.arange(len(close), dtype=float)
        signal = np.empty_like(close)
        for k in range(close.shape[1]):
            known = ~np.isnan(close[:, k])
            slope, level = np.polyfit(x[known], close[known, k], 1)
            signal[:, k] = close[:, k] - (slope * x + level)""",
    "scaled_by_the_highest_of_all": "signal = close / np.nanmax(close, axis=0) - 0.8",
    "ranked_over_time": "signal = close.argsort(axis=0).argsort(axis=0) / len(close) - 0.5",
    "spectral_filter": """
        spectrum = np.fft.rfft(np.nan_to_num(close, nan=100.0), axis=0)
        spectrum[8:] = 0
        signal = close - np.fft.irfft(spectrum, n=len(close), axis=0)""",
    "knows_how_many_bars_there_are": "signal = np.where(np.arange(len(close))[:, None] > len(close) // 2, 1.0, -1.0) * np.ones_like(close)",
    "knows_the_last_bar": """
        signal = np.ones_like(close)
        signal[-1] = -1.0""",
    "sells_before_the_crash": """
        signal = np.ones_like(close)
        worst = int(np.nanargmin(np.diff(close[:, 0])))
        signal[worst] = -1.0""",
    "one_bar_in_a_hundred": """
        signal = np.ones_like(close)
        later = np.vstack([close[1:], close[-1:]])
        signal[::100] = (later - close)[::100]""",
    "highest_high_centred": """
        signal = np.ones_like(close)
        for bar in range(len(close)):
            window = close[max(bar - 5, 0) : bar + 6, 0]
            signal[bar] = -1.0 if close[bar, 0] >= np.nanmax(window) else 1.0""",
}

HONEST = {
    "trailing_mean": """
        signal = np.full_like(close, np.nan)
        for bar in range(20, len(close)):
            signal[bar] = close[bar] - np.nanmean(close[bar - 19 : bar + 1], axis=0)""",
    "expanding_mean": """
        total = np.cumsum(np.nan_to_num(close), axis=0)
        count = np.cumsum(~np.isnan(close), axis=0)
        signal = close - total / count""",
    "shift_one": "signal = np.vstack([close[:1], close[:-1]]) - close",
    "exponential_mean": """
        import pandas as pd
        signal = close - pd.DataFrame(close).ewm(span=20).mean().to_numpy()""",
    "forward_filled": """
        import pandas as pd
        gaps = pd.DataFrame(np.where(np.arange(len(close))[:, None] % 3 == 0, close, np.nan))
        signal = gaps.ffill().fillna(0.0).to_numpy() - close""",
    "pandas_rolling": """
        import pandas as pd
        signal = close - pd.DataFrame(close).rolling(15).mean().to_numpy()""",
}


@pytest.mark.parametrize("name", sorted(PREPARING_CHEATS))
def test_a_prepare_that_looks_ahead_is_caught(name: str) -> None:
    strategy = load(PREPARED.format(prepare=PREPARING_CHEATS[name]))
    proof = prove_no_lookahead(strategy, {}, market())
    assert proof.verdict == "violated", proof.sentence
    assert proof.violation is not None
    assert proof.violation.bar <= proof.violation.known
    assert proof.violation.whole != proof.violation.cut


@pytest.mark.parametrize("name", sorted(PREPARING_CHEATS))
def test_it_is_caught_in_a_long_history_too(name: str) -> None:
    strategy = load(PREPARED.format(prepare=PREPARING_CHEATS[name]))
    assert prove_no_lookahead(strategy, {}, market(1500)).verdict == "violated"


@pytest.mark.parametrize("name", sorted(HONEST))
def test_an_honest_prepare_is_believed(name: str) -> None:
    strategy = load(PREPARED.format(prepare=HONEST[name]))
    proof = prove_no_lookahead(strategy, {}, market(), thorough=True)
    assert proof.verdict == "clean", proof.sentence
    assert proof.checked == 300 - 30 - 1
    assert "at every bar" in proof.method


SMUGGLERS = {
    "global_variable": """
        FUTURE = {}

        class Example(Strategy):
            name = "example"
            def prepare(self, history):
                FUTURE["close"] = history.close
                return {"one": np.ones(len(history))}
            def on_data(self, context):
                rises = FUTURE["close"][min(context.bar + 1, len(FUTURE["close"]) - 1), 0] > context.close[-1, 0]
                return TargetPositions({"S0": 1.0 if rises else 0.0})
        """,
    "global_variable_filled_once": """
        MEAN = []

        class Example(Strategy):
            name = "example"
            def prepare(self, history):
                if not MEAN:
                    MEAN.append(np.nanmean(history.close[:, 0]))
                return {"mean": np.full(len(history), MEAN[0])}
            def on_data(self, context):
                return TargetPositions({"S0": 1.0 if context.close[-1, 0] < context.prepared["mean"][-1] else 0.0})
        """,
    "attribute_set_in_prepare": """
        class Example(Strategy):
            name = "example"
            def prepare(self, history):
                self.future = history.close
                return {}
            def on_data(self, context):
                return TargetPositions({"S0": float(self.future[context.bar + 1, 0] > context.close[-1, 0])})
        """,
    "class_attribute_set_in_prepare": """
        class Example(Strategy):
            name = "example"
            future = None
            def prepare(self, history):
                Example.future = history.close
                return {}
            def on_data(self, context):
                return TargetPositions({"S0": float(Example.future[context.bar + 1, 0] > context.close[-1, 0])})
        """,
    "mutable_object_kept_from_initialize": """
        class Example(Strategy):
            name = "example"
            def initialize(self, context):
                self.notes = {}
            def prepare(self, history):
                self.notes["mean"] = np.nanmean(history.close[:, 0])
                return {}
            def on_data(self, context):
                return TargetPositions({"S0": float(context.close[-1, 0] < self.notes["mean"])})
        """,
    "base_class_attribute": """
        class Example(Strategy):
            name = "example"
            def prepare(self, history):
                Strategy.future = history.close
                return {}
            def on_data(self, context):
                return TargetPositions({"S0": 1.0})
        """,
    "another_module": """
        import json

        class Example(Strategy):
            name = "example"
            def prepare(self, history):
                json.future = history.close
                return {"one": np.ones(len(history))}
            def on_data(self, context):
                rows = json.future
                return TargetPositions({"S0": float(rows[min(context.bar + 1, len(rows) - 1), 0] > context.close[-1, 0])})
        """,
}


@pytest.mark.parametrize("name", sorted(SMUGGLERS))
def test_smuggled_knowledge_is_refused_found_or_worthless(name: str) -> None:
    """Either there is an error, or the prover finds it, or what was smuggled is not the future."""
    strategy = load(SMUGGLERS[name])
    try:
        proof = prove_no_lookahead(strategy, {}, market())
    except QtError as error:
        assert "cheat.py, line" in str(error)
    else:
        assert proof.verdict == "violated", proof.sentence


def test_a_cache_elsewhere_that_the_first_run_fills_is_found_by_a_thorough_proof() -> None:
    strategy = load("""
        import json

        class Example(Strategy):
            name = "example"
            def prepare(self, history):
                if not hasattr(json, "mean_of_all"):
                    json.mean_of_all = float(np.nanmean(history.close[:, 0]))
                return {"mean": np.full(len(history), json.mean_of_all)}
            def on_data(self, context):
                return TargetPositions({"S0": float(context.close[-1, 0] < context.prepared["mean"][-1])})
        """)
    try:
        assert prove_no_lookahead(strategy, {}, market(), thorough=True).verdict == "violated"
    finally:
        del json.mean_of_all  # type: ignore[attr-defined]


def test_what_fails_only_in_another_process_is_said() -> None:
    strategy = load("""
        import multiprocessing, os

        HERE = os.environ.setdefault("QT_TEST_PROCESS", str(os.getpid()))

        class Example(Strategy):
            name = "example"
            def on_data(self, context):
                assert HERE == str(os.getpid())
                return TargetPositions()
        """)
    try:
        with pytest.raises(
            StrategyError, match=r"asked in a process of its own: cheat\.py, line \d+, bar 0 .*AssertionError"
        ):
            prove_no_lookahead(strategy, {}, market(60), thorough=True)
    finally:
        os.environ.pop("QT_TEST_PROCESS")


def test_the_memory_behind_a_view_holds_no_bar_to_come() -> None:
    strategy = load("""
        class Example(Strategy):
            name = "example"
            def on_data(self, context):
                rows = context.close.base
                assert len(rows) & (len(rows) - 1) == 0  # tells nothing of how many bars there will be
                return TargetPositions({"S0": float(np.count_nonzero(rows[context.bar + 1 :]))})
        """)
    assert not targets_of(strategy, {}, market())[1].any()


def test_a_context_leads_to_no_array_of_the_market() -> None:
    """Whatever can be reached from it by attributes ends at the current bar."""
    strategy = load("""
        import gc

        class Example(Strategy):
            name = "example"
            def on_data(self, context):
                seen, todo, longest = set(), [context], 0
                while todo:
                    thing = todo.pop()
                    if id(thing) in seen or isinstance(thing, type):
                        continue
                    seen.add(id(thing))
                    if isinstance(thing, np.ndarray):
                        longest = max(longest, np.count_nonzero(np.nan_to_num(thing).reshape(len(thing), -1).any(axis=1)))
                    elif type(thing).__module__.startswith("qt_engine") or isinstance(thing, (dict, tuple)):
                        todo += gc.get_referents(thing)
                return TargetPositions({"S0": float(longest > context.bar + 1)})
        """)
    assert not targets_of(strategy, {}, market(80))[1].any()


def test_strides_lead_to_zeros() -> None:
    strategy = load("""
        class Example(Strategy):
            name = "example"
            def on_data(self, context):
                view = context.close
                beyond = np.lib.stride_tricks.as_strided(view, shape=(len(view) + 1, view.shape[1]))
                return TargetPositions({"S0": float(beyond[-1, 0] != 0.0)})
        """)
    bars = market(60)  # shorter than the first tape, so that there is memory to read
    assert not targets_of(strategy, {}, bars)[1].any()


def test_the_last_bar_is_checked_by_going_on_after_it() -> None:
    """Nothing can be cut off after the last bar; a strategy that treats it as the last still shows."""
    strategy = load(
        PREPARED.format(
            prepare="""
        signal = np.ones_like(close)
        if len(close) == 300:
            signal[-1] = -1.0"""
        )
    )
    proof = prove_no_lookahead(strategy, {}, market())
    assert proof.verdict == "violated"
    assert proof.violation is not None
    assert proof.violation.bar == proof.violation.known == 299


def test_the_first_violation_names_bar_asset_and_both_decisions() -> None:
    strategy = load(PREPARED.format(prepare="signal = np.vstack([close[1:], close[-1:]]) - close"))
    proof = prove_no_lookahead(strategy, {}, market())
    assert proof.violation is not None
    violation = proof.violation
    assert (violation.what, violation.symbol) == ("target", "S0")
    assert {violation.whole, violation.cut} == {"0.5", "-0.5"}
    assert f"bar {violation.bar} (20" in proof.sentence
    assert "nothing after bar" in proof.sentence


def test_rounding_in_prepared_arrays_is_no_look_ahead_while_decisions_agree() -> None:
    strategy = load(
        PREPARED.format(
            prepare="""
        total = np.nansum(close, axis=0)  # differs with the length
        signal = np.ones_like(close) + 1e-13 * total / total.max() * len(close)"""
        )
    )
    proof = prove_no_lookahead(strategy, {}, market())
    assert proof.verdict == "clean"
    assert "rounding" in proof.notes[0]


def test_how_many_bars_were_checked_is_said() -> None:
    strategy = load(PREPARED.format(prepare=HONEST["shift_one"]))
    some = prove_no_lookahead(strategy, {}, market(1500))
    every = prove_no_lookahead(strategy, {}, market(1500), thorough=True)
    assert some.checked < 200 < every.checked == 1500 - 30 - 1
    assert f"at {some.checked} of 1500 bars" in some.method
    assert "at every bar" in every.method


def test_bars_are_the_same_each_time() -> None:
    strategy = load(PREPARED.format(prepare=HONEST["shift_one"]))
    assert prove_no_lookahead(strategy, {}, market(1500)) == prove_no_lookahead(strategy, {}, market(1500))
