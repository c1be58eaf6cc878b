"""A paper session runs the backtest's kernel in a process of its own, and nothing it acknowledged is ever lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qt_engine.core.clock import monotonic, sleep
from qt_engine.core.errors import InputError, NotFoundError, StoreError
from qt_engine.data.market import Market
from qt_engine.jobs.job import JOURNAL, read_process
from qt_engine.live.feeds import ReplayFeed
from qt_engine.live.record import BARS, SessionRecord, writable
from qt_engine.live.service import SessionService
from qt_engine.live.status import FILL_FIELDS, ORDER_FIELDS, SessionStatus
from qt_engine.simulation.contract import EVENT, FILL, ORDER
from qt_engine.simulation.execution import Carry, Execution, Latency
from qt_engine.storage.journal import Entry, Journal
from qt_engine.workspace import Workspace

SYMBOLS = ("AAPL", "IBM")
RULES = [
    "bollinger_reversion", "donchian_breakout", "macd_trend", "rsi_reversion", "sma_cross", "volatility_target_trend",
]  # fmt: skip
PORTFOLIOS = ["min_variance", "xmom_crosssec"]


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.open(tmp_path_factory.mktemp("paper"))
    workspace.data.import_sample()
    return workspace


def wait(
    sessions: SessionService,
    session_id: str,
    until: Callable[[SessionStatus], bool],
    seconds: float = 40.0,
) -> SessionStatus:
    deadline = monotonic() + seconds
    while not until(now := sessions.status(session_id)):
        assert monotonic() < deadline, f"{now}"
        assert now.state == "running" or until is not over, f"{now}"
        sleep(0.02)
    return now


def over(status: SessionStatus) -> bool:
    return status.state != "running"


def kill(ws: Workspace, session_id: str) -> None:
    identity = read_process(ws.jobs.folder / session_id)
    assert identity is not None
    os.kill(identity.pid, signal.SIGKILL)


def restart_free(status: SessionStatus) -> tuple[object, ...]:
    """All of a session that must not depend on how often it was interrupted."""
    return (
        status.positions,
        status.cash,
        status.equity,
        status.realised_pnl,
        status.orders,
        status.fills,
    )


def test_every_shipped_document_is_the_same_as_its_backtest(ws: Workspace) -> None:
    shipped = [info for info in ws.strategies.list() if info.source == "shipped" and info.path.suffix == ".yaml"]
    assert sorted(info.name for info in shipped) == sorted(RULES + PORTFOLIOS)
    ids = {name: ws.sessions.start(name, SYMBOLS) for name in sorted(RULES + PORTFOLIOS)}
    for name, session_id in ids.items():
        status = wait(ws.sessions, session_id, over)
        assert (status.state, status.error) == ("finished", None)
        assert status.bars_done == status.bars_total > 3000
        proof = ws.sessions.parity(session_id)
        run = ws.backtest(name, SYMBOLS).record
        assert (proof.verdict, proof.first_difference) == ("identical", None)
        assert proof.result_hash == run.result_hash
        assert proof.fills == len(status.fills) > 10
        assert run.metrics is not None
        assert status.equity == run.metrics.final_equity


THIN = Execution(
    name="thin", fee_bps=3.0, slippage_bps=1.0, participation=0.0002, failure_probability=0.05,
    latency=Latency(distribution="uniform", low=1.0, high=60_000_000.0), carry=Carry(borrow_rate=0.02, cash_rate=0.01),
)  # fmt: skip
"""Orders take several days to fill, arrive late, and sometimes not at all."""


@pytest.mark.parametrize("strategy", ["donchian_breakout", "xmom_crosssec"])
def test_partial_fills_latency_failures_and_limits_are_those_of_the_backtest(ws: Workspace, strategy: str) -> None:
    """Slow enough to be stopped, killed and resumed in the middle of orders that are filled in part."""
    wanted: Any = {
        "cash": 20_000_000.0, "seed": 7, "execution": THIN, "risk": {"max_concentration": 0.3, "max_daily_loss": 0.04},
        "end": "2006-12-31",
    }  # fmt: skip
    session_id = ws.sessions.start(strategy, SYMBOLS, speed=300, **wanted)

    def in_parts(now: SessionStatus) -> bool:
        return any(order["status"] == "pending" and order["filled"] is not None for order in now.orders)

    stopped_at = wait(ws.sessions, session_id, in_parts).bars_done
    ws.sessions.stop(session_id)
    assert ws.sessions.parity(session_id).first_difference is None
    ws.sessions.resume(session_id)
    wait(ws.sessions, session_id, lambda now: now.bars_done > stopped_at + 200 and in_parts(now))
    kill(ws, session_id)
    assert wait(ws.sessions, session_id, over).state == "interrupted"
    assert ws.sessions.parity(session_id).first_difference is None
    ws.sessions.resume(session_id)
    done = wait(ws.sessions, session_id, over)
    proof, run = ws.sessions.parity(session_id), ws.backtest(strategy, SYMBOLS, **wanted)
    assert (done.state, done.error) == ("finished", None)
    assert (proof.verdict, proof.first_difference) == ("identical", None)
    assert proof.result_hash == run.record.result_hash
    assert {"filled", "partial", "failed"} <= {order["status"] for order in done.orders}
    assert {event["kind"] for event in done.events} >= {"max_concentration", "max_daily_loss"}
    assert all(list(event) == ["time", "kind", "symbol", "value", "bound"] for event in done.events)
    of_orders = [fill["order"] for fill in done.fills if fill["order"] is not None]
    assert len(of_orders) > 2 * len(set(of_orders))
    for order in done.orders:
        filled = [fill["time"] for fill in done.fills if fill["order"] == order["order"]]
        if filled:
            assert order["filled"] == filled[-1]
            assert order["status"] in ("filled", "partial")


def test_a_portfolio_session_is_asked_for_targets_bar_by_bar(ws: Workspace) -> None:
    session_id = ws.sessions.start("min_variance", SYMBOLS, end="2004-12-31", speed=400, execution="us_stocks")
    wait(ws.sessions, session_id, lambda now: now.bars_done > 400)
    kill(ws, session_id)
    wait(ws.sessions, session_id, over)
    ws.sessions.resume(session_id)
    done = wait(ws.sessions, session_id, over)
    run = ws.backtest("min_variance", SYMBOLS, end="2004-12-31", execution="us_stocks")
    assert (done.state, done.error, done.perfect) == ("finished", None, False)
    assert ws.sessions.parity(session_id).result_hash == run.record.result_hash
    assert {order["kind"] for order in done.orders} == {"target"}
    assert {order["side"] for order in done.orders} <= {"buy", "sell", "none"}


def test_a_session_without_costs_is_labelled(ws: Workspace) -> None:
    session_id = ws.sessions.start("sma_cross", ["AAPL"], end="2001-12-31", execution="perfect")
    assert wait(ws.sessions, session_id, over).perfect
    assert not ws.sessions.status(ws.sessions.start("sma_cross", ["AAPL"], end="2000-06-30")).perfect


STEP = {
    "first": 0, "last": 1, "ts": [5], "equity": [10.0], "fills": [], "orders": [], "settled": [], "positions": [], "pending": [],
    "cash": 10.0, "realised_pnl": 0.0, "state": "",
}  # fmt: skip
"""An entry of a journal in which nothing happened, as it was before there were events."""


def test_a_journal_from_before_there_were_events_is_read() -> None:
    record = SessionRecord().add([Entry(0, BARS, STEP, 0)])
    assert (record.bars, record.events, len(record.event_rows())) == (1, [], 0)


def test_events_of_any_number_survive_the_journal(tmp_path: Path) -> None:
    rows = np.array([(0, 5, 0, -1, 3, np.inf, 1.0), (1, 5, 0, 0, 9, 2.0, np.nan)], EVENT)
    with Journal(tmp_path / JOURNAL) as journal:
        journal.append(BARS, **{**STEP, "events": [writable(row) for row in rows.tolist()]})
    entries, _ = Journal(tmp_path / JOURNAL).read()
    assert SessionRecord().add(entries).event_rows().tobytes() == rows.tobytes()


def test_a_running_session_can_be_watched(ws: Workspace) -> None:
    session_id = ws.sessions.start("sma_cross", SYMBOLS, speed=800, params={"fast": 10}, cash=50_000)
    assert session_id.startswith("paper-")
    begun = ws.sessions.status(session_id)
    assert (begun.state, begun.bars_done, begun.equity, begun.positions) == (
        "running",
        0,
        50_000,
        [],
    )
    status = wait(ws.sessions, session_id, lambda now: len(now.positions) > 0)
    assert status.state == "running"
    worth = sum(position["quantity"] * position["last_price"] for position in status.positions)
    assert status.equity == pytest.approx(status.cash + worth, abs=1e-6)
    assert status.unrealised_pnl == pytest.approx(sum(p["unrealised_pnl"] for p in status.positions))
    assert status.parameters == {"fast": 10, "slow": 100}
    assert {order["status"] for order in status.orders} <= {
        "pending",
        "filled",
        "rejected",
        "cancelled",
    }
    times, equity = ws.sessions.curve(session_id)
    assert len(times) == len(equity) >= status.bars_done
    assert ws.sessions.parity(session_id).verdict == "identical"
    assert session_id in [s.session_id for s in ws.sessions.list()]
    ws.sessions.stop(session_id)


def test_stop_and_resume_leave_no_trace(ws: Workspace) -> None:
    session_id = ws.sessions.start("rsi_reversion", SYMBOLS, speed=3000)
    other = ws.sessions.start("rsi_reversion", SYMBOLS)
    wait(ws.sessions, session_id, lambda now: now.bars_done > 300)
    stopped = ws.sessions.stop(session_id)
    assert stopped.state == "stopped"
    assert stopped.bars_done < stopped.bars_total
    assert ws.sessions.status(session_id) == stopped
    assert ws.sessions.resume(session_id).state == "running"
    done, undisturbed = (
        wait(ws.sessions, session_id, over),
        wait(ws.sessions, other, over),
    )
    assert done.state == undisturbed.state == "finished"
    assert restart_free(done) == restart_free(undisturbed)
    with pytest.raises(InputError, match="cannot be resumed: it is finished"):
        ws.sessions.resume(session_id)


def test_killed_again_and_again_it_goes_on_with_exactly_its_positions(
    ws: Workspace,
) -> None:
    session_id = ws.sessions.start("macd_trend", SYMBOLS, speed=2000)
    for bars in (150, 900, 1700):
        wait(
            ws.sessions,
            session_id,
            lambda now, bars=bars: now.bars_done > bars and len(now.positions) > 0,
        )
        kill(ws, session_id)
        interrupted = wait(SessionService(ws), session_id, over)
        assert interrupted.state == "interrupted"
        with (ws.jobs.folder / session_id / JOURNAL).open("ab") as journal:
            journal.write(b'{"crc32":"12345678","seq":99999,"kind":"bars","da')
        assert restart_free(SessionService(ws).status(session_id)) == restart_free(interrupted)
        assert ws.sessions.parity(session_id).verdict == "identical"
        ws.sessions.resume(session_id)
    assert wait(ws.sessions, session_id, over).state == "finished"
    assert ws.sessions.parity(session_id).result_hash == ws.backtest("macd_trend", SYMBOLS).record.result_hash


def test_killed_before_its_first_bar_it_begins_at_the_beginning(ws: Workspace) -> None:
    session_id = ws.sessions.start("sma_cross", SYMBOLS)
    kill(ws, session_id)
    interrupted = wait(ws.sessions, session_id, over)
    assert (interrupted.state, interrupted.bars_done, interrupted.equity) == ("interrupted", 0, 100_000)
    assert ws.sessions.parity(session_id).verdict == "identical"
    ws.sessions.resume(session_id)
    assert wait(ws.sessions, session_id, over).state == "finished"
    assert ws.sessions.parity(session_id).result_hash == ws.backtest("sma_cross", SYMBOLS).record.result_hash


def bars_lost_by_a_kill(ws: Workspace, worker: str) -> int:
    """How many bars a session had told of that are not there after a kill."""
    sessions = SessionService(ws, worker)
    session_id = sessions.start("sma_cross", SYMBOLS, speed=400)
    deadline = monotonic() + 40.0
    while (told := ws.jobs.get(session_id).told.get("bars", 0)) < 50:
        assert monotonic() < deadline
        sleep(0.01)
    kill(ws, session_id)
    status = wait(sessions, session_id, over)
    assert status.state == "interrupted", status.error
    return max(0, told - status.bars_done)


def test_nothing_that_was_told_is_lost_and_the_check_can_tell(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    assert bars_lost_by_a_kill(ws, "qt_engine.live.worker") == 0
    assert bars_lost_by_a_kill(ws, "forgetful_worker") >= 50


def damaged(folder: Path) -> None:
    """One digit in the middle."""
    text = (folder / JOURNAL).read_bytes()
    at = text.index(b'"equity":[', len(text) // 2) + len(b'"equity":[')
    (folder / JOURNAL).write_bytes(text[:at] + (b"1" if text[at : at + 1] != b"1" else b"2") + text[at + 1 :])


def forged(folder: Path) -> None:
    """A journal that is whole, but says that a fill had another price."""
    entries, _ = Journal(folder / JOURNAL).read()
    (folder / JOURNAL).unlink()
    with Journal(folder / JOURNAL) as journal:
        for entry in entries:
            if entry.kind == BARS and entry.data["fills"]:
                entry.data["fills"][0][FILL_FIELDS.index("price")] += 1e-9
            journal.append(entry.kind, **entry.data)


def test_a_journal_that_is_not_what_was_written_is_never_trusted(ws: Workspace) -> None:
    session_id = ws.sessions.start("sma_cross", SYMBOLS, speed=1000)
    wait(ws.sessions, session_id, lambda now: len(now.fills) > 2)
    ws.sessions.stop(session_id)
    folder = ws.jobs.folder / session_id
    whole = (folder / JOURNAL).read_bytes()

    damaged(folder)
    looker = Workspace.open(ws.folder)
    status = looker.sessions.status(session_id)
    assert status.state == "failed"
    assert "damaged at byte" in str(status.error)
    for ask in (looker.sessions.resume, looker.sessions.parity):
        with pytest.raises(StoreError, match="damaged at byte"):
            ask(session_id)

    (folder / JOURNAL).write_bytes(whole)
    forged(folder)
    looker = Workspace.open(ws.folder)
    proof = looker.sessions.parity(session_id)
    assert proof.verdict == "drifted"
    assert str(proof.first_difference).startswith("fill 0: price")
    looker.sessions.resume(session_id)
    status = wait(looker.sessions, session_id, over)
    assert status.state == "failed"
    assert "its journal and the kernel disagree: fill 0: price" in str(status.error)


def prices(bars: int, seed: int) -> np.ndarray:
    """A random walk of closes, the same for each seed."""
    steps = np.random.default_rng(seed).standard_normal(bars)
    return 100.0 * np.exp(np.cumsum(0.02 * steps))


def write_csv(path: Path, closes: np.ndarray) -> Path:
    days = np.datetime64("2015-01-01") + np.arange(len(closes))
    rows = [
        f"{day},{close:.6f},{close * 1.01:.6f},{close * 0.99:.6f},{close:.6f},1000" for day, close in zip(days, closes, strict=True)
    ]  # fmt: skip
    path.write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n")
    return path


def test_what_comes_later_changes_nothing_that_was_decided(tmp_path: Path) -> None:
    """Two series that part at bar 300, in the middle of a lot; and one that is replaced while its session rests."""
    ws = Workspace.open(tmp_path / "ws")
    known = 300
    one = prices(600, seed=1)
    other = np.concatenate([one[:known], one[known - 1] * np.exp(np.cumsum(0.05 * np.sin(np.arange(300))))])
    for symbol, closes in (("ONE", one), ("OTHER", other)):
        ws.data.import_file(write_csv(tmp_path / f"{symbol}.csv", closes), symbol=symbol, interval="1d")
    params = {"fast": 5, "slow": 60}
    first = ws.sessions.start("sma_cross", ["ONE"], params=params, speed=2000)
    second = ws.sessions.start("sma_cross", ["OTHER"], params=params)
    third = ws.sessions.start("sma_cross", ["ONE"], params=params, speed=150)
    statuses = [wait(ws.sessions, session_id, over) for session_id in (first, second)]
    assert [status.state for status in statuses] == ["finished", "finished"]
    curves = [ws.sessions.curve(session_id)[1] for session_id in (first, second)]
    assert curves[0][:known] == curves[1][:known]
    assert curves[0] != curves[1]
    last = ws.data.load(["ONE"]).ts[known - 1]
    early = [
        [
            {**order, "symbol": "", "filled": None, "status": ""}
            for order in status.orders
            if order["decided"] <= iso_of(last)
        ]
        for status in statuses
    ]
    assert early[0] == early[1]
    assert len(early[0]) > 2

    wait(ws.sessions, third, lambda now: now.bars_done > 10)
    ws.sessions.stop(third)
    ws.data.import_file(tmp_path / "OTHER.csv", symbol="ONE", interval="1d", replace=True)
    assert ws.sessions.parity(first).verdict == "identical"
    ws.sessions.resume(third)
    assert wait(ws.sessions, third, over).equity == statuses[0].equity
    assert ws.sessions.parity(third).verdict == "identical"


def iso_of(ns: int) -> str:
    from qt_engine.core.clock import iso

    return iso(int(ns))


@pytest.mark.parametrize(
    ("strategy", "options", "message"),
    [
        ("no_such_strategy", {}, "there is no strategy 'no_such_strategy'"),
        ("sma_cross", {"symbols": ["NONE"]}, "no bars of 'NONE' are stored"),
        (
            "sma_cross",
            {"symbols": ["AAPL"], "params": {"fast": 1000}},
            "parameter fast is between",
        ),
        ("sma_cross", {"symbols": ["AAPL"], "speed": -1.0}, "speed must be 0"),
        ("sma_cross", {"symbols": ["AAPL"], "speed": float("nan")}, "speed must be 0"),
        (
            "sma_cross",
            {"symbols": ["AAPL"], "feed": "[bold]ccxt"},
            "is not known; use replay",
        ),
        (
            "sma_cross",
            {"symbols": ["AAPL"], "start": "2099-01-01"},
            "has no bars in that time",
        ),
        ("sma_cross", {"symbols": ["AAPL"], "cash": -5.0}, "cash must be above 0"),
        (
            "sma_cross",
            {"symbols": ["AAPL"], "fee_bps": -5.0},
            "fee_bps must be between",
        ),
    ],
)
def test_a_wrong_order_is_refused_before_there_is_a_session(
    ws: Workspace, strategy: str, options: dict[str, object], message: str
) -> None:
    before = sorted(path.name for path in ws.jobs.folder.iterdir()) if ws.jobs.folder.exists() else []
    with pytest.raises(InputError, match=message.replace("[", r"\[")):
        ws.sessions.start(strategy, **options)  # type: ignore[arg-type]
    assert (sorted(path.name for path in ws.jobs.folder.iterdir()) if ws.jobs.folder.exists() else []) == before


def test_a_strategy_with_a_mistake_names_the_place(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("schema: 1\nname: wrong\nkind: rules\nentry:\n  long: close > smaa(close, 20)\n")
    with pytest.raises(InputError, match="line 5"):
        ws.sessions.start(str(path), ["AAPL"])


def test_an_unknown_session_is_not_found(ws: Workspace) -> None:
    for ask in (
        ws.sessions.status,
        ws.sessions.stop,
        ws.sessions.resume,
        ws.sessions.parity,
    ):
        with pytest.raises(NotFoundError, match="is not known"):
            ask("paper-1999")


def test_rows_have_the_fields_of_the_kernel() -> None:
    assert FILL.names == FILL_FIELDS
    assert ORDER.names == ORDER_FIELDS


def flat_market(bars: int) -> Market:
    ts = np.arange(bars, dtype=np.int64) * 60_000_000_000
    price = np.full((bars, 1), 10.0)
    return Market(
        ("X",),
        "1m",
        ts,
        ts + 60_000_000_000,
        price,
        price,
        price,
        price,
        price,
        np.ones(bars, np.uint8),
        252.0,
    )


def test_a_replay_hands_out_no_bar_before_its_time() -> None:
    feed = ReplayFeed(flat_market(20), 100.0, lambda seconds: sleep(seconds))
    begun, seen = monotonic(), 0
    while (known := feed.next(seen)) is not None:
        assert len(known) > seen
        seen = len(known)
        assert seen <= (monotonic() - begun) * 100.0 + 1e-6
    assert seen == feed.total == 20


def test_a_replay_that_is_to_stop_hands_out_nothing_more() -> None:
    assert ReplayFeed(flat_market(20), 0.001, lambda _: True).next(0) is None
    assert len(ReplayFeed(flat_market(2000), 0.0, lambda _: True).next(1600) or ()) == 2000
