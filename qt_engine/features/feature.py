"""The nouns of the feature registry: `Feature`, `Label`, and `Use`, a reading of one by another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from qt_engine.features.indicator import Kind, Parameter, Parametrised

if TYPE_CHECKING:
    from qt_engine.features._arrays import Floats

MARKET_COLUMNS = ("open", "high", "low", "close", "volume")
"""What every market has; no feature may take such a name."""

Function: TypeAlias = "Callable[..., Floats]"
LabelFunction: TypeAlias = "Callable[..., Floats | tuple[Floats, ...]]"


@dataclass(frozen=True)
class Use:
    """A feature or indicator as an input of another: which one, of which series, with which parameters.

    Attributes
    ----------
    name
        Of a market column, an indicator or a feature; `name@2` is version 2 of a feature.
    series
        What is passed to an indicator, in order.
    arguments
        By name: a number, the name of a parameter of the feature that reads it, or a series.
    """

    name: str
    series: tuple[str | Use, ...] = ()
    arguments: tuple[tuple[str, float | str | Use], ...] = ()


def use(name: str, *series: str | Use, **arguments: float | str | Use) -> Use:
    """Name an input of a feature that is no plain column: `use("rolling_std", "returns", window="window")`."""
    return Use(name, series, tuple(sorted(arguments.items())))


@dataclass(frozen=True)
class Feature(Parametrised):
    """A function that makes a series from series, as `@feature` registers it.

    Attributes
    ----------
    name, version
        Together they name it; the version is raised whenever the same inputs give other values than before.
    depends
        Its inputs in the order in which the function takes them: market columns, indicators, other features.
    parameters
        Passed to the function by name.
    function
        `function(*inputs, **parameters) -> values`. For one asset it is given float64 arrays `(n,)` of the bars at which
        all of them are present, and returns as many values. With `across` it is given `(T, A)` arrays with NaN where
        something is missing, and returns one of that shape. It must not change its inputs, and the value of a bar must
        not depend on later ones.
    warmup
        How many leading values are NaN when its inputs have none, or a function of the parameters that says so.
    across
        Whether it looks across assets.
    scale
        As of `Indicator`.
    definition
        SHA-256 of the source of the function.
    """

    name: str
    version: int
    depends: tuple[str | Use, ...]
    parameters: tuple[Parameter, ...]
    description: str
    source: str
    function: Function = field(repr=False)
    warmup: int | Callable[..., int] = field(repr=False)
    across: bool = False
    scale: int | None = None
    kind: Kind = "signal"
    refuse: Callable[..., str | None] | None = field(default=None, repr=False)
    definition: str = field(default="", repr=False)
    series: tuple[str, ...] = field(default=(), init=False, repr=False)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of all inputs in order."""
        return tuple(given.name if isinstance(given, Use) else given for given in self.depends)

    def own_warmup(self, parameters: Mapping[str, float]) -> int:
        """Leading values without number, beyond those of its inputs."""
        return self.warmup(**parameters) if callable(self.warmup) else self.warmup


@dataclass(frozen=True)
class Label(Parametrised):
    """What happened after a bar: it looks ahead by design, so no strategy and no feature may read it.

    Attributes
    ----------
    columns
        Market columns that the function takes, in order.
    outputs
        Names of what it returns; the first is `value`.
    positions
        Outputs that are numbers of bars.
    function
        `function(*columns, **parameters)`: gapless float64 `(n,)` in, one such array for each output out. NaN: not known
        (yet). A value that is known must not change when more bars come.
    warmup
        As of `Feature`.
    horizon
        By parameters: how many bars ahead it looks at most.
    """

    name: str
    version: int
    columns: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...]
    description: str
    source: str
    function: LabelFunction = field(repr=False)
    warmup: int | Callable[..., int] = field(repr=False)
    horizon: Callable[..., int] = field(repr=False)
    positions: tuple[str, ...] = ()
    refuse: Callable[..., str | None] | None = field(default=None, repr=False)
    definition: str = field(default="", repr=False)
    series: tuple[str, ...] = field(default=(), init=False, repr=False)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns."""
        return self.columns

    def own_warmup(self, parameters: Mapping[str, float]) -> int:
        """Leading values without number."""
        return self.warmup(**parameters) if callable(self.warmup) else self.warmup


def refuse_label(name: str) -> str:
    """Why a label cannot stand where a feature is asked for."""
    return f"{name} is a label: it looks ahead of its bar, so no strategy or feature can read it"
