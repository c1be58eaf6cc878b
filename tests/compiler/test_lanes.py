"""A lane of a grid is what a strategy with its parameters alone is: the same bytes, the same refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.compiled import HEAD, market_from
from compiler.random_strategies import choices, documents, leaving
from compiler.test_no_look_ahead import assert_same
from compiler.test_random_strategies import read
from qt_engine.core.errors import InputError
from qt_engine.data.market import Market
from qt_engine.simulation.contract import Execution, SimInput
from qt_engine.simulation.simulate import simulate
from qt_engine.simulation.sweep import sweep
from qt_engine.strategies.compiler import CompiledLanes, compile_plan
from qt_engine.strategies.lanes import Lanes
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import grid, resolve_parameters
from reference.generators import markets


@given(
    documents(exits=leaving()), st.lists(choices(), min_size=1, max_size=6), markets(max_assets=3, max_bars=30),
    st.booleans(),
)  # fmt: skip
def test_a_lane_compiles_to_the_plan_of_its_parameters(
    text: str, chosen: list[dict[str, float]], market: Market, run: bool
) -> None:
    document = read(text)
    each = [resolve_parameters(document, choice) for choice in chosen]
    columns = {name: np.array([parameters[name] for parameters in each]) for name in document.params}
    compiled = CompiledLanes(document, Lanes(columns, len(each)), market.periods_per_year)
    told = sweep(document, columns, [market], Execution(), 10_000.0, threads=1) if run else None
    for lane, parameters in enumerate(each):
        plan = compile_plan(document, parameters, market)
        assert_same(compiled.plan(market, lane), plan)
        if told is not None:
            expected = simulate(SimInput(market, plan, Execution(), 10_000.0)).counters
            assert repr(told.counters(lane)) == repr(expected)


PARAMETERS = "params: {m: {type: int, default: 3, low: -5, high: 200000}, f: {type: float, default: 2.0}, k: 1}\n"


def strategy(condition: str, more: str = "") -> str:
    return f'{HEAD}{PARAMETERS}entry:\n  long: "{condition}"\n{more}'


@pytest.mark.parametrize(
    ("condition", "column", "reason"),
    [
        ("close > sma(close, m)", 18, "sma: window must be between 1 and 100000, not -1"),
        ("0 < 1 and close > sma(ema(close, m), 2)", 32, "ema: window must be between 1 and 100000, not -1"),
        ("close > bollinger_upper(close, 5, deviations=m)", 18, "bollinger_upper: deviations must be between 0 and 100, not -1"),
        ("close > sma(close, 6 * m / 2)", 18, "sma: window must be between 1 and 100000, not -3"),
        ("close > atr(m)", 18, "atr: window must be between 1 and 100000, not -1"),
    ],
)  # fmt: skip
def test_an_indicator_that_cannot_take_a_lane_says_where_it_stands(condition: str, column: int, reason: str) -> None:
    document = load_document(strategy(condition), "lanes.yaml")
    columns = {"m": np.array([4, 2, -1]), "f": np.full(3, 2.0), "k": np.ones(3, np.int64)}
    compiled = CompiledLanes(document, Lanes(columns, 3), 252.0)
    with pytest.raises(InputError) as caught:
        compiled.plan(market_from((1, 2, 3)))
    assert (caught.value.reason, caught.value.line, caught.value.column) == (reason, 7, column)


@pytest.mark.parametrize(
    ("condition", "spec", "message"),
    [
        ("close[m] > 2", {}, None),  # refused where it is read: m may be below 0
        ("close[k] > 2", {"k": [0, -1]}, r"k = -1: close\[k\] would read the future"),
        ("lag(close, m) > 2", {"m": [1, -1]}, "m = -1: the future cannot be named"),
        ("lag(close, m + 1) > 2", {"m": [-1, -2]}, "m = -2: the future cannot be named"),
        ("lag(close, (m + 1) / 2) > 2", {"m": [3, 4]}, "m = 4: n of lag is a whole number from 0 up, not 2.5"),
        ("count(close > 1, m) > 1", {"m": [0, 1]}, "m = 0: n of count is a whole number from 1 up, not 0"),
        ("rising(close, m - k)", {"m": [2, 3], "k": [1, 2]}, "k = 2, m = 2: n of rising is a whole number from 1 up"),
        ("close > sma(close, m)", {"m": [2, 200000]}, "m = 200000: sma: window must be between 1 and 100000"),
        ("close > sma(close, 6 / m)", {"m": [1, 0]}, "m = 0: this has no finite value for these parameters"),
    ],
)  # fmt: skip
def test_a_grid_is_refused_as_a_run_is(condition: str, spec: dict[str, list[int]], message: str | None) -> None:
    """One wrong combination is enough, and it is named; nothing is computed, least of all from later bars."""
    text = strategy(condition)
    if message is None:
        with pytest.raises(InputError, match="the future cannot be named: m may be below 0"):
            load_document(text, "lanes.yaml")
        return
    document = load_document(text, "lanes.yaml")
    with pytest.raises(InputError, match=message):
        grid(document, spec)
    with pytest.raises(InputError, match=message):
        resolve_parameters(document, {name: values[-1] for name, values in spec.items()} | _worst(message))


def _worst(message: str) -> dict[str, int]:
    """The choice that the message names."""
    named = message.partition(":")[0].split(", ")
    return {name: int(value) for name, value in (pair.split(" = ") for pair in named)}


def test_settings_without_a_finite_value_are_refused_in_a_grid_too() -> None:
    text = strategy("close > sma(close, 2)", 'sizing: {method: equity_fraction, value: "f / (f + 0)"}\n')
    document = load_document(text, "lanes.yaml")
    assert len(grid(document, {"f": [1.0, 2.0]})["f"]) == 2
    with pytest.raises(InputError, match="value is a percentage above 0% to 1000%, not nan"):
        grid(document, {"f": [1.0, 0.0]})


def test_what_require_cannot_answer_is_left_out() -> None:
    text = strategy("close > sma(close, 2)", 'require: ["1 / m > -9"]\n')
    document = load_document(text, "lanes.yaml")
    assert grid(document, {"m": [1, 0, 2]})["m"].tolist() == [1, 2]
    with pytest.raises(InputError, match="no finite value"):
        resolve_parameters(document, {"m": 0})


def test_powers_of_parameters_are_the_same_alone_and_in_company() -> None:
    """Settings are checked one by one and computed for all lanes at once: by the same functions."""
    expression = "exp(f / 7) ** 1.5 + log(f) ** 3"
    document = load_document(strategy(f"close > {expression}"), "lanes.yaml")
    values = np.linspace(1.1, 3.9, 500)
    lanes = grid(document, {"f": values.tolist()})
    compiled = CompiledLanes(document, Lanes(lanes, 500), 252.0)
    slot = compiled.layout.values
    expected = [math.exp(f / 7) ** 1.5 + math.log(f) ** 3 for f in values.tolist()]
    assert any(slot[:, column].tolist() == expected for column in range(slot.shape[1]))
