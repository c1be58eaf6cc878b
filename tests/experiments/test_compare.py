"""Runs side by side: metrics with the difference to the baseline, and only what else differs."""

from __future__ import annotations

import json

import pytest

from qt_engine import Workspace
from qt_engine.core.errors import InputError
from qt_engine.evaluation.metrics import METRICS


def test_metrics_differences_and_what_differs(ws: Workspace) -> None:
    first = ws.backtest("quick")
    second = ws.backtest("quick", params={"window": 20}, fee_bps=0)
    document = ws.compare(first, second.id).as_json()
    json.dumps(document, allow_nan=False)
    assert document["baseline"] == first.id
    assert [run["run_id"] for run in document["runs"]] == [first.id, second.id]
    assert tuple(document["metrics"]) == METRICS
    assert document["metrics"]["sharpe"]["values"] == [first.metrics.sharpe, second.metrics.sharpe]
    assert document["metrics"]["sharpe"]["differences"] == [0.0, second.metrics.sharpe - first.metrics.sharpe]
    assert document["parameters"] == {"window": [10, 20]}
    assert document["differences"] == {"fee_bps": [5.0, 0.0]}


def test_another_baseline_and_other_strategies(ws: Workspace) -> None:
    first = ws.backtest("quick", ["AAPL"], end="2010-12-31")
    second = ws.backtest("sma_cross", ["IBM", "AAPL"])
    comparison = ws.compare(first.id, second, baseline=1)
    assert comparison.metrics[0].differences[1] == 0.0
    assert {item.name: item.values for item in comparison.parameters}["window"] == (10, None)
    differs = {item.name: item.values for item in comparison.differences}
    assert differs["strategy"] == ("quick", "sma_cross")
    assert differs["symbols"] == (["AAPL"], ["IBM", "AAPL"])
    assert {"data_hash", "end", "bars", "strategy_document"} <= set(differs)
    assert "seed" not in differs


def test_a_failed_run_can_be_compared(ws: Workspace) -> None:
    def burst(share: float) -> None:
        raise ValueError("no")

    first = ws.backtest("quick")
    with pytest.raises(ValueError, match="no"):
        ws.backtest("quick", progress=burst)
    failed = ws.runs.list("failed")[0]
    document = ws.compare(first, failed.run_id).as_json()
    assert document["metrics"]["sharpe"]["values"][1] is None
    assert document["metrics"]["sharpe"]["differences"][1] is None
    assert document["differences"]["status"] == ["completed", "failed"]


def test_two_runs_at_least_and_a_baseline_among_them(ws: Workspace) -> None:
    run = ws.backtest("quick")
    with pytest.raises(InputError, match="at least two"):
        ws.compare(run)
    with pytest.raises(InputError, match="0 to 1, not 2"):
        ws.compare(run, run, baseline=2)
