"""`RiskLimits`: what a book may never be, as one checked value that the kernel, the checks and a live guard share.

Exposures are fractions of equity, as everywhere in qt: gross is the sum of absolute positions, net their signed sum.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ConfigDict, Field

from qt_engine.core.checked import Checked

BOUNDED_BY_GROSS = ("max_net", "max_concentration")
"""Limits of an exposure that the gross exposure contains: above `max_gross` they could never be reached."""


class RiskLimits(Checked):
    """Limits of a run or a session; None means that there is no such limit.

    However it is made (keywords, `model_validate`, JSON), what is wrong with it is raised as `InputError` in one line
    that names every violation.

    Raises
    ------
    InputError
        If a limit is unknown, of another type, out of range, or contradicts another.
    """

    model_config = ConfigDict(strict=True)
    title: ClassVar[str] = "risk limits"
    noun: ClassVar[str] = "limit"

    max_positions: int | None = Field(
        None, ge=1, le=1_000_000, description="Assets with an open position at one time; a count from 1 to 1,000,000."
    )
    max_gross: float | None = Field(
        None, gt=0.0, le=1e6, description="Sum of absolute positions; a fraction of equity above 0, to 1e6."
    )
    max_net: float | None = Field(
        None,
        ge=0.0,
        le=1e6,
        description="Absolute sum of signed positions; a fraction of equity from 0 (as much short as long) to 1e6, "
        "at most max_gross.",
    )
    max_concentration: float | None = Field(
        None,
        gt=0.0,
        le=1e6,
        description="Absolute position in any one asset; a fraction of equity above 0, to 1e6, at most max_gross.",
    )
    max_position: float | None = Field(
        None, gt=0.0, le=1e15, description="Absolute position in any one asset; units of currency above 0, to 1e15."
    )
    max_drawdown: float | None = Field(
        None, gt=0.0, le=1.0, description="Loss from the highest equity so far; a fraction of it above 0, to 1."
    )
    max_daily_loss: float | None = Field(
        None,
        gt=0.0,
        le=1.0,
        description="Loss since the end of the session before (the start, in the first); a fraction of the equity "
        "there above 0, to 1.",
    )
    max_orders_per_day: int | None = Field(
        None, ge=1, le=1_000_000_000, description="Orders in one session; a count from 1 to 1,000,000,000."
    )

    def contradictions(self) -> list[str]:
        """Exposures that the gross limit makes unreachable."""
        if self.max_gross is None:
            return []
        given = {name: getattr(self, name) for name in BOUNDED_BY_GROSS}
        return [
            f"{name} {value:g} contradicts max_gross {self.max_gross:g}: it can be at most that"
            for name, value in given.items()
            if value is not None and value > self.max_gross
        ]

    def tighter(self, other: RiskLimits) -> RiskLimits:
        """The stricter of each limit: what holds where both hold.

        A limit that only one of the two has is kept. A net exposure or a concentration that the other's `max_gross`
        makes unreachable becomes that `max_gross`, which means the same.
        """
        chosen: dict[str, Any] = {}
        for name in type(self).model_fields:
            given = [value for value in (getattr(self, name), getattr(other, name)) if value is not None]
            chosen[name] = min(given, default=None)
        gross = chosen["max_gross"]
        for name in BOUNDED_BY_GROSS:
            if gross is not None and chosen[name] is not None:
                chosen[name] = min(chosen[name], gross)
        return RiskLimits(**chosen)

    @property
    def unlimited(self) -> bool:
        """Whether nothing is limited."""
        return all(getattr(self, name) is None for name in type(self).model_fields)
