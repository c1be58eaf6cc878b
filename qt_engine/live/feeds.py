"""Feeds: who supplies a session's bars, and when.

A feed hands out everything that is known so far, never more: whoever compiles a plan from it cannot look ahead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from qt_engine.core.clock import monotonic

if TYPE_CHECKING:
    from qt_engine.data.market import Market

Pause = Callable[[float], object]
"""Waits for some seconds, or less if the session is to stop (`threading.Event.wait`)."""

FIRST_LOT = 256


class Feed(Protocol):
    """Closed bars, one market that only ever grows at its end."""

    total: int | None
    """How many bars there will be; None if nobody knows."""

    def next(self, seen: int) -> Market | None:
        """All bars that have closed by now, at least one more than `seen`; waits for it.

        None: there will be no more, or the session is to stop.
        """
        ...


class ReplayFeed:
    """Stored bars, once more.

    Parameters
    ----------
    market
        The bars to replay.
    speed
        Bars a second; 0: as fast as they are taken, in lots that grow with the history, so that a plan is
        compiled a few dozen times and not once for each bar of a million.
    pause
        How to wait.
    """

    def __init__(self, market: Market, speed: float, pause: Pause) -> None:
        self.total: int | None = len(market)
        self._market = market
        self._bars = len(market)
        self._speed = speed
        self._pause = pause
        self._begun: tuple[float, int] | None = None

    def next(self, seen: int) -> Market | None:
        """See `Feed.next`."""
        if seen >= self._bars:
            return None
        if self._speed == 0.0:
            return self._market.head(min(self._bars, seen + max(FIRST_LOT, seen // 4)))
        if self._begun is None:
            self._begun = (monotonic(), seen)
        start, first = self._begun
        closes = start + (seen + 1 - first) / self._speed
        while (wait := closes - monotonic()) > 0:
            if self._pause(wait):
                return None
        closed = first + int((monotonic() - start) * self._speed)
        return self._market.head(min(self._bars, max(seen + 1, closed)))
