"""What a Python strategy is shown: `Context` at every bar, `History` to prepare.

Arrays handed out end at the current bar in memory, not only in their shape: rows are copied to a tape of the
strategy's own when time reaches them. So neither an index, nor `array.base`, nor a stride trick finds a bar that has not
happened, and the length of the tape does not tell how many are to come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.strategies.schedule import Period, period_ends

if TYPE_CHECKING:
    from qt_engine.data.market import Market

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
PERIODS: tuple[Period, ...] = ("week", "month", "quarter")

FIRST_ROWS = 64


class Tape:
    """Rows of one array, written as time reaches them; it knows no others."""

    __slots__ = ("_known", "_rows")

    def __init__(self, kind: NDArray[Any]) -> None:
        self._known = 0
        # Zeros, not whatever the memory held before: it may have held the future.
        self._rows: NDArray[Any] = np.zeros((FIRST_ROWS, *kind.shape[1:]), kind.dtype)

    def extend(self, rows: NDArray[Any]) -> None:
        """Write what has happened since."""
        end = self._known + len(rows)
        if end > len(self._rows):
            longer = np.zeros((2 ** (end - 1).bit_length(), *self._rows.shape[1:]), self._rows.dtype)
            longer[: self._known] = self._rows[: self._known]
            self._rows = longer
        self._rows[self._known : end] = rows
        self._known = end

    def known(self) -> NDArray[Any]:
        """All rows so far, read-only."""
        view = self._rows[: self._known]
        view.flags.writeable = False
        return view


class Prepared(Mapping[str, NDArray[Any]]):
    """The arrays of `prepare`, each with the rows up to now."""

    __slots__ = ("_tapes",)

    def __init__(self, tapes: Mapping[str, Tape]) -> None:
        self._tapes = tapes

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._tapes[name].known()

    def __iter__(self) -> Iterator[str]:
        return iter(self._tapes)

    def __len__(self) -> int:
        return len(self._tapes)


class Context:
    """The world as it is at the close of one bar; read-only but for `state`.

    Attributes
    ----------
    bar
        Index of this bar, from 0; -1 in `initialize`.
    symbols, interval, params
        What the run is on, and its parameters by name.
    state
        The strategy's own memory: a dictionary that nobody else reads.
    previous
        The weights it decided last, by symbol (those that are not 0); None before the first decision. What became of them
        is not told: decisions are made before the simulation.
    """

    __slots__ = (
        "_columns",
        "_frozen",
        "_tapes",
        "bar",
        "interval",
        "params",
        "prepared",
        "previous",
        "state",
        "symbols",
    )

    _tapes: Mapping[str, Tape]
    _columns: Mapping[str, int]
    bar: int
    symbols: tuple[str, ...]
    interval: str
    params: Mapping[str, int | float]
    state: dict[Any, Any]
    previous: Mapping[str, float] | None
    prepared: Mapping[str, NDArray[Any]]

    def __init__(
        self, tapes: Mapping[str, Tape], symbols: tuple[str, ...], interval: str, params: Mapping[str, int | float]
    ) -> None:
        fill = object.__setattr__
        fill(self, "_tapes", tapes)
        fill(self, "_columns", {symbol: column for column, symbol in enumerate(symbols)})
        fill(self, "bar", -1)
        fill(self, "symbols", symbols)
        fill(self, "interval", interval)
        fill(self, "params", MappingProxyType(dict(params)))
        fill(self, "state", {})
        fill(self, "previous", None)
        fill(self, "prepared", Prepared({}))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"context.{name} cannot be set; keep what is to be remembered in context.state")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"context.{name} cannot be deleted")

    @property
    def open(self) -> Floats:
        """float64 `(bar + 1, A)`; NaN where an asset does not trade."""
        return self._tapes["open"].known()

    @property
    def high(self) -> Floats:
        """float64 `(bar + 1, A)`."""
        return self._tapes["high"].known()

    @property
    def low(self) -> Floats:
        """float64 `(bar + 1, A)`."""
        return self._tapes["low"].known()

    @property
    def close(self) -> Floats:
        """float64 `(bar + 1, A)`; the last row is this bar's."""
        return self._tapes["close"].known()

    @property
    def volume(self) -> Floats:
        """float64 `(bar + 1, A)`."""
        return self._tapes["volume"].known()

    @property
    def ts(self) -> Times:
        """int64 `(bar + 1,)`: when each bar opened, UTC nanoseconds."""
        return self._tapes["ts"].known()

    def __len__(self) -> int:
        return self.bar + 1

    def column(self, symbol: str) -> int:
        """Index of a symbol in the arrays.

        Raises
        ------
        KeyError
            If the run does not have it.
        """
        return self._columns[symbol]

    def ends(self, period: Period) -> bool:
        """Whether this bar is the last of a week, month or quarter as far as can be known at its close.

        The rule is that of `rebalance: {every: month}` in documents: see `qt_engine.strategies.schedule`.
        """
        return bool(self._tapes[_flag(period)].known()[-1])


def period_end_flags(market: Market) -> dict[str, NDArray[np.bool_]]:
    """For every period a flag for each bar, `(T,)`: whether the bar ends one."""
    found = {}
    for period in PERIODS:
        flags = np.zeros(len(market), np.bool_)
        flags[period_ends(market, period)] = True
        found[_flag(period)] = flags
    return found


def _flag(period: str) -> str:
    if period not in PERIODS:
        raise ValueError(f"a period is week, month or quarter, not {period!r}")
    return f"ends_{period}"


class History:
    """All bars that there are, to prepare from: the whole of a backtest, or what a paper session has seen.

    Attributes
    ----------
    symbols, interval, params
        As in `Context`.
    """

    def __init__(self, market: Market, params: Mapping[str, int | float]) -> None:
        self._market = market
        self.symbols = market.symbols
        self.interval = market.interval
        self.params: Mapping[str, int | float] = MappingProxyType(dict(params))

    def __len__(self) -> int:
        return len(self._market)

    @cached_property
    def open(self) -> Floats:
        """float64 `(T, A)`; NaN where an asset does not trade."""
        return self._own("open")

    @cached_property
    def high(self) -> Floats:
        """float64 `(T, A)`."""
        return self._own("high")

    @cached_property
    def low(self) -> Floats:
        """float64 `(T, A)`."""
        return self._own("low")

    @cached_property
    def close(self) -> Floats:
        """float64 `(T, A)`."""
        return self._own("close")

    @cached_property
    def volume(self) -> Floats:
        """float64 `(T, A)`."""
        return self._own("volume")

    @cached_property
    def ts(self) -> Times:
        """int64 `(T,)`: when each bar opened, UTC nanoseconds."""
        return self._own("ts")

    def ends(self, period: Period) -> NDArray[np.bool_]:
        """bool `(T,)`: where a week, month or quarter ends; see `Context.ends`."""
        return period_end_flags(self._market)[_flag(period)]

    def _own(self, name: str) -> NDArray[Any]:
        """A copy: a view would lead back to bars that this history was cut off from."""
        rows: NDArray[Any] = np.array(getattr(self._market, name))
        rows.flags.writeable = False
        return rows
