"""The nouns of the indicator library: `Parameter` and `Indicator`, pure metadata without numbers."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from qt_engine.core.errors import InputError
from qt_engine.core.text import nearest

Kind = Literal["indicator", "signal"]
"""What strategies and features may read; labels, which look ahead, are another type altogether."""


@dataclass(frozen=True)
class Parameter:
    """A number of an indicator; `default` None means that it must be given. Bounds are inclusive."""

    name: str
    kind: Literal["int", "float"]
    default: float | None
    low: float
    high: float

    def check(self, value: float, owner: str) -> float:
        """The value as int or float, if it is allowed.

        Raises
        ------
        InputError
            If it is no number of this kind or outside the bounds.
        """
        if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
            raise InputError(f"{owner}: {self.name} must be a number, not {value!r}")
        if not self.low <= value <= self.high:
            raise InputError(f"{owner}: {self.name} must be between {self.low:g} and {self.high:g}, not {value:g}")
        if self.kind == "float":
            return float(value)
        if value != int(value):
            raise InputError(f"{owner}: {self.name} must be a whole number, not {value:g}")
        return int(value)


class Parametrised(ABC):
    """What indicators, features and labels share: a name, series that are passed, and parameters."""

    name: str
    series: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    refuse: Callable[..., str | None] | None

    @property
    @abstractmethod
    def inputs(self) -> tuple[str, ...]:
        """Every series that is read, in order."""

    @property
    def signature(self) -> str:
        """How it is called, such as `macd(x, fast=12, slow=26, signal=9)`."""
        words = [p.name if p.default is None else f"{p.name}={p.default:g}" for p in self.parameters]
        return f"{self.name}({', '.join([*self.series, *words])})"

    def complete(self, values: Mapping[str, float]) -> dict[str, float]:
        """The parameters with defaults filled in, checked, in the order of declaration.

        Raises
        ------
        InputError
            If one is unknown, missing or outside its bounds, or they do not go together.
        """
        for name in values:
            if all(p.name != name for p in self.parameters):
                raise InputError(f"{self.name} has no parameter {name!r}{self.meant(name)}; it is {self.signature}")
        full: dict[str, float] = {}
        for parameter in self.parameters:
            value = values.get(parameter.name, parameter.default)
            if value is None:
                raise InputError(f"{self.name}: {parameter.name} is missing; it is {self.signature}")
            full[parameter.name] = parameter.check(value, self.name)
        reason = self.refuse(**full) if self.refuse is not None else None
        if reason is not None:
            raise InputError(f"{self.name}: {reason}")
        return full

    def meant(self, name: str) -> str:
        """` (did you mean ...?)` for a misspelt argument, or nothing."""
        guess = nearest(name, [*self.inputs, *(p.name for p in self.parameters)])
        return f" (did you mean {guess!r}?)" if guess else ""


@dataclass(frozen=True)
class Indicator(Parametrised):
    """One function of the strategy language that makes a series from series.

    Attributes
    ----------
    name
        As the user writes it, such as `sma` or `ta.MACD_macdsignal`.
    series
        Names of the series that the user passes first, such as `("x",)`.
    implicit
        Price columns taken from the market, after the series, such as `("high", "low", "close")`.
    parameters
        Numbers after the series, by position or by name.
    description, source
        What it is, in one line, and by whose definition.
    warmup
        Called with the parameters by name: how many leading bars are NaN on input without NaN.
    kernel
        Where the numbers are made: `module:function` below `qt_engine.features`, or `talib:NAME:output`.
    positions
        The values are numbers of bars in the series, counted from 0.
    kind
        `signal` where the value itself is meant as a forecast or a state of the market, else `indicator`.
    version
        Raised whenever the same inputs give other values than before.
    scale
        The power of the unit of price in the values: 0 where prices four times as high change nothing, 1 where they
        make the values four times as high, None where it is not declared.
    refuse
        Called with the parameters by name: why they do not go together, or None.
    """

    name: str
    series: tuple[str, ...]
    implicit: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    description: str
    source: str
    kernel: str = field(repr=False)
    warmup: Callable[..., int] = field(repr=False)
    positions: bool = False
    kind: Kind = "indicator"
    version: int = 1
    scale: int | None = None
    refuse: Callable[..., str | None] | None = field(default=None, repr=False)

    @property
    def inputs(self) -> tuple[str, ...]:
        """All series in the order in which `compute` takes them."""
        return self.series + self.implicit
