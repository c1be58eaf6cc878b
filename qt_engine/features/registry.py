"""Which indicators exist.

The strategy checker, the editor and the command line read this on every key press, so nothing here imports
numpy, numba or TA-Lib; the numbers are made in `qt_engine.features.compute`.
"""

from __future__ import annotations

from qt_engine.features.binding import Binding, Column, bind
from qt_engine.features.indicator import Indicator, Parameter
from qt_engine.features.own_indicators import OWN_INDICATORS
from qt_engine.features.signals import SIGNALS
from qt_engine.features.talib_functions import TALIB_FUNCTIONS

__all__ = ["INDICATORS", "Binding", "Column", "Indicator", "Parameter", "bind", "lookup", "refusal"]

INDICATORS: dict[str, Indicator] = {
    indicator.name: indicator
    for indicator in sorted((*OWN_INDICATORS, *SIGNALS, *TALIB_FUNCTIONS), key=lambda i: i.name)
}
"""Every indicator by name, in sorted order."""


def lookup(name: str) -> Indicator | None:
    """The indicator of this name, or None; also a registered feature of one asset, which is called like one."""
    found = INDICATORS.get(name)
    if found is not None or not name.isidentifier():
        return found
    from qt_engine.features.adapting import registered

    return registered(name)


def refusal(name: str) -> str | None:
    """Why a strategy cannot call what is registered under this name, such as a label; None where nothing is."""
    from qt_engine.features import adapting

    return adapting.refusal(name)
