"""`Market`: the bars of a run as arrays, and the hash that names exactly these rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.core.hashing import hash_arrays

PRICES = ("open", "high", "low", "close")
FIELDS = (*PRICES, "volume")

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


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
    """(symbol, snapshot hash of the series) of each stored series the market was cut from."""

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

    def __len__(self) -> int:
        return len(self.ts)

    @cached_property
    def hash(self) -> str:
        """Names exactly these rows: symbols, interval and every array."""
        arrays = {name: getattr(self, name) for name in ("ts", "close_ts", *FIELDS, "sample")}
        return hash_arrays(arrays, symbols=list(self.symbols), interval=self.interval, periods=self.periods_per_year)

    @cached_property
    def sample_index(self) -> Times:
        """int64 `(T + 1,)`: how many sampled bars lie before each bar."""
        counted = np.zeros(len(self.ts) + 1, np.int64)
        np.cumsum(self.sample, out=counted[1:])
        return counted

    def head(self, bars: int) -> Market:
        """The first `bars` bars as a market of its own (views, no copy)."""
        cut = {name: getattr(self, name)[:bars] for name in ("ts", "close_ts", *FIELDS, "sample")}
        return Market(self.symbols, self.interval, periods_per_year=self.periods_per_year, sources=self.sources, **cut)

    def asset(self, index: int) -> Market:
        """One asset as a market of its own."""
        cut = {name: np.ascontiguousarray(getattr(self, name)[:, index : index + 1]) for name in FIELDS}
        return Market(
            (self.symbols[index],),
            self.interval,
            self.ts,
            self.close_ts,
            sample=self.sample,
            periods_per_year=self.periods_per_year,
            sources=self.sources[index : index + 1],
            **cut,
        )
