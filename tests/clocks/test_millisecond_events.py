"""Trades and quotes, from the file to the fill, at the finest clock: latency in milliseconds, quoted spreads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.data.market import Market
from qt_engine.data.resample import resample
from qt_engine.data.service import DataService
from qt_engine.data.ticks import market_from_quotes, market_from_trades
from qt_engine.portfolio.compilation import compile_strategy
from qt_engine.simulation.contract import Execution, Reason, SimInput
from qt_engine.simulation.refine import refine
from qt_engine.simulation.simulate import simulate
from qt_engine.storage.catalog import Catalog
from qt_engine.strategies.language import load_document
from qt_engine.strategies.plan import UNLIMITED, Plan

MS = 1_000_000
START = 1_719_927_000_000 * MS  # 2024-07-02T13:30:00Z
FIVE_MS = {"distribution": "fixed", "ms": 5}
FREE = {"fee_bps": 0.0, "slippage_bps": 0.0}


def decided(market: Market, entries: dict[int, int], exits: tuple[int, ...] = ()) -> Plan:
    """Market orders for one unit, decided at the closes of the bars that are named."""
    shape = market.close.shape
    entry, leave = np.zeros(shape, np.int8), np.zeros(shape, np.uint8)
    for bar, side in entries.items():
        entry[bar] = side
    leave[list(exits)] = 1
    return Plan(
        entry, leave, leave, np.zeros((2, 3), np.int64), np.zeros((2, 3)), np.full(2, UNLIMITED), "fixed_quantity", 1.0
    )


def trades_at(*places: tuple[float, float]) -> Market:
    """Trades of 10 units at (milliseconds after the start, price)."""
    return market_from_trades(["A"], [(START + round(ms * MS), "A", price, 10.0) for ms, price in places])


@pytest.mark.parametrize(
    ("next_trades", "filled"),
    [
        ([(5.9, 90), (6.0, 103), (7, 104)], 103),  # decided at 1 ms, there at 6 ms
        ([(5.999999, 90), (6.999, 103.5)], 103.5),  # the clock is a millisecond: 6.999 is in the one of 6
        ([(2, 90), (3, 91), (4000, 107)], 107),
    ],
)
def test_an_order_fills_at_the_first_trade_at_or_after_its_arrival(
    next_trades: list[tuple[float, float]], filled: float
) -> None:
    market = trades_at((0, 100), (0.7, 101), *next_trades)
    result = simulate(SimInput(market, decided(market, {0: 1}), Execution(latency=FIVE_MS, **FREE)))
    assert result.fills["price"].tolist() == [filled]


@given(
    st.lists(st.tuples(st.integers(0, 400_000), st.integers(80, 120)), min_size=2, max_size=40),
    st.integers(0, 60), st.integers(0, 10**6),
)  # fmt: skip
def test_latency_against_a_plain_search(places: list[tuple[int, int]], latency: int, pick: int) -> None:
    """Times in microseconds: whatever the trades, the fill is the first one in or after the millisecond of arrival."""
    trades = sorted(places, key=lambda one: one[0])
    market = trades_at(*((micro / 1000, price) for micro, price in trades))
    bar = pick % len(market)
    execution = Execution(latency={"distribution": "fixed", "ms": latency}, **FREE)
    result = simulate(SimInput(market, decided(market, {bar: 1}), execution))
    arrival = (int(market.ts[bar]) - START) // MS + 1 + latency
    later = [price for micro, price in trades if micro // 1000 >= arrival]
    assert result.fills["price"].tolist() == later[:1]


def test_a_decision_of_a_coarse_bar_arrives_by_its_own_latency() -> None:
    """On minutes alone five milliseconds cost a whole minute; with trades inside them they cost five milliseconds."""
    places = [(0, 100), (59_000, 101), (60_004, 102), (60_005, 103), (60_500, 104), (120_000, 105), (180_000, 106)]
    ticks = trades_at(*places)
    minutes = resample(ticks, "1m", until=START + 240_000 * MS)
    run = SimInput(minutes, decided(minutes, {0: 1}), Execution(latency=FIVE_MS, **FREE))
    assert simulate(run).fills["price"].tolist() == [105]
    assert simulate(refine(run, ticks)).fills["price"].tolist() == [103]


def test_quoted_spreads_buy_at_the_ask_and_sell_at_the_bid() -> None:
    quotes = [(START, "A", 99.0, 101.0), (START + 3 * MS, "A", 100.0, 102.0), (START + 9 * MS, "A", 103.0, 103.5),
              (START + 9 * MS + 1, "A", 90.0, 91.0)]  # fmt: skip
    market = market_from_quotes(["A"], quotes)
    run = SimInput(market, decided(market, {0: 1}, (1,)), Execution(quoted_spread=True, **FREE))
    assert np.allclose(simulate(run).fills["price"], [102, 103], rtol=1e-14)
    short = SimInput(market, decided(market, {0: -1}, (1,)), Execution(quoted_spread=True, **FREE))
    assert np.allclose(simulate(short).fills["price"], [100, 103.5], rtol=1e-14)
    starved = SimInput(market, decided(market, {0: 1}), Execution(quoted_spread=True, participation=0.1, **FREE))
    assert len(simulate(starved).fills) == 0  # quotes are no trades: nothing can be had of their volume


STRATEGY = """\
schema: 1
name: breakout
kind: rules
interval: 1ms
universe: [X]
entry:
  long: close > highest(close, 3)[1]
