"""Faults for the mutation check: small, plausible slips of a programmer, each in one place of the kernel or its ledger.

`mutations.py` plants them one at a time in a copy of the engine and looks which test notices. `docs/mutations.md` has the
outcome.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """`before` stands exactly once in `qt_engine/simulation/<file>`; the fault puts `after` in its place."""

    name: str
    file: str
    before: str
    after: str
    what: str
    """What the engine would then do."""


SIMPLE = (
    Fault(
        "cash sign", "ledger.py", "money[CASH] - side * notional - fee", "money[CASH] + side * notional - fee",
        "an exit moves cash the wrong way",
    ),
    Fault(
        "fee on the reference", "ledger.py", "    notional = size * unit\n    fee = notional * settings[FEE_FRACTION]",
        "    notional = size * unit\n    fee = size * price * settings[FEE_FRACTION]",
        "the fee of an entry is charged on the market price, not on the executed one",
    ),
    Fault("double count", "ledger.py", "run[TRADES] += 1", "run[TRADES] += 2", "every round trip is counted twice"),
    Fault(
        "entry fee forgotten", "ledger.py", "- (floats[asset, ENTRY_FEE] + fee)", "- fee",
        "the profit of a round trip leaves out what the entry cost",
    ),
    Fault(
        "levels from the fill", "ledger.py", "stop = level_at(price, direction, kinds[row, 0], value, settings)",
        "stop = level_at(price * (1.0 + direction * settings[SLIPPAGE_FRACTION]), direction, kinds[row, 0], value, settings)",
        "a stop is measured from the slipped price instead of the market's",
    ),
    Fault(
        "tick cut off", "ledger.py", "np.floor(level * settings[INVERSE_TICK] + 0.5)", "np.floor(level * settings[INVERSE_TICK])",
        "levels are rounded down to the tick instead of to the nearest",
    ),
    Fault(
        "stop before gap", "kernel.py",
        "                if price <= max(fixed, trail):\n                    reason",
        "                if price <= max(fixed, trail):\n                    price = max(fixed, trail)\n                    reason",
        "a gap through a stop is filled at the stop, which the market never traded at",
    ),
    Fault(
        "touch is no touch", "kernel.py", "low[t, asset] <= stop, high[t, asset] >= target",
        "low[t, asset] < stop, high[t, asset] >= target", "a low exactly at the stop does not hit it (> for ≥)",
    ),
    Fault(
        "trailing before the exit test", "kernel.py",
        "            stop = max(fixed, trail)\n            hit_stop",
        "            if kinds[0, 2] != 0:\n"
        "                trail = max(trail, level_at(high[t, asset], 1.0, kinds[0, 2], floats[asset, TRAIL_VALUE], settings))\n"
        "            stop = max(fixed, trail)\n            hit_stop",
        "a bar trails itself: its own high raises the stop that its low is tested against",
    ),
    Fault(
        "ambiguous by asset", "kernel.py", "                ambiguous = 1\n", "                ambiguous += 1\n",
        "a bar in which two assets touched stop and target is counted twice",
    ),
    Fault(
        "cooldown off by one bar", "kernel.py", "t - ints[asset, LAST_EXIT] >= limits[COOLDOWN]",
        "t - ints[asset, LAST_EXIT] > limits[COOLDOWN]", "an entry waits one bar longer than the cooldown",
    ),
    Fault(
        "time stop off by one bar", "coasting.py", "if lows[i] <= stop or highs[i] >= target or held + i >= time_stop",
        "if lows[i] <= stop or highs[i] >= target or held + i > time_stop",
        "the quick way through quiet bars carries a long one bar past its time stop",
    ),
)  # fmt: skip
COMPLETE = (
    Fault(
        "budget not shared", "costs.py", "book.slots[asset, BUDGET] -= quantity", "book.slots[asset, BUDGET] -= 0.0",
        "two fills of an asset in one bar each take the whole volume budget",
    ),
    Fault(
        "minimum charged anew", "costs.py", "model.regimes[regime, 1]) - slot[CHARGED]", "model.regimes[regime, 1])",
        "every fill of an order pays the minimum fee, not the order",
    ),
    Fault(
        "month never ends", "costs.py", "if book.tally[MONTH] == bars.month[t] else 0.0", "if book.tally[MONTH] >= 0 else 0.0",
        "the first fill of a month is charged by the tier of the month before",
    ),
    Fault(
        "look ahead in the impact", "wiring.py", "sigma[t, asset] = np.sqrt", "sigma[max(t - 1, 0), asset] = np.sqrt",
        "the impact of a fill at the open knows the volatility with that bar's own close",
    ),
    Fault(
        "remainder dropped", "positions.py", "        work_on(asset, reason, book)\n", "        pass\n",
        "what the volume did not allow of a stop stays in the market without an exit",
    ),
    Fault(
        "average price", "positions.py", "(held * floats[ENTRY_PRICE] + quantity * price) / (held + quantity)",
        "(floats[ENTRY_PRICE] + price) / 2.0", "the entry price of a position filled in parts is the plain mean of its prices",
    ),
    Fault(
        "exit fee forgotten", "positions.py", "slot[EXIT_FEES] = slot[EXIT_FEES] + fee\n", "slot[EXIT_FEES] = fee\n",
        "the profit of a round trip closed in parts knows only the last fee before the end",
    ),
    Fault(
        "split not applied to levels", "carry.py", "(LAST_PRICE, REFERENCE, ENTRY_PRICE, STOP_LEVEL, TARGET_LEVEL, EXTREME",
        "(LAST_PRICE, REFERENCE, ENTRY_PRICE, EXTREME", "after a split stop and target stand at the old prices",
    ),
    Fault(
        "dividend sign", "carry.py", "amount = quantity * row.value", "amount = abs(quantity) * row.value",
        "who is short receives the dividend that he owes",
    ),
    Fault(
        "borrow sign", "carry.py", "cost = -quantity * last * costs[BORROW_RATE] * years",
        "cost = quantity * last * costs[BORROW_RATE] * years", "borrowing is paid to the borrower",
    ),
    Fault(
        "wrong slot in a draw", "working.py", "return 2 if pending == TARGET_ORDER else 1 if pending == EXIT_ORDER else 0",
        "return 1 if pending == TARGET_ORDER else 1 if pending == EXIT_ORDER else 0",
        "the draws of targets are those of exits decided at the same time",
    ),
    Fault(
        "arrival off by one bar", "working.py", "ints[ARRIVAL] > bars.ts[t]", "ints[ARRIVAL] >= bars.ts[t]",
        "an order that arrives just at the open misses it",
    ),
    Fault(
        "one order more", "working.py", "tally[ORDERS_TODAY] < model.whole[ORDERS_A_DAY]",
        "tally[ORDERS_TODAY] <= model.whole[ORDERS_A_DAY]", "the order rate allows one order more than its limit",
    ),
    Fault(
        "forgotten order of assets", "opening.py",
        "        asset = book.active[place]\n        pending = book.ints[asset, PENDING]\n",
        "        asset = book.active[book.tally[ACTIVE] - 1 - place]\n        pending = book.ints[asset, PENDING]\n",
        "assets meet the open in the reverse order, and the last one gets the cash",
    ),
    Fault(
        "opened and not stopped", "resting.py", "    if not hit:\n        return 0\n", "    if hit or not hit:\n        return 0\n",
        "a position opened by a resting order is safe from its stop in that bar",
    ),
    Fault(
        "order expires a bar late", "resting.py", "ints[SEEN] >= ints[EXPIRES]", "ints[SEEN] > ints[EXPIRES]",
        "an order that expires after n bars works in n + 1",
    ),
    Fault(
        "scaling forgets the fee", "targets.py", " * unit * (1.0 + fee_rate(t, TAKER, bars, model, book))", " * unit",
        "increases are scaled to a cash that the fees then overdraw",
    ),
    Fault(
        "one position more", "targets.py", "if opened >= model.limits[MAX_POSITIONS]", "if opened > model.limits[MAX_POSITIONS]",
        "a portfolio opens one position more than its limit",
    ),
    Fault(
        "day base never renewed", "watch.py", "    book.purse[DAY_BASE] = value\n", "",
        "the daily loss is measured from the start of the run",
    ),
    Fault(
        "event at every bar", "watch.py", "        tally[flag] = over\n", "", "an exposure above its limit is told anew at each bar",
    ),
    Fault(
        "failed exit not tried again", "complete.py",
        "            for asset in range(assets):\n                leave_open(",
        "            for asset in range(0):\n                leave_open(",
        "a halted run whose exit failed keeps the position for good",
    ),
)  # fmt: skip
FAULTS = (*SIMPLE, *COMPLETE)
