"""The page of the strategy language is true to the code: nothing is missing, and every example is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qt_engine.strategies.functions import FUNCTIONS, SERIES
from qt_engine.strategies.language import KEYS, NESTED_KEYS, PORTFOLIO_KEYS, read_document
from qt_engine.strategies.portfolio_document import COVARIANCES, FALLBACKS, WEIGHTS_METHODS
from qt_engine.strategies.sections import LEVEL_KEYS, ORDER_KEYS, PARAMETER_KEYS, PRICES_OF_ORDERS, TIMES_IN_FORCE
from qt_engine.strategies.settings import SIZING_VALUES

PAGE = (Path(__file__).parents[2] / "docs" / "strategy-language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example_is_right(example: str) -> None:
    document, problems = read_document(example)
    assert document is not None, problems
    assert problems == []


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_function_is_documented_with_its_signature_and_type(function: object) -> None:
    assert f"| `{FUNCTIONS[function.name].signature}` | {function.returns} |" in PAGE  # type: ignore[attr-defined]


def test_every_key_series_and_method_is_documented() -> None:
    nested = {key for kind in NESTED_KEYS.values() for keys in kind.values() for key in keys}
    words = {*SERIES, *SIZING_VALUES, *PRICES_OF_ORDERS, *TIMES_IN_FORCE, *WEIGHTS_METHODS, *COVARIANCES, *FALLBACKS}
    for name in {*KEYS, *PORTFOLIO_KEYS, *nested, *ORDER_KEYS, *PARAMETER_KEYS, *words}:
        assert re.search(rf"`{name}\b|\b{name}:", PAGE), name
    for name in LEVEL_KEYS:
        assert f"{name}:" in PAGE


def test_no_function_is_documented_that_does_not_exist() -> None:
    documented = re.findall(r"^\| `([a-z_]+)\([^`]*\)` \| (?:number|condition) \|", PAGE, re.MULTILINE)
    assert sorted(documented) == sorted(FUNCTIONS)
