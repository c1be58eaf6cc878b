"""The table of a sweep: its order, its rows, its file."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from qt_engine import Workspace
from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.optimization.sweeping import METRICS, SweepTable

N = math.nan


def table_of(**metrics: list[float]) -> SweepTable:
    lanes = len(next(iter(metrics.values())))
    return SweepTable(
        "sma_cross", ("AAPL",), "1d", {"fast": np.arange(lanes), "slow": np.full(lanes, 100)},
        {name: np.array(values) for name, values in {"final_equity": [1.0] * lanes, **metrics}.items()},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("by", "values", "order"),
    [
        ("sharpe", [1.0, N, 3.0, -2.0], [2, 0, 3, 1]),
        ("sharpe", [1.0, 1.0, 2.0, 1.0], [2, 0, 1, 3]),  # ties as in the grid
        ("max_drawdown", [-0.5, -0.1, N, -0.2], [1, 3, 0, 2]),  # a negative fraction: the smallest loss first
        ("volatility", [0.3, N, 0.1, 0.2], [2, 3, 0, 1]),  # less is better
        ("fees", [5.0, 0.0, 3.0], [1, 2, 0]),
        ("profit_factor", [math.inf, 2.0, N], [0, 1, 2]),
        ("fast", [0.0] * 3, [0, 1, 2]),  # a parameter, from the smallest
    ],
)
def test_from_the_best_to_the_worst_and_undefined_last(by: str, values: list[float], order: list[int]) -> None:
    table = table_of(**{"sharpe" if by == "fast" else by: values})
    assert table.order(by).tolist() == order
    assert [row["parameters"]["fast"] for row in table.best(2, by)] == order[:2]


def test_an_unknown_column_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match="there is no column 'sharp'; did you mean sharpe?"):
        table_of(sharpe=[1.0]).order("sharp")


def test_a_row_is_plain_numbers_by_name() -> None:
    table = table_of(sharpe=[1.5, N])
    assert table.row(0) == {"parameters": {"fast": 0, "slow": 100}, "metrics": {"final_equity": 1.0, "sharpe": 1.5}}
    assert type(table.row(0)["parameters"]["fast"]) is int
    assert (len(table), table.varied) == (2, ("fast",))
    assert len(table.best(10)) == 2


def test_what_is_written_is_read_again(ws: Workspace, tmp_path: Path) -> None:
    table = ws.sweep("quick", grid={"window": [3, 100, 7]})
    assert tuple(table.metrics) == METRICS
    spec = ws.specify("quick")
    path = tmp_path / "results.parquet"
    table.write(path)
    found = SweepTable.read(path, spec)
    assert (found.strategy, found.symbols, found.interval) == ("quick", ("AAPL",), "1d")
    for kind in ("parameters", "metrics"):
        one, other = getattr(table, kind), getattr(found, kind)
        assert list(one) == list(other)
        for name in one:
            assert one[name].dtype == other[name].dtype, name
            assert one[name].tobytes() == other[name].tobytes(), name
    with pytest.raises(NotFoundError, match="has left no table"):
        SweepTable.read(tmp_path / "absent" / "results.parquet", spec)
