"""`House`: what the services that start jobs need of the workspace above them, so that none of them imports it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from qt_engine.data.service import DataService
    from qt_engine.experiments.spec import RunSpec
    from qt_engine.jobs.service import JobService


class House(Protocol):
    """What sessions and sweeps need of a workspace."""

    @property
    def data(self) -> DataService: ...

    @property
    def jobs(self) -> JobService: ...

    def specify(
        self,
        strategy: str | os.PathLike[str],
        symbols: Sequence[str] | None = None,
        interval: str | None = None,
        start: str | date | None = None,
        end: str | date | None = None,
        params: Mapping[str, Any] | None = None,
        **execution: Any,
    ) -> RunSpec: ...
