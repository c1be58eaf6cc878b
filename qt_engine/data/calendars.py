"""Sessions of venues, from exchange-calendars. That library and pandas are imported when a calendar is first asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.intervals import DAY_NS

Times = NDArray[np.int64]
_PADDING_DAYS = 10


def find_calendar(venue: str, first: int, last: int) -> Any:
    """The venue's calendar around these times (UTC nanoseconds), or None where none is known."""
    import exchange_calendars
    import pandas as pd

    padding = pd.Timedelta(days=_PADDING_DAYS)
    try:
        return exchange_calendars.get_calendar(
            venue,
            start=(pd.Timestamp(first) - padding).normalize(),
            end=(pd.Timestamp(last) + padding).normalize(),
        )
    except (exchange_calendars.errors.CalendarError, ValueError):
        return None  # not a venue it knows, or not at that time


def session_days(calendar: Any) -> Times:
    """The dates of a calendar's sessions as days since 1970."""
    return nanoseconds(calendar.schedule.index) // DAY_NS


def nanoseconds(times: Any) -> Times:
    """pandas times, whatever their zone and unit, as UTC nanoseconds."""
    import pandas as pd

    index = pd.DatetimeIndex(times)
    utc = index.tz_convert("UTC").tz_localize(None) if index.tz is not None else index
    return np.asarray(utc.to_numpy().astype("datetime64[ns]").astype(np.int64), np.int64)
