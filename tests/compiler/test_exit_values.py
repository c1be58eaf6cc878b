"""Exits that read the position, worked out by hand: bought at the open of bar 1, when are the three units sold?"""

from __future__ import annotations

import pytest

from compiler.compiled import Closes, market_from, plan_from
from qt_engine.simulation.contract import Execution, SimInput
from qt_engine.simulation.simulate import simulate

RISE: Closes = (1, 2, 3, 4, 5, 6, 7)
GAPS: Closes = (1, 2, None, 3, 4, None, 5)
DEEP = "bars_held" + " + 1)" * 28


@pytest.mark.parametrize(
    ("condition", "closes", "bar"),
    [
        # held at the close of bar 1: one bar; the order fills at the next open
        ("bars_held >= 1", RISE, 2),
        ("bars_held >= 3", RISE, 4),
        ("bars_held == n", RISE, 3),
        ("bars_held > 2 or close > 3", RISE, 4),
        ("bars_held > 2 and close > 4", RISE, 5),
        ("not bars_held < 2", RISE, 3),
        ("position == 3 and bars_held > 1", RISE, 3),
        ("position < 0", RISE, None),
        ("-position < -2 and -bars_held < -1", RISE, 3),
        ("position * close >= 15", RISE, 5),
        ("(bars_held - 1) ** 2 > 3", RISE, 4),
        ("bars_held / 0 > 9", RISE, 2),
        ("2 <= bars_held <= 3", RISE, 3),
        ("bars_held > 9 or rising(close, 3)", RISE, 4),
        ("1 < 2 and bars_held > 1", RISE, 3),
        (f"{'(' * 28}{DEEP} > 30", RISE, 4),
        # only bars in which the asset trades are held
        ("bars_held >= 2", GAPS, 4),
        ("bars_held >= 3", GAPS, 6),
        # unknown is neither true nor false: close[4] is missing before bar 4
        ("bars_held > 0 * close[4]", RISE, 5),
        ("not bars_held < 0 * close[4]", RISE, 5),
        ("not (bars_held < 0 * close[4] or close > 9)", RISE, 5),
        ("not (bars_held < 0 * close[4] and close > 9)", RISE, 2),
        ("bars_held > 0 * close[4] or bars_held > 2", RISE, 4),
        ("bars_held > 0 and is_missing(close[3])", RISE, 2),
        ("(bars_held * close[4]) ** 0 == 1", RISE, 5),
        ("bars_held * (0 / 0) != 1", RISE, None),
        ("close > close[4] and bars_held > 0", RISE, 5),
    ],
)
def test_when_the_position_is_left(condition: str, closes: Closes, bar: int | None) -> None:
    market = market_from(closes)
    text = f"""params: {{n: 2}}
entry: {{long: "bar_index == 0"}}
exit: {{long: "{condition}"}}
sizing: {{method: fixed_quantity, value: 3}}
"""
    plan = plan_from(text, market)
    assert len(plan.exit_programs[0]) > 0
    fills = simulate(SimInput(market, plan, Execution(fee_bps=0.0, slippage_bps=0.0), 1000.0)).fills
    sold = [int(fill["bar"]) for fill in fills if fill["side"] < 0]
    assert [int(fill["bar"]) for fill in fills if fill["side"] > 0] == [1]
    assert sold == ([] if bar is None else [bar])


def test_shorts_have_a_negative_position() -> None:
    market = market_from(RISE)
    text = """entry: {short: "bar_index == 0"}
exit: {short: "position == -3 and bars_held == 2"}
sizing: {method: fixed_quantity, value: 3}
"""
    fills = simulate(SimInput(market, plan_from(text, market), Execution(fee_bps=0.0, slippage_bps=0.0), 1000.0)).fills
    assert [(int(fill["bar"]), int(fill["side"])) for fill in fills] == [(1, -1), (3, 1)]
