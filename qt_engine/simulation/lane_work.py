"""The quick way of a sweep: all lanes of a rule strategy in one compiled loop, on columns that are computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qt_engine.data.market import Market
from qt_engine.simulation import layout as at
from qt_engine.simulation.contract import FILL, ORDER, Execution
from qt_engine.simulation.state import asset_ints, inverse_of
from qt_engine.simulation.stateful import DEPTH
from qt_engine.strategies.compiler import CompiledLanes, registers_for
from qt_engine.strategies.plan import UNLIMITED
from qt_engine.strategies.series import MarketSeries


class LaneWork:
    """What all tasks of a sweep share: the compiled lanes, their settings, the rows to fill."""

    def __init__(self, compiled: CompiledLanes, execution: Execution, cash: float, markets: int) -> None:
        lanes = len(compiled.lanes)
        document = compiled.document
        self.compiled = compiled
        self.cash = cash
        self.protect = compiled.protect_values
        self.limits = np.zeros((lanes, at.LIMITS), np.int64)
        time_stop = compiled.whole(document.exit.time_stop, UNLIMITED)
        for column, values in (
            (at.SIZING, compiled.sizing),
            (at.COOLDOWN, compiled.whole(document.reentry.cooldown, 0)),
            (at.MAX_ENTRIES, compiled.whole(document.reentry.max_entries, UNLIMITED)),
            (at.MAX_POSITIONS, compiled.whole(document.risk.max_positions, UNLIMITED)),
            (at.TIME_STOP_LONG, time_stop),
            (at.TIME_STOP_SHORT, time_stop),
            (at.PROTECTED, (time_stop < UNLIMITED) | bool(compiled.recipe.kinds.any())),
        ):
            self.limits[:, column] = values
        self.settings = np.zeros((lanes, at.SETTINGS))
        for column, value in (
            (at.SLIPPAGE_FRACTION, execution.slippage_bps / 10_000.0),
            (at.FEE_FRACTION, execution.fee_bps / 10_000.0),
            (at.TICK, execution.tick),
            (at.INVERSE_TICK, inverse_of(execution.tick)),
            (at.SIZING_VALUE, compiled.number(document.sizing.value, 1.0)),
            (at.MAX_GROSS, compiled.number(document.risk.max_gross, 1.0)),
            (at.DRAWDOWN_LIMIT, compiled.number(document.risk.max_drawdown, np.inf)),
        ):
            self.settings[:, column] = value
        long_rows, short_rows = compiled.recipe.programs
        self.programs = np.concatenate([long_rows, short_rows])
        self.program_start = np.array([0, len(long_rows), len(long_rows) + len(short_rows)], np.int64)
        self.money = np.zeros((markets, lanes, at.RUN_FLOATS))
        self.run = np.zeros((markets, lanes, at.RUN_INTS), np.int64)
        self.final = np.zeros((markets, lanes))
        self.extra: dict[tuple[int, int], Mapping[str, float]] = {}

    def prepare(self, market: Market) -> PreparedMarket:
        """The columns of a market, computed once for all of its lanes."""
        series = MarketSeries(market)
        columns = series.columns(self.compiled.layout)
        return PreparedMarket(
            self, market,
            columns[0].reshape(-1) if len(columns) == 1 else np.concatenate([part.reshape(-1) for part in columns]),
            _offsets([part.size for part in columns]), np.array([part.shape[1] for part in columns], np.int64),
            np.concatenate(series.own_bars), _offsets([len(index) for index in series.own_bars]),
        )  # fmt: skip


@dataclass(frozen=True)
class PreparedMarket:
    """A market with its columns, ready for any of the lanes."""

    work: LaneWork
    market: Market
    columns: NDArray[np.float64]
    column_start: NDArray[np.int64]
    column_bars: NDArray[np.int64]
    index: NDArray[np.int64]
    index_start: NDArray[np.int64]

    def run(self, row: int, first: int, last: int) -> None:
        """Run lanes `first` to `last` into row `row` of the results, with scratch of this call's own."""
        from qt_engine.simulation.lane_kernel import run_lanes

        work, market, recipe, layout = self.work, self.market, self.work.compiled.recipe, self.work.compiled.layout
        bars, assets = market.close.shape
        scratch = registers_for(recipe)
        entry, exit_long, exit_short = (np.zeros((bars, assets), np.int8) for _ in range(3))
        signals = entry.reshape(-1) if assets == 1 else np.zeros(bars, np.int8)
        extras = np.full((recipe.extras, bars, assets), np.nan)
        volatility = np.empty((0, 0)) if recipe.volatility is None else extras[recipe.volatility]
        run_lanes(
            first, last, market.ts, market.open, market.high, market.low, market.close, market.sample,
            market.sample_index, layout.code.code, layout.code.outputs, self.columns, self.column_start, self.column_bars,
            layout.slots, layout.values, scratch.numbers, scratch.conditions, self.index, self.index_start, scratch.flags,
            entry.reshape(-1), exit_long.reshape(-1), exit_short.reshape(-1), extras.reshape(recipe.extras, bars * assets),
            entry, signals, exit_long, exit_short, extras, volatility, recipe.kinds, work.protect, work.programs,
            work.program_start, np.empty(DEPTH), work.limits, work.settings, np.zeros((assets, at.ASSET_FLOATS)),
            asset_ints(assets), work.money[row], work.run[row], work.final[row], np.empty(0, FILL), np.empty(0, ORDER),
            np.empty(0), False, work.cash,
        )  # fmt: skip


def _offsets(sizes: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
