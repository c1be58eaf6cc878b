"""Where things stand in the kernel's state arrays.

The state is a handful of plain arrays, so that it can be kept between calls, compared byte for byte and written
down as it is. Every name below is a column index (per asset) or an element index (per run).
"""

from __future__ import annotations

# Per asset, float64 (A, ASSET_FLOATS)
QUANTITY = 0  # signed
REFERENCE = 1  # market price at entry, before slippage
ENTRY_PRICE = 2
ENTRY_FEE = 3
STOP_LEVEL = 4
TARGET_LEVEL = 5
EXTREME = 6  # best price since entry that the trailing stop follows
TRAIL_LEVEL = 7
TRAIL_VALUE = 8  # fraction, or price distance known at the decision
LAST_PRICE = 9
ASSET_FLOATS = 10

# Per asset, int64 (A, ASSET_INTS)
PENDING = 0  # 0 none, +1 / -1 entry order of that side, 2 exit order
PENDING_REASON = 1
PENDING_BAR = 2  # bar of the decision
PENDING_ORDER = 3
HELD = 4
LAST_EXIT = 5  # NEVER where there was none
ENTRIES = 6
ENTRY_BAR = 7
ASSET_INTS = 8
EXIT_ORDER = 2
NEVER = -(2**40)

# Per run, float64 (RUN_FLOATS,)
CASH = 0
BASE_EQUITY = 1  # equity at the last sampled bar
SAMPLED_PEAK = 2
MAX_DRAWDOWN = 3
SUM_RETURNS = 4
SUM_SQUARES = 5
SUM_DOWNSIDE = 6
GROSS_PROFIT = 7
GROSS_LOSS = 8
NOTIONAL = 9
SUM_EQUITY = 10
FLAT_EQUITY = 11  # equity of the current stretch of bars without a position …
FEES = 12
SLIPPAGE = 13
PEAK = 14
HALT_DRAWDOWN = 15  # drawdown at which the run was halted
RUN_FLOATS = 16

# Per run, int64 (RUN_INTS,)
BAR = 0  # next bar
RETURNS = 1
TRADES = 2
WINS = 3
POSITION_BARS = 4
AMBIGUOUS_BARS = 5
REJECTED = 6
FILLS = 7
ORDERS = 8
OPEN = 9
WAITING = 10
HALTED = 11
FLAT_BARS = 12  # … and how many bars it has lasted
ENTERING = 13  # how many of the waiting orders are entries
HALT_BAR = 14
RUN_INTS = 15

# Settings of a run, float64 (SETTINGS,)
SLIPPAGE_FRACTION = 0
FEE_FRACTION = 1
TICK = 2
INVERSE_TICK = 3  # 0 where 1 / tick is no whole number
SIZING_VALUE = 4
MAX_GROSS = 5
DRAWDOWN_LIMIT = 6  # infinity where there is none
SETTINGS = 7

# Limits of a run, int64 (LIMITS,)
SIZING = 0  # index into SIZING_METHODS
COOLDOWN = 1
MAX_ENTRIES = 2
MAX_POSITIONS = 3
TIME_STOP_LONG = 4
TIME_STOP_SHORT = 5
PROTECTED = 6  # 1 where any protective order or time stop exists
LIMITS = 7
