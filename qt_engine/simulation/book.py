"""What the complete path of the kernel remembers and reads, as tuples of arrays.

The simple path's state (`layout`) is part of it; the columns below are what order types, budgets, schedules, limits and
portfolios need beside it. Every name is a column index (per asset) or an element index (per run).
"""

from __future__ import annotations

from typing import Any, NamedTuple

# Per asset, float64 (A, SLOT_FLOATS): the working order, and what a position needs that is entered or left in parts
REMAINING = 0  # of the order; NaN until it is sized; signed for a target
LIMIT_PRICE = 1
STOP_PRICE = 2
ACCRUED = 3  # fees of the order by the schedule …
CHARGED = 4  # … and what was charged, where there is a minimum
STOP_DISTANCE = 5  # price distances that an entry order carries
TARGET_DISTANCE = 6
TRAIL_DISTANCE = 7
REALISED = 8  # profit of partial exits of the open position
EXIT_FEES = 9
WEIGHT = 10  # last target
BUDGET = 11  # quantity that may still be filled in this bar
SLOT_FLOATS = 12

# Per asset, int64 (A, SLOT_INTS)
ARRIVAL = 0  # UTC nanoseconds
TYPE = 1
FORCE = 2
EXPIRES = 3  # bars, 0: never
SEEN = 4  # in how many bars it took part
TRIGGERED = 5
PARTLY = 6  # some of it was filled
WORKING = 7  # 1: the rest of a protective exit, without number
INSIDE = 8  # bar in which the position was opened by a resting order
SLOT_INTS = 9
TARGET_ORDER = 3  # in `layout.PENDING`, beside the signs of entries and `EXIT_ORDER`

# Per run, float64 (PURSE,)
BORROW = 0
FUNDING = 1
INTEREST = 2
DIVIDENDS = 3
DAY_BASE = 4
MONTH_NOTIONAL = 5
PURSE = 6

# Per run, int64 (TALLY,)
MONTH = 0
DAY_HALTED = 1
ORDERS_TODAY = 2
RATE_TOLD = 3  # the order rate was exceeded in this session
OVER_GROSS = 4
OVER_NET = 5
OVER_CONCENTRATION = 6
EVENTS = 7
NEXT_TARGET = 8  # row
DECIDED = 9  # 1 after the first target
NEXT_ACTION = 10
FAILED_ORDERS = 11
HALT_REASON = 12
ACTIVE = 13  # how many elements of `Book.active` count
DAY_TOLD = 14
TALLY = 15

# Costs and limits of a run, float64 (COSTS,)
SPREAD = 0
QUOTED = 1
IMPACT = 2
SHARE = 3
PARTICIPATION = 4  # infinity where there is none
MAKER_SLIPS = 5
FAILURE = 6
BORROW_RATE = 7
MARGIN_RATE = 8
CASH_RATE = 9
FUNDING_RATE = 10
WATCH_GROSS = 11  # limits: infinity where there is none
MAX_NET = 12
MAX_CONCENTRATION = 13
MAX_POSITION = 14
MAX_DAILY_LOSS = 15
DRIFT_BAND = 16
COSTS = 17

# Whole numbers of a run, int64 (WHOLE,)
SEED = 0
FUNDING_PERIOD = 1  # nanoseconds, 0: none
ORDERS_A_DAY = 2
KILL = 3  # UTC nanoseconds
HIGH_FIRST = 4  # 1: path open, high, low, close
PORTFOLIO = 5
WHOLE = 6
NO_KILL = 2**62


class Bars(NamedTuple):
    """The market: `(T,)` and `(T, A)` arrays; `spread`, `sigma`, `adv` and `month` of size 0 where nobody asks."""

    ts: Any
    close_ts: Any
    open: Any
    high: Any
    low: Any
    close: Any
    volume: Any
    sample: Any
    samples: Any
    spread: Any
    sigma: Any
    adv: Any
    month: Any
    actions: Any
    keys: Any
    """uint64 `(A,)`: what stands for each symbol in draws."""


class Decisions(NamedTuple):
    """The plan."""

    entry: Any
    signals: Any
    exit_long: Any
    exit_short: Any
    kinds: Any
    values: Any
    distances: Any
    volatility: Any
    programs: Any
    program_start: Any
    program_values: Any
    program_columns: Any
    stack: Any
    style: Any
    prices: Any
    rebalance: Any
    target: Any


class Model(NamedTuple):
    """Settings: `limits` and `settings` as in `layout`, the rest as above."""

    limits: Any
    settings: Any
    costs: Any
    whole: Any
    latency: Any
    """int64 quantiles in nanoseconds; size 0 without latency."""
    since: Any
    """int64: from when each fee regime is in force; size 0 without a schedule."""
    regimes: Any
    """float64 `(n, 2)`: fee per unit, minimum."""
    first_tier: Any
    tiers: Any
    """float64 `(m, 3)`: notional, maker, taker."""


class Book(NamedTuple):
    """The state."""

    floats: Any
    ints: Any
    money: Any
    run: Any
    slots: Any
    slot_ints: Any
    purse: Any
    tally: Any
    active: Any
    """int64 `(A,)`: assets with a position or an order, ascending (and perhaps some that have neither any more)."""


class Tape(NamedTuple):
    """What is written down."""

    fills: Any
    orders: Any
    events: Any
    equity: Any
