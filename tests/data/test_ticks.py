"""Trades and quotes become bars of a millisecond; what cannot be is refused with its row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qt_engine.core.errors import InputError
from qt_engine.data.resample import resample
from qt_engine.data.ticks import market_from_quotes, market_from_trades

MS = 1_000_000
START = 1_719_927_000_000 * MS  # 2024-07-02T13:30:00Z


def test_every_millisecond_with_a_trade_is_a_bar() -> None:
    market = market_from_trades(
        ["A", "B"],
        [
            (START, "A", 10.0, 1), (START + 1, "A", 12.0, 2), (START + 999_999, "A", 9.0, 3), (START + 999_999, "A", 11.0, 4),
            (START + 1 * MS, "B", 5.0, 7), (START + 5 * MS + 3, "A", 10.5, 1),
        ],
        venue="XNYS",
    )  # fmt: skip
    assert market.interval == "1ms"
    assert market.ts.tolist() == [START, START + MS, START + 5 * MS]
    assert market.close_ts.tolist() == [START + MS, START + 2 * MS, START + 6 * MS]
    nan = np.nan
    for name, values in {
        "open": [[10, nan], [nan, 5], [10.5, nan]], "high": [[12, nan], [nan, 5], [10.5, nan]], "low": [[9, nan], [nan, 5], [10.5, nan]],
        "close": [[11, nan], [nan, 5], [10.5, nan]], "volume": [[10, nan], [nan, 7], [1, nan]],
    }.items():  # fmt: skip
        assert np.array_equal(getattr(market, name), values, equal_nan=True), name
    assert (market.venue, market.periods_per_year, market.spread.size) == ("XNYS", 252, 0)


def test_quotes_give_mid_prices_and_the_spread_of_the_open() -> None:
    market = market_from_quotes(
        ["A"],
        [
            (START, "A", 99.0, 101.0, 5, 6),
            (START + 10, "A", 100.0, 101.0),
            (START + MS, "A", 100.0, 100.0, 1.0, np.nan),
        ],
    )
    assert market.open[:, 0].tolist() == [100, 100]
    assert market.high[:, 0].tolist() == [100.5, 100]
    assert market.close[:, 0].tolist() == [100.5, 100]
    assert market.spread[:, 0].tolist() == [0.02, 0.0]
    assert market.volume[:, 0].tolist() == [0, 0]
    assert resample(market, "2ms").spread.tolist() == [[0.02]]
    two = market_from_quotes(["A", "B"], [(START, "A", 99.0, 101.0), (START + MS, "B", 4.0, 5.0)])
    assert np.isnan(two.spread).tolist() == [[False, True], [True, False]]


def test_nothing_gives_nothing() -> None:
    assert len(market_from_trades(["A"], [])) == len(market_from_quotes(["A", "B"], [])) == 0


GOOD = (START, "A", 10.0, 1.0)
WRONG_TRADES: list[tuple[list[tuple[Any, ...]], str]] = [
    ([GOOD, (START - 1, "A", 10.0, 1.0)], "row 2 of the trades is earlier"),
    ([GOOD, (START, "A", -10.0, 1.0)], r"row 2 of the trades, price: must be a finite number above 0 \(price -10.0\)"),
    ([(START, "A", 10.0, -1.0)], "row 1 of the trades, size"),
    ([(START, "A", 10.0, 0.0)], "row 1 of the trades, size"),
    ([(START, "A", float("nan"), 1.0)], "row 1 of the trades, price"),
    ([(START, "A", float("inf"), 1.0)], "row 1 of the trades, price"),
    ([(START, "B", 10.0, 1.0)], "row 1 of the trades is no"),
    ([(START, "A", 10.0)], "row 1 of the trades is no"),
    ([(START, "A", 10.0, 1.0, 2.0)], "row 1 of the trades is no"),
    ([(1.5, "A", 10.0, 1.0)], "row 1 of the trades is no"),
    ([(None, "A", 10.0, 1.0)], "row 1 of the trades is no"),
    ([(START, "A", "ten", 1.0)], "row 1 of the trades, price: 'ten' is no number"),
    ([(START, "A", None, 1.0)], "row 1 of the trades, price: must be"),
]


@pytest.mark.parametrize(("rows", "reason"), WRONG_TRADES)
def test_wrong_trades(rows: list[tuple[Any, ...]], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        market_from_trades(["A"], rows)


WRONG_QUOTES: list[tuple[tuple[Any, ...], str]] = [
    ((START, "A", 10.0, 9.0), r"ask: the quote is crossed: the ask must not be below the bid \(bid 10.0, ask 9.0\)"),
    ((START, "A", 0.0, 9.0), "bid: must be"),
    ((START, "A", 8.0, float("nan")), "ask: must be"),
    ((START, "A", 8.0, 9.0, -1.0, 1.0), "bid_size: must not be negative"),
    ((START, "A", 8.0, 9.0, 1.0, float("inf")), "ask_size: is not a finite"),
    ((START, "A", 8.0), "is no"),
]


@pytest.mark.parametrize(("row", "reason"), WRONG_QUOTES)
def test_wrong_quotes(row: tuple[Any, ...], reason: str) -> None:
    with pytest.raises(InputError, match=f"row 1 of the quotes.*{reason}"):
        market_from_quotes(["A"], [row])


def test_each_symbol_is_named_once() -> None:
    for symbols in ([], ["A", "A"]):
        with pytest.raises(InputError, match="once"):
            market_from_trades(symbols, [])


TRADES = st.lists(
    st.tuples(st.integers(0, 5000), st.sampled_from("AB"), st.integers(1, 40), st.integers(1, 9)),
    min_size=1,
    max_size=60,
)


@settings(deadline=None, max_examples=100)
@given(TRADES)
def test_bars_of_trades_are_what_a_plain_loop_makes(rows: list[tuple[int, str, int, int]]) -> None:
    trades = [
        (START + ts * 100_000, symbol, price / 4, size)
        for ts, symbol, price, size in sorted(rows, key=lambda row: row[0])
    ]
    market = market_from_trades(["A", "B"], trades)
    bars: dict[tuple[int, str], list[float]] = {}
    for ts, symbol, price, size in trades:
        bar = bars.setdefault((ts // MS * MS, symbol), [price, price, price, price, 0.0])
        bar[1:] = [max(bar[1], price), min(bar[2], price), price, bar[4] + size]
    found = {
        (ts, symbol): [float(getattr(market, name)[t, a]) for name in ("open", "high", "low", "close", "volume")]
        for t, ts in enumerate(market.ts.tolist())
        for a, symbol in enumerate("AB")
        if not np.isnan(market.open[t, a])
    }
    assert found == bars
    assert market.ts.tolist() == sorted({ts for ts, _ in bars})
    # an asset's bars do not depend on the company it is in
    alone = market_from_trades(["A"], [row for row in trades if row[1] == "A"])
    mine = ~np.isnan(market.open[:, 0])
    assert alone.close[:, 0].tolist() == market.close[mine, 0].tolist()
