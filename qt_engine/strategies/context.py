"""What a Python strategy is shown: `Context` at every bar, `History` to prepare.

Arrays handed out end at the current bar in memory, not only in their shape: rows are copied to a tape of the
strategy's own when time reaches them. So neither an index, nor `array.base`, nor a stride trick finds a bar that has not
happened, and the length of the tape does not tell how many are to come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from qt_engine.data.market import Market

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Calendar = Literal["day", "week", "month", "quarter", "year"]

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

    def starts(self, period: Calendar) -> bool:
        """Whether this bar is the first of a day, week (from Monday), month, quarter or year, in UTC.

        The first bar of all starts none: nobody knows whether it does. There is no `ends`: it takes the next bar to know.
        """
        if self.bar < 1:
            return False
        now, before = self.ts[-1], self.ts[-2]
        return period_of(int(now), period) != period_of(int(before), period)


def period_of(ts: int, period: Calendar) -> int:
    """The number of the day, week, month, quarter or year in which a time lies, in UTC, counted from 1970."""
    day = ts // 86_400_000_000_000
    if period == "day":
        return day
    if period == "week":
        return (day + 3) // 7  # 1970-01-01 was a Thursday
    months = int(np.datetime64(day, "D").astype("datetime64[M]").astype(np.int64))
    try:
        return months // {"month": 1, "quarter": 3, "year": 12}[period]
    except KeyError:
        raise ValueError(f"period is day, week, month, quarter or year, not {period!r}") from None


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

    def _own(self, name: str) -> NDArray[Any]:
        """A copy: a view would lead back to bars that this history was cut off from."""
        rows: NDArray[Any] = np.array(getattr(self._market, name))
        rows.flags.writeable = False
        return rows
