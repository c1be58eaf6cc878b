"""The tables of the page on the simulation contract, as the models have them: names, types, ranges, defaults, meanings.

`python tests/docs/contract_tables.py` prints the cells that the page must have; units and examples are the page's own.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import types
from datetime import date
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types as limits
import numpy as np
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from qt_engine.data.market import Market
from qt_engine.risk.limits import RiskLimits
from qt_engine.simulation import contract, execution
from qt_engine.strategies.plan import Plan

MODELS: dict[str, type[BaseModel]] = {
    "SimInput": contract.SimInput, "Execution": execution.Execution, "Impact": execution.Impact,
    "VolumeShare": execution.VolumeShare, "Latency": execution.Latency, "FeeRegime": execution.FeeRegime,
    "FeeTier": execution.FeeTier, "Carry": execution.Carry, "RiskLimits": RiskLimits, "SimResult": contract.SimResult,
}  # fmt: skip
RECORDS: dict[str, Any] = {
    "Counters": contract.Counters, "OpenPosition": contract.OpenPosition,
    "FILL": contract.FILL, "ORDER": contract.ORDER, "EVENT": contract.EVENT,
}  # fmt: skip
ENUMS: dict[str, Any] = {
    "Side": contract.Side, "Kind": contract.Kind, "Reason": contract.Reason, "Status": contract.Status, "Event": contract.Event,
}  # fmt: skip
PLAIN = {
    float: "number",
    int: "whole number",
    bool: "yes or no",
    str: "text",
    date: "date",
    Market: "Market",
    Plan: "Plan",
}
DTYPES = {"int64": "whole number", "float64": "number"}


def type_text(kind: Any) -> str:
    """A type in plain words; that it may be missing is said by the default."""
    if kind in PLAIN:
        return PLAIN[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin in (Union, types.UnionType):
        return type_text(next(part for part in inner if part is not type(None)))
    if origin is tuple:
        return f"list of {type_text(inner[0])}" + "s" * (inner[0] is float)
    return "array" if origin is np.ndarray else str(kind.__name__)


def range_text(field: FieldInfo) -> str:
    """Between which bounds a value lies; empty where there are none."""
    low = high = length = ""
    for bound in field.metadata:
        match bound:
            case limits.Ge():
                low = f"from {number(bound.ge)}"
            case limits.Gt():
                low = f"above {number(bound.gt)}"
            case limits.Le():
                high = f"to {number(bound.le)}"
            case limits.Lt():
                high = f"below {number(bound.lt)}"
            case limits.MinLen():
                length += f", at least {bound.min_length} long"
            case limits.MaxLen():
                length += f", at most {bound.max_length:,} long"
    between = f"{low}, {high}" if low and high else low + high
    return re.sub(r"^from (.+), to", r"\1 to", between) + length


def number(value: Any) -> str:
    if value == 2**63:
        return "2^63"
    return (
        f"{value:,}"
        if isinstance(value, int) or (abs(value) < 1e6 and value != int(value))
        else f"{value:,.10g}".replace("e+", "e")
    )


def default_text(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or (isinstance(value, (tuple, np.ndarray)) and not len(value)):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, BaseModel):
        return f"`{type(value).__name__}()`"
    if isinstance(value, tuple):
        return ", ".join(f"`{type(item).__name__}()`" for item in value)
    return f"`{value}`" if isinstance(value, (int, float)) else f"`{value}`" if value else "empty"


def model_rows(model: type[BaseModel]) -> list[tuple[str, str, str, str]]:
    """`(field, type and range, default, meaning)` of every field, those that are computed last."""
    rows = []
    for name, field in model.model_fields.items():
        kind = ", ".join(part for part in (type_text(field.annotation), range_text(field).strip(", ")) if part)
        rows.append((name, kind, default_text(field), str(field.description)))
    for name, computed in model.model_computed_fields.items():
        rows.append((name, type_text(computed.return_type), "computed", str(computed.description)))
    return rows


def record_rows(record: Any) -> list[tuple[str, str]]:
    """`(name, type)` of every field of a dataclass or column of a dtype."""
    if isinstance(record, np.dtype):
        return [(name, DTYPES[record[name].name]) for name in record.names or ()]
    words = {"float": "number", "int": "whole number", "bool": "yes or no"}
    return [(field.name, words[str(field.type)]) for field in dataclasses.fields(record)]


def enum_rows(enum: Any) -> list[tuple[str, str]]:
    """`(name, number)`; the name as users see it."""
    return [(member.name.lower(), str(int(member))) for member in enum]


def table_under(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, back-ticks around a whole cell left out."""
    section = re.split(r"^#+ ", page.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


if __name__ == "__main__":
    for title, model in MODELS.items():
        sys.stdout.write(
            f"\n## {title}\n\n| field | type, range | default | unit | meaning | example |\n|---|---|---|---|---|---|\n"
        )
        sys.stdout.writelines(f"| `{n}` | {k} | {d} |  | {m} |  |\n" for n, k, d, m in model_rows(model))
    for title, record in RECORDS.items():
        sys.stdout.write(
            f"\n## {title}\n\n| field | type | range | unit | meaning | example |\n|---|---|---|---|---|---|\n"
        )
        sys.stdout.writelines(f"| `{n}` | {k} |  |  |  |  |\n" for n, k in record_rows(record))
    for title, enum in ENUMS.items():
        sys.stdout.write(f"\n## {title}\n\n| name | number | meaning |\n|---|---|---|\n")
        sys.stdout.writelines(f"| `{n}` | {k} |  |\n" for n, k in enum_rows(enum))
