"""The contract of market data providers.

A test module subclasses `ProviderContract` and says how to make a provider; pytest then runs every promise of
`qt_engine.data.providers.Provider` against it::

    class TestMyProvider(ProviderContract):
        def make(self, folder):
            return MyProvider(...)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.intervals import interval_ns
from qt_engine.data.providers import Parsed, Provider, Source
from qt_engine.data.schema import validate


class ProviderContract(ABC):
    """What every provider promises."""

    @abstractmethod
    def make(self, folder: Path) -> Provider:
        """A provider with at least one source; `folder` is empty and its own."""

    def test_it_has_a_short_lower_case_name(self, tmp_path: Path) -> None:
        name = self.make(tmp_path).name
        assert name
        assert name == name.lower()
        assert " " not in name

    def test_sources_are_sorted_and_different_and_the_same_each_time(self, tmp_path: Path) -> None:
        provider = self.make(tmp_path)
        sources = list(provider.sources())
        keys = [(source.symbol, source.interval) for source in sources]
        assert keys
        assert keys == sorted(set(keys))
        assert sources == list(provider.sources())
        for source in sources:
            assert interval_ns(source.interval) > 0

    def test_raw_bytes_are_the_same_each_time(self, tmp_path: Path) -> None:
        provider = self.make(tmp_path)
        for source in provider.sources():
            assert _raw(provider, source) == _raw(provider, source) != b""

    def test_rows_obey_the_schema_and_each_has_its_line(self, tmp_path: Path) -> None:
        provider = self.make(tmp_path)
        for source in provider.sources():
            parsed = _parsed(provider, source, tmp_path)
            validate(parsed.rows, parsed.lines, source.name)
            assert len(parsed.rows) == len(parsed.lines) > 0
            assert (np.diff(parsed.lines) > 0).all()
            assert parsed.lines[0] >= 1
            assert parsed.layout

    def test_parsing_is_a_function_of_the_bytes_alone(self, tmp_path: Path) -> None:
        provider = self.make(tmp_path)
        for source in provider.sources():
            one, two = _parsed(provider, source, tmp_path / "one"), _parsed(provider, source, tmp_path / "two")
            assert _content(one, source) == _content(two, source)
            assert one.issues == two.issues

    def test_other_bytes_are_refused_by_name(self, tmp_path: Path) -> None:
        provider = self.make(tmp_path)
        source = provider.sources()[0]
        for number, content in enumerate((b"", b"\x00\xff\x13\x37" * 50, b"PAR1", b"\x1f\x8b damaged")):
            raw = tmp_path / f"other-{number}"
            raw.write_bytes(content)
            with pytest.raises(InputError) as raised:
                provider.parse(raw, source)
            assert raised.value.file == source.name

    def test_a_source_of_someone_else_is_refused(self, tmp_path: Path) -> None:
        provider = self.make(tmp_path)
        stranger = replace(provider.sources()[0], symbol="no such symbol")
        with pytest.raises(NotFoundError):
            provider.open(stranger)


def _raw(provider: Provider, source: Source) -> bytes:
    with provider.open(source) as stream:
        return stream.read()


def _parsed(provider: Provider, source: Source, folder: Path) -> Parsed:
    folder.mkdir(exist_ok=True)
    raw = folder / "raw-bytes"
    raw.write_bytes(_raw(provider, source))
    return provider.parse(raw, source)


def _content(parsed: Parsed, source: Source) -> str:
    return parsed.rows.content_hash(source.symbol, source.interval, source.venue)
