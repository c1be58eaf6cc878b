"""Expressions and what they are worth, worked out by hand from the language page."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.compiled import Closes, market_from, numbers, plan_from, truths
from qt_engine.core.errors import InputError
from qt_engine.strategies.language import load_document
from qt_engine.strategies.memory import CELLS, cross_section
from reference.cases import market_of
from reference.expressions import Interpreter

N = math.nan
INF = math.inf
RISE: Closes = (1, 2, 3, 4, 5)
WAVE: Closes = (1, 3, 2, 2, 4, 1)
GAPS: Closes = (None, 1, None, 2, 3, None, 2)
TURNS: Closes = (10, 12, 11, 11, 14, 14)
WITH_PARAMETERS = "params: {n: 2, k: 1, p: 2.5, zero: 0}\n"

WORTH: list[tuple[str, Closes, list[float]]] = [
    # prices, earlier bars, warm-up
    ("close", RISE, [1, 2, 3, 4, 5]),
    ("high - low", RISE, [2, 2, 2, 2, 2]),
    ("close[2]", RISE, [N, N, 1, 2, 3]),
    ("close[0]", RISE, [1, 2, 3, 4, 5]),
    ("close[1][1]", RISE, [N, N, 1, 2, 3]),
    ("(close + close[1])[1]", RISE, [N, N, 3, 5, 7]),
    ("close[9]", RISE, [N] * 5),
    ("sma(close, 3)", RISE, [N, N, 2, 3, 4]),
    ("sma(close, 9)", RISE, [N] * 5),
    ("sma(close[1], 2)[1]", RISE, [N, N, N, 1.5, 2.5]),
    ("sma(sma(close, 2), 2)", RISE, [N, N, 2, 3, 4]),
    ("highest(high, 2) - lowest(low, 2)", RISE, [N, 3, 3, 3, 3]),
    ("bar_index", RISE, [0, 1, 2, 3, 4]),
    ("sma(bar_index, 2)", RISE, [N, 0.5, 1.5, 2.5, 3.5]),
    # gaps: the asset's own bars count
    ("close[1]", GAPS, [N, N, N, 1, 2, N, 3]),
    ("sma(close, 2)", GAPS, [N, N, N, 1.5, 2.5, N, 2.5]),
    ("bar_index", GAPS, [N, 1, N, 3, 4, N, 6]),
    ("change(bar_index)", GAPS, [N, N, N, 2, 1, N, 2]),
    ("bars_since(close == 2)", GAPS, [N, N, N, 0, 1, N, 0]),
    ("count(close > 1, 2)", GAPS, [N, N, N, 1, 2, N, 2]),
    ("rank(close)", GAPS, [N, 1, N, 1, 1, N, 1]),
    # indicators of indicators (Wilder: changes +2, -1, 0, +3, 0)
    ("rsi(close, 2)", TURNS, [N, N, 200 / 3, 200 / 3, 280 / 3, 280 / 3]),
    ("sma(rsi(close, 2), 2)", TURNS, [N, N, N, 200 / 3, 80, 280 / 3]),
    ("sma(rsi(close, 2), 2)[1]", TURNS, [N, N, N, N, 200 / 3, 80]),
    ("highest(change(close), 2)", TURNS, [N, N, 2, 0, 3, 3]),
    ("ema(close, 2)", RISE, [N, 1.5, 2.5, 3.5, 4.5]),
    # arithmetic: missing stays missing, a division by zero is infinite with its sign
    ("close[1] * 0", RISE, [N, 0, 0, 0, 0]),
    ("0 / (close - 1)", RISE, [N, 0, 0, 0, 0]),
    ("1 / (close - 1)", RISE, [INF, 1, 0.5, 1 / 3, 0.25]),
    ("-1 / (close - 1)", RISE, [-INF, -1, -0.5, -1 / 3, -0.25]),
    ("1 / (close - 1) - 1 / (close - 1)", RISE, [N, 0, 0, 0, 0]),
    ("close ** 2", RISE, [1, 4, 9, 16, 25]),
    ("-close ** 2", RISE, [-1, -4, -9, -16, -25]),
    ("(close - 3) ** 0.5", RISE, [N, N, 0, 1, math.sqrt(2)]),
    ("(close - 3) ** -1", RISE, [-0.5, -1, INF, 1, 0.5]),
    ("close[2] ** 0", RISE, [N, N, 1, 1, 1]),
    ("sqrt(close - 3)", RISE, [N, N, 0, 1, math.sqrt(2)]),
    ("log(close - 3)", RISE, [N, N, N, 0, math.log(2)]),
    ("exp(close[1])", (1, 800, 2), [N, math.e, INF]),
    ("sign(close - 3)", RISE, [-1, -1, 0, 1, 1]),
    ("abs(close - 3)", RISE, [2, 1, 0, 1, 2]),
    ("min(close, 3)", RISE, [1, 2, 3, 3, 3]),
    ("max(close[1], 3)", RISE, [N, 3, 3, 3, 4]),
    ("min(close[1], close)", RISE, [N, 1, 2, 3, 4]),
    # looking back
    ("change(close)", WAVE, [N, 2, -1, 0, 2, -3]),
    ("change(close, 2)", WAVE, [N, N, 1, -1, 2, -1]),
    ("percent_change(close)", WAVE, [N, 2, -1 / 3, 0, 1, -0.75]),
    ("lag(close, 1)", WAVE, [N, 1, 3, 2, 2, 4]),
    ("bars_since(close > 2)", WAVE, [N, 0, 1, 2, 0, 1]),
    ("bars_since(close > close[1])", WAVE, [N, 0, 1, 2, 0, 1]),
    ("count(close >= 2, 3)", WAVE, [N, N, 2, 3, 3, 2]),
    ("count(close > close[1], 2)", WAVE, [N, 1, 1, 0, 1, 1]),
    ("count(close > 9, 1)", WAVE, [0] * 6),
    # a choice: missing where nobody knows
    ("where(close > 2, 10, close)", WAVE, [1, 10, 2, 2, 10, 1]),
    ("where(close > close[1], 1, -1)", WAVE, [N, 1, -1, -1, 1, -1]),
    ("where(close > 2, close[1], 0)", WAVE, [0, 1, 0, 0, 2, 0]),
    # a number counts as a series: it has no value before the first bar
    ("7", RISE, [7] * 5),
    ("7[2]", RISE, [N, N, 7, 7, 7]),
    ("lag(7, 1)", RISE, [N, 7, 7, 7, 7]),
    ("change(7)", RISE, [N, 0, 0, 0, 0]),
    ("sma(7[0], 2)", RISE, [N, 7, 7, 7, 7]),
    ("log(0)", RISE, [N] * 5),
    # parameters: n 2, k 1, p 2.5, zero 0
    ("sma(close, n + k)", RISE, [N, N, 2, 3, 4]),
    ("sma(close, window=n)", RISE, [N, 1.5, 2.5, 3.5, 4.5]),
    ("close[k]", RISE, [N, 1, 2, 3, 4]),
    ("close[zero]", RISE, [1, 2, 3, 4, 5]),
    ("lag(close, n - k)", RISE, [N, 1, 2, 3, 4]),
    ("count(close > p, n)", RISE, [N, 0, 1, 2, 2]),
    ("p ** 2", RISE, [6.25] * 5),
    ("1 / zero", RISE, [INF] * 5),
    ("log(zero)", RISE, [N] * 5),
    ("log(zero) ** 0", RISE, [N] * 5),
    ("sqrt(-p)", RISE, [N] * 5),
    ("min(p, n) + max(p, n) * sign(-p)", RISE, [-0.5] * 5),
    ("change(close, n)", RISE, [N, N, 2, 2, 2]),
    ("bollinger_upper(close, n, p) - sma(close, n)", (1, 3, 5), [N, 2.5, 2.5]),
]


@pytest.mark.parametrize(("expression", "closes", "expected"), WORTH)
def test_numbers(expression: str, closes: Closes, expected: list[float]) -> None:
    (found,) = numbers(expression, market_from(closes), WITH_PARAMETERS)
    assert found == pytest.approx(expected, rel=1e-12, abs=0, nan_ok=True)


TOLD: list[tuple[str, Closes, str]] = [
    ("close > 2", WAVE, "FTFFTF"),
    ("close >= 2", WAVE, "FTTTTF"),
    ("close != 2", WAVE, "TTFFTT"),
    ("close == 2", WAVE, "FFTTFF"),
    ("1 < close < 4", WAVE, "FTTTFF"),
    ("close[1] > 2", WAVE, "?FTFFT"),
    ("close > sma(close, 3)", RISE, "??TTT"),
    ("0 / (close - 1) == 0", RISE, "?TTTT"),
    ("1 / (close - 3) > 100", RISE, "FFTFF"),
    ("1 / (close - 3) != 1 / (close - 3)", RISE, "FFFFF"),
    ("1 < 2", RISE, "TTTTT"),
    ("log(zero) < 1", RISE, "?????"),
    # Kleene: what is decided stays decided
    ("close[2] > 0 and close > 0", RISE, "??TTT"),
    ("close[2] > 0 and close > 9", RISE, "FFFFF"),
    ("close[2] > 9 and close[1] > 0", RISE, "??FFF"),
    ("close[2] > 0 or close > 0", RISE, "TTTTT"),
    ("close[2] > 9 or close > 9", RISE, "??FFF"),
    ("close > 9 or close[2] > 1 or close[1] > 9", RISE, "??FTT"),
    ("not close[1] > 2", RISE, "?TTFF"),
    ("not (close[1] > 2 and close > 1)", RISE, "TTTFF"),
    ("not not close[1] > 2", RISE, "?FFTT"),
    ("is_missing(close[2])", RISE, "TTFFF"),
    ("is_missing(close[1]) or close[1] > 3", RISE, "TFFFT"),
    # crossings: never true where one of the four values is missing
    ("crosses_above(close, 2)", WAVE, "FTFFTF"),
    ("crosses_below(close, 2)", WAVE, "?FFFFT"),
    ("crosses_below(2, close)", WAVE, "FTFFTF"),
    ("crosses_above(close, close[1])", WAVE, "??FFTF"),
    ("crosses_above(close, sma(close, 2))", (5, 5, 4, 6, 7), "?FFTF"),
    ("crosses_above(close, 0)", RISE, "?FFFF"),
    ("crosses_above(close, 2)", GAPS, "?F?FT?F"),
    # runs
    ("rising(close, 1)", WAVE, "?TFFTF"),
    ("rising(close, 2)", RISE, "??TTT"),
    ("rising(close, 2)", (1, 2, 1, 2, 3), "??FFT"),
    ("rising(close, 3)", (2, 1, 2, 3, 4), "?FFFT"),
    ("falling(close, 2)", (3, 2, 1, 1, 0), "??TFF"),
    ("falling(close, 1)", GAPS, "???FF?T"),
    ("rising(1 / (close * 0), 1)", RISE, "?FFFF"),
    ("falling(-1 / (close - 1), 1)", RISE, "?FFFF"),
    # conditions of earlier bars
    ("(close > 2)[1]", WAVE, "?FTFFT"),
    ("(close > close[1])[1]", WAVE, "??TFFT"),
    ("(close > 2)[0]", WAVE, "FTFFTF"),
    ("(1 < 2)[2]", RISE, "??TTT"),
    ("(close > 2)[1]", GAPS, "???FF?T"),
    ("(not close[1] > 2)[k]", RISE, "??TTF"),
    ("rising(close, 1)[1]", WAVE, "??TFFT"),
    ("bars_since(rising(close, n)) <= 1", (1, 2, 3, 1, 0), "??TTF"),
    ("count(crosses_above(close, 2), 3) == 2", (1, 3, 1, 3, 3), "??FTF"),
    ("sma(rsi(close, 2), 2)[1] > 70", TURNS, "????FT"),
    ("where(close > close[1], 1, 0) > 0", WAVE, "?TFFTF"),
    ("bar_index >= 3", GAPS, "?F?TT?T"),
    ("close > p", RISE, "FFTTT"),
]


@pytest.mark.parametrize(("condition", "closes", "expected"), TOLD)
def test_conditions(condition: str, closes: Closes, expected: str) -> None:
    assert truths(condition, market_from(closes), WITH_PARAMETERS) == [expected]


@pytest.mark.parametrize("expression", [expression for expression, _, _ in WORTH])
@given(closes=st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=1, max_size=12))
@settings(max_examples=max(settings.default.max_examples // 10, 1))
def test_the_interpreter_agrees_with_the_table(expression: str, closes: Closes) -> None:
    """The same expressions on other prices, against the reference interpreter."""
    market = market_from(closes)
    text = f'name: tried\nschema: 1\nkind: rules\nuniverse: [A]\n{WITH_PARAMETERS}entry: {{long: "0 < {expression}"}}\n'
    document = load_document(text, "tried.yaml")
    told = Interpreter(document, {name: p.default for name, p in document.params.items()}, market)
    assert document.entry.long is not None
    expected = told.numbers(document.entry.long.right).T.tolist()  # type: ignore[union-attr]
    (found,) = numbers(expression, market, WITH_PARAMETERS)
    assert found == pytest.approx(expected[0], rel=1e-12, abs=0, nan_ok=True)


THREE = {"A": (1, 2, 2, 5), "B": (None, 1, 2, 3), "C": (3, 3, 2, None)}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rank(close)", [[0.5, 2 / 3, 2 / 3, 1], [N, 1 / 3, 2 / 3, 0.5], [1, 1, 2 / 3, N]]),
        ("rank(-close)", [[1, 2 / 3, 2 / 3, 0.5], [N, 1, 2 / 3, 1], [0.5, 1 / 3, 2 / 3, N]]),
        ("zscore(close)", [[-1, 0, N, 1], [N, -math.sqrt(1.5), N, -1], [1, math.sqrt(1.5), N, N]]),
        ("zscore(close * 0 + 0.1)", [[N] * 4] * 3),
        # changes at bar 1: A 1, C 0 (B has no earlier bar); at bar 2: A 0, B 1, C -1; at bar 3: A 3, B 1
        ("rank(change(close))", [[N, 1, 2 / 3, 1], [N, N, 1, 0.5], [N, 0.5, 1 / 3, N]]),
        # close[1] at bar 1: A 1, C 3; at bar 2: A 2, B 1, C 3
        ("zscore(close[1])[1]", [[N, N, -1, 0], [N, N, N, -math.sqrt(1.5)], [N, N, 1, N]]),
    ],
)  # fmt: skip
def test_across_symbols(expression: str, expected: list[list[float]]) -> None:
    found = numbers(expression, market_from(THREE))
    for row, wanted in zip(found, expected, strict=True):
        assert row == pytest.approx(wanted, rel=1e-12, abs=1e-15, nan_ok=True)


def test_each_symbol_sees_its_own_bars() -> None:
    market = market_from(THREE)
    assert truths("close > close[1]", market) == ["?TFT", "??TT", "?FF?"]
    assert truths("bar_index == 1", market) == ["FTFF", "?TFF", "FTF?"]


def test_a_symbol_that_never_trades_is_left_alone() -> None:
    market = market_from({"A": (None,) * 4, "B": (1, 2, 3, 4)})
    condition = "sma(close, 2) > 1 and rank(close) > 0 and rising(close, 1) and count(close > 1, 2) > 0 and atr(1) > 0"
    assert truths(condition, market) == ["????", "?TTT"]


LET = """
params: {n: {type: int, default: 2, low: 1, high: 9}, p: 1.5}
let:
  calm: not wild
  wild: spread[n] > p * unit
  spread: high - low + step
  step: abs(change(close, half))
  half: n / 2
  unit: 2
