"""From a selection to targets: rows, fallbacks, turnover, and that no row knows what comes after it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from portfolio.portfolio_markets import market_of, random_market, select_all
from qt_engine.core.errors import CancelledError
from qt_engine.portfolio.construction import construct
from qt_engine.portfolio.rebalancing import drifted_between
from qt_engine.strategies.plan import Fallback
from qt_engine.strategies.selection import WEIGHTS_METHODS, ConstraintsSetting, Selection, WeightsSetting

EQUAL = WeightsSetting("equal")


def test_equal_weights_are_the_share_of_each_side() -> None:
    market = random_market(10, 4)
    side = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [1, 1, -1, 0], [0, 0, 0, 0], [0, -1, 0, -1]], np.int8)
    setting = ConstraintsSetting(long_only=False)
    made = construct(Selection(np.arange(5), np.full((5, 4), np.nan), side, EQUAL, setting), market)
    assert made.target.tolist() == [
        [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.25, 0.25, -0.5, 0], [0, 0, 0, 0], [0, -0.5, 0, -0.5],
    ]  # fmt: skip
    assert made.fallbacks == ()
    assert not made.held.any()


@pytest.mark.parametrize(
    "setting",
    [
        ConstraintsSetting(), ConstraintsSetting(gross=0.7), ConstraintsSetting(max_weight=0.5),
        ConstraintsSetting(long_only=False, gross=1.4, net=0.2), ConstraintsSetting(long_only=False),
    ],
)  # fmt: skip
def test_equal_weights_all_at_once_are_those_row_by_row(setting: ConstraintsSetting) -> None:
    market = random_market(40, 9)
    rng = np.random.default_rng(1)
    side = rng.integers(0 if setting.long_only else -1, 2, (40, 9)).astype(np.int8)
    side[:, :3], side[:, 3] = 1, (1 if setting.long_only else -1)
    selection = Selection(np.arange(40), np.full(side.shape, np.nan), side, EQUAL, setting)
    quick = construct(selection, market)
    # A turnover that never binds takes the long way.
    slow = construct(replace(selection, constraints=replace(setting, max_turnover=99.0)), market)
    assert quick.target.tobytes() == slow.target.tobytes()


@pytest.mark.parametrize("method", WEIGHTS_METHODS)
@pytest.mark.parametrize("turnover", [None, 0.3])
def test_cutting_off_the_future_changes_no_earlier_row(method: str, turnover: float | None) -> None:
    market = random_market(150, 6, seed=2)
    bars = list(range(20, 150, 10))
    setting = WeightsSetting(method, window=40)  # type: ignore[arg-type]
    whole = select_all(market, bars, setting, max_turnover=turnover)
    values = np.random.default_rng(0).uniform(0, 0.15, whole.side.shape)
    whole = replace(whole, signal=values if method == "signal" else whole.signal, views=values / 100)
    full = construct(whole, market)
    for rows in (1, 3, len(bars) // 2, len(bars) - 1):
        part = replace(
            whole, bars=whole.bars[:rows], side=whole.side[:rows], scores=whole.scores[:rows],
            signal=whole.signal[:rows], views=whole.views[:rows],
        )  # fmt: skip
        cut = construct(part, market.head(bars[rows - 1] + 1))
        assert cut.target.tobytes() == full.target[:rows].tobytes()
        assert cut.fallbacks == tuple(one for one in full.fallbacks if one.bar <= bars[rows - 1])
        assert cut.held.tolist() == full.held[:rows].tolist()


@pytest.mark.parametrize("method", ["inverse_volatility", "min_variance", "risk_parity"])
def test_only_the_window_counts(method: str) -> None:
    market = random_market(100, 4)
    setting = WeightsSetting(method, window=30)  # type: ignore[arg-type]
    changed = market.close.copy()
    changed[:69] *= np.random.default_rng(5).uniform(0.5, 2, (69, 4))
    other = market_of(changed)
    one = construct(select_all(market, [99], setting), market_of(market.close.copy()))
    two = construct(select_all(other, [99], setting), other)
    assert one.target.tobytes() == two.target.tobytes()
    assert one.target.any()


@pytest.mark.parametrize(
    ("fallback", "used", "weights"),
    [("equal", "equal", [0.5, 0.5]), ("cash", "cash", [0, 0]), ("hold", "hold", [0, 0]),
     ("inverse_volatility", "hold", [0, 0])],
)  # fmt: skip
def test_before_there_are_enough_returns_the_fallback_is_used_and_recorded(
    fallback: str, used: str, weights: list[float]
) -> None:
    market = random_market(60, 2)
    setting = WeightsSetting("min_variance", window=50, fallback=fallback)  # type: ignore[arg-type]
    made = construct(select_all(market, [10, 55], setting), market)
    assert made.target[0].tolist() == weights
    [record] = made.fallbacks
    assert (record.bar, record.method, record.used) == (10, "min_variance", used)
    assert record.reason.startswith("10 of 50 returns are known")
    assert made.held.tolist() == [used == "hold", False]
    assert made.target[1].sum() == pytest.approx(1, abs=1e-5)


def test_a_contradiction_is_recorded_in_words_and_held() -> None:
    market = random_market(40, 4)
    setting = WeightsSetting("equal", fallback="equal")
    selection = select_all(market, [10, 20, 30], setting, max_weight=0.3)
    side = selection.side.copy()
    side[1, 2:] = 0
    made = construct(replace(selection, side=side), market)
    reason = "max_weight 30% of 2 assets cannot reach gross 1"
    assert made.fallbacks == (Fallback(20, "equal", f"{reason}; equal: {reason}", "hold"),)
    assert made.held.tolist() == [False, True, False]
    drifted = drifted_between(np.full(4, 0.25), market, 10, 20)
    np.testing.assert_allclose(made.target[1], drifted, atol=1e-6)


def test_turnover_counts_from_what_prices_have_made_of_the_last_target() -> None:
    closes = np.ones((12, 2))
    closes[6:, 0] = 3.0
    market = market_of(closes * 100)
    made = construct(select_all(market, [2, 4, 8], EQUAL, max_turnover=0.5), market)
    # 0 to 50% of the way; the rest; then 75% and 25% are held, and half of the equity is traded at most.
    np.testing.assert_allclose(made.target, [[0.25, 0.25], [0.5, 0.5], [0.5, 0.5]], atol=1e-5)
    made = construct(select_all(market, [2, 4, 8], EQUAL, max_turnover=0.2), market)
    np.testing.assert_allclose(made.target[:2], [[0.1, 0.1], [0.2, 0.2]], atol=1e-5)
    # 0.2 and 0.2 have become 0.6 / 1.4 and 0.2 / 1.4.
    held, aim = np.array([0.6, 0.2]) / 1.4, np.array([0.5, 0.5])
    np.testing.assert_allclose(made.target[2], held + (aim - held) * 0.2 / np.abs(aim - held).sum(), atol=1e-5)


def test_what_is_chosen_no_longer_is_left_as_fast_as_turnover_allows() -> None:
    market = market_of(np.full((10, 3), 50.0))
    selection = select_all(market, [1, 2, 3, 4], EQUAL, max_turnover=1.0)
    side = np.array([[1, 0, 0], [0, 1, 1], [0, 1, 1], [0, 1, 1]], np.int8)
    made = construct(replace(selection, side=side), market)
    np.testing.assert_allclose(made.target, [[1, 0, 0], [0.5, 0.25, 0.25], [0, 0.5, 0.5], [0, 0.5, 0.5]], atol=1e-6)


def test_assets_without_a_whole_window_are_left_out_and_named() -> None:
    closes = random_market(80, 4).close.copy()
    closes[:60, 1] = np.nan  # listed late
    closes[np.arange(80) % 3 != 1, 3] = np.nan  # trades every third day
    market = market_of(closes)
    setting = WeightsSetting("min_variance", window=30)
    made = construct(select_all(market, [79], setting), market)
    assert made.target[0, [1, 3]].tolist() == [0, 0]
    assert made.target[0].sum() == pytest.approx(1, abs=1e-5)
    assert made.fallbacks == (
        Fallback(79, "min_variance", "2 of 4 chosen assets without 30 whole returns: A01, A03", "the others"),
    )


def test_a_day_without_trade_is_passed_over_for_all() -> None:
    closes = random_market(80, 3).close.copy()
    halted = closes.copy()
    halted[70, 1] = np.nan
    setting = WeightsSetting("inverse_volatility", window=30)
    made = construct(select_all(market_of(halted), [79], setting), market_of(halted))
    assert made.fallbacks == ()
    without = np.delete(closes, 70, axis=0)
    same = construct(select_all(market_of(without), [78], setting), market_of(without))
    assert made.target.tobytes() == same.target.tobytes()


def test_an_asset_that_never_moves_has_no_volatility_to_weight_by() -> None:
    closes = random_market(60, 3).close.copy()
    closes[:, 1] = 10.0
    market = market_of(closes)
    made = construct(select_all(market, [50], WeightsSetting("inverse_volatility", window=20)), market)
    assert made.fallbacks[0].reason == "A01 has a volatility of 0 in the window"
    np.testing.assert_allclose(made.target[0], 1 / 3, atol=1e-6)


def test_sectors_are_columns_of_the_market() -> None:
    market = random_market(60, 5)
    selection = select_all(
        market, [50], EQUAL, sectors=(("left", (0, 1, 2)), ("right", (3, 4))), max_sector=0.5, max_weight=0.4
    )
    np.testing.assert_allclose(construct(selection, market).target[0], [1 / 6] * 3 + [0.25] * 2, atol=1e-6)


def test_progress_is_told_and_may_cancel() -> None:
    market = random_market(80, 3)
    selection = select_all(market, [40, 50, 60, 70], WeightsSetting("min_variance", window=30))
    told: list[float] = []
    construct(selection, market, told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]

    def cancel(share: float) -> None:
        raise CancelledError("enough")

    with pytest.raises(CancelledError):
        construct(selection, market, cancel)
    with pytest.raises(CancelledError):
        construct(select_all(market, [40], EQUAL), market, cancel)


def test_no_rebalances_and_nothing_chosen_are_fine() -> None:
    market = random_market(30, 3)
    for method in WEIGHTS_METHODS:
        setting = WeightsSetting(method, window=10)
        assert construct(select_all(market, [], setting), market).target.shape == (0, 3)
        selection = select_all(market, [20], setting)
        nothing = replace(selection, side=np.zeros((1, 3), np.int8), signal=np.zeros((1, 3)))
        made = construct(nothing, market)
        assert made.target.tolist() == [[0, 0, 0]]
        assert made.fallbacks == ()


def test_equal_weights_need_no_solver() -> None:
    code = (
        "import sys, numpy as np\n"
        "from qt_engine.data.market import Market\n"
        "from qt_engine.portfolio.construction import construct\n"
        "from qt_engine.strategies.selection import Selection\n"
        "one = np.ones((2, 2))\n"
        "ts = np.array([1, 2])\n"
        "market = Market(('A', 'B'), '1d', ts, ts, one, one, one, one, one, np.ones(2, np.uint8), 252.0)\n"
        "construct(Selection(np.array([1]), one[:1], np.ones((1, 2), np.int8)), market)\n"
        "heavy = ('pandas', 'scipy', 'sklearn', 'skfolio', 'cvxpy', 'numba', 'pydantic')\n"
        "assert not [name for name in heavy if name in sys.modules], sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_library_is_named_with_how_to_install_it() -> None:
    code = (
        "import sys\n"
        "sys.modules['skfolio'] = None\n"
        "from qt_engine.core.errors import InputError\n"
        "from qt_engine.portfolio import optimizer\n"
        "from qt_engine.testing.optimizers import problem\n"
        "optimizer('min_variance').optimize(problem(1))\n"
        "try:\n"
        "    optimizer('hrp').optimize(problem(1))\n"
        "except InputError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "weights: method hrp needs skfolio: pip install 'qt-workstation[portfolio]'\n"
