"""Strategies in Python: what an author subclasses, what the subclass is shown, and what it answers.

A `Strategy` is asked once for every bar, in order, before the simulation begins: it sees the bars up to now and
answers with the weights that it wants to hold, or with None where it decides nothing. Neither cash nor fills come back
to it, so that a backtest, a sweep, a replay and a paper session are given exactly the same decisions.

Life of a strategy: `initialize` once; `prepare` once with the whole history, if there is one; `on_data` at the close of
every bar from bar `warmup` on. Strategies are programs and not data: they are trusted, and run with the rights of the
user. What they are shown is arranged so that an honest mistake cannot look ahead: see `docs/python-strategies.md`.
"""

from __future__ import annotations

import math
from abc import ABC, ABCMeta, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from qt_engine.strategies.context import Context, History
from qt_engine.strategies.document import Parameter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Context", "History", "Parameter", "Strategy", "TargetPositions", "decimal", "whole"]

Weight = float


def whole(default: int, low: int | None = None, high: int | None = None, step: int | None = None) -> Parameter:
    """A parameter that is a whole number; bounds are inclusive."""
    return Parameter("", "int", default, low, high, step)


def decimal(
    default: float, low: float | None = None, high: float | None = None, step: float | None = None
) -> Parameter:
    """A parameter that is any number; bounds are inclusive."""
    return Parameter("", "float", default, low, high, step)


@dataclass(frozen=True, slots=True)
class TargetPositions:
    """What a strategy wants to hold: weights as signed fractions of the equity, by symbol; one left out is 0.

    `TargetPositions({})` leaves everything. Whether the numbers are numbers and the symbols known is looked at
    when the strategy has answered, so that the message can name the bar.
    """

    weights: Mapping[str, Weight] = field(default_factory=dict)
    array: NDArray[np.float64] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_array(cls, weights: Sequence[float] | NDArray[Any]) -> TargetPositions:
        """Weights of all assets in the order of `context.symbols`, shape `(A,)`."""
        import numpy as np

        return cls({}, np.array(weights))

    @classmethod
    def equal(cls, symbols: Sequence[str], gross: float = 1.0) -> TargetPositions:
        """The same weight for each of these symbols; nothing where there are none."""
        return cls({symbol: gross / len(symbols) for symbol in symbols})


class _Guarded(ABCMeta):
    """Keeps strategies from leaving notes for one another on the class that they all have in common."""

    def __setattr__(cls, name: str, value: Any) -> None:
        if cls.__module__ == __name__ and not name.startswith(("_abc_", "__")):
            raise AttributeError(f"{cls.__name__}.{name} cannot be set; a strategy's memory is context.state")
        super().__setattr__(name, value)


class Strategy(ABC, metaclass=_Guarded):
    """A strategy in Python.

    Attributes
    ----------
    name
        Small letters, digits and underscores, a letter first.
    version
        A text; to be changed with the meaning of the strategy.
    description
        One line for lists.
    params
        Numbers that a run or a sweep may set, by name: `whole(20, low=5, high=60)`, `decimal(0.5)`, or a plain number.
    require
        Conditions over parameters that every choice must meet, such as `"fast < slow"`.
    interval, universe
        Length of a bar, and the symbols; a run may name others.
    warmup
        Bars before the first one at which `on_data` is asked; see `warmup_bars` where it depends on parameters.
    recursive
        Whether decisions may depend on more than the last `warmup` + 1 bars: exponential averages, `context.state`, windows
        of an asset's own bars where it has gaps. The warm-up prover holds a strategy to it.
    risk
        Limits of the run by name, as in the section `risk` of a document: `{"max_gross": 2.0, "max_drawdown": 0.25}`.
        `max_gross` is 1 where it is left out.
    drift_band
        Between two decisions the last weights are restored when one has drifted further away than this (a fraction
        of the equity).
    """

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    description: ClassVar[str] = ""
    params: ClassVar[Mapping[str, Parameter | int | float]] = MappingProxyType({})
    require: ClassVar[Sequence[str]] = ()
    interval: ClassVar[str] = "1d"
    universe: ClassVar[Sequence[str]] = ()
    warmup: ClassVar[int] = 0
    recursive: ClassVar[bool] = False
    risk: ClassVar[Mapping[str, float]] = MappingProxyType({})
    drift_band: ClassVar[float] = math.inf

    def warmup_bars(self, params: Mapping[str, int | float]) -> int:
        """`warmup` for these parameters."""
        return self.warmup

    def initialize(self, context: Context) -> None:
        """Called once before anything else; there is no bar yet."""

    def prepare(self, history: History) -> Mapping[str, NDArray[Any]]:
        """Compute arrays over the whole history at once, which is faster than bar by bar.

        Returns
        -------
        Arrays by name, one row for every bar: shape `(T, …)`. `on_data` finds the rows up to now in `context.prepared`.
        Row `t` must not depend on later bars; the look-ahead prover holds the strategy to it. Nothing else is kept:
        the object that prepares is not the one that is asked.
        """
        return {}

    @abstractmethod
    def on_data(self, context: Context) -> TargetPositions | None:
        """What to hold after the close of this bar; None: no decision, what is held stays."""


class Weights(Mapping[str, float]):
    """Decided weights by symbol, without those that are 0: what `context.previous` is."""

    __slots__ = ("_row", "_symbols")

    def __init__(self, symbols: tuple[str, ...], row: NDArray[np.float64]) -> None:
        self._symbols = symbols
        self._row = row

    def __getitem__(self, symbol: str) -> float:
        try:
            value = float(self._row[self._symbols.index(symbol)])
        except ValueError:
            raise KeyError(symbol) from None
        if value == 0.0:
            raise KeyError(symbol)
        return value

    def __iter__(self) -> Iterator[str]:
        return (symbol for symbol, value in zip(self._symbols, self._row, strict=True) if value != 0.0)

    def __len__(self) -> int:
        return int((self._row != 0.0).sum())
