"""What the header line says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Status:
    """`workspace` is its name, `data_date` the last day there is data for, `sessions` and `jobs` what runs now."""

    workspace: str = ""
    data_date: str = ""
    sessions: int = 0
    jobs: int = 0
