"""Reading bars, events and actions out of a Parquet file, with the same layouts, kinds of time and refusals as text.

Lines are rows, from 1.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.core.text import plain
from qt_engine.data.layouts import ACTIONS, BARS, Form, recognise
from qt_engine.data.numerals import BadNumber, numbers
from qt_engine.data.parsed import Table
from qt_engine.data.timestamps import BadTime, TimeReader
from qt_engine.storage.lake import connection

MAGIC = b"PAR1"
_NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "FLOAT",
    "DOUBLE",
)
_WHOLE = _NUMBERS[:-2]


def read_columnar(raw: Path, file: str, place: ZoneInfo | None, form: Form = BARS) -> Table:
    """All rows of a Parquet file, in its order; parameters and errors as `read_delimited`."""
    import duckdb

    try:
        with connection() as con:
            table = con.read_parquet(str(raw))
            names = list(table.columns)
            types = dict(zip(names, map(str, table.types), strict=True))
            layout = recognise(names, file, None, form)
            wanted = list(dict.fromkeys([names[layout.time], *(names[i] for i in layout.fields.values())]))
            read = [_expression(name, types[name], is_time=name == names[layout.time]) for name in wanted]
            arrays = table.select(*read).fetchnumpy()
    except duckdb.Error as error:
        reason = plain(str(error).partition("\n")[0].replace(str(raw), "it"), 120)
        raise InputError(f"cannot be read as Parquet, it may be cut short ({reason})", file=file) from None
    times = names[layout.time]
    if not len(arrays[times]):
        raise InputError(f"has columns but no rows; a file of {form.what} needs at least one", file=file, line=1)
    reader = TimeReader(place, is_date=layout.is_date, keeps_dates=form is ACTIONS)
    columns = {"ts": _located(lambda: _times(arrays[times], types[times], reader), file, times)}
    for field, position in layout.fields.items():
        name = names[position]
        read_column = _texts if field in form.texts else _numbers
        columns[field] = _located(lambda name=name, read=read_column: read(arrays[name], types[name]), file, name)  # type: ignore[misc]
    return Table(columns, np.arange(1, len(columns["ts"]) + 1), reader.dated, layout.name)


def _expression(name: str, kind: str, *, is_time: bool) -> Any:
    import duckdb

    column = duckdb.ColumnExpression(name)
    if is_time and (kind.startswith("TIMESTAMP") or kind == "DATE"):
        return duckdb.FunctionExpression("epoch_ns", column).alias(name)
    if not is_time and (kind in _NUMBERS or kind.startswith("DECIMAL")):
        return column.cast("DOUBLE").alias(name)
    return column


def _times(array: NDArray[Any], kind: str, reader: TimeReader) -> NDArray[np.int64]:
    blank = np.flatnonzero(np.ma.getmaskarray(array))
    if len(blank):
        raise BadTime(int(blank[0]), "is empty; a time is needed")
    values = np.ma.getdata(array)
    if kind == "TIMESTAMP WITH TIME ZONE":
        return reader.instants(np.asarray(values, np.int64))
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return reader.local(np.asarray(values, np.int64), are_dates=kind == "DATE")
    if kind in _WHOLE:
        return reader.epochs(np.asarray(values, np.int64))
    if kind in ("FLOAT", "DOUBLE"):
        return reader.texts([f"{value:.9f}" for value in values.tolist()])
    if kind == "VARCHAR":
        return reader.texts(values.tolist())
    raise BadTime(0, f"is a column of type {plain(kind, 40)}; times, texts or epochs are needed")


def _numbers(array: NDArray[Any], kind: str) -> NDArray[np.float64]:
    blank = np.flatnonzero(np.ma.getmaskarray(array))
    if len(blank):
        raise BadNumber(int(blank[0]), "is empty; a number is needed")
    values = np.ma.getdata(array)
    if kind == "VARCHAR":
        return numbers(values.tolist())
    if values.dtype != np.float64:
        raise BadNumber(0, f"is a column of type {plain(kind, 40)}; numbers are needed")
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise BadNumber(int(wrong[0]), f"'{values[wrong[0]]}' is not a finite number")
    return values


def _texts(array: NDArray[Any], kind: str) -> NDArray[Any]:
    """Texts, also of whole numbers; an empty one where nothing stands."""
    blank = np.ma.getmaskarray(array)
    values = np.ma.getdata(array).tolist()
    return np.array(["" if gone else str(value).strip() for gone, value in zip(blank, values, strict=True)], object)


def _located(read: Callable[[], NDArray[Any]], file: str, column: str) -> NDArray[Any]:
    try:
        return read()
    except (BadTime, BadNumber) as bad:
        raise InputError(bad.reason, file=file, line=bad.position + 1, column=plain(column)) from None
