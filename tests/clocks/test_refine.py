"""Finer bars inside coarse ones: what they decide that a coarse bar cannot, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qt_engine.core.errors import InputError
from qt_engine.core.intervals import DAY_NS
from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import ACTIONS, DIVIDEND, Market
from qt_engine.data.resample import resample
from qt_engine.simulation.contract import Execution, Reason, RiskLimits, SimInput, SimResult, Status
from qt_engine.simulation.refine import closing_bars, refine
from qt_engine.simulation.simulate import simulate
from qt_engine.strategies.instructions import GREATER_EQUAL, LESS, PUSH_HELD, PUSH_POSITION, PUSH_VALUE
from qt_engine.strategies.plan import LONG, STOP, TARGET, TRAIL, UNLIMITED, Fallback, OrderType, Plan, Protect

START = 1_577_923_200_000_000_000  # 2020-01-02, a Thursday
HOUR = DAY_NS // 24
FREE = Execution(fee_bps=0.0, slippage_bps=0.0)
EIGHT_HOURS = [
    [100, 101, 99, 100], [100, 102, 99, 101], [101, 101, 99, 100],  # day 0: the entry is decided at its close
    [100, 103, 100, 103], [103, 111, 102, 110], [110, 110, 89, 90],  # day 1: up to 111, then down to 89
    [90, 92, 88, 91], [91, 97, 90, 96], [96, 99, 95, 98],
    [98, 99, 96, 97], [97, 100, 97, 99], [99, 101, 98, 100],
]  # fmt: skip


def bars_of(rows: list[list[float]], interval: str = "8h", step: int = 8 * HOUR, **more: Any) -> Market:
    columns = np.array(rows, float).T
    ts = START + step * np.arange(len(rows), dtype=np.int64)
    return market_from_arrays(["A"], interval, ts, *columns, np.full(len(rows), 1000.0), venue="24/7", **more)


FINER = bars_of(EIGHT_HOURS)
DAILY = resample(FINER, "1d")


def decided(market: Market = DAILY, entry: int = 0, **more: Any) -> Plan:
    """Long at the close of one bar, then held."""
    shape = market.close.shape
    long = np.zeros(shape, np.int8)
    long[entry] = 1
    nothing = np.zeros(shape, np.uint8)
    return Plan(
        **({
            "entry": long, "exit_long": nothing, "exit_short": nothing, "protect_kind": np.zeros((2, 3), np.int64),
            "protect_value": np.zeros((2, 3)), "time_stop": np.full(2, UNLIMITED), "sizing": "fixed_quantity", "sizing_value": 10.0,
        } | more)
    )  # fmt: skip


def guarded(**fractions: float) -> dict[str, Any]:
    """Protection of longs as fractions of the entry price."""
    kind, value = np.zeros((2, 3), np.int64), np.zeros((2, 3))
    for name, fraction in fractions.items():
        column = {"stop": STOP, "target": TARGET, "trail": TRAIL}[name]
        kind[LONG, column], value[LONG, column] = Protect.FRACTION, fraction
    return {"protect_kind": kind, "protect_value": value}


def filled(result: SimResult) -> list[tuple[int, str, float]]:
    return [(int(row["bar"]), Reason(row["reason"]).name.lower(), float(row["price"])) for row in result.fills]


def test_a_day_that_touched_stop_and_target_is_decided_by_the_hours() -> None:
    run = SimInput(DAILY, decided(**guarded(stop=0.1, target=0.1)), FREE)
    assert filled(simulate(run)) == [(1, "entry_signal", 100), (1, "stop_loss", 90)]
    assert simulate(run).counters.ambiguous_bars == 1
    fine = simulate(refine(run, FINER))
    assert filled(fine) == [(3, "entry_signal", 100), (4, "take_profit", 110)]
    assert fine.counters.ambiguous_bars == 0
    assert closing_bars(DAILY, FINER).tolist() == [2, 5, 8, 11]


def test_a_gap_inside_the_day_is_seen() -> None:
    rows = [*EIGHT_HOURS[:4], [97, 98, 93, 94], [94, 95, 93, 94]]
    run = SimInput(resample(bars_of(rows), "1d"), decided(resample(bars_of(rows), "1d"), **guarded(stop=0.02)), FREE)
    assert filled(simulate(run))[1] == (1, "stop_loss", 98)
    assert filled(simulate(refine(run, bars_of(rows))))[1] == (4, "stop_loss", 97)


def test_returns_are_taken_between_the_same_closes() -> None:
    run = SimInput(DAILY, decided(), FREE)
    coarse, fine = simulate(run), simulate(refine(run, FINER))
    assert refine(run, FINER).market.periods_per_year == DAILY.periods_per_year
    for name in ("returns", "sum_returns", "sum_squares", "max_drawdown", "trades", "final_equity"):
        assert getattr(fine.counters, name) == getattr(coarse.counters, name), name
    weekly = bars_of([[100, 102, 99, 101]] * 4, "1w", 7 * DAY_NS)
    weekly = replace(weekly, ts=weekly.ts + 4 * DAY_NS, close_ts=weekly.close_ts + 4 * DAY_NS)
    days = bars_of([[100, 102, 99, 100], *[[100, 101, 100, 100]] * 5, [100, 101, 100, 101]] * 4, "1d", DAY_NS)
    days = replace(days, ts=days.ts + 4 * DAY_NS, close_ts=days.close_ts + 4 * DAY_NS)
    weeks = refine(SimInput(weekly, decided(weekly), FREE), days)
    assert (weeks.market.periods_per_year, simulate(weeks).counters.returns) == (weekly.periods_per_year, 3)


def test_time_stop_and_cooldown_are_counted_in_coarse_bars() -> None:
    always = np.ones((4, 1), np.int8)
    plan = decided(entry=0, time_stop=np.array([1, UNLIMITED]), cooldown=2)
    fine = simulate(refine(SimInput(DAILY, replace(plan, entry=always), FREE), FINER))
    assert filled(fine) == [(3, "entry_signal", 100), (6, "time_stop", 90)]
    plan = replace(plan, entry=always, cooldown=1)
    assert filled(simulate(refine(SimInput(DAILY, plan, FREE), FINER))) == [
        (3, "entry_signal", 100), (6, "time_stop", 90),
    ]  # fmt: skip
    plan = replace(plan, cooldown=0)
    assert filled(simulate(refine(SimInput(DAILY, plan, FREE), FINER)))[2:] == [(9, "entry_signal", 98)]
    for cooldown in range(3):
        run = SimInput(DAILY, replace(plan, cooldown=cooldown), FREE)
        coarse, fine = simulate(run), simulate(refine(run, FINER))
        assert coarse.fills["price"].tolist() == fine.fills["price"].tolist()


def test_a_resting_limit_ends_with_its_coarse_bars() -> None:
    style = np.array([[OrderType.LIMIT, 0, 1], [0, 0, 0]])
    for limit, wanted in ((89.5, [(5, "entry_signal", 89.5)]), (88.5, [])):
        plan = decided(order_style=style, order_prices=np.full((4, 4, 1), limit))
        result = simulate(refine(SimInput(DAILY, plan, FREE), FINER))
        assert filled(result) == wanted
        assert result.orders["status"].tolist() == [Status.FILLED if wanted else Status.EXPIRED]


def test_exit_conditions_that_read_the_position_are_asked_at_coarse_closes_alone() -> None:
    held_long = np.array([(PUSH_VALUE, 0, 0), (PUSH_POSITION, 0, 0), (LESS, 0, 0)], np.int64)
    plan = decided(exit_programs=(held_long, np.empty((0, 3), np.int64)), program_values=np.array([5.0]))
    run = SimInput(DAILY, plan, FREE)
    assert filled(simulate(run)) == [(1, "entry_signal", 100), (2, "exit_signal", 90)]
    assert filled(simulate(refine(run, FINER))) == [(3, "entry_signal", 100), (6, "exit_signal", 90)]


def test_trailing_stops_follow_finer_bars_where_they_are_let() -> None:
    run = SimInput(DAILY, decided(**guarded(trail=0.05)), FREE)
    assert filled(simulate(run))[1] == (1, "trailing_stop", 95)
    assert filled(simulate(refine(run, FINER, follow_finer=True)))[1] == (5, "trailing_stop", 105.45)


def test_targets_are_decided_at_the_last_finer_bar_and_drift_is_followed_where_it_is_let() -> None:
    plan = Plan.of_targets(np.array([0]), np.array([[0.5]]))
    assert filled(simulate(refine(SimInput(DAILY, plan, FREE), FINER))) == [(3, "target", 100)]
    drifting = replace(plan, drift_band=0.02)
    fine = simulate(refine(SimInput(DAILY, drifting, FREE), FINER, follow_finer=True))
    assert filled(fine)[:2] == [(3, "target", 100), (5, "drift", 110)]


def test_all_else_of_the_run_is_carried_along() -> None:
    close = int(DAILY.close_ts[1])
    plan = replace(
        Plan.of_targets(np.array([0, 1]), np.array([[0.5], [0.5]])), fallbacks=(Fallback(1, "equal", "why", "hold"),)
    )
    run = SimInput(
        DAILY, plan, FREE, 5_000.0, seed=3, risk=RiskLimits(max_gross=0.25), strategy_version="v", kill_ts=close
    )
    fine = refine(run, FINER)
    for name in ("cash", "seed", "risk", "strategy_version", "kill_ts", "execution"):
        assert getattr(fine, name) == getattr(run, name), name
    assert [(one.bar, one.reason) for one in fine.plan.fallbacks] == [(5, "why")]
    assert simulate(fine).counters.halted
    assert filled(simulate(fine)) == [(3, "target", 100), (6, "kill_switch", 90)]


def test_impact_is_measured_over_the_same_time() -> None:
    execution = Execution(impact={"coefficient": 1.0, "window": 2})
    finer = refine(SimInput(DAILY, decided(), execution), FINER).execution
    assert finer.impact is not None and finer.impact.window == 6


def test_what_lies_around_the_run_is_left_out() -> None:
    run = SimInput(DAILY.window(1, 3), decided(DAILY.window(1, 3)), FREE)
    assert refine(run, FINER).market.ts.tolist() == FINER.ts[3:9].tolist()
    assert simulate(refine(run, FINER)).equity[-1] == simulate(run).equity[-1]


def test_daily_bars_of_a_date_are_made_of_the_session_s_bars() -> None:
    """Bars labelled with a UTC midnight stand for that date at the venue, whose minutes lie elsewhere in UTC."""
    opens = 1_719_927_000_000_000_000  # 2024-07-02 09:30 in New York
    ts = np.concatenate([opens + day * DAY_NS + HOUR // 2 * np.arange(13, dtype=np.int64) for day in (0, 1)])
    close = 100.0 + np.arange(26)
    half_hours = market_from_arrays(["A"], "30m", ts, close - 1, close, close - 1, close, close, venue="XNYS")
    midnight = opens // DAY_NS * DAY_NS
    daily = market_from_arrays(
        ["A"], "1d", [midnight, midnight + DAY_NS], [99, 112], [112, 125], [99, 112], [112, 125], [1, 1], venue="XNYS"
    )
    run = SimInput(daily, decided(daily), FREE)
    fine = refine(run, half_hours)
    assert closing_bars(daily, half_hours).tolist() == [12, 25]
    assert filled(simulate(fine)) == [(13, "entry_signal", 112)]
    assert fine.market.close_ts[12] == midnight + DAY_NS  # when the daily bar is known, and its decisions are made


def _program(*rows: tuple[int, int, int]) -> dict[str, Any]:
    return {"exit_programs": (np.array(rows, np.int64), np.empty((0, 3), np.int64)), "program_values": np.array([3.0])}


UNEVEN = bars_of(EIGHT_HOURS)
UNEVEN = replace(
    UNEVEN, **{name: np.delete(getattr(UNEVEN, name), 1, axis=0) for name in ("ts", "close_ts", "open", "high", "low", "close", "volume", "sample")}
)  # fmt: skip
LATE = Execution(latency={"distribution": "fixed", "ms": 5})


@pytest.mark.parametrize(
    ("run", "finer", "said"),
    [
        (lambda: SimInput(DAILY, decided(**guarded(trail=0.1))), FINER, "trailing stops look at every bar"),
        (lambda: SimInput(DAILY, decided(**_program((PUSH_HELD, 0, 0), (PUSH_VALUE, 0, 0), (GREATER_EQUAL, 0, 0)))), FINER, "bars_held"),
        (lambda: SimInput(DAILY, replace(Plan.of_targets(np.array([0]), np.array([[1.0]])), drift_band=0.1)), FINER, "drift band"),
        (lambda: SimInput(DAILY, decided(), Execution(volume_share={"coefficient": 0.1})), FINER, "volume_share"),
        (lambda: SimInput(DAILY, decided(), Execution(impact={"window": 5000})), FINER, "window of 5000 bars is one of 15000"),
        (lambda: SimInput(made(UNEVEN), decided(cooldown=1)), UNEVEN, "cooldown counts bars, and a bar has 2 to 3 finer ones"),
        (lambda: SimInput(made(UNEVEN), decided(time_stop=np.array([3, 4]))), UNEVEN, "time_stop counts bars, and a bar has 2 to 3"),
        (lambda: SimInput(quoted(DAILY), decided(), Execution(quoted_spread=True)), FINER, "no quoted spread"),
    ],
)  # fmt: skip
def test_what_would_mean_something_else_is_refused(run: Callable[[], SimInput], finer: Market, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        refine(run(), finer)
    assert "\n" not in caught.value.reason


def made(finer: Market) -> Market:
    return resample(finer, "1d")


def quoted(market: Market) -> Market:
    return replace(market, spread=np.full(market.close.shape, 0.001))


def test_everything_that_is_refused_is_named_at_once() -> None:
    run = SimInput(made(UNEVEN), decided(cooldown=1, time_stop=np.array([1, 1]), **guarded(trail=0.1)))
    with pytest.raises(InputError, match=r"not on 8h bars: cooldown .*; time_stop .*; trailing"):
        refine(run, UNEVEN)


def test_latency_needs_a_trade_at_the_close() -> None:
    """An order is made in a bar with a trade; one made before the coarse bar has closed would arrive too early."""
    columns = {
        name: np.concatenate([getattr(FINER, name), getattr(FINER, name)], axis=1)
        for name in ("open", "high", "low", "close", "volume")
    }
    for column in columns.values():
        column[2, 1] = np.nan
    finer = replace(FINER, symbols=("A", "B[x]"), **columns)
    coarse = resample(finer, "1d")
    entry = np.zeros((4, 2), np.int8)
    entry[0, 0] = 1
    plan = decided(coarse)
    refine(SimInput(coarse, replace(plan, entry=entry), LATE), finer)
    entry[0, 1] = 1
    refine(SimInput(coarse, replace(plan, entry=entry)), finer)
    with pytest.raises(InputError, match=r"B\[x\] has none at 2020-01-03"):
        refine(SimInput(coarse, replace(plan, entry=entry), LATE), finer)


def test_bars_that_do_not_add_up_are_refused_with_the_first_place() -> None:
    run = SimInput(DAILY, decided())
    wrong = FINER.high.copy()
    wrong[4], wrong[10] = 112, 130
    with pytest.raises(
        InputError,
        match=r"8h bars do not add up to the 1d bar of A at 2020-01-03.*: their high is 112, that of the bar 111",
    ):
        refine(run, replace(FINER, high=wrong))
    with pytest.raises(InputError, match="the 1d bar of 2020-01-05.* has no 8h bars"):
        refine(run, FINER.head(9))
    with pytest.raises(InputError, match="lie in no 1d bar of the run"):
        refine(SimInput(without(DAILY, 2), decided(without(DAILY, 2))), FINER)
    with pytest.raises(InputError, match="finer bars are of B, those of the run of A"):
        refine(run, replace(FINER, symbols=("B",)))
    with pytest.raises(InputError, match="cannot be made"):
        refine(SimInput(FINER, decided(FINER)), DAILY)
    paid = replace(FINER, actions=np.array([(3, 0, DIVIDEND, 1.0)], ACTIONS))
    with pytest.raises(InputError, match="other corporate actions than the 1d bars, first for A at 2020-01-03"):
        refine(run, paid)
    refine(SimInput(resample(paid, "1d"), decided()), paid)


def without(market: Market, bar: int) -> Market:
    names = ("ts", "close_ts", "open", "high", "low", "close", "volume", "sample")
    return replace(market, **{name: np.delete(getattr(market, name), bar, axis=0) for name in names})


def test_an_empty_run_stays_empty() -> None:
    nothing = DAILY.head(0)
    assert len(refine(SimInput(nothing, decided_nothing()), FINER).market) == 0


def decided_nothing() -> Plan:
    empty = np.empty((0, 1), np.uint8)
    return Plan(empty.view(np.int8), empty, empty, np.zeros((2, 3), np.int64), np.zeros((2, 3)), np.full(2, UNLIMITED))
