"""Metrics from sums against empyrical-reloaded, and what is said where a figure is not defined."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qt_engine.evaluation.metrics import METRICS, Metrics, evaluate
from qt_engine.simulation.contract import Counters

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import empyrical


def counted(equity: NDArray[np.float64], **more: float) -> Counters:
    """What a kernel would count on this curve, written down as plainly as possible."""
    returns = equity[1:] / equity[:-1] - 1.0
    peaks = np.maximum.accumulate(equity)
    given_: dict[str, float] = {
        "trades": 0, "wins": 0, "gross_profit": 0.0, "gross_loss": 0.0, "bars_with_position": 0, "traded_notional": 0.0,
        "fees": 0.0, "slippage": 0.0, "ambiguous_bars": 0, "rejected_orders": 0, **more,
    }  # fmt: skip
    return Counters(
        initial_equity=float(equity[0]), final_equity=float(equity[-1]), returns=len(returns),
        sum_returns=float(returns.sum()), sum_squares=float((returns**2).sum()),
        sum_downside_squares=float((np.minimum(returns, 0.0) ** 2).sum()),
        max_drawdown=float((equity / peaks - 1.0).min()), bars=len(equity), sum_equity=float(equity.sum()), halted=False,
        **given_,  # type: ignore[arg-type]
    )  # fmt: skip


def oracle(equity: NDArray[np.float64], periods: float) -> dict[str, float]:
    returns = equity[1:] / equity[:-1] - 1.0
    return {
        "sharpe": empyrical.sharpe_ratio(returns, annualization=periods),
        "sortino": empyrical.sortino_ratio(returns, annualization=periods),
        "volatility": empyrical.annual_volatility(returns, annualization=periods),
        "max_drawdown": empyrical.max_drawdown(returns),
        "calmar": empyrical.calmar_ratio(returns, annualization=periods),
        "cagr": empyrical.annual_return(returns, annualization=periods),
        "total_return": empyrical.cum_returns_final(returns),
    }


@pytest.mark.parametrize("periods", [252, 365, 52])
@pytest.mark.parametrize(
    ("seed", "bars", "drift"), [(1, 2520, 0.0004), (2, 60, -0.002), (3, 3, 0.01), (4, 100_000, 0.0)]
)
def test_agrees_with_empyrical(periods: int, seed: int, bars: int, drift: float) -> None:
    rng = np.random.default_rng(seed)
    equity = 100_000.0 * np.concatenate([[1.0], np.cumprod(1.0 + rng.normal(drift, 0.01, bars - 1))])
    metrics = vars(evaluate(counted(equity), periods))
    for name, value in oracle(equity, periods).items():
        assert metrics[name] == pytest.approx(value, rel=1e-10, abs=1e-12), name


@given(st.lists(st.floats(-0.2, 0.25), min_size=2, max_size=200), st.sampled_from([52.0, 252.0, 365.0]))
def test_agrees_with_empyrical_on_any_curve(changes: list[float], periods: float) -> None:
    equity = 1000.0 * np.concatenate([[1.0], np.cumprod(1.0 + np.array(changes))])
    returns = equity[1:] / equity[:-1] - 1.0
    metrics = vars(evaluate(counted(equity), periods))
    for name, value in oracle(equity, periods).items():
        if name in ("sharpe", "volatility") and returns.std() < 1e-4 * abs(returns.mean()):
            continue  # there both libraries show rounding
        if not math.isfinite(value):
            assert math.isnan(metrics[name]), name
        else:
            assert metrics[name] == pytest.approx(value, rel=1e-10, abs=1e-10), name


@pytest.mark.parametrize("change", [0.0, 0.001, -0.001, 1e-8, 0.1])
@pytest.mark.parametrize("bars", [2, 3, 50, 5000])
def test_equal_returns_have_no_volatility_and_no_sharpe_ratio(change: float, bars: int) -> None:
    returns = bars - 1
    sums = {"sum_returns": sum([change] * returns), "sum_squares": sum([change * change] * returns)}
    metrics = evaluate(replace(counted(np.full(bars, 100.0)), **sums), 252)
    assert metrics.volatility == 0.0 if returns > 1 else math.isnan(metrics.volatility)
    assert math.isnan(metrics.sharpe)


def test_trades_exposure_and_turnover() -> None:
    equity = np.array([100.0, 110.0, 105.0, 105.0, 120.0])
    metrics = evaluate(
        counted(
            equity, trades=4, wins=3, gross_profit=30.0, gross_loss=10.0, bars_with_position=3, traded_notional=540.0,
            fees=1.5, slippage=0.5, ambiguous_bars=1,
        ),
        252,
    )  # fmt: skip
    assert (metrics.trades, metrics.win_rate, metrics.profit_factor, metrics.exposure) == (4, 0.75, 3.0, 0.6)
    assert metrics.turnover == pytest.approx(540.0 / 108.0 * 252 / 4)
    assert (metrics.fees, metrics.slippage, metrics.ambiguous_bars, metrics.final_equity) == (1.5, 0.5, 1, 120.0)


UNDEFINED = {
    "one bar": (np.array([100.0]), {"cagr", "volatility", "sharpe", "sortino", "calmar", "turnover"}),
    "one return": (np.array([100.0, 90.0]), {"volatility", "sharpe", "sortino"}),
    "never down": (np.array([100.0, 101.0, 103.0]), {"sortino", "calmar"}),
    "flat": (np.array([100.0, 100.0, 100.0]), {"sharpe", "sortino", "calmar"}),
    "ruined": (np.array([100.0, 0.0, 0.0]), {"volatility", "sharpe", "sortino"}),
    "in debt": (np.array([100.0, -200.0, -150.0]), {"cagr", "volatility", "sharpe", "sortino", "calmar", "turnover"}),
    "in debt for a while": (np.array([100.0, -10.0, 20.0]), {"volatility", "sharpe", "sortino"}),
}


@pytest.mark.parametrize("case", sorted(UNDEFINED))
def test_what_is_not_defined_is_null(case: str) -> None:
    equity, undefined = UNDEFINED[case]
    with np.errstate(divide="ignore", invalid="ignore"):
        shown = evaluate(counted(equity), 252).as_json()
    assert {name for name, value in shown.items() if value is None} == undefined | {"win_rate", "profit_factor"}
    assert tuple(shown) == METRICS


def test_an_account_of_which_next_to_nothing_is_left_still_has_returns() -> None:
    equity = 100.0 * np.cumprod([1.0, *[0.5] * 100])
    metrics = evaluate(counted(np.concatenate([equity, 1e-40 * np.array([1.0, 1.1, 0.9])])), 252)
    assert metrics.max_drawdown == -1.0
    assert metrics.volatility > 0.0
    assert math.isfinite(metrics.sharpe)


def test_an_account_that_went_below_zero_has_no_growth_rate() -> None:
    metrics = evaluate(replace(counted(np.array([100.0, 50.0, 60.0])), final_equity=-5.0), 252)
    assert math.isnan(metrics.cagr)
    assert metrics.total_return == pytest.approx(-1.05)


def test_json_reads_back() -> None:
    metrics = evaluate(counted(np.array([100.0, 90.0, 99.0])), 252)
    again = Metrics.from_json(
        {name: None if value is None else float(value) for name, value in metrics.as_json().items()}
    )
    assert repr(again) == repr(metrics)
    assert isinstance(again.trades, int)
