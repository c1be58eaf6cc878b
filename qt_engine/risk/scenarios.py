"""Named stress scenarios: files that say what happened when, or how far which factor moves.

They ship in `configs/stress/`, one file each, named after the scenario; a user's own folder is laid over them, a file of the same
name replacing the shipped one. Nothing here touches prices: `stress` makes markets of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from qt_engine.core.checked import Checked
from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.resources import shipped
from qt_engine.core.text import nearest, plain

FOLDER = "stress"


class _Scenario(Checked):
    version: Literal[1] = Field(1, alias="schema", description="Version of the file format.")
    name: str = Field(description="Name of the file, without its ending.")
    label: str = Field(min_length=1, max_length=120, description="What a table shows.")
    description: str = Field("", max_length=1000, description="What is special about it.")
    source: str = Field(min_length=1, max_length=1000, description="Where the facts are from.")


class Benchmark(Checked):
    """What an index did meanwhile: its close before the first session, and of the last one."""

    title: ClassVar[str] = "benchmark"

    name: str = Field(min_length=1, description="Name of the index.")
    before: float = Field(gt=0.0, description="Close of the session before the start, in points.")
    after: float = Field(gt=0.0, description="Close of the last session, in points.")

    @property
    def change(self) -> float:
        """Simple return over the window, a fraction."""
        return self.after / self.before - 1.0


class HistoricalWindow(_Scenario):
    """A stretch of the past. Both dates are sessions (UTC days) whose return belongs to it."""

    kind: Literal["history"]
    start: date = Field(description="First day whose return belongs to the scenario; the close before it is the base.")
    end: date = Field(description="Last day, not before the start.")
    benchmark: Benchmark | None = Field(None, description="What an index did, for orientation and as a market shock.")

    def contradictions(self) -> list[str]:
        """Dates in the wrong order."""
        return [f"end {self.end} is before start {self.start}"] if self.end < self.start else []


class FactorShock(_Scenario):
    """Moves of factors, as simple returns (`market: -0.2` is a fall by 20 %), reached over some bars."""

    kind: Literal["factors"]
    factors: Mapping[str, float] = Field(
        min_length=1,
        description="Move of each factor, a fraction above -1: market, volatility (relative change of its level), "
        "sector:NAME (beyond the market's move).",
    )
    over: int = Field(1, ge=1, le=100_000, description="Bars in which the whole move happens, from 1.")
    gap: bool = Field(False, description="Whether each bar's part happens before its open and not inside it.")

    @field_validator("factors")
    @classmethod
    def _possible(cls, factors: Mapping[str, float]) -> Mapping[str, float]:
        for name, move in factors.items():
            if not (math.isfinite(move) and move > -1.0):
                raise ValueError(f"{plain(name, 60)} must move by a finite fraction above -1, not {move:g}")
        return dict(sorted(factors.items()))


Scenario = HistoricalWindow | FactorShock
KINDS: dict[str, type[HistoricalWindow] | type[FactorShock]] = {"history": HistoricalWindow, "factors": FactorShock}


def scenarios(own: Path | None = None) -> dict[str, Scenario]:
    """All scenarios by name, sorted.

    Parameters
    ----------
    own
        A folder of further `*.yaml` files, laid over the shipped ones; it need not exist.

    Raises
    ------
    InputError
        Naming the file and what is wrong in it.
    """
    files = {path.stem: path for folder in _folders(own) for path in sorted(folder.glob("*.yaml"))}
    return {name: read_scenario(path) for name, path in sorted(files.items())}


def scenario(name: str, own: Path | None = None) -> Scenario:
    """One scenario by name, from `own` if it is there.

    Raises
    ------
    NotFoundError
        If there is none of that name; the message names the nearest one.
    """
    files = {path.stem: path for folder in _folders(own) for path in sorted(folder.glob("*.yaml"))}
    if name not in files:
        hint = nearest(name, sorted(files))
        raise NotFoundError(
            f"there is no stress scenario {plain(name, 60)!r}"
            + (f"; did you mean {hint}?" if hint else f"; there are {', '.join(sorted(files))}")
        )
    return read_scenario(files[name])


def read_scenario(path: Path) -> Scenario:
    """The scenario in one file.

    Raises
    ------
    InputError
        If the file cannot be read, is not YAML, or is no scenario.
    """
    import yaml

    place = plain(str(path), 200)
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {plain(str(error), 200)}", file=place) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that does not exist is a ValueError
        mark = getattr(error, "problem_mark", None)
        reason = plain(str(getattr(error, "problem", None) or error), 200)
        raise InputError(f"is not YAML: {reason}", file=place, line=mark.line + 1 if mark else None) from None
    if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
        raise InputError("must hold `name: value` lines", file=place)
    if "name" in given:
        raise InputError("name: is that of the file, and does not stand in it", file=place)
    if "schema" not in given:
        raise InputError("schema: is missing; write schema: 1", file=place)
    model = KINDS.get(str(given.get("kind")))
    if model is None:
        raise InputError(f"kind: must be {' or '.join(KINDS)}, not {plain(str(given.get('kind')), 60)!r}", file=place)
    try:
        return model.model_validate({**given, "name": path.stem})
    except InputError as error:
        raise InputError(error.reason, file=place) from None


def _folders(own: Path | None) -> list[Path]:
    return [shipped("configs") / FOLDER, *([own] if own is not None and own.is_dir() else [])]
