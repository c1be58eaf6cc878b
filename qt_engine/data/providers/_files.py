"""A person's own file: CSV (also gzipped) or Parquet, recognised by its content and never by its name."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.text import plain
from qt_engine.data.columnar import MAGIC, read_columnar
from qt_engine.data.delimited import read_delimited
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
        if not source.name.strip():
            raise InputError("the file has no name; give a CSV or Parquet file")
        try:
            if self._path.is_dir():
                raise InputError("is a folder; name one file", file=source.name)
            if self._path.exists() and not self._path.is_file():
                raise InputError("is no regular file", file=source.name)
            return self._path.open("rb")
        except FileNotFoundError:
            raise InputError("there is no such file", file=source.name) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"cannot be read: {reason}", file=source.name) from None

    def parse(self, raw: Path, source: Source) -> Parsed:
        self._check(source)
        with raw.open("rb") as stream:
            start = stream.read(len(MAGIC))
        if not start:
            raise InputError("is empty; a header line and rows of bars are needed", file=source.name, line=1)
        read = read_columnar if start == MAGIC else read_delimited
        return read(raw, source.name, self._place)

    def _check(self, source: Source) -> None:
        # the venue may have been spelled out on the way
        if (source.name, source.symbol, source.interval) != (
            self._source.name,
            self._source.symbol,
            self._source.interval,
        ):
            raise NotFoundError(f"this file was given as {self._source.symbol!r} at {self._source.interval}")
