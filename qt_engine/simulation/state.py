"""The kernel's state and settings as arrays, and their way back to a result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.data.market import Market
from qt_engine.simulation import layout as at
from qt_engine.simulation.contract import FILL, ORDER, Counters, Execution, OpenPosition
from qt_engine.simulation.stateful import DEPTH
from qt_engine.strategies.plan import LONG, SHORT, SIZING_METHODS, UNLIMITED, Plan


def run_floats(cash: float) -> NDArray[np.float64]:
    """Per-run floats at the start of a run."""
    money = np.zeros(at.RUN_FLOATS)
    money[[at.CASH, at.BASE_EQUITY, at.SAMPLED_PEAK, at.FLAT_EQUITY, at.PEAK]] = cash
    return money


def asset_ints(assets: int) -> NDArray[np.int64]:
    """Per-asset integers at the start of a run."""
    ints = np.zeros((assets, at.ASSET_INTS), np.int64)
    ints[:, at.LAST_EXIT] = at.NEVER
    return ints


def grown(rows: NDArray[Any], used: int, more: int) -> NDArray[Any]:
    """Room for `more` rows; doubled, so that a run that is stepped bar by bar does not copy its history at every bar."""
    if len(rows) >= used + more:
        return rows
    larger = np.empty(max(used + more, 2 * used), rows.dtype)
    larger[:used] = rows[:used]
    return larger


@dataclass
class KernelState:
    """Everything the kernel remembers between two calls; `fills` and `orders` grow as needed."""

    floats: NDArray[np.float64]
    ints: NDArray[np.int64]
    money: NDArray[np.float64]
    run: NDArray[np.int64]
    fills: NDArray[Any] = field(default_factory=lambda: np.empty(0, FILL))
    orders: NDArray[Any] = field(default_factory=lambda: np.empty(0, ORDER))

    @classmethod
    def start(cls, assets: int, cash: float) -> KernelState:
        """A run that has seen no bar and holds nothing but `cash`."""
        return cls(
            np.zeros((assets, at.ASSET_FLOATS)), asset_ints(assets), run_floats(cash), np.zeros(at.RUN_INTS, np.int64)
        )

    @property
    def bar(self) -> int:
        """The next bar, which is also how many have been seen."""
        return int(self.run[at.BAR])

    def reserve(self, entries: int) -> None:
        """Make room for the fills and orders that `entries` entry signals can lead to at most."""
        assets = len(self.ints)
        rounds = entries + assets + int(self.run[at.OPEN] + self.run[at.WAITING])
        self.fills = grown(self.fills, int(self.run[at.FILLS]), 2 * rounds)
        self.orders = grown(self.orders, int(self.run[at.ORDERS]), 3 * rounds)


def settings_of(plan: Plan, execution: Execution) -> NDArray[np.float64]:
    """The run's settings as the kernel reads them (see `layout`)."""
    settings = np.zeros(at.SETTINGS)
    settings[at.SLIPPAGE_FRACTION] = execution.slippage_bps / 10_000.0
    settings[at.FEE_FRACTION] = execution.fee_bps / 10_000.0
    settings[at.TICK] = execution.tick
    settings[at.INVERSE_TICK] = inverse_of(execution.tick)
    settings[at.SIZING_VALUE] = plan.sizing_value
    settings[at.MAX_GROSS] = plan.risk.max_gross
    settings[at.DRAWDOWN_LIMIT] = np.inf if plan.risk.max_drawdown is None else plan.risk.max_drawdown
    return settings


def inverse_of(tick: float) -> float:
    """1 / tick where that is a whole number (so that levels divide exactly), else 0."""
    inverse = float(round(1.0 / tick))
    return inverse if abs(inverse * tick - 1.0) < 1e-9 else 0.0


def limits_of(plan: Plan) -> NDArray[np.int64]:
    """The run's whole-number limits as the kernel reads them (see `layout`)."""
    limits = np.zeros(at.LIMITS, np.int64)
    limits[at.SIZING] = SIZING_METHODS.index(plan.sizing)
    limits[at.COOLDOWN] = plan.cooldown
    limits[at.MAX_ENTRIES] = plan.max_entries
    limits[at.MAX_POSITIONS] = UNLIMITED if plan.risk.max_positions is None else plan.risk.max_positions
    limits[at.TIME_STOP_LONG] = plan.time_stop[LONG]
    limits[at.TIME_STOP_SHORT] = plan.time_stop[SHORT]
    timed = bool((plan.time_stop < UNLIMITED).any())
    limits[at.PROTECTED] = int(timed or bool(plan.protect_kind.any()))
    return limits


def programs_of(plan: Plan) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Both exit programs in one table, where each begins, and a stack for them."""
    long_rows, short_rows = plan.exit_programs
    start = np.array([0, len(long_rows), len(long_rows) + len(short_rows)], np.int64)
    return np.concatenate([long_rows, short_rows]), start, np.zeros(DEPTH)


def counters_of(state: KernelState, cash: float, final_equity: float, **more: float) -> Counters:
    """What the kernel counted up to now; `more` are the counters of the complete path."""
    money, run = state.money, state.run
    return Counters(
        initial_equity=cash,
        final_equity=final_equity,
        returns=int(run[at.RETURNS]),
        sum_returns=float(money[at.SUM_RETURNS]),
        sum_squares=float(money[at.SUM_SQUARES]),
        sum_downside_squares=float(money[at.SUM_DOWNSIDE]),
        max_drawdown=float(money[at.MAX_DRAWDOWN]),
        trades=int(run[at.TRADES]),
        wins=int(run[at.WINS]),
        gross_profit=float(money[at.GROSS_PROFIT]),
        gross_loss=float(money[at.GROSS_LOSS]),
        bars=int(run[at.BAR]),
        bars_with_position=int(run[at.POSITION_BARS]),
        traded_notional=float(money[at.NOTIONAL]),
        sum_equity=float(money[at.SUM_EQUITY] + money[at.FLAT_EQUITY] * run[at.FLAT_BARS]),
        fees=float(money[at.FEES]),
        slippage=float(money[at.SLIPPAGE]),
        ambiguous_bars=int(run[at.AMBIGUOUS_BARS]),
        rejected_orders=int(run[at.REJECTED]),
        halted=bool(run[at.HALTED]),
        **more,  # type: ignore[arg-type]  # whole numbers among them
    )


def open_positions_of(state: KernelState, market: Market) -> tuple[OpenPosition, ...]:
    """Positions that are open now, in the order of the assets."""
    found = []
    for asset in np.flatnonzero(state.floats[:, at.QUANTITY]):
        floats, ints = state.floats[asset], state.ints[asset]
        bar = int(ints[at.ENTRY_BAR])
        found.append(OpenPosition(
            asset=int(asset), quantity=float(floats[at.QUANTITY]), entry_bar=bar, entry_ts=int(market.ts[bar]),
            entry_price=float(floats[at.ENTRY_PRICE]), entry_fee=float(floats[at.ENTRY_FEE]), bars_held=int(ints[at.HELD]),
            last_price=float(floats[at.LAST_PRICE]),
        ))  # fmt: skip
    return tuple(found)
