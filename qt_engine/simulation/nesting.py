"""How the bars of a finer market lie in those of a coarser one, and whether they add up to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError
from qt_engine.core.intervals import is_intraday
from qt_engine.core.text import plain
from qt_engine.data.buckets import Buckets, find_buckets
from qt_engine.data.market import PRICES, Market, Times
from qt_engine.data.resample import resample
from qt_engine.data.venues import bar_days

NOISE = 1e-9
"""Relative difference up to which a price made of finer bars is the coarser one."""


@dataclass(frozen=True)
class Nesting:
    """The finer bars of every coarser bar.

    Attributes
    ----------
    finer
        The finer market, cut to the `T` coarser bars.
    place
        int64, one for each finer bar: the coarser bar in which it lies.
    closing
        int64 `(T,)`: the last finer bar of each coarser one.
    last_traded
        int64 `(T, A)`: the last finer bar of each coarser one in which the asset trades; -1 where it does in none.
    """

    finer: Market
    place: Times
    closing: Times
    last_traded: NDArray[np.int64]

    @classmethod
    def find(cls, market: Market, finer: Market) -> Nesting:
        """Lay a finer market into a coarser one.

        Raises
        ------
        InputError
            If it has other symbols, does not fit, or does not add up, naming the first place.
        """
        if finer.symbols != market.symbols:
            told, wanted = (plain(", ".join(one.symbols), 120) for one in (finer, market))
            raise InputError(
                f"the finer bars are of {told}, those of the run of {wanted}; name the same symbols in the same order"
            )
        if not len(market):
            nothing = np.empty(0, np.int64)
            return cls(finer.head(0), nothing, nothing, nothing.reshape(0, len(market.symbols)))
        finer, buckets = _cut(market, finer)
        _compare(market, resample(finer, market.interval, until=int(buckets.end[-1])), finer.interval)
        place = buckets.index
        closing = np.searchsorted(place, np.arange(len(market)), side="right") - 1
        last_traded = np.full(market.close.shape, -1, np.int64)
        for asset in range(len(market.symbols)):
            trades = np.flatnonzero(~np.isnan(finer.open[:, asset]))
            last_traded[place[trades], asset] = trades  # the last one that is written stays
        return cls(finer, place, closing, last_traded)

    def bars_each(self) -> tuple[int, int]:
        """The least and the largest number of finer bars in a coarser one."""
        return _extent(np.bincount(self.place))

    def traded_bars_each(self) -> tuple[int, int]:
        """The same, counting for each asset the bars in which it trades, where it trades at all."""
        counts = [np.bincount(self.place[~np.isnan(column)]) for column in self.finer.open.T]
        return _extent(np.concatenate([count[count > 0] for count in counts]) if counts else np.empty(0, np.int64))


def _extent(counts: NDArray[np.int64]) -> tuple[int, int]:
    return (int(counts.min()), int(counts.max())) if len(counts) else (1, 1)


def _keys(ts: Times, interval: str, venue: str) -> Times:
    """What names a bar on both clocks: its opening, or its day where it is a day or longer."""
    return ts if is_intraday(interval) else bar_days(ts, interval, venue)


def _cut(market: Market, finer: Market) -> tuple[Market, Buckets]:
    """The finer bars from the first coarser bar to the last one, in buckets, one for each coarser bar."""
    wanted = _keys(market.ts, market.interval, market.venue)
    for _ in range(2):  # to find where to cut, and what is left
        buckets = find_buckets(finer.ts, finer.close_ts, finer.interval, market.interval, finer.venue)
        keys = _keys(buckets.start, market.interval, finer.venue)
        inside = np.flatnonzero((keys >= wanted[0]) & (keys <= wanted[-1]))
        if len(inside) < len(keys):
            first, after = np.searchsorted(buckets.index, [*inside[:1], *(inside[-1:] + 1)] or [0, 0]).tolist()
            finer = finer.window(first, after)
    alone = np.flatnonzero(~np.isin(wanted, keys))
    if len(alone):
        raise InputError(f"the {market.interval} bar of {iso(int(market.ts[alone[0]]))} has no {finer.interval} bars")
    strangers = np.flatnonzero(~np.isin(keys, wanted))
    if len(strangers):
        at = iso(int(buckets.start[strangers[0]]))
        raise InputError(f"the {finer.interval} bars from {at} on lie in no {market.interval} bar of the run")
    return finer, buckets


def _compare(market: Market, made: Market, interval: str) -> None:
    """Refuse bars that are not those of the coarser market."""
    wrong = np.zeros(market.close.shape, bool)
    for name in PRICES:
        wrong |= ~_alike(getattr(market, name), getattr(made, name))
    if wrong.any():
        bar, asset = np.argwhere(wrong)[0].tolist()
        name = next(n for n in PRICES if not _alike(getattr(market, n)[bar, asset], getattr(made, n)[bar, asset]))
        raise InputError(
            f"the {interval} bars do not add up to the {market.interval} bar of {plain(market.symbols[asset])} at "
            f"{iso(int(market.ts[bar]))}: their {name} is {getattr(made, name)[bar, asset]:.10g}, "
            f"that of the bar {getattr(market, name)[bar, asset]:.10g}"
        )
    told, wanted = made.actions.tolist(), market.actions.tolist()
    if told != wanted:
        first = min(set(told) ^ set(wanted), default=(told or wanted)[0])
        raise InputError(
            f"the {interval} bars have other corporate actions than the {market.interval} bars, first for "
            f"{plain(market.symbols[first[1]])} at {iso(int(market.ts[first[0]]))}"
        )


def _alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    near = np.abs(one - other) <= NOISE * np.abs(one)
    return np.asarray(near | (np.isnan(one) & np.isnan(other)))
