"""A person's own file: CSV (also gzipped) or Parquet, recognised by its content and never by its name."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from qt_engine.core.errors import NotFoundError
from qt_engine.core.text import plain
from qt_engine.data.canonical import Rows
from qt_engine.data.files import open_file, read_file
from qt_engine.data.parsed import Parsed
from qt_engine.data.providers._base import Provider, Source
from qt_engine.data.time_zones import zone


class FileProvider(Provider):
    """One file with the bars of one series.

    Parameters
    ----------
    path
        The file.
    symbol, interval, venue
        The series its bars belong to.
    tz
        IANA time zone of times that name no offset; UTC where None.

    Raises
    ------
    InputError
        If the time zone is not known.
    """

    name = "files"

    def __init__(self, path: str | Path, *, symbol: str, interval: str, tz: str | None = None, venue: str = "") -> None:
        self._path = Path(path)
        self._place = zone(tz) if tz is not None else None
        self._source = Source(plain(path, 400), symbol, interval, venue)

    def sources(self) -> tuple[Source, ...]:
        return (self._source,)

    def open(self, source: Source) -> BinaryIO:
        self._check(source)
        return open_file(self._path, source.name)

    def parse(self, raw: Path, source: Source) -> Parsed:
        self._check(source)
        table = read_file(raw, source.name, self._place)
        return Parsed(Rows.from_columns(table.columns), table.lines, table.layout, table.issues)

    def _check(self, source: Source) -> None:
        # the venue may have been spelled out on the way
        if (source.name, source.symbol, source.interval) != (
            self._source.name,
            self._source.symbol,
            self._source.interval,
        ):
            raise NotFoundError(f"this file was given as {self._source.symbol!r} at {self._source.interval}")
