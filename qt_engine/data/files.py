"""A person's file, whatever its rows are: opened with care, and read by what is in it, never by its name."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from qt_engine.core.errors import InputError
from qt_engine.data.columnar import MAGIC, read_columnar
from qt_engine.data.delimited import read_delimited
from qt_engine.data.layouts import BARS, Form
from qt_engine.data.parsed import Table


def open_file(path: Path, name: str) -> BinaryIO:
    """The bytes of a regular file; `name` is what a person calls it.

    Raises
    ------
    InputError
        If there is none, or it cannot be read.
    """
    if not name.strip():
        raise InputError("the file has no name; give a CSV or Parquet file")
    try:
        if path.is_dir():
            raise InputError("is a folder; name one file", file=name)
        if path.exists() and not path.is_file():
            raise InputError("is no regular file", file=name)
        return path.open("rb")
    except FileNotFoundError:
        raise InputError("there is no such file", file=name) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read: {reason}", file=name) from None


def read_file(raw: Path, name: str, place: ZoneInfo | None, form: Form = BARS) -> Table:
    """All rows of a stored CSV (also gzipped) or Parquet file.

    Raises
    ------
    InputError
        If they are not what the form says; names line, column and reason, and `name` as the file.
    """
    with raw.open("rb") as stream:
        start = stream.read(len(MAGIC))
    if not start:
        raise InputError(f"is empty; a header line and rows of {form.what} are needed", file=name, line=1)
    read = read_columnar if start == MAGIC else read_delimited
    return read(raw, name, place, form)