"""


def test_names_may_read_names_and_constants_any_way_round() -> None:
    """spread is 2 + the step of one bar (n / 2); wild looks n = 2 bars back."""
    market = market_from((1, 2, 4, 4, 5, 9))
    assert numbers("spread", market, LET)[0] == pytest.approx([N, 3, 4, 2, 3, 6], nan_ok=True)
    assert truths("wild", market, LET) == ["???FTF"]
    assert truths("calm and step < 2", market, LET) == ["?" * 2 + "FTFF"]
    assert truths("wild", market, LET, n=4) == ["?" * 6]
    assert truths("wild", market, LET, p=0.5) == ["???TTT"]


def test_long_and_short_at_once_are_no_entry() -> None:
    market = market_from(RISE)
    entry = plan_from('entry: {long: "close > 1", short: "close < 4"}\n', market).entry
    assert entry[:, 0].tolist() == [-1, 0, 0, 1, 1]
    only = plan_from('entry: {short: "close[1] < 3"}\n', market).entry
    assert only[:, 0].tolist() == [0, -1, -1, 0, 0]


def test_the_position_is_for_exits_alone() -> None:
    """An entry is decided where there is no position: there is nothing to read."""
    for text in ('entry: {long: "position == 0"}', 'let: {flat: "position == 0"}\nentry: {long: flat}',
                 'entry: {long: "close > 1"}\nexit: {long: "abs(position) > 1"}',
                 'entry: {long: "close > 1"}\nexit: {long: "sma(bars_held, 2) > 1"}',
                 'entry: {long: "close > 1"}\nexit: {long: "(bars_held > 1)[1]"}'):  # fmt: skip
        with pytest.raises(InputError, match=r"tried.yaml, line \d+, column \d+: (position|bars_held) cannot be read"):
            plan_from(text, market_from(RISE))


def test_distances_are_average_true_ranges_of_the_bar() -> None:
    """True ranges 3, 4, 1 from the second bar on; Wilder's average of two is 3.5, then 2.25."""
    bars = ((10, 11, 9, 10), (10, 13, 10, 12), None, (12, 12, 8, 9), (9, 10, 9, 10))
    text = """params: {k: 2.0, n: 2}
entry: {long: "close > 0"}
exit: {stop_loss: {atr: k, window: n}, take_profit: {atr: "k * 2", window: "n - 1"}, trailing_stop: "k / 100", time_stop: n * 3}
sizing: {method: risk_per_trade, value: "k / 200"}
reentry: {cooldown: n, max_entries: "n + 5"}
risk: {max_positions: "n / 2", max_gross: k, max_drawdown: "k / 10"}
"""
    plan = plan_from(text, market_of(bars))
    stop, target = (plan.distances[int(plan.protect_value[0, column])][:, 0].tolist() for column in (0, 1))
    assert stop == pytest.approx([N, N, N, 7, 4.5], nan_ok=True)
    assert target == pytest.approx([N, 12, N, 16, 4], nan_ok=True)
    assert plan.protect_kind.tolist() == [[2, 2, 1]] * 2
    assert plan.protect_value[:, 2].tolist() == [0.02, 0.02]
    assert plan.time_stop.tolist() == [6, 6]
    assert (plan.sizing, plan.sizing_value, plan.cooldown, plan.max_entries) == ("risk_per_trade", 0.01, 2, 7)
    assert (plan.risk.max_positions, plan.risk.max_gross, plan.risk.max_drawdown) == (1, 2.0, 0.2)


