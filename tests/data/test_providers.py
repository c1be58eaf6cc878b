"""The providers that ship pass the contract of all providers."""

from __future__ import annotations

import gzip
import math
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from qt_engine.core.intervals import DAY_NS
from qt_engine.data.providers import FileProvider, Provider, SampleProvider
from qt_engine.testing.providers import ProviderContract


class TestSampleProvider(ProviderContract):
    def make(self, folder: Path) -> Provider:
        return SampleProvider()


class TestFileProvider(ProviderContract):
    def make(self, folder: Path) -> Provider:
        path = folder / "bars.csv"
        path.write_text("timestamp,open,high,low,close,volume\n2024-01-02,1,2,0.5,1.5,10\n2024-01-03,1,2,0.5,1.5,0\n")
        return FileProvider(path, symbol="X", interval="1d")


def test_the_sample_is_the_published_file_row_for_row(tmp_path: Path) -> None:
    spec = find_spec("bokeh_sampledata")
    assert spec is not None
    assert spec.submodule_search_locations
    path = Path(next(iter(spec.submodule_search_locations))) / "_data" / "stocks.csv.gz"
    table = [line.split(",") for line in gzip.decompress(path.read_bytes()).decode().splitlines()[1:]]
    provider = SampleProvider()
    for source in provider.sources():
        parsed = provider.parse(path, source)
        mine = [row for row in table if row[0] == source.symbol]
        assert parsed.issues == ()
        assert (parsed.rows.ts // DAY_NS).astype("datetime64[D]").astype(str).tolist() == [row[1] for row in mine]
        for position, name in enumerate(("open", "high", "low", "close", "volume"), 2):
            expected = np.array([float(row[position]) for row in mine])
            assert getattr(parsed.rows, name).tobytes() == expected.tobytes()


def test_contradicting_sample_rows_are_left_out_and_named(tmp_path: Path) -> None:
    raw = tmp_path / "stocks.csv.gz"
    rows = [
        "Ticker,Date,Open,High,Low,Close,Volume,Adj Close",
        "AAPL,2000-03-01,2,3,1,2,10,2",
        "AAPL,2000-03-02,2,1,3,2,10,2",
    ]
    raw.write_bytes(gzip.compress("\n".join(rows).encode()))
    provider = SampleProvider()
    parsed = provider.parse(raw, provider.sources()[0])
    assert len(parsed.rows) == 1
    assert math.isclose(parsed.rows.high[0], 3.0)
    assert parsed.issues == ("line 3 of bokeh_sampledata stocks.csv.gz is left out: its prices contradict each other",)
