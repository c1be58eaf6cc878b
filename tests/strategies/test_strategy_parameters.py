"""A run's parameters are whole, of their types, within their bounds, and fit the strategy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.core.errors import InputError
from qt_engine.strategies.constants import evaluate_columns, evaluate_constant, holds
from qt_engine.strategies.expressions import parse_expression
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import grid, resolve_parameters

DOCUMENT = load_document(
    """
schema: 1
name: sample
kind: rules
params:
  fast: {type: int, default: 20, low: 1, high: 60}
  slow: {type: int, default: 100}
  stop: {type: float, default: 5%, low: 0}
  back: 2
require: ["fast < slow", "slow - fast >= 10"]
entry: {long: "sma(close, fast)[back] > sma(close, slow)"}
exit: {stop_loss: stop}
"""
)


def test_defaults_in_the_order_of_the_document() -> None:
    assert list(resolve_parameters(DOCUMENT).items()) == [("fast", 20), ("slow", 100), ("stop", 0.05), ("back", 2)]


@pytest.mark.parametrize(
    ("name", "given_value", "value"),
    [
        ("fast", "10", 10), ("fast", 10, 10), ("fast", 10.0, 10), ("fast", " 10 ", 10), ("fast", np.int64(10), 10), ("stop", "2%", 0.02),
        ("stop", "0.02", 0.02), ("stop", 0.02, 0.02), ("stop", np.float64(0.02), 0.02), ("slow", "1e2", 100),
    ],
)  # fmt: skip
def test_values_of_many_forms(name: str, given_value: object, value: float) -> None:
    found = resolve_parameters(DOCUMENT, {name: given_value})[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"fats": 3}, "did you mean fast?"),
        ({"zzz": 3}, "it has fast, slow, stop, back"),
        ({"fast": "ten"}, "parameter fast is a whole number, not 'ten'"),
        ({"fast": 2.5}, "whole number"),
        ({"fast": "0x10"}, "whole number"),
        ({"fast": True}, "whole number"),
        ({"fast": None}, "whole number"),
        ({"fast": float("nan")}, "whole number"),
        ({"stop": float("inf")}, "is a number"),
        ({"fast": 0}, "between 1 and 60, not 0"),
        ({"stop": -0.1}, "at least 0.0, not -0.1"),
        ({"fast": 60, "slow": 50}, "fast = 60, slow = 50: the strategy requires fast < slow"),
        ({"slow": 29}, "requires slow - fast >= 10"),
        ({"stop": 1.5}, "stop = 1.5: stop_loss is a percentage"),
        ({"stop": 0}, "stop = 0.0: stop_loss"),
        ({"back": -1}, "back = -1: sma(close, fast)[back] would read the future"),
        ({"slow": 1_000_000}, "slow = 1000000: sma: window must be between"),
        ({"fast\x1b[31m": 1}, "has no parameter"),
    ],
)
def test_refused(overrides: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as refusal:
        resolve_parameters(DOCUMENT, overrides)
    assert message in str(refusal.value)
    assert str(refusal.value).isprintable()


CONSTANTS = [
    ("1 + 2 * 3", 7.0), ("(1 + 2) * 3", 9.0), ("7 / 2", 3.5), ("2 ** 10", 1024.0), ("2 ** -1", 0.5), ("4 ** 0.5", 2.0), ("-a", -3.0),
    ("abs(-2)", 2.0), ("min(a, b)", 3.0), ("max(a, b)", 8.0), ("sqrt(9)", 3.0), ("sign(-7)", -1.0), ("exp(0)", 1.0), ("log(1)", 0.0),
    ("a - b - 1", -6.0), ("-2 ** 2", -4.0),
]  # fmt: skip
CONDITIONS = [
    ("a < b", True), ("a > b", False), ("a == 3", True), ("a != 3", False), ("a <= 3 <= b", True), ("not a < b", False),
    ("a > b or b > a", True), ("a > b and b > a", False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), CONSTANTS)
def test_constant(text: str, value: float) -> None:
    expression = parse_expression(text)
    assert evaluate_constant(expression, {"a": 3, "b": 8}) == value
    assert np.all(evaluate_columns(expression, {"a": np.array([3, 3]), "b": np.array([8, 8])}) == value)


@pytest.mark.parametrize(("text", "value"), CONDITIONS)
def test_condition(text: str, value: bool) -> None:
    expression = parse_expression(text)
    assert holds(expression, {"a": 3, "b": 8}) is value
    assert np.all(evaluate_columns(expression, {"a": np.array([3, 3]), "b": np.array([8, 8])}) == value)


@pytest.mark.parametrize(
    "text",
    [
        "1 / 0",
        "log(0)",
        "sqrt(-1)",
        "exp(1000)",
        "(-8) ** 0.5",
        "10 ** 16 ** 16",
        "0 ** -1",
        "close",
        "a[1]",
        "f(a)",
        "abs(a, a)",
        "a > 1",
    ],
)
def test_what_has_no_finite_value_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        evaluate_constant(parse_expression(text), {"a": 3})


def test_a_grid_has_every_combination_that_is_allowed_once_and_in_order() -> None:
    fast, slow = range(1, 61), range(5, 101, 5)
    columns = grid(DOCUMENT, {"slow": slow, "fast": fast})
    expected = [(f, s) for f, s in itertools.product(fast, slow) if f < s and s - f >= 10]
    assert list(zip(columns["fast"].tolist(), columns["slow"].tolist(), strict=True)) == expected
    assert {name: column.dtype.kind for name, column in columns.items()} == {
        "fast": "i",
        "slow": "i",
        "stop": "f",
        "back": "i",
    }
    assert set(columns["stop"].tolist()) == {0.05}


def test_a_grid_takes_arrays_texts_and_repeated_values() -> None:
    columns = grid(DOCUMENT, {"stop": ["2%", 0.02, 0.03], "fast": np.array([5, 6])})
    assert columns["stop"].tolist() == [0.02, 0.03, 0.02, 0.03]
    assert columns["fast"].tolist() == [5, 5, 6, 6]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"fsat": [1]}, "did you mean fast?"),
        ({"fast": []}, "at least one value"),
        ({"fast": [0]}, "between 1 and 60"),
        ({"slow": [3]}, "no combination meets"),
        ({"stop": [0.5, 1.0]}, "stop_loss is a percentage"),
        ({"slow": range(100, 4100), "back": range(4000)}, "at most 10,000,000 combinations"),
    ],
)
def test_a_grid_that_is_refused(spec: dict[str, list[float]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        grid(DOCUMENT, spec)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.lists(st.integers(1, 90), min_size=1, max_size=8))
def test_a_grid_keeps_exactly_what_a_single_run_may_have(fast: list[int], slow: list[int]) -> None:
    allowed = []
    for f, s in itertools.product(dict.fromkeys(fast), dict.fromkeys(slow)):
        try:
            allowed.append(tuple(resolve_parameters(DOCUMENT, {"fast": f, "slow": s}).values()))
        except InputError:
            continue
    try:
        found = list(
            zip(*(column.tolist() for column in grid(DOCUMENT, {"fast": fast, "slow": slow}).values()), strict=True)
        )
    except InputError:
        found = []
    assert found == allowed
