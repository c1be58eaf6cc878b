"""The page on risk is true: its examples run, and its tables name what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from qt_engine.risk import kelly, leverage
from qt_engine.risk.limits import RiskLimits
from qt_engine.risk.value_at_risk import Method

PAGE = (Path(__file__).parents[2] / "docs" / "risk.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def first_cells(heading: str) -> list[str]:
    """The names in the first column of the first table of a section."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    table = section.split("|---", 1)[1].split("\n\n")[0]
    return re.findall(r"^\| `([^`]*)`", table, re.MULTILINE)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_examples_run(number: int) -> None:
    namespace: dict[str, Any] = {}
    exec(EXAMPLES[number], namespace)


def test_every_limit_has_its_row() -> None:
    assert first_cells("Limits") == list(RiskLimits.model_fields)


def test_every_method_has_its_row() -> None:
    assert first_cells("Value at risk and expected shortfall") == list(get_args(Method))


def test_the_functions_in_the_table_of_sizing_exist() -> None:
    rooms = {"kelly": kelly, "leverage": leverage}
    for cell in first_cells("Sizing"):
        room, _, call = cell.partition(".")
        assert callable(getattr(rooms[room], call.partition("(")[0]))
