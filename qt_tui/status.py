"""What the header line says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Status:
    """`workspace` is its name, `data_date` the last day there is data for, `sessions` and `jobs` what runs now.

    `runs` are the backtests of this app that run now, `share` how far they are, 0 to 1.
    """

    workspace: str = ""
    data_date: str = ""
    sessions: int = 0
    jobs: int = 0
    runs: int = 0
    share: float = 0.0
