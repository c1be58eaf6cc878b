"""`SessionSpec`: everything a session depends on, fixed when it starts, so that no later import or edit changes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qt_engine.core.errors import InputError
from qt_engine.core.text import plain
from qt_engine.experiments.spec import DataSlice, RunSpec

FEEDS = ("replay",)


@dataclass(frozen=True)
class SessionSpec:
    """What a session was started with.

    Attributes
    ----------
    run
        The strategy's text, its parameters, symbols, costs and capital.
    slice
        The rows that are replayed, by the snapshots of their series.
    feed
        Who supplies the bars: `replay`.
    speed
        Bars a second; 0: as fast as they are taken.
    engine
        The engine's revision at the start.
    """

    run: RunSpec
    slice: DataSlice
    feed: str
    speed: float
    engine: int

    def __post_init__(self) -> None:
        if self.feed not in FEEDS:
            raise InputError(f"feed {plain(self.feed)!r} is not known; use {' or '.join(FEEDS)}")
        if not (math.isfinite(self.speed) and 0.0 <= self.speed <= 1e6):
            raise InputError(f"speed must be 0 (as fast as it can) or bars a second up to 1000000, not {self.speed:g}")

    def as_json(self) -> dict[str, Any]:
        """JSON-serialisable, and read back by `from_json` to an equal spec."""
        return {**vars(self), "run": self.run.as_json(), "slice": self.slice.as_json()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> SessionSpec:
        """The reverse of `as_json`."""
        run, data = (
            RunSpec.from_json(stored["run"]),
            DataSlice.from_json(stored["slice"]),
        )
        return cls(**{**stored, "run": run, "slice": data})
