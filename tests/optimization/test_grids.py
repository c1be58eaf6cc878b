"""Which combinations a sweep runs, and which it refuses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from qt_engine.core.errors import InputError
from qt_engine.core.resources import shipped
from qt_engine.optimization.grids import MAX_LANES, combinations, whole_range
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import convert

TEXT = """\
schema: 1
name: swept
kind: rules
universe: [A]
params:
  fast: {type: int, default: 20, low: 2, high: 6, step: 2}
  slow: {type: int, default: 30, low: 4, high: 60, step: 4}
  stop: {type: float, default: 3%, low: 3%, high: 30%, step: 1%}
  width: {type: float, default: 2.0, low: 1.0, high: 2.0}
  open_ended: 7
require: ["fast < slow"]
entry: {long: "crosses_above(sma(close, fast), sma(close, slow)) and close > open_ended * width"}
exit: {stop_loss: stop}
""".replace("default: 20, low: 2, high: 6", "default: 4, low: 2, high: 6")
SWEPT = load_document(TEXT, "swept.yaml")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("fast", [2, 4, 6]),
        ("slow", list(range(4, 61, 4))),
        ("stop", [k / 100 for k in range(3, 31)]),
        ("width", [1 + k / 10 for k in range(11)]),
        ("open_ended", [7]),
    ],
)
def test_the_whole_range_of_a_parameter(name: str, values: list[float]) -> None:
    """The numbers that one would write: no 0.30000000000000004, which is above a bound of 0.3."""
    found = whole_range(SWEPT.params[name])
    assert found == values
    assert {type(value) for value in found} == {type(SWEPT.params[name].default)}


def test_every_whole_range_of_the_shipped_strategies_fits_its_bounds() -> None:
    count = 0
    for path in sorted((shipped("configs") / "strategies").glob("*.yaml")):
        for parameter in load_document(path.read_text(encoding="utf-8"), str(path)).params.values():
            for value in whole_range(parameter):
                assert convert(parameter, value) == value
            count += 1
    assert count > 15


def test_a_range_of_too_many_values_asks_for_some() -> None:
    document = load_document(TEXT.replace("step: 4", "step: 1").replace("high: 60", "high: 68"), "swept.yaml")
    reason = "parameter slow has 65 values from 4 to 68 by 1; name at most 64 in the grid"
    with pytest.raises(InputError, match=reason):
        combinations(document, {}, None)
    assert len(combinations(document, {"slow": 9}, None)["slow"]) == 3 * 28 * 11


def test_combinations_in_their_order_without_those_that_require_leaves_out() -> None:
    found = combinations(SWEPT, {"stop": "5%"}, {"slow": [4, 8], "fast": (value for value in (2, 4, 6))})
    rows = list(zip(found["fast"].tolist(), found["slow"].tolist(), strict=True))
    assert rows == [(2, 4), (2, 8), (4, 8), (6, 8)]
    assert list(found) == list(SWEPT.params)
    assert set(found["stop"].tolist()) == {0.05}
    assert set(found["width"].tolist()) == {2.0}
    assert {name: column.dtype for name, column in found.items()} == {
        "fast": np.int64, "slow": np.int64, "stop": np.float64, "width": np.float64, "open_ended": np.int64,
    }  # fmt: skip


def test_values_may_be_numbers_texts_or_arrays_and_count_once() -> None:
    found = combinations(SWEPT, {"slow": np.int64(40)}, {"stop": ["5%", 0.05, 0.1], "fast": np.arange(2, 5)})
    assert len(found["fast"]) == 6
    assert sorted(set(found["stop"].tolist())) == [0.05, 0.1]


@pytest.mark.parametrize(
    ("fixed", "grid", "reason"),
    [
        ({}, {"fsat": [2]}, "has no parameter 'fsat'; did you mean fast?"),
        ({"fsat": 2}, None, "has no parameter 'fsat'; did you mean fast?"),
        ({}, {"fast": [2, 7]}, "parameter fast is between 2 and 6, not 7"),
        ({}, {"fast": [2.5]}, "parameter fast is a whole number, not 2.5"),
        ({}, {"fast": ["two"]}, "parameter fast is a whole number, not 'two'"),
        ({}, {"stop": [float("nan")]}, "parameter stop is a number"),
        ({}, {"stop": ["50%"]}, "parameter stop is between 0.03 and 0.3, not 0.5"),
        ({}, {"fast": []}, "parameter fast needs at least one value"),
        ({}, {"fast": 5}, "parameter fast takes a list or a range of values here, not 5"),
        ({}, {"fast": "4"}, "parameter fast takes a list or a range of values here, not 4"),
        ({"fast": 4}, {"fast": [2, 4]}, "parameter fast is fixed and in the grid"),
        ({"slow": 4}, {"fast": [4, 6]}, "no combination meets what the strategy requires: fast < slow"),
        ({}, {"open_ended": range(MAX_LANES + 1), "fast": [2]}, "the grid has 200,001 combinations; a sweep takes at most 200,000"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(fixed: dict[str, Any], grid: dict[str, Iterable[Any]] | None, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        combinations(SWEPT, fixed, grid)
    assert reason in str(caught.value)


def test_a_strategy_without_parameters_has_one_combination() -> None:
    document = load_document("schema: 1\nname: x\nkind: rules\nuniverse: [A]\nentry: {long: close > 1}\n", "x.yaml")
    assert combinations(document, {}, None) == {}
