"""The reference's costs: `docs/execution-models.md`, "Price of a fill", "Fees" and the draws of an order.

Slow and obvious, like `reference.simulator`: written from the page, sharing no code with the kernel.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from qt_engine.core.randomness import Purpose, symbol_key, uniform
from qt_engine.data.market import SPLIT, Market
from qt_engine.simulation.contract import SimInput
from qt_engine.simulation.execution import Execution, FeeRegime

MOST = 0.99
"""No fill is further from its reference price than this."""


@dataclass
class Account:
    """Fees accrued and charged for one order, where a minimum is in force."""

    accrued: float = 0.0
    charged: float = 0.0


def known_before(market: Market, asset: int, t: int, window: int) -> tuple[float | None, float]:
    """Volatility and average volume of an asset, over its last `window` traded bars before bar `t`."""
    traded = [u for u in range(t) if not math.isnan(market.close[u, asset])]
    bars = traded[-window:]
    if not bars:
        return None, 0.0
    volume = 0.0
    for u in bars:
        own = float(market.volume[u, asset])
        volume = volume + (0.0 if math.isnan(own) else after_splits(market, asset, u, t, own, grows=True))
    average = volume / len(bars)

    past = traded[-(window + 1) :]
    closes = [after_splits(market, asset, u, t, float(market.close[u, asset]), grows=False) for u in past]
    returns = [closes[i] / closes[i - 1] - 1.0 for i in range(1, len(closes))]
    if len(returns) < 2:
        return None, average
    total = 0.0
    for one in returns:
        total = total + one
    mean = total / len(returns)
    squares = 0.0
    for one in returns:
        squares = squares + (one - mean) * (one - mean)
    return math.sqrt(squares / (len(returns) - 1)), average


def after_splits(market: Market, asset: int, u: int, t: int, value: float, *, grows: bool) -> float:
    """A volume (which grows) or a price of bar `u` in the units of bar `t`."""
    for bar, owner, kind, r in market.actions.tolist():
        if kind == SPLIT and owner == asset and u < bar <= t:
            value = value * r if grows else value / r
    return value


class Costs:
    """What trading costs in one run."""

    def __init__(self, given: SimInput) -> None:
        self.market: Market = given.market
        self.execution: Execution = given.execution
        self.seed = given.seed
        self.keys = [symbol_key(symbol) for symbol in given.market.symbols]
        self.month: tuple[int, int] | None = None
        self.month_notional = 0.0
        self.seen: Counter[str] = Counter()
        """How often what a test must not miss has happened."""

    # Draws

    def latency(self, asset: int, decided_ts: int, slot: int) -> int:
        """Nanoseconds from a decision to the arrival of its order."""
        if self.execution.latency is None:
            return 0
        table = self.execution.latency.table
        x = uniform(self.seed, self.keys[asset], decided_ts, slot, Purpose.LATENCY) * (len(table) - 1)
        i = math.floor(x)
        return table[i] + math.floor((x - i) * (table[i + 1] - table[i]))

    def fails(self, asset: int, decided_ts: int, slot: int) -> bool:
        """Whether an order never gets through."""
        p = self.execution.failure_probability
        return p > 0 and uniform(self.seed, self.keys[asset], decided_ts, slot, Purpose.FAILURE) < p

    # Price

    def fixed_part(self, t: int, asset: int, maker: bool) -> float:
        """The parts of the slippage that do not depend on the quantity."""
        if maker and not self.execution.limit_fills_slip:
            return 0.0
        spread = self.execution.spread_bps / 10_000
        if self.execution.quoted_spread and self.market.spread.size:
            quoted = float(self.market.spread[t, asset])
            if not math.isnan(quoted):
                self.seen["a quoted spread"] += 1
                spread = quoted
        return self.execution.slippage_bps / 10_000 + spread / 2

    def unit(self, t: int, asset: int, side: int, p: float, maker: bool) -> float:
        """The price of a fill as far as it is known before its quantity."""
        return p * (1 + side * min(self.fixed_part(t, asset, maker), MOST))

    def price(self, t: int, asset: int, side: int, p: float, quantity: float, maker: bool) -> float:
        """The price of a fill at reference price `p`."""
        f = self.fixed_part(t, asset, maker)
        if not (maker and not self.execution.limit_fills_slip):
            impact, share = self.execution.impact, self.execution.volume_share
            if impact is not None:
                sigma, average = known_before(self.market, asset, t, impact.window)
                if sigma is not None and average > 0:
                    self.seen["impact"] += 1
                    f = f + impact.coefficient * sigma * math.sqrt(quantity / average)
            volume = float(self.market.volume[t, asset])
            if share is not None and volume > 0:
                self.seen["volume share"] += 1
                f = f + share.coefficient * (quantity / volume) * (quantity / volume)
        self.seen["slippage is cut"] += f > MOST
        return p * (1 + side * min(f, MOST))

    # Fees

    def regime(self, t: int) -> FeeRegime:
        """The regime in force; there is a schedule."""
        now = int(self.market.ts[t])
        current = self.execution.fees[0]
        for regime in self.execution.fees:
            if regime.since_ns <= now:
                current = regime
        self.seen["a later fee regime"] += current is not self.execution.fees[0]
        return current

    def rate(self, t: int, maker: bool) -> float:
        """The fee as a fraction of the notional, before anything else of this bar is traded."""
        if not self.execution.fees:
            return self.execution.fee_bps / 10_000
        self.turn_the_month(t)
        reached = self.regime(t).tiers[0]
        for tier in self.regime(t).tiers:
            if tier.above <= self.month_notional:
                reached = tier
        self.seen["a higher fee tier"] += reached is not self.regime(t).tiers[0]
        return (reached.maker_bps if maker else reached.taker_bps) / 10_000

    def fee(self, t: int, account: Account, notional: float, quantity: float, maker: bool) -> float:
        """The fee of a fill, which is then part of the month's notional."""
        rate = self.rate(t, maker)
        raw = notional * rate
        due = raw
        if self.execution.fees:
            regime = self.regime(t)
            if regime.per_unit != 0:
                raw = raw + quantity * regime.per_unit
            due = raw
            if regime.minimum > 0:
                account.accrued = account.accrued + raw
                due = max(account.accrued, regime.minimum) - account.charged
                account.charged = account.charged + due
                self.seen["a minimum fee is charged"] += due > raw
                self.seen["a minimum fee was charged before"] += due < raw
            self.month_notional = self.month_notional + notional
        return due

    def turn_the_month(self, t: int) -> None:
        """Tiers count the notional of one calendar month."""
        day = datetime.fromtimestamp(int(self.market.ts[t]) // 1_000_000_000, tz=UTC)
        if self.month != (day.year, day.month):
            self.seen["a month's notional ends"] += self.month_notional > 0
            self.month, self.month_notional = (day.year, day.month), 0.0
