"""The rules that every stored bar obeys, as a pandera schema, whichever provider it came from.

pandera and pandas are heavy; this module is imported only while something is being imported into the store.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.data.canonical import Rows
from qt_engine.data.market import PRICES


def _within(name: str) -> pa.Check:
    return pa.Check(
        lambda frame: (frame["low"] <= frame[name]) & (frame[name] <= frame["high"]),
        name=name,
        error=f"{name} lies outside [low, high]",
    )


_FINITE = pa.Check(np.isfinite, error="is not a finite number")
_POSITIVE = pa.Check.gt(0.0, error="must be above 0")
_NOT_NEGATIVE = pa.Check.ge(0.0, error="must not be negative")
BARS = pa.DataFrameSchema(
    columns={
        "ts": pa.Column("int64"),
        **{name: pa.Column("float64", [_FINITE, _POSITIVE]) for name in PRICES},
        "volume": pa.Column("float64", [_FINITE, _NOT_NEGATIVE]),
    },
    checks=[
        pa.Check(lambda frame: frame["high"] >= frame["low"], name="high", error="high is below low"),
        _within("open"),
        _within("close"),
    ],
    strict=True,
    ordered=True,
    name="bars",
)
"""Columns, types and the rules for their values; the times are put in order before rows are stored."""


def validate(rows: Rows, lines: NDArray[np.int64], file: str) -> None:
    """Hold the rows against `BARS`.

    Raises
    ------
    InputError
        Naming the first line that breaks a rule, its column, the rule and the value.
    """
    frame = pd.DataFrame(rows.columns(), copy=False)
    try:
        BARS.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        raise _first(errors, rows, lines, file) from None


def _first(errors: pa.errors.SchemaErrors, rows: Rows, lines: NDArray[np.int64], file: str) -> InputError:
    """The failure on the lowest line, and there the rule that stands first."""
    found = [
        (int(lines[int(error.failure_cases["index"].min())]), rank, error)
        for rank, error in enumerate(errors.schema_errors)
    ]
    line, _, error = min(found, key=lambda item: item[:2])
    row = int(error.failure_cases["index"].min())
    is_column = isinstance(error.schema, pa.Column)
    column = str(error.schema.name if is_column else error.check.name)
    rule = error.check.error if isinstance(error.check, pa.Check) else "must not be empty"
    values = ", ".join(f"{name} {float(getattr(rows, name)[row])!r}" for name in ((column,) if is_column else PRICES))
    return InputError(f"{rule} ({values})", file=file, line=line, column=column)
