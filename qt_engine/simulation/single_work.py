"""The general way of a sweep: every lane compiled and run by itself, on the road of a single run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.data.market import Market
from qt_engine.portfolio.compilation import compile_strategy
from qt_engine.risk.limits import RiskLimits
from qt_engine.simulation import layout as at
from qt_engine.simulation.contract import Execution, SimInput
from qt_engine.simulation.stepper import Stepper
from qt_engine.strategies.document import StrategyDocument


class SingleWork:
    """The rows that the lanes of a sweep fill."""

    def __init__(
        self, strategy: StrategyDocument, parameters: Mapping[str, NDArray[Any]], lanes: int, markets: int,
        execution: Execution, cash: float, risk: RiskLimits, seed: int,
    ) -> None:  # fmt: skip
        self.strategy, self.parameters = strategy, parameters
        self.execution, self.cash, self.risk, self.seed = execution, cash, risk, seed
        self.money = np.zeros((markets, lanes, at.RUN_FLOATS))
        self.run = np.zeros((markets, lanes, at.RUN_INTS), np.int64)
        self.final = np.zeros((markets, lanes))
        self.extra: dict[tuple[int, int], Mapping[str, float]] = {}

    def prepare(self, market: Market) -> SingleMarket:
        """Nothing is shared but the market."""
        return SingleMarket(self, market)


@dataclass(frozen=True)
class SingleMarket:
    """A market on which any of the lanes can be run."""

    work: SingleWork
    market: Market

    def run(self, row: int, first: int, last: int) -> None:
        """Run lanes `first` to `last` into row `row` of the results."""
        work, market = self.work, self.market
        for lane in range(first, last):
            chosen = {name: values[lane].item() for name, values in work.parameters.items()}
            plan = compile_strategy(work.strategy, chosen, market)
            given = SimInput(market, plan, work.execution, work.cash, work.seed, risk=work.risk)
            stepper = Stepper.of(given)
            stepper.advance(market, plan)
            work.money[row, lane], work.run[row, lane] = stepper.counted()
            work.final[row, lane] = stepper.equity()
            work.extra[row, lane] = stepper.counted_beside()
