"""`Run`: what a person holds after a backtest: figures at once, curves and trades when asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError
from qt_engine.evaluation.metrics import Metrics
from qt_engine.experiments.record import RunRecord, RunStatus

if TYPE_CHECKING:
    import pandas as pd

    from qt_engine.evaluation.trades import Trade
    from qt_engine.experiments.artifacts import Rows
    from qt_engine.experiments.registry import RunRegistry


class Run:
    """One run of a workspace.

    Attributes
    ----------
    record
        Everything that the registry knows of it.
    """

    def __init__(self, record: RunRecord, registry: RunRegistry) -> None:
        self.record = record
        self._registry = registry

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.status} {self.record.spec.strategy} {','.join(self.record.spec.symbols)}>"

    @property
    def id(self) -> str:
        """`exp-<UTC time>-<first 8 of the spec hash>`."""
        return self.record.run_id

    @property
    def status(self) -> RunStatus:
        """What had become of it when it was looked up."""
        return self.record.status

    @property
    def metrics(self) -> Metrics:
        """Its figures.

        Raises
        ------
        InputError
            If it has not completed; `record.metrics` is None then.
        """
        if self.record.metrics is None:
            raise InputError(f"run {self.id} is {self.status}; only a completed run has metrics")
        return self.record.metrics

    @cached_property
    def trades(self) -> list[Trade]:
        """Closed round trips, in the order of their exits."""
        return self._registry.trades_of(self.record)

    @cached_property
    def fills(self) -> Rows:
        """Fills, dtype `qt_engine.simulation.contract.FILL`."""
        return self._registry.rows_of(self.record, "fills")

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """Limits that were reached, and corporate actions: `time, kind, symbol` (None: the whole book)`, value, bound`."""
        return self._registry.events_of(self.record)

    @cached_property
    def fallbacks(self) -> list[dict[str, Any]]:
        """Portfolio problems that had no solution: `time, method, reason, used`."""
        return self._registry.fallbacks_of(self.record)

    def curve(self) -> tuple[list[int], list[float]]:
        """Bars in UTC nanoseconds and the equity at their closes, without pandas."""
        rows = self._registry.rows_of(self.record, "equity")
        return rows["ts"].tolist(), rows["equity"].tolist()

    @cached_property
    def equity(self) -> pd.Series[float]:
        """Equity at each bar's close, under the time of the bar (UTC): a daily bar's is its day."""
        import pandas as pd

        rows = self._registry.rows_of(self.record, "equity")
        index = pd.DatetimeIndex(rows["ts"].astype("datetime64[ns]"), name="time").tz_localize("UTC")
        return pd.Series(rows["equity"].copy(), index=index, name="equity")

    def as_json(self) -> dict[str, Any]:
        """The document that `qt backtest --json` prints."""
        return self.record.as_json()

    def details(self) -> dict[str, Any]:
        """The document that `qt runs show --json` prints."""
        return {**self.record.details(), "events": self.events, "fallbacks": self.fallbacks}
