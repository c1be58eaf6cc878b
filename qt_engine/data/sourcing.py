"""Which stored rows a market is made of."""

from __future__ import annotations

from collections.abc import Sequence

from qt_engine.core.errors import InputError
from qt_engine.core.intervals import DAY_NS, interval_ns
from qt_engine.core.text import plain
from qt_engine.data.origins import Origin
from qt_engine.data.shelf import Stored

FINER = "finer"
EVENTS = ("trades", "quotes")
"""What bars can be made of besides finer bars, the better first."""
_FINEST = "1ms"


def find_sources(
    stored: Stored, symbols: Sequence[str], interval: str, made_of: str | None = None
) -> list[tuple[str, str]] | None:
    """(symbol, origin) of each column; see `DataService.load`. None where nothing that is stored will do.

    Bars that are stored at the interval come first. If no symbol has any, bars are made of the longest interval that all
    symbols have and that fits, else of their trades, else of their quotes. Stored bars of one symbol are never mixed with
    made ones of another: their days may begin at other times.

    Raises
    ------
    InputError
        If what the bars should be made of does not fit, or is not stored for all symbols.
    """
    step = interval_ns(interval)
    if made_of is None and all((symbol, interval) in stored.series for symbol in symbols):
        return [(symbol, _origin(stored, symbol, "", interval)) for symbol in symbols]
    if made_of in (None, FINER):
        if made_of is None and any((symbol, interval) in stored.series for symbol in symbols):
            return None
        chosen = _longest_common(stored, symbols, step)
        if chosen is None and made_of == FINER:
            raise InputError(
                f"nothing that is stored of {', '.join(map(repr, symbols))} can be made into bars of {interval}; see qt data list"
            )
    else:
        chosen = made_of
        _check(stored, symbols, interval, chosen)
    return None if chosen is None else [(symbol, _origin(stored, symbol, chosen, interval)) for symbol in symbols]


def _longest_common(stored: Stored, symbols: Sequence[str], step: int) -> str | None:
    """The longest interval that all symbols have and that fits, else a kind of events."""
    if not symbols:
        return None
    common = set.intersection(*({i for s, i in stored.series if s == symbol} for symbol in symbols))
    fitting = sorted((i for i in common if _fits(i, step)), key=lambda i: (interval_ns(i), i))
    if fitting:
        return fitting[-1]
    for kind in EVENTS:
        if all((symbol, kind) in stored.events for symbol in symbols) and _fits(_FINEST, step):
            return kind
    return None


def _fits(finer: str, step: int) -> bool:
    short = interval_ns(finer)
    return short <= step and step % short == 0 and (step <= DAY_NS or step % DAY_NS == 0)


def _check(stored: Stored, symbols: Sequence[str], interval: str, made_of: str) -> None:
    from qt_engine.data.buckets import check_intervals

    is_events = made_of in EVENTS
    check_intervals(_FINEST if is_events else made_of, interval)
    there = stored.events if is_events else stored.series
    what = made_of if is_events else f"bars of {made_of}"
    for symbol in symbols:
        if (symbol, made_of) not in there:
            raise InputError(f"no {what} of {plain(repr(symbol))} are stored to make bars of {interval} of")


def _origin(stored: Stored, symbol: str, made_of: str, interval: str) -> str:
    series = stored.events[symbol, made_of] if made_of in EVENTS else stored.series[symbol, made_of or interval]
    actions = stored.events.get((symbol, "actions"))
    return str(Origin(series.info.snapshot, made_of, actions.info.snapshot if actions else ""))
