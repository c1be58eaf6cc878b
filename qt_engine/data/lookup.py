"""Finding what a person named among what is stored, and saying well what is not there."""

from __future__ import annotations

from collections.abc import Sequence

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.text import nearest
from qt_engine.data.events import checked_kind
from qt_engine.data.shelf import EventSeries, Series, Stored
from qt_engine.data.sourcing import EVENTS, find_sources


def find_series(stored: Stored, symbol: str, interval: str | None) -> Series:
    """The bars of a symbol; where the interval is None, the only ones.

    Raises
    ------
    InputError
        If they are not stored.
    """
    chosen = interval or common_interval(stored, [symbol])
    found = stored.series.get((symbol, chosen))
    if found is None:
        raise not_stored(stored, [symbol], chosen)
    return found


def find_events(stored: Stored, symbol: str, kind: str | None) -> EventSeries:
    """The events of a symbol; where the kind is None, the only ones.

    Raises
    ------
    InputError
        If they are not stored.
    """
    kept = sorted(k for s, k in stored.events if s == symbol)
    if not kept:
        hint = nearest(symbol, {s for s, _ in stored.events})
        raise NotFoundError(
            f"no events of {symbol!r} are stored; "
            + (f"did you mean {hint!r}?" if hint else "import some: qt data import FILE --symbol X --kind trades")
        )
    if kind is None and len(kept) > 1:
        raise InputError(f"choose a kind: {symbol!r} has {', '.join(kept)}")
    found = stored.events.get((symbol, checked_kind(kind) if kind is not None else kept[0]))
    if found is None:
        raise NotFoundError(f"no {kind} of {symbol!r} are stored; there are {', '.join(kept)}")
    return found


def common_interval(stored: Stored, symbols: Sequence[str]) -> str:
    """The only interval at which bars of all symbols are stored.

    Raises
    ------
    InputError
        If there is none or more than one.
    """
    if not symbols:
        raise InputError("no symbol was named; name at least one")
    for symbol in symbols:
        _check_symbol(stored, symbol)
    kept = [{i for s, i in stored.series if s == symbol} for symbol in symbols]
    common = sorted(set.intersection(*kept))
    if len(common) != 1:
        every = ", ".join(sorted(set.union(*kept)))
        raise InputError(
            f"choose an interval: {', '.join(map(repr, symbols))} {'have' if len(symbols) > 1 else 'has'} {every}"
        )
    return common[0]


def not_stored(stored: Stored, symbols: Sequence[str], interval: str) -> NotFoundError:
    """What to say where bars of that interval are neither stored for all symbols nor can be made for all.

    Raises
    ------
    InputError
        If one of the symbols is not known at all.
    """
    for symbol in symbols:
        if not any((symbol, kind) in stored.events for kind in EVENTS):
            _check_symbol(stored, symbol)
    missing = [symbol for symbol in symbols if (symbol, interval) not in stored.series]
    hopeless = [symbol for symbol in missing if find_sources(stored, [symbol], interval) is None]
    first = (hopeless or missing)[0]
    kept = sorted(i for s, i in stored.series if s == first)
    found = f"it is at {', '.join(kept)}" if kept else "only its events are"
    can_be_made = len(symbols) > 1 and not hopeless
    hint = "; made bars of one symbol do not mix with stored ones of another" if can_be_made else ""
    return NotFoundError(f"{first!r} is not stored at {interval}; {found}{hint}")


def _check_symbol(stored: Stored, symbol: str) -> None:
    """Whether the symbol has any bars."""
    known = {s for s, _ in stored.series}
    if symbol in known:
        return
    if not known and not stored.events:
        raise NotFoundError(
            f"no bars of {symbol!r} are stored; import some: qt data import FILE, or qt data import --sample"
        )
    if any((symbol, kind) in stored.events for kind in EVENTS):
        raise InputError(
            f"no bars of {symbol!r} are stored, but events; name an interval to resample them to, such as 1m"
        )
    hint = nearest(symbol, known)
    raise NotFoundError(
        f"no bars of {symbol!r} are stored" + (f"; did you mean {hint!r}?" if hint else "; see qt data list")
    )
