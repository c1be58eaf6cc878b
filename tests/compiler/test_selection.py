"""What a portfolio strategy chooses: by rank, with ties, gaps and few candidates, and never by the future."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.compiled import Closes, market_from
from compiler.random_strategies import HEAD, choices, conditions, numbers
from compiler.test_no_look_ahead import daily_panel, other_future
from compiler.test_random_strategies import read
from qt_engine.core.errors import InputError
from qt_engine.core.resources import shipped
from qt_engine.data.market import Market
from qt_engine.strategies.compiler import compile_plan
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import resolve_parameters
from qt_engine.strategies.portfolio_compiler import select
from qt_engine.strategies.selection import ConstraintsSetting, Selection, WeightsSetting
from reference.generators import markets

LEAST = "schema: 1\nname: book\nkind: portfolio\n"
EVERY_BAR = "rebalance: {every: bar}\n"


def chosen_by(text: str, market: Market, **parameters: Any) -> Selection:
    document = load_document(LEAST + text)
    return select(document, resolve_parameters(document, parameters), market)


def one_bar(**closes: float | None) -> Market:
    return market_from({symbol: [close] for symbol, close in closes.items()})


FIVE = one_bar(A=10.0, B=50.0, C=30.0, D=20.0, E=40.0)
TIED = one_bar(A=10.0, B=30.0, C=30.0, D=30.0, E=10.0)
GAPS = one_bar(A=10.0, B=None, C=30.0, D=None, E=20.0)

# (select, market, side of A to E)
SIDES = [
    ("{}", FIVE, [1, 1, 1, 1, 1]),
    ("{where: close > 20}", FIVE, [0, 1, 1, 0, 1]),
    ("{rank: close, top: 2}", FIVE, [0, 1, 0, 0, 1]),
    ("{rank: -close, top: 2}", FIVE, [1, 0, 0, 1, 0]),
    ("{rank: close, bottom: 2}", FIVE, [-1, 0, 0, -1, 0]),
    ("{rank: close, top: 1, bottom: 2}", FIVE, [-1, 1, 0, -1, 0]),
    ("{rank: close, top: 9}", FIVE, [1, 1, 1, 1, 1]),
    ("{rank: close, top: 3, bottom: 4}", FIVE, [-1, 1, 1, -1, 1]),  # the longs come first
    ("{rank: close, top: 2, where: close < 45}", FIVE, [0, 0, 1, 0, 1]),
    ("{rank: close, top: 1, where: close < 0}", FIVE, [0, 0, 0, 0, 0]),
    ("{rank: close[1], top: 1}", FIVE, [0, 0, 0, 0, 0]),
    # shares of what is ranked: rounded down, at least one, binary noise aside
    ("{rank: close, top: 40%}", FIVE, [0, 1, 0, 0, 1]),
    ("{rank: close, top: 59%}", FIVE, [0, 1, 0, 0, 1]),
    ("{rank: close, top: 60%}", FIVE, [0, 1, 1, 0, 1]),
    ("{rank: close, top: 1%, bottom: 1%}", FIVE, [-1, 1, 0, 0, 0]),
    ("{rank: close, top: 50%, where: close < 45}", FIVE, [0, 0, 1, 0, 1]),
    ("{rank: close, top: 1%, where: close > 99}", FIVE, [0, 0, 0, 0, 0]),
    # of equal scores the first symbols
    ("{rank: close, top: 2}", TIED, [0, 1, 1, 0, 0]),
    ("{rank: close, top: 4}", TIED, [1, 1, 1, 1, 0]),
    ("{rank: close, bottom: 1}", TIED, [-1, 0, 0, 0, 0]),
    ("{rank: close, bottom: 3}", TIED, [-1, -1, 0, 0, -1]),
    ("{rank: close, top: 1, bottom: 3}", TIED, [-1, 1, -1, 0, -1]),
    ("{rank: 0 * close, top: 2, bottom: 2}", TIED, [1, 1, -1, -1, 0]),
    # what does not trade is neither ranked nor chosen
    ("{}", GAPS, [1, 0, 1, 0, 1]),
    ("{rank: close, top: 2}", GAPS, [0, 0, 1, 0, 1]),
    ("{rank: close, top: 1, bottom: 5}", GAPS, [-1, 0, 1, 0, -1]),
    ("{rank: close, top: 67%}", GAPS, [0, 0, 1, 0, 1]),
    # infinite scores are scores
    ("{rank: 1 / (close - 50), top: 1}", FIVE, [0, 1, 0, 0, 0]),
    ("{rank: -1 / (close - 50), bottom: 1}", FIVE, [0, -1, 0, 0, 0]),
    # across the symbols of the bar
    ("{where: rank(close) > 0.5}", FIVE, [0, 1, 1, 0, 1]),
    ("{rank: zscore(-close), top: 1}", FIVE, [1, 0, 0, 0, 0]),
    ("{where: zscore(close) > 0}", GAPS, [0, 0, 1, 0, 0]),
]  # fmt: skip


def quoted(section: str) -> str:
    """The expressions of a `{…}` in quotes, so that brackets may stand in them."""
    parts = [part.split(": ", 1) for part in section.strip("{}").split(", ") if part]
    return (
        "{"
        + ", ".join(f'{key}: "{value}"' if key in ("rank", "where") else f"{key}: {value}" for key, value in parts)
        + "}"
    )


@pytest.mark.parametrize(("section", "market", "sides"), SIDES)
def test_sides(section: str, market: Market, sides: list[int]) -> None:
    found = chosen_by(f"select: {quoted(section)}\n{EVERY_BAR}", market)
    assert found.side.tolist() == [sides]
    assert found.side.dtype == np.int8
    assert found.bars.tolist() == [0]


def test_scores_are_those_of_the_bars() -> None:
    market = market_from({"A": [1.0, 2, 4, 8], "B": [8.0, None, 2, 1]})
    found = chosen_by('select: {rank: "close / close[1]", top: 1}\nrebalance: {every: 2 bars}\n', market)
    assert found.bars.tolist() == [1, 3]
    np.testing.assert_array_equal(found.scores, [[2.0, np.nan], [2.0, 0.5]])
    assert found.side.tolist() == [[1, 0], [1, 0]]
    assert np.isnan(chosen_by("select: {where: close > 0}\n", market).scores).all()


# (weights, constraints, signal, side)
SIGNALS = [
    ("close / 100", "", [0.1, 0.0, 0.3, 0.0, 0.2], [1, 0, 1, 0, 1]),
    ("0.2 - close / 100", "", [0.1, 0.0, -0.1, 0.0, 0.0], [1, 0, -1, 0, 0]),
    ("0.2 - close / 100", "constraints: {long_only: true}", [0.1, 0.0, 0.0, 0.0, 0.0], [1, 0, 0, 0, 0]),
    ("close / 100", "select: {where: close > 15}", [0.0, 0.0, 0.3, 0.0, 0.2], [0, 0, 1, 0, 1]),
    ("-close / 100", "select: {rank: close, top: 1}", [0.0, 0.0, -0.3, 0.0, 0.0], [0, 0, -1, 0, 0]),
    ("sqrt(15 - close)", "", [5.0**0.5, 0.0, 0.0, 0.0, 0.0], [1, 0, 0, 0, 0]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "more", "signal", "side"), SIGNALS)
def test_signals_stand_as_they_are_given(value: str, more: str, signal: list[float], side: list[int]) -> None:
    found = chosen_by(f"weights: {{method: signal, value: {value}}}\n{EVERY_BAR}{more}\n", GAPS)
    np.testing.assert_allclose(found.signal, [signal], rtol=1e-15)
    assert found.side.tolist() == [side]


def test_views_are_those_of_the_bar() -> None:
    found = chosen_by(f"weights: {{method: black_litterman, views: close / 1000}}\n{EVERY_BAR}", GAPS)
    np.testing.assert_allclose(found.views, [[0.01, np.nan, 0.03, np.nan, 0.02]], rtol=1e-15)
    assert found.signal.size == 0


def test_settings_are_numbers() -> None:
    text = (
        "params: {n: 5, f: 0.25}\nselect: {rank: close, top: n, bottom: f}\n"
        "weights: {method: min_variance, window: 10 * n, covariance: factor, factors: n - 1, fallback: cash}\n"
        "rebalance: {every: bar, drift_band: f / 5}\n"
        "constraints: {max_weight: f, min_weight: 1%, max_turnover: 2 * f, gross: 1 + f, net: f - 0.5,"
        " sectors: {ONE: [E, A, Z], TWO: [B], NONE: [Y]}, max_sector: 2 * f}\n"
        "risk: {max_positions: n, max_orders_per_day: 2 * n, max_position: 1000, max_daily_loss: f}\n"
    )
    found = chosen_by(text, FIVE, n=4)
    assert found.weights == WeightsSetting("min_variance", window=40, covariance="factor", factors=3, fallback="cash")
    assert isinstance(found.weights.window, int)
    assert found.constraints == ConstraintsSetting(
        max_weight=0.25, min_weight=0.01, max_turnover=0.5, gross=1.25, net=-0.25, long_only=False, max_sector=0.5,
        sectors=(("NONE", ()), ("ONE", (0, 4)), ("TWO", (1,))),
    )  # fmt: skip
    assert found.drift_band == 0.05
    assert (found.risk.max_positions, found.risk.max_orders_per_day, found.risk.max_gross) == (4, 8, 1.25)
    assert (found.risk.max_position, found.risk.max_daily_loss, found.risk.max_net) == (1000.0, 0.25, None)
    assert chosen_by("", FIVE).drift_band == float("inf")


def test_a_market_without_bars_or_without_trade() -> None:
    empty = chosen_by("select: {rank: close, top: 1}\n", FIVE.head(0))
    assert (empty.bars.shape, empty.scores.shape, empty.side.shape) == ((0,), (0, 5), (0, 5))
    assert empty.bars.dtype == np.int64
    nobody = chosen_by(f'select: {{rank: "close[1]", top: 1}}\n{EVERY_BAR}', one_bar(A=None, B=None))
    assert nobody.side.tolist() == [[0, 0]]


def test_each_kind_is_compiled_where_it_belongs() -> None:
    rules = load_document("schema: 1\nname: r\nkind: rules\nentry: {long: close > open}\nexit: {time_stop: 1}\n")
    with pytest.raises(InputError, match="strategy r is of kind rules"):
        select(rules, {}, FIVE)
    with pytest.raises(InputError, match="strategy book is of kind portfolio"):
        compile_plan(load_document(LEAST), {}, FIVE)


def chosen_slowly(scores: list[float], eligible: list[bool], top: int, bottom: int) -> list[int]:
    """By the words of the page of the language, one by one."""
    ranked = [asset for asset in range(len(scores)) if eligible[asset] and scores[asset] == scores[asset]]
    side = [0] * len(scores)
    for asset in sorted(ranked, key=lambda asset: (-scores[asset], asset))[:top]:
        side[asset] = 1
    left = [asset for asset in ranked if side[asset] == 0]
    for asset in sorted(left, key=lambda asset: (scores[asset], asset))[:bottom]:
        side[asset] = -1
    return side


@given(
    markets(max_assets=4, max_bars=30),
    st.integers(1, 5),
    st.integers(1, 5),
    st.sampled_from(("change(close)", "high - low", "close[2]")),
)
def test_sides_as_chosen_one_by_one(market: Market, top: int, bottom: int, rank: str) -> None:
    found = chosen_by(
        f'select: {{rank: "{rank}", top: {top}, bottom: {bottom}, where: "close >= open"}}\n{EVERY_BAR}', market
    )
    for row, bar in enumerate(found.bars):
        eligible = (market.close[bar] >= market.open[bar]).tolist()
        assert found.side[row].tolist() == chosen_slowly(found.scores[row].tolist(), eligible, top, bottom)


def assert_first_part(head: Selection, whole: Selection) -> None:
    rows = len(head.bars)
    for name in ("bars", "scores", "side"):
        assert getattr(head, name).tobytes() == getattr(whole, name)[:rows].tobytes(), name
    for name in ("signal", "views"):
        one, other = getattr(head, name), getattr(whole, name)
        assert (one.size == 0 and (other.size == 0 or rows == 0)) or one.tobytes() == other[:rows].tobytes(), name
    assert (head.weights, head.constraints, head.drift_band, head.risk) == (
        whole.weights, whole.constraints, whole.drift_band, whole.risk,
    )  # fmt: skip


@given(
    numbers(depth=2), conditions(depth=2), choices(), markets(max_assets=3, max_bars=60), st.integers(0, 60),
    st.sampled_from(("week", "month", "bar", "2 bars")), st.sampled_from(("equal", "signal", "black_litterman")),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_no_choice_knows_the_future(
    number: str, condition: str, chosen: dict[str, float], market: Market, bars: int, every: str, method: str, seed: int
) -> None:
    number, condition = (text.replace("first", "close").replace("second", "open") for text in (number, condition))
    series = {"signal": f', value: "{number}"', "black_litterman": f', views: "{number}"'}.get(method, "")
    text = HEAD.replace("kind: rules", "kind: portfolio") + (
        f'select: {{rank: "{number}", top: n, bottom: 30%, where: "{condition}"}}\n'
        f"weights: {{method: {method}{series}}}\nrebalance: {{every: {every}}}\n"
    )
    document = read(text)
    parameters = resolve_parameters(document, chosen)
    bars = min(bars, len(market))
    whole = select(document, parameters, market)
    head = select(document, parameters, market.head(bars))
    assert len(head.bars) == np.count_nonzero(whole.bars < bars)
    assert_first_part(head, whole)
    assert_first_part(head, select(document, parameters, other_future(market, bars, seed)))


@pytest.mark.parametrize("name", ["xmom_crosssec", "min_variance"])
def test_shipped_portfolios(name: str) -> None:
    document = load_document((shipped("configs") / "strategies" / f"{name}.yaml").read_text(encoding="utf-8"))
    parameters = resolve_parameters(document)
    market = daily_panel(5, 700, 1)
    whole = select(document, parameters, market)
    assert whole.side.any(), "a strategy that never decides shows nothing"
    for bars in (0, 1, 252, 253, 300, 513, 699, 700):
        head = select(document, parameters, market.head(bars))
        assert len(head.bars) == np.count_nonzero(whole.bars < bars)
        assert_first_part(head, whole)
        assert_first_part(head, select(document, parameters, other_future(market, bars, bars)))


def test_unrelated_symbols_change_no_score() -> None:
    closes: dict[str, Closes] = {"A": [1.0, 3, 2, 5], "B": [5.0, None, 2, 9]}
    small, large = market_from(closes), market_from({**closes, "C": [7.0, 1, None, 2]})
    text = f'select: {{rank: "close / close[1]", top: 1}}\n{EVERY_BAR}'
    one, other = chosen_by(text, small), chosen_by(text, large)
    assert one.scores.tobytes() == np.ascontiguousarray(other.scores[:, :2]).tobytes()


def test_the_order_of_symbols_decides_only_between_equals() -> None:
    market = daily_panel(4, 400, 3)
    turned = replace(
        market, symbols=market.symbols[::-1],
        **{name: np.ascontiguousarray(getattr(market, name)[:, ::-1]) for name in ("open", "high", "low", "close", "volume")},
    )  # fmt: skip
    text = 'select: {rank: "close / close[20]", top: 2}\nrebalance: {every: week}\n'
    np.testing.assert_array_equal(chosen_by(text, market).side, chosen_by(text, turned).side[:, ::-1])
