"""Several strategies in one book: shares, and the targets on the union of their assets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from portfolio.portfolio_markets import market_of, random_market
from qt_engine.core.errors import InputError
from qt_engine.data.market import Market
from qt_engine.portfolio.allocators import FixedShares, InverseVolatilityShares, RiskBudgetShares, Sleeve, combine
from qt_engine.portfolio.covariance import ledoit_wolf
from qt_engine.portfolio.rebalancing import EveryBars
from qt_engine.strategies.plan import Plan


def _sleeve(
    name: str, symbols: tuple[str, ...], bars: list[int], target: list[list[float]], equity: np.ndarray
) -> Sleeve:
    return Sleeve(name, symbols, Plan.of_targets(np.array(bars, np.int64), np.array(target)), equity)


def _equities(bars: int, volatilities: tuple[float, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(8)
    return [1000 * np.cumprod(1 + rng.normal(0, size, bars)) for size in volatilities]


def _flat_market(bars: int) -> Market:
    return market_of(np.full((bars, 3), 10.0))


def test_fixed_shares_are_laid_over_the_union_of_symbols() -> None:
    market = _flat_market(20)
    flat = np.full(20, 1000.0)
    book = combine(
        [
            _sleeve("one", ("A00", "A01"), [2, 8], [[0.5, 0.5], [1.0, 0.0]], flat),
            _sleeve("two", ("A02", "A01"), [4], [[0.8, -0.2]], flat),
        ],
        FixedShares((0.6, 0.3)), market, EveryBars(2),
    )  # fmt: skip
    by_bar = dict(zip(book.plan.rebalance.tolist(), book.plan.target.tolist(), strict=True))
    assert by_bar[1] == [0, 0, 0]
    assert by_bar[2] == pytest.approx([0.3, 0.3, 0], abs=1e-6)
    assert by_bar[4] == pytest.approx([0.3, 0.3 - 0.06, 0.24], abs=1e-6)
    assert by_bar[8] == pytest.approx([0.6, -0.06, 0.24], abs=1e-6)
    assert book.plan.kind == "portfolio"
    assert book.plan.fallbacks == ()


def test_between_decisions_shares_go_with_what_the_strategies_earn() -> None:
    market = _flat_market(12)
    doubled = np.where(np.arange(12) < 6, 1000.0, 2000.0)
    book = combine(
        [
            _sleeve("one", ("A00",), [3, 8], [[1.0], [1.0]], doubled),
            _sleeve("two", ("A01",), [3], [[1.0]], np.full(12, 1000.0)),
        ],
        FixedShares((0.5, 0.5)), market, EveryBars(4),
    )  # fmt: skip
    shares = dict(zip(book.plan.rebalance.tolist(), book.shares.tolist(), strict=True))
    assert shares[3] == [0.5, 0.5]
    assert shares[7] == [0.5, 0.5]
    assert shares[8] == [0.5, 0.5]
    only = combine(
        [
            _sleeve("one", ("A00",), [3, 8], [[1.0], [1.0]], doubled),
            _sleeve("two", ("A01",), [3], [[1.0]], np.full(12, 1000.0)),
        ],
        FixedShares((0.5, 0.5)), market, EveryBars(100),
    )  # fmt: skip
    assert only.shares[1].tolist() == pytest.approx([2 / 3, 1 / 3])


def test_inverse_volatility_shares() -> None:
    equities = _equities(200, (0.01, 0.02))
    shares = InverseVolatilityShares(window=100).shares(np.column_stack(equities))
    returns = [equity[1:] / equity[:-1] - 1 for equity in equities]
    one, two = (1 / np.std(series[-100:], ddof=1) for series in returns)
    np.testing.assert_allclose(shares, [one / (one + two), two / (one + two)], rtol=1e-12)


def test_risk_budgets_are_contributions_to_the_risk() -> None:
    equity = np.column_stack(_equities(400, (0.01, 0.02, 0.005)))
    budgets = np.array([0.5, 0.3, 0.2])
    shares = RiskBudgetShares(tuple(budgets), window=252).shares(equity)
    assert isinstance(shares, np.ndarray)
    returns = equity[-252:] / equity[-253:-1] - 1
    size = returns.std(axis=0)
    covariance = ledoit_wolf(returns / size) * np.outer(size, size)
    contributions = shares * (covariance @ shares)
    np.testing.assert_allclose(contributions / contributions.sum(), budgets, rtol=1e-9)
    assert shares.sum() == pytest.approx(1)


def test_before_there_are_enough_returns_shares_are_equal_and_it_is_recorded() -> None:
    market = random_market(300, 2)
    first, second = _equities(300, (0.01, 0.03))
    sleeves = [_sleeve("one", ("A00",), [5], [[1.0]], first), _sleeve("two", ("A01",), [5], [[1.0]], second)]
    book = combine(sleeves, InverseVolatilityShares(window=63), market)
    early = [bar for bar in book.plan.rebalance.tolist() if bar < 63]
    assert [record.bar for record in book.plan.fallbacks] == [bar for bar in early if bar != 5]
    assert book.shares[0].tolist() == [0.5, 0.5]
    assert book.shares[-1][0] > 0.6


def test_cutting_off_the_future_changes_no_earlier_decision() -> None:
    market = random_market(300, 2)
    first, second = _equities(300, (0.01, 0.03))
    sleeves = [
        _sleeve("one", ("A00",), [5, 100, 200], [[1.0], [0.5], [1.0]], first),
        _sleeve("two", ("A01", "A00"), [7, 250], [[1.0, 0.0], [0.5, 0.5]], second),
    ]
    whole = combine(sleeves, RiskBudgetShares((1.0, 1.0), window=60), market)
    for bars in (8, 120, 201):
        cut = [
            replace(
                sleeve, equity=sleeve.equity[:bars],
                plan=Plan.of_targets(
                    sleeve.plan.rebalance[sleeve.plan.rebalance < bars], sleeve.plan.target[sleeve.plan.rebalance < bars]
                ),
            )
            for sleeve in sleeves
        ]  # fmt: skip
        part = combine(cut, RiskBudgetShares((1.0, 1.0), window=60), market.head(bars))
        rows = len(part.plan.rebalance)
        assert part.plan.rebalance.tolist() == whole.plan.rebalance[:rows].tolist()
        assert part.plan.target.tobytes() == whole.plan.target[:rows].tobytes()


def test_what_cannot_be_combined_is_refused_by_name() -> None:
    market = _flat_market(10)
    flat = np.full(10, 1.0)
    good = _sleeve("good", ("A00",), [1], [[1.0]], flat)
    rules = replace(good.plan, kind="rules")
    for sleeves, allocator, word in (
        ([], FixedShares(()), "at least one"),
        ([replace(good, plan=rules, name="crosses")], FixedShares((1.0,)), "crosses is of kind rules"),
        ([replace(good, symbols=("XYZ",))], FixedShares((1.0,)), "no XYZ"),
        ([replace(good, equity=flat[:5])], FixedShares((1.0,)), "equity"),
        ([replace(good, equity=np.zeros(10))], FixedShares((1.0,)), "equity"),
        ([good], FixedShares((0.5, 0.5)), "1 shares"),
        ([good], FixedShares((float("nan"),)), "1 shares"),
        ([good], RiskBudgetShares((0.0,)), "1 budgets"),
    ):
        with pytest.raises(InputError, match=word):
            combine(sleeves, allocator, market, EveryBars(1))