exit:
  stop_loss: 1%
  take_profit: 1%
sizing: {method: fixed_quantity, value: 10}
"""
TRADES = """timestamp,price,size
2024-07-02T13:30:00.000100Z,100,5
2024-07-02T13:30:00.001Z,100.5,3
2024-07-02T13:30:00.002Z,100,3
2024-07-02T13:30:00.003Z,101,1
2024-07-02T13:30:00.003900Z,102,1
2024-07-02T13:30:00.008Z,101.5,4
2024-07-02T13:30:00.009Z,102,40
2024-07-02T13:30:00.009500Z,104,3
2024-07-02T13:30:00.030Z,98,7
"""
QUOTES = """timestamp,bid,ask
2024-07-02T13:30:00.000Z,99,101
2024-07-02T13:30:00.001Z,99,101
2024-07-02T13:30:00.002Z,99,101
2024-07-02T13:30:00.003Z,100,102
2024-07-02T13:30:00.009Z,100.5,101.5
2024-07-02T13:30:00.015Z,97,98
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str, str], Market]:
    data = DataService(tmp_path / "ws", Catalog(tmp_path / "ws"))

    def load_(text: str, kind: str) -> Market:
        path = tmp_path / "events.csv"
        path.write_text(text)
        data.import_events(path, symbol="X", kind=kind)
        return data.load(["X"], "1ms")

    return load_


def run_of(market: Market, **execution: Any) -> list[tuple[int, str, float]]:
    plan = compile_strategy(load_document(STRATEGY, "breakout.yaml"), {}, market)
    result = simulate(SimInput(market, plan, Execution(**FREE, **execution)))
    return [
        ((int(f["ts"]) - START) // MS, Reason(f["reason"]).name.lower(), round(float(f["price"]), 9))
        for f in result.fills
    ]


def test_stored_trades_feed_a_strategy_at_a_millisecond(load: Callable[[str, str], Market]) -> None:
    """102 at 3.9 ms is a breakout; without latency it is bought with the next trade, at 8 ms, and sold 1 % higher."""
    market = load(TRADES, "trades")
    assert run_of(market)[:2] == [(8, "entry_signal", 101.5), (9, "take_profit", 102.515)]
    assert run_of(market, latency=FIVE_MS)[:2] == [(9, "entry_signal", 102), (9, "take_profit", 103.02)]
    assert run_of(market, latency={"distribution": "fixed", "ms": 5.0001}) == [(30, "entry_signal", 98)]


def test_stored_quotes_feed_a_strategy_at_a_millisecond(load: Callable[[str, str], Market]) -> None:
    market = load(QUOTES, "quotes")
    assert run_of(market) == [(9, "entry_signal", 101), (15, "stop_loss", 97.5)]
    assert run_of(market, quoted_spread=True) == [(9, "entry_signal", 101.5), (15, "stop_loss", 97)]


def test_stored_trades_are_the_path_inside_bars_made_of_them(
    load: Callable[[str, str], Market], tmp_path: Path
) -> None:
    """A breakout of bars of 4 ms, decided at 4 ms, is bought at 8 ms and protected at every millisecond from there."""
    load(TRADES, "trades")
    data = DataService(tmp_path / "ws", Catalog(tmp_path / "ws"))
    coarse, ticks = data.load(["X"], "4ms"), data.load(["X"], "1ms")
    assert coarse.ts.tolist() == [START, START + 8 * MS]  # what is not over at the end is no bar
    text = STRATEGY.replace("close > highest(close, 3)[1]", "close > open")
    plan = compile_strategy(load_document(text, "breakout.yaml"), {}, coarse)
    run = SimInput(coarse, plan, Execution(**FREE))
    fills = simulate(refine(run, ticks)).fills
    assert [((int(fill["ts"]) - START) // MS, float(fill["price"])) for fill in fills] == [(8, 101.5), (9, 102.515)]
    late = SimInput(coarse, plan, Execution(latency=FIVE_MS, **FREE))
    assert [float(fill["price"]) for fill in simulate(refine(late, ticks)).fills] == [102.0, 103.02]
