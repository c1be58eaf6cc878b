"""What there is, as a person is shown it: indicators, signals and labels in one list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from qt_engine.core.errors import InputError
from qt_engine.core.text import nearest, plain
from qt_engine.features.feature import MARKET_COLUMNS, Feature, Label, Use
from qt_engine.features.indicator import Indicator, Parameter
from qt_engine.features.registration import features, labels
from qt_engine.features.registry import INDICATORS

KINDS = ("indicator", "signal", "label")


@dataclass(frozen=True)
class FeatureInfo:
    """One indicator, signal or label.

    Attributes
    ----------
    inputs
        Market columns that it reads, and names of series that are passed, such as `x`.
    depends
        Names of other features that it reads.
    warmup
        Leading bars without a value at the defaults; None where a parameter has none.
    across
        Whether it looks across assets.
    """

    name: str
    version: int
    kind: Literal["indicator", "signal", "label"]
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    depends: tuple[str, ...]
    warmup: int | None
    description: str
    source: str
    signature: str
    across: bool = False

    def as_json(self) -> dict[str, Any]:
        """The document of one entry."""
        return {
            "name": self.name,
            "version": self.version,
            "kind": self.kind,
            "inputs": list(self.inputs),
            "parameters": [
                {"name": p.name, "type": p.kind, "default": p.default, "low": p.low, "high": p.high} for p in self.parameters
            ],
            "depends": list(self.depends),
            "warmup": self.warmup,
            "description": self.description,
        }  # fmt: skip


def listed(kind: str | None = None, search: str = "") -> list[FeatureInfo]:
    """Every entry, by name, labels after everything else.

    Parameters
    ----------
    kind
        `indicator`, `signal` or `label`; None: all.
    search
        Words that must all stand in the name, the description or the source, in any case.

    Raises
    ------
    InputError
        If there is no such kind.
    """
    if kind is not None and kind not in KINDS:
        guess = nearest(kind, KINDS)
        meant = f"; did you mean {guess}?" if guess else f"; there are {', '.join(KINDS)}"
        raise InputError(f"there is no kind of feature {plain(kind)!r}{meant}")
    found: list[Indicator | Feature | Label] = sorted(
        [*INDICATORS.values(), *features().values()], key=lambda f: f.name
    )
    words = search.casefold().split()
    return [
        info(one)
        for one in (*found, *labels().values())
        if kind in (None, _kind(one))
        and all(word in f"{one.name} {one.description} {one.source}".casefold() for word in words)
    ]


def info(one: Indicator | Feature | Label) -> FeatureInfo:
    """The entry of a definition."""
    depends: list[str] = []
    if isinstance(one, Feature):
        inputs = tuple(name for name in one.inputs if name in MARKET_COLUMNS)
        for given in one.depends:
            depends += [name for name in _names(given) if name not in MARKET_COLUMNS and name not in depends]
    else:
        inputs = one.inputs
    return FeatureInfo(
        one.name, one.version, _kind(one), inputs, one.parameters, tuple(depends), _warmup(one), one.description, one.source,
        one.signature, isinstance(one, Feature) and one.across,
    )  # fmt: skip


def _kind(one: Indicator | Feature | Label) -> Literal["indicator", "signal", "label"]:
    return "label" if isinstance(one, Label) else one.kind


def _names(given: str | Use) -> list[str]:
    if isinstance(given, str):
        return [given]
    series = [*given.series, *(value for _, value in given.arguments if isinstance(value, Use))]
    return [given.name, *(name for one in series for name in _names(one))]


def _warmup(one: Indicator | Feature | Label) -> int | None:
    defaults: Mapping[str, float] = {p.name: p.default for p in one.parameters if p.default is not None}
    if len(defaults) < len(one.parameters):
        return None
    if isinstance(one, Label):
        return one.own_warmup(defaults)
    if isinstance(one, Indicator):
        return one.warmup(**defaults)
    from qt_engine.features.graph import resolve

    try:
        return resolve(one.name).warmup
    except InputError:  # what it depends on is not registered (yet); computing it says so
        return None
