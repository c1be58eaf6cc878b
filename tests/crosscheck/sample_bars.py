"""The bundled daily bars, and runs of strategy documents on them, for comparison with other engines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from qt_engine.data.market import Market
from qt_engine.data.service import DataService
from qt_engine.portfolio.compilation import compile_strategy
from qt_engine.simulation.contract import Execution, SimInput, SimResult
from qt_engine.simulation.simulate import simulate
from qt_engine.storage.catalog import Catalog
from qt_engine.strategies.language import load_document
from qt_engine.strategies.plan import Plan

SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
CASH = 100_000.0
FREE = Execution(fee_bps=0.0, slippage_bps=0.0)
FIVE_BPS = Execution(fee_bps=5.0, slippage_bps=0.0)

SMA_CROSS = """\
schema: 1
name: cross
kind: rules
entry: {long: "crosses_above(sma(close, 20), sma(close, 50))"}
exit: {long: "crosses_below(sma(close, 20), sma(close, 50))"}
sizing: {SIZING}
"""
STOP_AND_TARGET = """\
schema: 1
name: stop_and_target
kind: rules
entry: {long: "crosses_above(sma(close, 20), sma(close, 50))"}
exit: {stop_loss: 6%, take_profit: 8%}
reentry: {cooldown: 1}
sizing: {SIZING}
"""
TRAILING_STOP = STOP_AND_TARGET.replace("stop_loss: 6%, take_profit: 8%", "trailing_stop: 7%")
EQUAL_WEIGHT = """\
schema: 1
name: equal_weight
kind: portfolio
weights: {method: equal}
rebalance: {every: month}
constraints: {gross: GROSS}
risk: {max_gross: 100%}
"""
MOMENTUM = """\
schema: 1
name: momentum
kind: portfolio
let: {momentum: "close / close[126] - 1"}
select: {rank: momentum, top: 2}
weights: {method: equal}
rebalance: {every: month}
constraints: {gross: GROSS}
risk: {max_gross: 100%}
"""
INVERSE_VOLATILITY = """\
schema: 1
name: inverse_volatility
kind: portfolio
weights: {method: inverse_volatility, window: 60, fallback: cash}
rebalance: {every: month}
constraints: {gross: GROSS}
risk: {max_gross: 100%}
"""


@dataclass(frozen=True)
class Compared:
    """A run of ours, and what another engine needs to make the same one."""

    market: Market
    plan: Plan
    result: SimResult

    @cached_property
    def dates(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.market.ts.astype("datetime64[ns]"))

    @cached_property
    def equity(self) -> pd.Series:
        return pd.Series(self.result.equity, self.dates)

    @cached_property
    def decided(self) -> pd.DatetimeIndex:
        """The days at whose close a target was decided."""
        return self.dates[self.plan.rebalance]

    def frame(self, column: str) -> pd.DataFrame:
        return pd.DataFrame(getattr(self.market, column), self.dates, list(self.market.symbols))

    def off(self, other: pd.Series, *, but: pd.DatetimeIndex | None = None) -> float:
        """The largest relative distance of two equity curves, left out the days `but`."""
        days = self.dates if but is None else self.dates.difference(but)
        return float((other.reindex(days) / self.equity.reindex(days) - 1.0).abs().max())


def bars(*symbols: str, start: str = "2005-01-03", end: str = "2012-12-31") -> Market:
    """Bundled bars; prices as they were, splits and all."""
    with TemporaryDirectory() as folder:
        data = DataService(Path(folder), Catalog(Path(folder)))
        data.import_sample()
        return data.load(list(symbols), "1d", start, end)


def gapless(market: Market) -> Market:
    """Every bar opens where the last one closed, so that the next open is the close: what engines of one price a day trade at."""
    opens = market.open.copy()
    opens[1:] = market.close[:-1]
    return replace(market, open=opens, high=np.maximum(opens, market.close), low=np.minimum(opens, market.close))


def run(text: str, market: Market, execution: Execution, **blanks: Any) -> Compared:
    """A strategy document, with its blanks filled, on a market."""
    for name, value in blanks.items():
        text = text.replace(name, str(value))
    plan = compile_strategy(load_document(text), {}, market)
    return Compared(market, plan, simulate(SimInput(market, plan, execution, CASH)))
