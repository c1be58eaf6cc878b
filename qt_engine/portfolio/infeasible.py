"""`Infeasible`: an allocation problem without a solution is a value that says why, not an exception."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Infeasible:
    """No weights: `reason` says in words which constraints contradict, or what the method could not work with."""

    reason: str
