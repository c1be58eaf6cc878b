"""The page of strategies in Python is true: its examples are right and honest, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qt_engine.strategies.base import Strategy
from qt_engine.strategies.context import Context
from qt_engine.strategies.decisions import targets_of
from qt_engine.strategies.parameters import resolve_parameters
from qt_engine.strategies.provers import prove_no_lookahead, prove_warm_up
from qt_engine.strategies.python_source import load_python
from qt_engine.testing.strategies import panel

PAGE = (Path(__file__).parents[2] / "docs" / "python-strategies.md").read_text(encoding="utf-8")
EXAMPLES = [text for text in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "(Strategy)" in text]


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_decide_and_do_not_look_ahead(example: str) -> None:
    strategy = load_python(example, "example.py")
    market, parameters = panel(("AAPL", "IBM", "MSFT"), 500), resolve_parameters(strategy)
    assert len(targets_of(strategy, parameters, market)[0]) > 5
    assert prove_no_lookahead(strategy, parameters, market).verdict == "clean"
    assert prove_warm_up(strategy, parameters, market).verdict != "violated"


def test_every_declaration_is_on_the_page() -> None:
    for name in Strategy.__annotations__:
        assert f"`{name}`" in PAGE, name


def test_everything_that_is_shown_is_on_the_page() -> None:
    for name in dir(Context):
        if not name.startswith("_"):
            assert re.search(rf"`{name}\b|`context\.{name}\b", PAGE), name
