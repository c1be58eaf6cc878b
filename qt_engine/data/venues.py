"""Venues: which local day a bar belongs to, and how many sessions make a year.

Only the time zones stand here, because loading a market must not import a calendar library; the calendars themselves
(holidays, half days) come from exchange-calendars, where quality is judged. A test holds the table against that library.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.clock import SECOND
from qt_engine.core.errors import InputError
from qt_engine.core.intervals import DAY_NS, interval_ns, is_intraday
from qt_engine.data.time_zones import utc_offsets, zone

ALWAYS_OPEN = "24/7"
UNKNOWN = ""
"""The venue of a series for which none was named and none could be told from its bars."""

TIME_ZONES = {
    "XNYS": "America/New_York", "XNAS": "America/New_York", "XASE": "America/New_York", "ARCX": "America/New_York",
    "BATS": "America/New_York", "IEXG": "America/New_York", "XCBF": "America/Chicago", "CMES": "America/Chicago",
    "XTSE": "America/Toronto", "XMEX": "America/Mexico_City", "BVMF": "America/Sao_Paulo",
    "XBUE": "America/Argentina/Buenos_Aires",
    "XLON": "Europe/London", "XDUB": "Europe/Dublin", "XPAR": "Europe/Paris", "XAMS": "Europe/Amsterdam",
    "XBRU": "Europe/Brussels", "XLIS": "Europe/Lisbon", "XMIL": "Europe/Rome", "XMAD": "Europe/Madrid",
    "XFRA": "Europe/Berlin", "XETR": "Europe/Berlin", "XSWX": "Europe/Zurich", "XWBO": "Europe/Vienna",
    "XSTO": "Europe/Stockholm", "XCSE": "Europe/Copenhagen", "XHEL": "Europe/Helsinki", "XOSL": "Europe/Oslo",
    "XWAR": "Europe/Warsaw", "XPRA": "Europe/Prague", "XBUD": "Europe/Budapest", "XIST": "Europe/Istanbul",
    "XTAE": "Asia/Jerusalem", "XJSE": "Africa/Johannesburg", "XTKS": "Asia/Tokyo", "XKRX": "Asia/Seoul",
    "XTAI": "Asia/Taipei", "XHKG": "Asia/Hong_Kong", "XSHG": "Asia/Shanghai", "XSES": "Asia/Singapore",
    "XBKK": "Asia/Bangkok", "XBOM": "Asia/Kolkata", "XASX": "Australia/Sydney", "XNZE": "Pacific/Auckland",
}  # fmt: skip
OPENS = {
    "XNYS": "09:30", "XNAS": "09:30", "XASE": "09:30", "ARCX": "09:30", "BATS": "09:30", "IEXG": "09:30", "XCBF": "08:30",
    "CMES": "17:00", "XTSE": "09:30", "XMEX": "08:30", "BVMF": "10:00", "XBUE": "11:00",
    "XLON": "08:00", "XDUB": "08:00", "XPAR": "09:00", "XAMS": "09:00", "XBRU": "09:00", "XLIS": "08:00", "XMIL": "09:00",
    "XMAD": "09:00", "XFRA": "09:00", "XETR": "09:00", "XSWX": "09:00", "XWBO": "09:00", "XSTO": "09:00", "XCSE": "09:00",
    "XHEL": "10:00", "XOSL": "09:00", "XWAR": "09:00", "XPRA": "09:00", "XBUD": "09:00", "XIST": "10:00", "XTAE": "10:00",
    "XJSE": "09:00", "XTKS": "09:00", "XKRX": "09:00", "XTAI": "09:00", "XHKG": "09:30", "XSHG": "09:30", "XSES": "09:00",
    "XBKK": "10:00", "XBOM": "09:15", "XASX": "10:00", "XNZE": "10:00",
}  # fmt: skip
"""When the session opens on the venue's clock nowadays: where the grid of resampled bars is laid from."""
ALIASES = {
    "NYSE": "XNYS", "NASDAQ": "XNAS", "AMEX": "XASE", "LSE": "XLON", "TSX": "XTSE", "XETRA": "XETR", "SIX": "XSWX",
    "TSE": "XTKS", "HKEX": "XHKG", "SSE": "XSHG", "ASX": "XASX", "BSE": "XBOM", "ALWAYS": ALWAYS_OPEN,
}  # fmt: skip
"""Everyday names of venues, and the market identifiers that are kept for them."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,31}")
_ALWAYS_OPEN_YEAR = 365.0
_SESSIONS_YEAR = 252.0
_WEEKS_YEAR = 52.0
_WEEK_DAYS = 7
_MINUTE_NS = 60 * SECOND


def checked_venue(name: str) -> str:
    """The venue's market identifier, or its name in capitals where it has none that is known.

    Raises
    ------
    InputError
        If it could be no venue's name.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"venue {name!r} is no name of a venue; use a MIC such as XNYS, or 24/7")
    return ALIASES.get(name.upper(), name.upper())


def detect_venue(ts: NDArray[np.int64], interval: str) -> str:
    """`24/7` if any bar opens at the weekend, else unknown.

    Sunday counts until 10:00 UTC: later it is Monday in New Zealand, and futures trade again. Bars of a week or longer
    tell nothing, for some label them with a Sunday.
    """
    if interval_ns(interval) >= _WEEK_DAYS * DAY_NS:
        return UNKNOWN
    days = (ts // DAY_NS + 3) % _WEEK_DAYS  # 1970-01-01 was a Thursday; Monday is 0
    sunday = (days == 6) & (ts % DAY_NS < 10 * DAY_NS // 24)
    return ALWAYS_OPEN if bool(np.any((days == 5) | sunday)) else UNKNOWN


def periods_per_year(interval: str, venue: str) -> float:
    """How many sampled bars make a year: sessions for intraday bars, else bars of this interval."""
    days = 1 if is_intraday(interval) else interval_ns(interval) / DAY_NS
    if days >= _WEEK_DAYS:
        return _WEEKS_YEAR * _WEEK_DAYS / days
    return (_ALWAYS_OPEN_YEAR if venue == ALWAYS_OPEN else _SESSIONS_YEAR) / days


def opening_ns(venue: str) -> int:
    """When the session opens, in nanoseconds after midnight on the venue's clock; 0 where that is not known."""
    hours, _, minutes = OPENS.get(venue, "00:00").partition(":")
    return (int(hours) * 60 + int(minutes)) * _MINUTE_NS


def session_ends(ts: NDArray[np.int64], interval: str, venue: str) -> NDArray[np.uint8]:
    """uint8, 1 where a bar is the last of its session: of the venue's local day where its zone is known, else of the UTC day."""
    ends = np.ones(len(ts), np.uint8)
    if is_intraday(interval) and len(ts):
        days = local_times(ts, venue) // DAY_NS
        ends[:-1] = days[1:] != days[:-1]
    return ends


def local_times(ts: NDArray[np.int64], venue: str) -> NDArray[np.int64]:
    """What the venue's clock shows at `ts`, as nanoseconds since 1970-01-01 on that clock; UTC where the zone is not known."""
    if venue not in TIME_ZONES:
        return ts
    return ts + utc_offsets(ts, zone(TIME_ZONES[venue]))


def bar_days(ts: NDArray[np.int64], interval: str, venue: str) -> NDArray[np.int64]:
    """The day (since 1970) that each bar belongs to: the date at the venue.

    Bars of a day or longer that are labelled with a UTC midnight are for that date, wherever they trade.
    """
    local = local_times(ts, venue)
    return (local if is_intraday(interval) else np.where(ts % DAY_NS == 0, ts, local)) // DAY_NS
