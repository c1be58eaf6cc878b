"""What a notebook does with a run: its curve stands on the days of its bars and gives the figures that qt shows."""

from __future__ import annotations

import empyrical
import numpy as np
import pandas as pd
import pytest

from qt_engine import Workspace


@pytest.mark.parametrize(
    ("strategy", "symbols", "options"),
    [
        ("sma_cross", ["AAPL"], {"params": {"fast": 10}}),
        ("rsi_reversion", ["IBM"], {"start": "2008-01-01", "end": "2009-12-31", "cash": 12_345.67}),
        ("donchian_breakout", ["AAPL", "MSFT", "GOOG"], {"fee_bps": 0, "slippage_bps": 30}),
        ("volatility_target_trend", ["FB", "AAPL"], {}),
    ],
)
def test_the_curve_of_a_run_gives_its_figures(
    ws: Workspace, strategy: str, symbols: list[str], options: dict[str, object]
) -> None:
    run = ws.backtest(strategy, symbols, **options)  # type: ignore[arg-type]
    returns = run.equity.pct_change().dropna()
    metrics = run.metrics
    assert metrics.sharpe == pytest.approx(empyrical.sharpe_ratio(returns), rel=1e-10)
    assert metrics.volatility == pytest.approx(empyrical.annual_volatility(returns), rel=1e-10)
    assert metrics.sortino == pytest.approx(empyrical.sortino_ratio(returns), rel=1e-10)
    assert metrics.max_drawdown == pytest.approx(empyrical.max_drawdown(returns), rel=1e-10)
    assert metrics.cagr == pytest.approx(empyrical.annual_return(returns), rel=1e-9)
    assert metrics.final_equity == run.equity.iloc[-1]


def test_the_curve_stands_on_the_days_of_the_bars(ws: Workspace) -> None:
    run = ws.backtest("sma_cross", symbols=["AAPL"], params={"fast": 10})
    bars = ws.data.bars("AAPL")
    assert run.equity.index.equals(pd.DatetimeIndex(bars.ts.astype("datetime64[ns]"), tz="UTC", name="time"))
    assert run.equity.index[-1] == pd.Timestamp("2013-03-01", tz="UTC")
    assert (run.record.start[:10], run.record.end[:10]) == ("2000-03-01", "2013-03-01")
    filled = {fill["ts"] for fill in run.fills}
    assert filled <= set(run.curve()[0])
    assert np.isfinite(run.equity).all()


def test_two_runs_are_compared_by_what_they_are(ws: Workspace) -> None:
    a = ws.backtest("sma_cross", symbols=["AAPL"], params={"fast": 10})
    b = ws.backtest("sma_cross", symbols=["AAPL"])
    comparison = ws.compare(a, b)
    assert [row.values for row in comparison.parameters if row.name == "fast"] == [(10, 20)]
    sharpe = next(row for row in comparison.metrics if row.name == "sharpe")
    assert sharpe.differences == (0.0, b.metrics.sharpe - a.metrics.sharpe)
