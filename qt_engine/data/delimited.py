"""Reading bars, events and actions out of delimited text: commas, semicolons or tabs, quoted or not, gzipped or not.

One pass of the standard library's csv reader, because only it knows the physical line of every row; the cells of some ten
thousand rows at a time are then turned into numbers column by column. A million rows take about three seconds.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.core.text import plain
from qt_engine.data.layouts import (
    ACTIONS,
    BARS,
    BINANCE_COLUMNS,
    Form,
    Layout,
    is_headless_binance,
    is_stacked_yahoo,
    recognise,
)
from qt_engine.data.numerals import BadNumber, numbers
from qt_engine.data.parsed import Table
from qt_engine.data.timestamps import BadTime, TimeReader

GZIP_MAGIC = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_PIECE = 4_096
_SNIFFED = 65_536

Numbered = tuple[int, list[str]]
"""A row and the physical line on which it ends."""


@dataclass
class _Wrong(Exception):
    """Something on one row of a piece is wrong."""

    position: int
    column: int
    reason: str


def read_delimited(raw: Path, file: str, place: ZoneInfo | None, form: Form = BARS) -> Table:
    """All rows of a delimited text file, in its order.

    Parameters
    ----------
    raw
        Where the bytes are.
    file
        What a person calls them.
    place
        Zone of times without an offset; None: UTC. For actions a date alone stays a date.
    form
        What its rows should be.

    Raises
    ------
    InputError
        At the first line that cannot be read; names its column and the reason.
    """
    try:
        with _text(raw) as stream:
            return _read(stream, file, place, form)
    except UnicodeDecodeError as error:
        if b"\0" in error.object and not error.object.startswith(_UTF_16):
            raise InputError("is binary data, neither CSV nor Parquet", file=file, line=1) from None
        raise InputError(
            f"is not UTF-8 text (byte 0x{error.object[error.start]:02x}); save it as UTF-8 CSV, or as Parquet",
            file=file, line=_undecodable_line(raw),
        ) from None  # fmt: skip
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"is a damaged gzip file ({error}); fetch it again", file=file) from None


def _read(stream: io.TextIOWrapper, file: str, place: ZoneInfo | None, form: Form) -> Table:
    head = stream.read(_SNIFFED)
    stream.seek(0)
    _refuse_binary(head, file)
    first = next((line for line in head.splitlines() if line.strip()), None)
    if first is None:
        raise InputError(f"is empty; a header line and rows of {form.what} are needed", file=file, line=1)
    reader = csv.reader(stream, delimiter=_delimiter(first), strict=True)
    rows = _numbered(reader, file)
    line, header = next(rows)
    pending: list[Numbered] = []
    if form is BARS and is_headless_binance(header):
        pending, header = [(line, header)], list(BINANCE_COLUMNS)
    elif form is BARS and is_stacked_yahoo(header):
        header = ["Date", *header[1:]]
        pending = [row for row in islice(rows, 2) if row[1][:1] not in (["Ticker"], ["Date"], ["Datetime"])]
    layout = recognise(header, file, line, form)
    table = _Collector(header, layout, file, place, form)
    while piece := pending + list(islice(rows, _PIECE)):
        table.add(piece)
        pending = []
    return table.table()


class _Collector:
    """Collects the pieces of one table."""

    def __init__(self, header: Sequence[str], layout: Layout, file: str, place: ZoneInfo | None, form: Form) -> None:
        self._header = header
        self._layout = layout
        self._file = file
        self._place = place
        self._form = form
        self._times = TimeReader(place, is_date=layout.is_date, keeps_dates=form is ACTIONS)
        self._symbol: str | None = None
        self._lines: list[NDArray[np.int64]] = []
        self._dated: list[NDArray[np.bool_]] = []
        self._columns: dict[str, list[NDArray[Any]]] = {name: [] for name in ("ts", *layout.fields)}

    def add(self, piece: list[Numbered]) -> None:
        """Read a piece.

        Raises
        ------
        InputError
            At its first line that cannot be read.
        """
        width = len(self._header)
        ragged = next((i for i, (_, row) in enumerate(piece) if len(row) != width), None)
        whole = piece if ragged is None else piece[:ragged]
        if whole:
            self._add_whole(whole)
        if ragged is not None:
            line, row = piece[ragged]
            column = plain(self._header[len(row)]) if len(row) < width else width + 1
            raise InputError(
                f"has {len(row)} values where the header names {width} columns",
                file=self._file,
                line=line,
                column=column,
            )

    def _add_whole(self, piece: list[Numbered]) -> None:
        lines = np.fromiter((line for line, _ in piece), np.int64, len(piece))
        cells = list(zip(*(row for _, row in piece), strict=True))
        wrong: list[_Wrong] = []
        for read in (self._read_times, self._read_numbers, self._check_symbol):
            try:
                read(cells)
            except _Wrong as problem:
                wrong.append(problem)
        if wrong:
            first = min(wrong, key=lambda problem: (problem.position, problem.column))
            line = int(lines[first.position])
            raise InputError(
                first.reason, file=self._file, line=line, column=plain(self._header[first.column]) or first.column + 1
            )
        self._lines.append(lines)

    def _read_times(self, cells: Sequence[Sequence[str]]) -> None:
        layout = self._layout
        texts: Sequence[str] = cells[layout.time]
        if layout.clock is not None:
            texts = [f"{day.strip()}T{clock.strip()}" for day, clock in zip(texts, cells[layout.clock], strict=True)]
        try:
            self._columns["ts"].append(self._times.texts(texts))
            self._dated.append(self._times.dated)
        except BadTime as bad:
            raise _Wrong(bad.position, layout.time, bad.reason) from None

    def _read_numbers(self, cells: Sequence[Sequence[str]]) -> None:
        wrong: list[_Wrong] = []
        for name, column in self._layout.fields.items():
            if name in self._form.texts:
                self._columns[name].append(np.array([cell.strip() for cell in cells[column]], object))
                continue
            try:
                self._columns[name].append(numbers(cells[column]))
            except BadNumber as bad:
                wrong.append(_Wrong(bad.position, column, bad.reason))
        if wrong:
            raise min(wrong, key=lambda problem: (problem.position, problem.column))

    def _check_symbol(self, cells: Sequence[Sequence[str]]) -> None:
        column = self._layout.symbol
        if column is None:
            return
        self._symbol = cells[column][0] if self._symbol is None else self._symbol
        if set(cells[column]) != {self._symbol}:
            at = next(i for i, symbol in enumerate(cells[column]) if symbol != self._symbol)
            other = plain(cells[column][at], 40)
            reason = f"{other!r} is another symbol than {plain(self._symbol, 40)!r} above; import a file for each"
            raise _Wrong(at, column, reason)

    def table(self) -> Table:
        """Everything that was added.

        Raises
        ------
        InputError
            If that was nothing.
        """
        if not self._lines:
            what = f"has a header but no rows; a file of {self._form.what} needs at least one"
            raise InputError(what, file=self._file, line=2)
        columns = {name: np.concatenate(pieces) for name, pieces in self._columns.items()}
        unused = self._place is not None and not self._times.used_zone
        issues = ("the times name their own offset, so the given time zone was not used",) if unused else ()
        if self._form is ACTIONS and all(map(np.all, self._dated)):
            issues = ()  # dates have no offset
        return Table(columns, np.concatenate(self._lines), np.concatenate(self._dated), self._layout.name, issues)


def _numbered(reader: Iterator[list[str]], file: str) -> Iterator[Numbered]:
    """The rows that are not blank, each with its line."""
    line = 0
    try:
        for row in reader:
            line = reader.line_num  # type: ignore[attr-defined]
            if row and (len(row) > 1 or row[0].strip()):
                yield line, row
    except csv.Error as error:
        raise InputError(
            f"cannot be split into columns ({error}); check the quotes", file=file, line=line + 1
        ) from None


def _delimiter(line: str) -> str:
    """The one of `,` `;` and tab that splits the first line into most columns."""
    return max(",;\t", key=line.count)


def _refuse_binary(head: str, file: str) -> None:
    if any(character < " " and character not in "\t\n\r\f\v" for character in head):
        raise InputError("is binary data, neither CSV nor Parquet", file=file, line=1)


@contextmanager
def _text(raw: Path) -> Iterator[io.TextIOWrapper]:
    with raw.open("rb") as plain_file:
        zipped = plain_file.read(2) == GZIP_MAGIC
        plain_file.seek(0)
        stream = gzip.GzipFile(fileobj=plain_file) if zipped else plain_file
        with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
            yield text


def _undecodable_line(raw: Path) -> int | None:
    """The first line that is not UTF-8."""
    with raw.open("rb") as plain_file:
        zipped = plain_file.read(2) == GZIP_MAGIC
    with gzip.open(raw) if zipped else raw.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return None
