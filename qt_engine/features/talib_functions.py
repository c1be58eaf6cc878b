"""Every TA-Lib function as `ta.NAME`."""

from __future__ import annotations

from qt_engine.features.indicator import Indicator

TALIB_FUNCTIONS: tuple[Indicator, ...] = ()
