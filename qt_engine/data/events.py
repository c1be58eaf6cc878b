"""Events: trades, quotes and corporate actions of one symbol, in the one form in which they are kept.

Columns are arrays of one length, `ts` (int64, UTC nanoseconds) first, in order of time; what happened at one time stands in
the order in which it was reported. Of actions, `dated` says that the time is a date of the venue without a time of day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.core.hashing import hash_arrays
from qt_engine.core.text import nearest, plain
from qt_engine.data import layouts
from qt_engine.data.market import ACTION_KINDS, DIVIDEND, FUNDING, SPLIT, Times

EventKind = Literal["trades", "quotes", "actions"]
COLUMNS: Mapping[str, Mapping[str, type]] = {
    "trades": {"ts": np.int64, "price": np.float64, "size": np.float64},
    "quotes": {"ts": np.int64, "bid": np.float64, "ask": np.float64, "bid_size": np.float64, "ask_size": np.float64},
    "actions": {"ts": np.int64, "kind": np.int64, "value": np.float64, "dated": np.int64},
}
"""Columns and types of each kind of events. Sizes of quotes are NaN where they were not told."""
FORMS = {"trades": layouts.TRADES, "quotes": layouts.QUOTES, "actions": layouts.ACTIONS}


@dataclass(frozen=True)
class Events:
    """Events of one kind and symbol."""

    kind: str
    columns: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def ts(self) -> Times:
        """UTC nanoseconds of each event, never decreasing once they are stored."""
        return self.columns["ts"]

    @classmethod
    def from_columns(cls, kind: str, columns: Mapping[str, NDArray[Any]]) -> Events:
        """Events from arrays by name, brought to the canonical types; a missing size is NaN."""
        rows = len(columns["ts"])
        given = {name: columns.get(name, np.full(rows, np.nan)) for name in COLUMNS[kind]}
        # -0.0 equals 0.0 but has other bytes, so it would have another hash
        return cls(
            kind, {name: np.ascontiguousarray(given[name], type_) + type_(0) for name, type_ in COLUMNS[kind].items()}
        )

    @classmethod
    def empty(cls, kind: str) -> Events:
        """No events."""
        return cls.from_columns(kind, {name: np.empty(0) for name in COLUMNS[kind]})

    def take(self, index: NDArray[Any] | slice) -> Events:
        """The events at these positions, or those that a mask marks."""
        return Events(self.kind, {name: column[index] for name, column in self.columns.items()})

    def between(self, low: int, high: int) -> Events:
        """The events from `low` to `high`, UTC nanoseconds, both inclusive."""
        first, last = np.searchsorted(self.ts, low), np.searchsorted(self.ts, high, side="right")
        return self.take(slice(int(first), int(last)))

    def keys(self) -> NDArray[np.int64]:
        """int64 `(N,)`: equal numbers for events that are equal; of actions, for the same kind of action at the same time."""
        names = ["ts", "kind", "dated"] if self.kind == "actions" else list(self.columns)
        bits = [self.columns[name].view(np.int64) for name in names]
        order = np.lexsort(bits)
        is_new = np.zeros(len(order), bool)
        for column in bits:
            is_new[1:] |= np.diff(column[order]) != 0
        keys = np.empty(len(order), np.int64)
        keys[order] = np.cumsum(is_new)
        return keys

    def content_hash(self, symbol: str, venue: str) -> str:
        """Names exactly these events of this symbol."""
        return hash_arrays(self.columns, symbol=symbol, kind=self.kind, venue=venue)


def concatenate(pieces: Sequence[Events]) -> Events:
    """All events, one piece after the other; the pieces are of one kind."""
    first = pieces[0]
    return Events(
        first.kind, {name: np.concatenate([piece.columns[name] for piece in pieces]) for name in first.columns}
    )


def checked_kind(kind: str) -> EventKind:
    """The kind of events of that name.

    Raises
    ------
    InputError
        If there is none.
    """
    if kind in COLUMNS:
        return kind  # type: ignore[return-value]
    hint = nearest(kind, COLUMNS)
    advice = f"did you mean {hint}?" if hint else f"use {', '.join(sorted(COLUMNS))}"
    raise InputError(f"events of kind {plain(kind, 40)!r} are not known; {advice}")


def find_fault(events: Events) -> tuple[int, str, str] | None:
    """The first event that cannot be: its position, the column and the reason; None where all can."""
    found = []
    for rank, (wrong, column, reason) in enumerate(_RULES[events.kind](events.columns)):
        at = np.flatnonzero(wrong)
        if len(at):
            found.append((int(at[0]), rank, column, reason))
    if not found:
        return None
    position, _, column, reason = min(found)
    values = ", ".join(
        f"{name} {float(events.columns[name][position])!r}" for name in _SHOWN[events.kind].get(column, (column,))
    )
    return position, column, f"{reason} ({values})"


_Rules = list[tuple[NDArray[np.bool_], str, str]]
_SHOWN: Mapping[str, Mapping[str, tuple[str, ...]]] = {"trades": {}, "quotes": {"ask": ("bid", "ask")}, "actions": {}}


def _trade_rules(columns: Mapping[str, NDArray[Any]]) -> _Rules:
    return [_positive(columns, "price"), _positive(columns, "size")]


def _quote_rules(columns: Mapping[str, NDArray[Any]]) -> _Rules:
    return [
        _positive(columns, "bid"),
        _positive(columns, "ask"),
        (columns["ask"] < columns["bid"], "ask", "the quote is crossed: the ask must not be below the bid"),
        *((columns[name] < 0.0, name, "must not be negative") for name in ("bid_size", "ask_size")),
        *((np.isinf(columns[name]), name, "is not a finite number") for name in ("bid_size", "ask_size")),
    ]


def _action_rules(columns: Mapping[str, NDArray[Any]]) -> _Rules:
    kind, value = columns["kind"], columns["value"]
    return [
        (~np.isfinite(value), "value", "is not a finite number"),
        (
            (kind == SPLIT) & (value <= 0.0),
            "value",
            "a split gives more than 0 new units for an old one, such as 2 or 0.1",
        ),
        ((kind == DIVIDEND) & (value <= 0.0), "value", "a dividend is above 0, in currency per unit"),
        (
            (kind == FUNDING) & (np.abs(value) >= 1.0),
            "value",
            "a funding rate is a fraction between -1 and 1, such as 0.0001",
        ),
    ]


def _positive(columns: Mapping[str, NDArray[Any]], name: str) -> tuple[NDArray[np.bool_], str, str]:
    column = columns[name]
    return ~((column > 0.0) & np.isfinite(column)), name, "must be a finite number above 0"


_RULES = {"trades": _trade_rules, "quotes": _quote_rules, "actions": _action_rules}


def action_codes(names: Sequence[str]) -> NDArray[np.int64]:
    """The codes of names of actions; -1 where there is no such action."""
    return np.array([ACTION_KINDS.get(name.strip().lower(), -1) for name in names], np.int64)
