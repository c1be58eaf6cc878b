"""How numbers and times look everywhere in the app: fixed decimals, always a sign, an arrow beside the colour."""

from __future__ import annotations

import math
from datetime import UTC, datetime

MISSING = "—"
_SUFFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def decimals_for(price: float) -> int:
    """How many decimals a price of this size needs: 2 from one upward, more below."""
    size = abs(price)
    if not math.isfinite(size) or size >= 1 or size == 0:
        return 2
    return min(8, 3 - math.floor(math.log10(size)))


def number(value: float | None, decimals: int = 2) -> str:
    """`1234.5` as `1,234.50`; a missing value as a dash."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:,.{decimals}f}"
    return text[1:] if value < 0 and float(text.replace(",", "")) == 0 else text


def price(value: float | None) -> str:
    """A price with as many decimals as its size asks for."""
    return number(value, decimals_for(value) if value is not None else 2)


def signed(value: float | None, decimals: int = 2) -> str:
    """With its sign: `+3.10`, `-0.25`; zero has none."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:+,.{decimals}f}"
    return text[1:] if float(text.replace(",", "")) == 0 else text


def percent(fraction: float | None, decimals: int = 2) -> str:
    """A fraction as a signed percentage: `0.031` as `+3.10%`."""
    if fraction is None or not math.isfinite(fraction):
        return MISSING
    return f"{signed(fraction * 100, decimals)}%"


def arrow(value: float | None) -> str:
    """`▲` for a gain, `▼` for a loss, a space for neither."""
    if value is None or not math.isfinite(value) or value == 0:
        return " "
    return "▲" if value > 0 else "▼"


def compact(value: float | None) -> str:
    """At most six characters: `1.23M`, `45.6k`, `789`."""
    if value is None or not math.isfinite(value):
        return MISSING
    for limit, suffix in _SUFFIXES:
        if abs(value) >= limit * 0.99995:
            scaled = value / limit
            return f"{scaled:.{2 if abs(scaled) < 10 else 1 if abs(scaled) < 100 else 0}f}{suffix}"
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def count(value: int) -> str:
    """A whole number with thousands separated."""
    return f"{value:,}"


def moment(ns: int | None, *, intraday: bool = False, seconds: bool = False) -> str:
    """UTC nanoseconds as `2010-01-04`, with `09:30` for bars shorter than a day."""
    if ns is None:
        return MISSING
    pattern = "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M" if intraday else "%Y-%m-%d"
    return datetime.fromtimestamp(int(ns) // 1_000_000_000, UTC).strftime(pattern)


def nanoseconds(text: str) -> int:
    """ISO 8601 with `Z` as UTC nanoseconds; the reverse of the engine's times."""
    head, _, rest = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(head).replace(tzinfo=UTC).timestamp())
    return seconds * 1_000_000_000 + (int(rest.ljust(9, "0")[:9]) if rest else 0)


def time_of(text: str | None) -> str:
    """ISO 8601 as `2010-01-04`, with the time of day unless it is midnight."""
    if not text:
        return MISSING
    day, _, clock = text.removesuffix("Z").partition("T")
    return day if clock in ("", "00:00:00") else f"{day} {clock[:5]}"
