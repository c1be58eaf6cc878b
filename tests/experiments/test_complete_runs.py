"""What a run on the complete path leaves beside fills, orders and equity: events, figures, fallbacks, warnings, its label."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine import Workspace
from qt_engine.data.canonical import market_from_arrays
from qt_engine.experiments.artifacts import read_table, write_table
from qt_engine.experiments.caveats import MOST_FALLBACKS, fallback_lines
from qt_engine.experiments.record import PERFECT, is_perfect
from qt_engine.experiments.run import Run
from qt_engine.experiments.spec import RunSpec
from qt_engine.simulation.contract import Event
from qt_engine.simulation.execution import Carry, Execution, FeeRegime, FeeTier, Impact, Latency, VolumeShare
from qt_engine.storage.lake import read_parquet
from qt_engine.strategies.plan import Fallback

THIN = Execution(
    name="thin", participation=0.0002, failure_probability=0.2, latency=Latency(ms=250.0),
    carry=Carry(cash_rate=0.01, borrow_rate=0.05),
)  # fmt: skip
LIMITS = {"max_concentration": 0.3, "max_daily_loss": 0.03}


@pytest.fixture
def thin(ws: Workspace) -> Run:
    """A large account in a thin market, with limits."""
    return ws.backtest("quick", ["AAPL", "IBM"], cash=20e6, execution=THIN, risk=LIMITS, seed=3, end="2006-12-31")


def test_events_are_stored_and_read_again(ws: Workspace, thin: Run) -> None:
    rows = ws.runs.events(thin.id)
    assert (ws.runs.folder(thin.id) / "events.parquet").exists()
    assert set(rows["kind"].tolist()) == {Event.MAX_CONCENTRATION, Event.MAX_DAILY_LOSS}
    assert len(thin.events) == len(rows) > 10
    assert all(list(event) == ["time", "kind", "symbol", "value", "bound"] for event in thin.events)
    of_assets = [event for event in thin.events if event["kind"] == "max_concentration"]
    assert {event["symbol"] for event in of_assets} <= {"AAPL", "IBM", None}
    assert all(event["value"] > event["bound"] == 0.3 for event in of_assets)
    assert {event["symbol"] for event in thin.events if event["kind"] == "max_daily_loss"} == {None}
    document = ws.run(thin.id).details()
    assert document["events"] == thin.events
    assert document["fallbacks"] == []
    json.dumps(document, allow_nan=False)


def test_what_the_complete_path_counts_stands_beside_the_metrics(ws: Workspace, thin: Run) -> None:
    stored = ws.runs.get(thin.id)
    assert stored == thin.record
    measured = stored.as_json()["metrics"]
    assert list(measured)[:16] == list(thin.metrics.as_json())
    assert set(list(measured)[16:]) == {"failed_orders", "interest", "limit_events"}  # nothing was borrowed
    assert measured["limit_events"] == len(thin.events)
    orders = ws.runs.table(thin.id, "orders")
    assert measured["failed_orders"] == int((orders["status"] == 6).sum()) > 0
    assert isinstance(measured["failed_orders"], int)
    assert "interest" not in ws.backtest("quick").record.as_json()["metrics"]


def test_warnings_tell_of_orders_and_limits(thin: Run) -> None:
    said = " | ".join(thin.record.warnings)
    assert "filled only in part" in said
    assert "lost on the way to the market" in said
    assert "limits were reached: max_concentration " in said
    assert "max_daily_loss" in said
    assert PERFECT not in said


def test_trades_of_a_run_in_parts_add_up(ws: Workspace, thin: Run) -> None:
    fills = ws.runs.fills(thin.id)
    assert len(fills) > 3 * len(thin.trades) > 0
    assert len(thin.trades) == thin.metrics.trades


def test_it_is_reproduced_with_its_events(ws: Workspace, thin: Run) -> None:
    assert ws.reproduce(thin.id).verdict == "identical"
    folder = ws.runs.folder(thin.id)
    events = read_table(folder, "events")
    events["value"][2] += 1e-9
    write_table(folder, "events", events)
    assert str(ws.reproduce(thin.id).first_difference).startswith("event 2: value ")
    (folder / "events.parquet").unlink()
    assert str(ws.reproduce(thin.id).first_difference) == f"events: 0 stored ≠ {len(events)} now"


def test_a_run_without_events_has_no_file_and_is_read_all_the_same(ws: Workspace) -> None:
    run = ws.backtest("quick")
    assert not (ws.runs.folder(run.id) / "events.parquet").exists()
    assert (run.events, run.fallbacks, run.record.figures) == ([], [], {})
    assert ws.runs.events(run.id).shape == (0,)


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_events_are_exported(ws: Workspace, thin: Run, tmp_path: Path, format: str) -> None:
    (path,) = [file for file in ws.export(thin, tmp_path, format) if file.stem == "events"]
    match format:
        case "json":
            assert json.loads(path.read_text()) == thin.events
        case "csv":
            lines = path.read_text().splitlines()
            assert lines[0] == "time,kind,symbol,value,bound"
            assert len(lines) == len(thin.events) + 1
        case _:
            columns = read_parquet([path])
            assert columns["symbol"].tolist() == [event["symbol"] or "" for event in thin.events]
            assert columns["value"].tolist() == [event["value"] for event in thin.events]


def test_runs_of_other_models_are_compared(ws: Workspace, thin: Run) -> None:
    plain = ws.backtest("quick", ["AAPL", "IBM"], cash=20e6, execution="perfect", seed=3, end="2006-12-31")
    document = ws.compare(plain, thin).as_json()
    assert document["metrics"]["limit_events"] == {
        "values": [0, len(thin.events)],
        "differences": [0, len(thin.events)],
    }
    assert document["differences"]["execution"] == ["perfect", "thin"]
    assert document["differences"]["limits"] == [{}, LIMITS]
    assert document["differences"]["model"][1]["participation"] == 0.0002
    assert [run["perfect"] for run in document["runs"]] == [True, False]
    json.dumps(document, allow_nan=False)


def test_a_run_without_costs_says_so_wherever_it_appears(ws: Workspace) -> None:
    for wanted in ({"execution": "perfect"}, {"fee_bps": 0.0, "slippage_bps": 0.0}):
        record = ws.backtest("quick", **wanted).record  # type: ignore[arg-type]
        assert record.perfect
        assert record.warnings[0] == PERFECT
        assert record.details()["execution"]["perfect"] is True
    for other in ({}, {"fee_bps": 0.0}, {"slippage_bps": 0.0}, {"execution": "us_stocks"}):
        assert not ws.backtest("quick", **other, end="2001-12-31").record.perfect  # type: ignore[arg-type]


def test_every_fallback_of_a_portfolio_is_kept_and_few_lines_tell_of_them(ws: Workspace) -> None:
    run = ws.backtest("min_variance", ["AAPL", "IBM"], params={"most": 0.4})
    assert len(run.fallbacks) > 100
    assert all(list(item) == ["time", "method", "reason", "used"] for item in run.fallbacks)
    assert {item["used"] for item in run.fallbacks} == {"hold"}
    told = [line for line in run.record.warnings if "min_variance: " in line]
    assert 1 <= len(told) <= MOST_FALLBACKS
    assert any("more like it until" in line for line in told)
    assert all(len(line) < 320 for line in run.record.warnings)
    assert Workspace.open(ws.folder).run(run.id).details()["fallbacks"] == run.fallbacks


@pytest.mark.parametrize(
    "model",
    [
        Execution(fee_bps=fee, slippage_bps=slippage, **more)
        for fee in (0.0, 1.0)
        for slippage in (0.0, 1.0)
        for more in (
            {}, {"spread_bps": 2.0}, {"quoted_spread": True}, {"impact": Impact()}, {"volume_share": VolumeShare()},
            {"fees": (FeeRegime(),)}, {"fees": (FeeRegime(tiers=(FeeTier(maker_bps=-1.0, taker_bps=0.0),)),)},
            {"participation": 0.1, "name": "free but slow"},
        )
    ],
    ids=lambda model: str(model.canonical()),
)  # fmt: skip
def test_a_spec_knows_whether_its_model_is_perfect_without_composing_it(model: Execution) -> None:
    rest = {name: value for name, value in model.canonical().items() if name not in ("fee_bps", "slippage_bps", "tick")}
    spec = RunSpec("x", {}, "", ("A",), "1d", fee_bps=model.fee_bps, slippage_bps=model.slippage_bps, model=rest)
    assert spec.execution.is_perfect == model.is_perfect == is_perfect(spec)


TEN_YEARS = market_from_arrays(
    ["A"], "1d", np.arange(3_650) * 86_400_000_000_000, *[np.ones((3_650, 1))] * 5, venue="24/7"
)  # fmt: skip


def test_one_fallback_is_one_line() -> None:
    line = fallback_lines(
        [Fallback(89, "min_variance", "max_weight 0.1 × 5 assets is below the gross of 1", "equal")], TEN_YEARS
    )
    assert line == ["1970-03-31 min_variance: max_weight 0.1 × 5 assets is below the gross of 1; used equal"]


def test_fallbacks_that_differ_in_numbers_share_a_line() -> None:
    many: list[Fallback] = [
        Fallback(bar, "hrp", f"{bar} of 252 returns are known", "hold") for bar in range(0, 250, 21)
    ]
    assert fallback_lines(many, TEN_YEARS) == [
        "1970-01-01 hrp: 0 of 252 returns are known; used hold (and 11 more like it until 1970-08-20)"
    ]


@given(
    st.lists(
        st.tuples(st.integers(0, 3_649), st.sampled_from("abcdefghij"), st.sampled_from(("equal", "hold"))),
        max_size=400,
    )
)
def test_any_number_of_fallbacks_stays_readable(drawn: list[Any]) -> None:
    fallbacks = [Fallback(bar, method, f"reason {bar} [red]\x1b[2J", used) for bar, method, used in sorted(drawn)]
    lines = fallback_lines(fallbacks, TEN_YEARS)
    assert len(lines) <= MOST_FALLBACKS + 1
    assert bool(lines) == bool(fallbacks)
    assert not any("\x1b" in line or "\n" in line for line in lines)
