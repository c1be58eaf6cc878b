"""The page on the simulation contract has every field, with the type, range, default and meaning that the models give it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from pydantic import BaseModel, TypeAdapter

from docs.contract_tables import ENUMS, MODELS, RECORDS, enum_rows, model_rows, record_rows, table_under
from qt_engine.core.errors import InputError
from qt_engine.simulation.simulate import simulate
from reference.busy import busy_runs
from reference.generators import Run

PAGE = (Path(__file__).parents[2] / "docs" / "simulation-contract.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
HEADINGS = {"Event": "Events"}


def bare(cell: str) -> str:
    return cell.strip("`")


@pytest.mark.parametrize("name", MODELS)
def test_every_field_of_a_model_stands_there_as_it_is(name: str) -> None:
    table = table_under(PAGE, name)
    shown = [(bare(field), kind, default, meaning) for field, kind, default, _, meaning, _ in table]
    assert shown == model_rows(MODELS[name])
    assert all(unit and example for _, _, _, unit, _, example in table)


@pytest.mark.parametrize("name", MODELS)
def test_the_examples_of_fields_are_allowed_and_other_things_are_not(name: str) -> None:
    model = MODELS[name]
    for field, _, default, _, _, example in table_under(PAGE, name):
        if default == "computed" or example.startswith("see ") or "…" in example:
            continue
        check = TypeAdapter(Annotated[model.model_fields[bare(field)].annotation, model.model_fields[bare(field)]])
        value = check.validate_python(yaml.safe_load(bare(example)))
        assert value is not None, field
        if not isinstance(value, (BaseModel, bool)):
            for wrong in ({"no": "such"}, [{"no": "such"}], object()):
                with pytest.raises((ValueError, InputError)):
                    check.validate_python(wrong)


@pytest.mark.parametrize("name", RECORDS)
def test_every_column_and_counter_stands_there(name: str) -> None:
    table = table_under(PAGE, name)
    assert [(bare(field), kind) for field, kind, *_ in table] == record_rows(RECORDS[name])
    for field, kind, between, unit, meaning, example in table:
        assert unit and meaning, field
        value = yaml.safe_load(bare(example))
        assert isinstance(value, {"number": float, "whole number": int, "yes or no": bool}[kind]), field
        assert lies(value, between), field


@pytest.mark.parametrize("name", ENUMS)
def test_every_word_stands_there_with_its_number(name: str) -> None:
    table = table_under(PAGE, HEADINGS.get(name, name))
    assert [(bare(word), number) for word, number, *_ in table] == enum_rows(ENUMS[name])
    assert all(cell for row in table for cell in row)


def lies(value: float, between: str) -> bool:
    """Whether a value lies in a range as the page writes it."""
    if between == "any":
        return True
    if match := re.fullmatch(r"(-?\d+) to (\d+)", between):
        return int(match[1]) <= value <= int(match[2])
    word, number = between.split()
    return {"from": value >= float(number), "above": value > float(number), "to": value <= float(number)}[word]


@given(busy_runs())
def test_what_any_run_gives_lies_in_the_ranges(run: Run) -> None:
    result = simulate(run.given)
    found: dict[str, Any] = {
        "FILL": result.fills, "ORDER": result.orders, "EVENT": result.events, "Counters": [result.counters],
        "OpenPosition": result.open_positions,
    }  # fmt: skip
    for name, rows in found.items():
        for field, _, between, *_ in table_under(PAGE, name):
            values = rows[bare(field)] if isinstance(rows, np.ndarray) else [getattr(row, bare(field)) for row in rows]
            assert all(lies(value, between) for value in values), (name, field)


def test_the_range_of_the_check_can_fail() -> None:
    assert lies(0, "from 0") and lies(-1, "-1 to 1") and lies(-0.5, "to 0") and lies(1e-9, "above 0")
    assert not (lies(-1, "from 0") or lies(2, "-1 to 1") or lies(0.5, "to 0") or lies(0, "above 0"))


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_examples_run(number: int) -> None:
    namespace: dict[str, Any] = {}
    exec(EXAMPLES[number], namespace)
