"""What a provider of market data is: it hands over raw bytes, and reads canonical rows out of exactly those bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from qt_engine.data.parsed import Parsed


@dataclass(frozen=True)
class Source:
    """One series that a provider can give.

    Attributes
    ----------
    name
        What a person calls the bytes, such as the file's path; for messages.
    symbol, interval
        Which series the rows belong to.
    venue
        Where it trades, such as XNYS or 24/7; empty where nobody said.
    """

    name: str
    symbol: str
    interval: str
    venue: str = ""


class Provider(ABC):
    """A place that market data comes from.

    The life of an import: `sources` says what there is; `open` gives the raw bytes of one source, which are stored under
    their SHA-256 before anyone looks into them; `parse` is then given the stored copy and reads it. `parse` is a pure
    function of those bytes and the source: no network, no clock, no other file, so that an old import can be repeated.
    Values are not judged here but by the schema that all providers share; `parse` refuses only what it cannot read.
    """

    name: str
    """Short lower-case name, kept with each import."""

    @abstractmethod
    def sources(self) -> Sequence[Source]:
        """Everything this provider can give, sorted by symbol and interval."""

    @abstractmethod
    def open(self, source: Source) -> BinaryIO:
        """The raw bytes, to be read once and closed.

        Raises
        ------
        InputError
            If there is nothing to read, or the source is none of this provider's.
        """

    @abstractmethod
    def parse(self, raw: Path, source: Source) -> Parsed:
        """The rows in the stored raw bytes.

        Raises
        ------
        InputError
            If they cannot be read as bars; names line, column and reason, and `source.name` as the file.
        """
