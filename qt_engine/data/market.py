"""`Market`: the bars of a run as arrays, and the hash that names exactly these rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.core.hashing import hash_arrays

PRICES = ("open", "high", "low", "close")
FIELDS = (*PRICES, "volume")

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Table = NDArray[np.void]

SPLIT, DIVIDEND, FUNDING = 1, 2, 3
ACTION_KINDS = {"split": SPLIT, "dividend": DIVIDEND, "funding": FUNDING}
"""Corporate actions and the like by name: new units per old one, cash per unit, rate of the position's value."""
ACTIONS = np.dtype([("bar", np.int64), ("asset", np.int64), ("kind", np.int64), ("value", np.float64)])


def no_actions() -> Table:
    """A table without rows."""
    return np.zeros(0, ACTIONS)


def no_spread() -> Floats:
    """What stands for a spread that is not known."""
    return np.zeros((0, 0))


@dataclass(frozen=True)
class Market:
    """Bars of `A` assets on one time axis of `T` bars.

    Attributes
    ----------
    symbols
        The assets, in the order of the columns.
    interval
        Length of a bar, such as `1d`.
    ts, close_ts
        int64, shape `(T,)`, UTC nanoseconds of each bar's open and close, strictly increasing.
    open, high, low, close, volume
        float64, shape `(T, A)`, C-contiguous. NaN in all four price columns: the asset does not trade in this bar.
    sample
        uint8, shape `(T,)`: 1 where the bar is the last one of its session (for bars of a day or longer: everywhere).
        Returns are taken between sampled bars.
    periods_per_year
        How many sampled bars make a year: 252 for exchange sessions, 365 for venues that never close, 52 for weeks.
    actions
        dtype `ACTIONS`, sorted by (bar, asset, kind): what happens to a holder of the asset before the bar opens. Mostly empty.
    spread
        float64, shape `(T, A)`: the relative bid-ask spread, (ask − bid) / mid, known at the bar's open, NaN where the asset
        does not trade; size 0 where no spread is known.
    venue
        Where all assets trade, such as XNYS or `24/7`; empty where that is unknown or not one place. Not part of the hash:
        what follows from it is.
    """

    symbols: tuple[str, ...]
    interval: str
    ts: Times
    close_ts: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    sample: NDArray[np.uint8]
    periods_per_year: float
    sources: tuple[tuple[str, str], ...] = field(default=())
    """(symbol, snapshot hash of the series) of each stored series the market was cut from; see `qt_engine.data.origins`."""
    actions: Table = field(default_factory=no_actions)
    spread: Floats = field(default_factory=no_spread)
    venue: str = ""

    def __post_init__(self) -> None:
        shape = (len(self.ts), len(self.symbols))
        for name in FIELDS:
            column = getattr(self, name)
            if column.shape != shape or column.dtype != np.float64 or not column.flags.c_contiguous:
                raise InputError(
                    f"market: {name} must be C-contiguous float64 of shape {shape}, not {column.dtype} {column.shape}"
                )
        if len(self.ts) > 1 and not bool(np.all(self.ts[1:] > self.ts[:-1])):
            raise InputError("market: timestamps must increase strictly")
        for column in (self.close_ts, self.sample):
            if column.shape != self.ts.shape:
                raise InputError("market: close_ts and sample must be as long as ts")
        if self.spread.size and (self.spread.shape != shape or self.spread.dtype != np.float64):
            raise InputError(
                f"market: spread must be float64 of shape {shape}, not {self.spread.dtype} {self.spread.shape}"
            )
        if bool(np.any(self.spread < 0.0)):
            raise InputError("market: a spread must not be negative")
        self._check_actions()

    def _check_actions(self) -> None:
        actions = self.actions
        if actions.dtype != ACTIONS or actions.ndim != 1:
            raise InputError("market: actions must be a table of bar, asset, kind and value")
        if not len(actions):
            return
        bar, asset, kind, value = (actions[name] for name in ("bar", "asset", "kind", "value"))
        inside = (bar >= 0) & (bar < len(self.ts)) & (asset >= 0) & (asset < len(self.symbols))
        if not bool(np.all(inside)):
            raise InputError("market: an action names a bar or an asset that the market does not have")
        if not bool(np.all(np.isin(kind, list(ACTION_KINDS.values())) & np.isfinite(value))):
            raise InputError("market: an action has an unknown kind, or a value that is not finite")
        if bool(np.any(value[kind == SPLIT] <= 0.0)):
            raise InputError("market: a split must give more than 0 new units for an old one")
        if not np.array_equal(np.lexsort((kind, asset, bar)), np.arange(len(actions))):
            raise InputError("market: actions must be sorted by bar, asset and kind")

    def __len__(self) -> int:
        return len(self.ts)

    @cached_property
    def hash(self) -> str:
        """Names exactly these rows: symbols, interval and every array; actions and spread where there are any."""
        arrays = {name: getattr(self, name) for name in ("ts", "close_ts", *FIELDS, "sample")}
        arrays |= {name: getattr(self, name) for name in ("actions", "spread") if getattr(self, name).size}
        return hash_arrays(arrays, symbols=list(self.symbols), interval=self.interval, periods=self.periods_per_year)

    @cached_property
    def sample_index(self) -> Times:
        """int64 `(T + 1,)`: how many sampled bars lie before each bar."""
        counted = np.zeros(len(self.ts) + 1, np.int64)
        np.cumsum(self.sample, out=counted[1:])
        return counted

    def head(self, bars: int) -> Market:
        """The first `bars` bars as a market of its own (views, no copy)."""
        return self.window(0, bars)

    def window(self, first: int, last: int) -> Market:
        """The bars from position `first` to the one before `last` as a market of its own (views, no copy)."""
        first, last, _ = slice(first, last).indices(len(self.ts))
        cut: dict[str, Any] = {name: getattr(self, name)[first:last] for name in ("ts", "close_ts", *FIELDS, "sample")}
        actions = self.actions[(self.actions["bar"] >= first) & (self.actions["bar"] < last)]
        actions["bar"] -= first
        spread = self.spread[first:last] if self.spread.size else self.spread
        return replace(self, actions=actions, spread=spread, **cut)

    def asset(self, index: int) -> Market:
        """One asset as a market of its own."""
        index = range(len(self.symbols))[index]
        cut: dict[str, Any] = {name: np.ascontiguousarray(getattr(self, name)[:, index : index + 1]) for name in FIELDS}
        actions = self.actions[self.actions["asset"] == index]
        actions["asset"] = 0
        spread = np.ascontiguousarray(self.spread[:, index : index + 1]) if self.spread.size else self.spread
        return replace(
            self,
            symbols=(self.symbols[index],),
            sources=self.sources[index : index + 1],
            actions=actions,
            spread=spread,
            **cut,
        )
