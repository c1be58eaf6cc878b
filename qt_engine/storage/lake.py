"""The lake: immutable Parquet files, written and read by an in-memory DuckDB that needs no lock."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import StoreError
from qt_engine.core.text import plain
from qt_engine.storage.files import replaced

if TYPE_CHECKING:
    import duckdb
    import numpy as np

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GUARD = threading.Lock()
_SHARED: dict[int, duckdb.DuckDBPyConnection] = {}


def connection() -> duckdb.DuckDBPyConnection:
    """A connection of one's own to this process's in-memory database, for queries over Parquet files; close it after use."""
    import duckdb

    with _GUARD:  # opening a database takes some 20 ms, a cursor of one that is open none
        if os.getpid() not in _SHARED:
            _SHARED.clear()
            _SHARED[os.getpid()] = duckdb.connect()
        return _SHARED[os.getpid()].cursor()


def write_parquet(path: Path, columns: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Write columns of equal length as a Parquet file that is there entirely or not at all.

    Raises
    ------
    StoreError
        If the file could not be written.
    """
    import duckdb

    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1 or not all(_NAME.fullmatch(name) for name in columns):
        raise ValueError("a Parquet file needs at least one column, plain names and columns of one length")
    try:
        with replaced(path) as temporary, connection() as con:
            con.register("columns_to_write", dict(columns))
            con.execute("COPY columns_to_write TO ? (FORMAT parquet, COMPRESSION zstd)", [str(temporary)])
            con.unregister("columns_to_write")
    except (OSError, duckdb.Error) as error:
        raise StoreError(f"{path}: {_first_line(error)}") from error


def read_parquet(
    paths: Sequence[Path], columns: Sequence[str] | None = None, *, offset: int = 0, limit: int | None = None
) -> dict[str, np.ndarray[Any, Any]]:
    """The rows of all files, one after the other, as arrays by column name.

    `offset` and `limit` cut a page out of the rows. Without `columns`: all of the first file.

    Raises
    ------
    StoreError
        If a file is missing or damaged.
    """
    import duckdb
    import numpy as np

    names = ", ".join(f'"{_checked(name)}"' for name in columns) if columns is not None else "*"
    query = f"SELECT {names} FROM read_parquet(?) LIMIT ? OFFSET ?"
    try:
        with connection() as con:
            arrays = con.execute(query, [[str(path) for path in paths], limit, offset]).fetchnumpy()
    except duckdb.Error as error:
        missing = next((path for path in paths if not path.exists()), None)
        if missing is not None:
            raise StoreError(f"{missing}: the file is missing; restore it from a copy") from error
        raise StoreError(f"{paths[0] if paths else 'no file'}: the file is damaged ({_first_line(error)})") from error
    # DuckDB takes NaN in a numpy array for NULL and gives NULL back as a masked value
    return {name: np.ma.filled(array, np.nan if array.dtype.kind == "f" else None) for name, array in arrays.items()}


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no column name")
    return name


def _first_line(error: Exception) -> str:
    return plain(str(error).partition("\n")[0])
