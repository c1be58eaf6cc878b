"""Real daily bars of five American companies, 2000 to 2013, from the bokeh_sampledata package (BSD-3).

The package's own module builds Python lists of everything at import, so only its data file is used. Prices are as traded
then: neither dividends nor splits are adjusted for. Rows that the schema refuses would be left out and named in the report (no
price is ever mended); in the file as published there are none.
"""

from __future__ import annotations

import csv
import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import numpy as np

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.intervals import DAY_NS
from qt_engine.data.canonical import Rows
from qt_engine.data.parsed import Parsed
from qt_engine.data.providers._base import Provider, Source

_SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
_NAME = "bokeh_sampledata stocks.csv.gz"
_COLUMNS = ("Open", "High", "Low", "Close", "Volume")


class SampleProvider(Provider):
    """The bundled data: AAPL, FB, GOOG, IBM and MSFT at XNYS, interval 1d."""

    name = "sample"

    def sources(self) -> tuple[Source, ...]:
        return tuple(Source(_NAME, symbol, "1d", "XNYS") for symbol in _SYMBOLS)

    def open(self, source: Source) -> BinaryIO:
        self._check(source)
        spec = find_spec("bokeh_sampledata")
        for folder in (spec.submodule_search_locations or []) if spec else []:
            path = Path(folder) / "_data" / "stocks.csv.gz"
            if path.is_file():
                return path.open("rb")
        raise InputError("the package bokeh_sampledata is not installed; run pip install bokeh_sampledata")

    def parse(self, raw: Path, source: Source) -> Parsed:
        self._check(source)
        try:
            with gzip.open(raw, "rt", encoding="utf-8", newline="") as file:
                table = [
                    (number, row)
                    for number, row in enumerate(csv.DictReader(file), 2)
                    if row["Ticker"] == source.symbol
                ]
            columns = {name.lower(): np.array([float(row[name]) for _, row in table]) for name in _COLUMNS}
            days = np.array([row["Date"] for _, row in table], "datetime64[D]")
        except (OSError, EOFError, KeyError, ValueError) as error:
            raise InputError(
                f"is not the file it should be ({error}); reinstall bokeh_sampledata", file=_NAME
            ) from error
        if not table:
            raise InputError(f"holds no rows of {source.symbol}; reinstall bokeh_sampledata", file=_NAME)
        rows = Rows.from_columns({"ts": days.astype(np.int64) * DAY_NS, **columns})
        sound = (
            (rows.low > 0)
            & (rows.low <= np.minimum(rows.open, rows.close))
            & (np.maximum(rows.open, rows.close) <= rows.high)
            & (rows.volume >= 0)
        )
        lines = np.array([number for number, _ in table], np.int64)
        issues = tuple(
            f"line {line} of {_NAME} is left out: its prices contradict each other" for line in lines[~sound]
        )
        return Parsed(rows.take(sound), lines[sound], "sample", issues)

    def _check(self, source: Source) -> None:
        if source not in self.sources():
            raise NotFoundError(
                f"the sample has no {source.symbol} {source.interval}; it has {', '.join(_SYMBOLS)} at 1d"
            )
