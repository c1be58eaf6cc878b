"""A sweep from what was asked for to a table with a row for every combination: the bad ones too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.text import nearest
from qt_engine.evaluation.metrics import Metrics, evaluate
from qt_engine.experiments.record import is_perfect
from qt_engine.experiments.spec import RunSpec
from qt_engine.optimization.grids import combinations

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qt_engine.data.market import Market

METRICS = tuple(field.name for field in fields(Metrics))
LESS_IS_BETTER = frozenset({"volatility", "turnover", "fees", "slippage", "ambiguous_bars"})


@dataclass(frozen=True)
class SweepTable:
    """The outcome of a sweep: arrays `(lanes,)` by parameter and by metric.

    Attributes
    ----------
    strategy, symbols, interval
        What was swept.
    parameters, metrics
        One array for every parameter of the strategy and every field of `Metrics`.
    perfect
        Whether the execution model has no costs: such results cannot be traded.
    """

    strategy: str
    symbols: tuple[str, ...]
    interval: str
    parameters: Mapping[str, NDArray[Any]]
    metrics: Mapping[str, NDArray[Any]]
    perfect: bool = False

    def __len__(self) -> int:
        return len(self.metrics["final_equity"])

    @property
    def varied(self) -> tuple[str, ...]:
        """The parameters that have more than one value."""
        return tuple(name for name, column in self.parameters.items() if len(column) and (column != column[0]).any())

    def row(self, lane: int) -> dict[str, dict[str, Any]]:
        """One combination: `parameters` and `metrics` by name."""
        return {
            "parameters": {name: column[lane].item() for name, column in self.parameters.items()},
            "metrics": {name: column[lane].item() for name, column in self.metrics.items()},
        }

    def order(self, by: str = "sharpe") -> NDArray[np.int64]:
        """Lanes from the best to the worst by a metric or a parameter; undefined figures last, ties as in the grid.

        Raises
        ------
        InputError
            If there is no such column.
        """
        import numpy as np

        column = self.metrics.get(by, self.parameters.get(by))
        if column is None:
            near = nearest(by, [*self.metrics, *self.parameters])
            raise InputError(f"there is no column {by!r}" + (f"; did you mean {near}?" if near else ""))
        key = column.astype(np.float64)
        if by not in LESS_IS_BETTER and by in self.metrics:
            key = -key
        return np.argsort(np.where(np.isnan(key), np.inf, key), kind="stable")

    def best(self, count: int = 10, by: str = "sharpe") -> list[dict[str, dict[str, Any]]]:
        """The first rows in that order."""
        return [self.row(int(lane)) for lane in self.order(by)[:count]]

    def write(self, path: Path) -> None:
        """Keep the table as a Parquet file; columns are `parameter_<name>` and `metric_<name>`."""
        from qt_engine.storage.lake import write_parquet

        columns = {f"parameter_{name}": column for name, column in self.parameters.items()}
        columns |= {f"metric_{name}": column for name, column in self.metrics.items()}
        write_parquet(path, columns)

    @classmethod
    def read(cls, path: Path, spec: RunSpec) -> SweepTable:
        """The reverse of `write`.

        Raises
        ------
        NotFoundError
            If the sweep has left no table.
        """
        from qt_engine.storage.lake import read_parquet

        if not path.exists():
            raise NotFoundError(f"{path.parent.name} has left no table; a sweep writes it when it is finished")
        columns = read_parquet([path])
        kinds: dict[str, dict[str, Any]] = {"parameter": {}, "metric": {}}
        for name, column in columns.items():
            kind, _, short = name.partition("_")
            kinds[kind][short] = column
        return cls(spec.strategy, spec.symbols, spec.interval, kinds["parameter"], kinds["metric"], is_perfect(spec))


def run_sweep(
    spec: RunSpec,
    grid: Mapping[str, Iterable[Any]] | None,
    market: Market,
    *,
    fixed: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> SweepTable:
    """Run a strategy with every combination of a grid, its assets on shared cash.

    Parameters
    ----------
    spec
        What to run; of its parameters only those in `fixed` count.
    grid
        See `grids.combinations`.
    progress
        Called with the share done; may raise to cancel.

    Raises
    ------
    InputError
        If the grid does not fit the strategy, or there are no bars.
    """
    import numpy as np

    from qt_engine.simulation.sweep import in_lanes, sweep
    from qt_engine.simulation.warm import warm_up
    from qt_engine.strategies.loading import stored_strategy

    if not len(market):
        raise InputError(f"there are no {spec.interval} bars in this range")
    document = stored_strategy(spec.source, spec.document)
    parameters = combinations(document, fixed or {}, grid)
    if spec.is_program:
        _prove(spec, parameters, market)
    quick = in_lanes(document, [market], spec.execution, spec.risk)
    warm_up(sweeps=quick, complete=not quick)
    result = sweep(
        document, parameters, [market], spec.execution, spec.cash, risk=spec.risk, seed=spec.seed, threads=threads,
        progress=progress,
    )  # fmt: skip
    rows = [evaluate(result.counters(lane), market.periods_per_year) for lane in range(result.final_equity.shape[1])]
    metrics = {name: np.array([getattr(row, name) for row in rows]) for name in METRICS}
    return SweepTable(spec.strategy, spec.symbols, spec.interval, parameters, metrics, is_perfect(spec))


def _prove(spec: RunSpec, parameters: Mapping[str, NDArray[Any]], market: Market) -> None:
    """See with the first combination that a program does not look ahead."""
    from qt_engine.experiments.road import prepare, prove_program

    first = replace(spec, parameters={name: column[0].item() for name, column in parameters.items()})
    prove_program(first, prepare(first, market))