def test_volatility_is_that_of_simple_returns_over_a_year() -> None:
    """Returns 10%, -10%, 0 on the asset's own bars; the sample deviation of two, times the root of 252."""
    text = 'entry: {long: "close > 0"}\nsizing: {method: volatility_target, value: 10%, window: 2}\n'
    found = plan_from(text, market_from((100, 110, None, 99, 99))).volatility[:, 0].tolist()
    year = math.sqrt(252)
    assert found == pytest.approx([N, N, N, math.sqrt(0.02) * year, math.sqrt(0.005) * year], nan_ok=True)


def test_a_long_table_is_ranked_in_slices_that_do_not_show() -> None:
    """Every row by itself, also in tables that are too large to be ranked at once."""
    rows = np.array([[3.0, 1.0, N], [2.0, 2.0, 5.0], [N, N, N], [4.0, 4.0, 4.0], [INF, -INF, 0.0]])
    expected = np.array([[1, 0.5, N], [0.5, 0.5, 1], [N, N, N], [2 / 3, 2 / 3, 2 / 3], [1, 1 / 3, 2 / 3]])
    times = CELLS // rows.size + 7
    np.testing.assert_array_equal(cross_section("rank", np.tile(rows, (times, 1))), np.tile(expected, (times, 1)))
    assert cross_section("rank", np.empty((0, 2))).shape == (0, 2)
