"""The headline figures of a run, computed from what the kernel counted.

A sweep keeps no equity curve, only sums; so the figures are made of sums everywhere, and a run and its lane of a
sweep show the same ones. Which convention each follows where libraries differ is written in `docs/metrics.md`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qt_engine.simulation.contract import Counters

NAN = float("nan")
EPSILON = 2.0**-52
WHOLE = ("trades", "ambiguous_bars")
"""Metrics that count something; the others are floats."""


@dataclass(frozen=True)
class Metrics:
    """Figures of one run. A figure that is not defined (no trades, no volatility, too few bars) is NaN.

    Attributes
    ----------
    final_equity, fees, slippage
        In units of currency.
    total_return, cagr, volatility, max_drawdown
        Fractions; volatility and CAGR a year, the drawdown negative.
    sharpe, sortino, calmar
        Annualised, against a risk-free rate and a target of zero.
    trades
        Closed round trips.
    win_rate, profit_factor
        Over closed round trips, net of fees.
    exposure
        Share of bars with a position.
    turnover
        Traded notional over average equity, a year.
    ambiguous_bars
        Bars that touched a stop and a target both; the worse was taken.
    """

    final_equity: float
    total_return: float
    cagr: float
    volatility: float
    sharpe: float
    sortino: float
    calmar: float
    max_drawdown: float
    trades: int
    win_rate: float
    profit_factor: float
    exposure: float
    turnover: float
    fees: float
    slippage: float
    ambiguous_bars: int

    def as_json(self) -> dict[str, float | int | None]:
        """The figures by name; None where one is not defined."""
        return {name: value if math.isfinite(value) else None for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, figures: Mapping[str, Any]) -> Metrics:
        """The reverse of `as_json`; also for figures that came back from a store as floats."""
        given: dict[str, Any] = {name: NAN if figures.get(name) is None else float(figures[name]) for name in METRICS}
        return cls(**{name: int(value) if name in WHOLE else value for name, value in given.items()})


METRICS = tuple(field.name for field in fields(Metrics))


def evaluate(counters: Counters, periods_per_year: float) -> Metrics:
    """Metrics of a run.

    Parameters
    ----------
    counters
        What the kernel counted; its sums run over the returns between sampled bars.
    periods_per_year
        How many sampled bars make a year.
    """
    n = counters.returns
    growth = counters.final_equity / counters.initial_equity
    known = n > 1 and not is_ruined(counters)
    volatility = (
        _deviation(n, counters.sum_returns, counters.sum_squares) * math.sqrt(periods_per_year) if known else NAN
    )
    mean = _ratio(counters.sum_returns, n) * periods_per_year
    downside = math.sqrt(_ratio(counters.sum_downside_squares, n) * periods_per_year) if known else NAN
    cagr = growth ** (periods_per_year / n) - 1.0 if n > 0 and growth >= 0.0 else NAN
    return Metrics(
        final_equity=counters.final_equity,
        total_return=growth - 1.0,
        cagr=cagr,
        volatility=volatility,
        sharpe=_ratio(mean, volatility),
        sortino=_ratio(mean, downside),
        calmar=_ratio(cagr, -counters.max_drawdown),
        max_drawdown=counters.max_drawdown,
        trades=counters.trades,
        win_rate=_ratio(counters.wins, counters.trades),
        profit_factor=_ratio(counters.gross_profit, counters.gross_loss),
        exposure=_ratio(counters.bars_with_position, counters.bars),
        turnover=_ratio(counters.traded_notional * counters.bars, max(counters.sum_equity, 0.0))
        * _ratio(periods_per_year, n),
        fees=counters.fees,
        slippage=counters.slippage,
        ambiguous_bars=counters.ambiguous_bars,
    )


def is_ruined(counters: Counters) -> bool:
    """Whether the equity was ever zero or below: nothing can be earned on that, so there are no returns to speak of."""
    # Of a fortune lost but for a billionth of a billionth, the drawdown rounds to 1 as well.
    return counters.max_drawdown < -1.0 or (counters.max_drawdown == -1.0 and counters.final_equity <= 0.0)


def _deviation(n: int, total: float, squares: float) -> float:
    """Sample standard deviation (ddof 1) from sums.

    What is left of equal returns when the sums are subtracted is rounding noise, at most n ε of the squares:
    such a curve has no volatility, and must not show a Sharpe ratio of a billion.
    """
    spread = squares - total * total / n
    return 0.0 if spread <= 4.0 * n * EPSILON * squares else math.sqrt(spread / (n - 1))


def _ratio(above: float, below: float) -> float:
    return above / below if below != 0.0 else NAN
