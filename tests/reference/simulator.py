"""The reference simulator: `docs/execution.md` once more, slowly, with plain floats, lists and loops.

It exists to be compared with the compiled kernel, so it was written from the page alone and shares no code with the
kernel. Every floating-point operation stands in the order in which the page writes it, so that fills agree byte for
byte. Nothing here is clever, and nothing here is fast.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from qt_engine.data.market import Market
from qt_engine.simulation.contract import (
    AMBIGUOUS,
    FILL,
    ORDER,
    Counters,
    Execution,
    Kind,
    OpenPosition,
    Reason,
    Status,
)
from qt_engine.strategies.plan import LONG, SHORT, STOP, TARGET, TRAIL, Plan, Protect

ExitCondition = Callable[[int, int, float, int], bool]
"""(asset, bar, signed quantity, bars held) -> leave? Stands for an exit program of the plan."""


def round_to_tick(x: float, tick: float) -> float:
    inverse = float(round(1 / tick))
    if abs(inverse * tick - 1) < 1e-9:
        return math.floor(x * inverse + 0.5) / inverse
    return math.floor(x / tick + 0.5) * tick


def divide(a: float, b: float) -> float:
    """Division as binary64 defines it: by zero it is infinite or NaN, not an error."""
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


@dataclass
class Order:
    id: int
    asset: int
    decided_bar: int
    side: int
    kind: Kind
    reason: Reason
    distances: dict[int, float] = field(default_factory=dict)
    """For an entry: protective column (STOP, TARGET, TRAIL) -> price distance of the decision bar."""
    status: Status = Status.PENDING
    fill_bar: int = -1


@dataclass
class Position:
    asset: int
    direction: int
    quantity: float
    """Not signed."""
    market_price: float
    """Price of the market when the entry filled, before slippage."""
    fill_price: float
    fee: float
    entry_bar: int
    extreme: float
    distances: dict[int, float]
    bars_held: int = 0

    @property
    def row(self) -> int:
        """Row of the plan's protective settings."""
        return LONG if self.direction > 0 else SHORT

    @property
    def signed(self) -> float:
        return self.direction * self.quantity


@dataclass
class Reference:
    """What the reference simulator says happened."""

    fills: list[dict[str, float]]
    orders: list[Order]
    equity: list[float]
    counters: Counters
    open_positions: tuple[OpenPosition, ...]
    cash: float

    def fill_bytes(self) -> np.ndarray:
        """The fills as an array of the engine's record type."""
        return np.array([tuple(fill[name] for name in FILL.names) for fill in self.fills], FILL)

    def order_bytes(self) -> np.ndarray:
        """The orders as an array of the engine's record type."""
        rows = [(o.id, o.asset, o.decided_bar, o.side, o.kind, o.reason, o.status, o.fill_bar) for o in self.orders]
        return np.array(rows, ORDER)


class Simulator:
    """One run. The methods stand in the order of the page."""

    def __init__(
        self,
        market: Market,
        plan: Plan,
        execution: Execution,
        cash: float,
        exit_conditions: tuple[ExitCondition | None, ExitCondition | None] = (None, None),
    ) -> None:
        self.plan = plan
        self.tick = execution.tick
        self.fee_fraction = execution.fee_bps / 10_000
        self.slippage = execution.slippage_bps / 10_000
        self.exit_conditions = exit_conditions

        self.assets = range(len(market.symbols))
        self.bars = len(market)
        self.ts = market.ts.tolist()
        self.open, self.high, self.low, self.close = (
            getattr(market, name).tolist() for name in ("open", "high", "low", "close")
        )
        self.sample = market.sample.tolist()
        self.entry = plan.entry.tolist()
        self.exit_flags = (plan.exit_long.tolist(), plan.exit_short.tolist())

        self.initial_cash = float(cash)
        self.cash = float(cash)
        self.positions: dict[int, Position] = {}
        self.pending: dict[int, Order] = {}
        self.last_price: dict[int, float] = {}
        self.entries = dict.fromkeys(self.assets, 0)
        self.last_exit_bar: dict[int, int] = {}
        self.peak = self.cash
        self.halted = False

        self.fills: list[dict[str, float]] = []
        self.orders: list[Order] = []
        self.equity: list[float] = []
        self.pnls: list[float] = []
        self.bars_with_position = 0
        self.ambiguous_bars = 0

    def run(self) -> Reference:
        for t in range(self.bars):
            for asset in self.assets:
                if self.trades(t, asset):
                    self.arrival(t, asset)
                    self.gap(t, asset)
                    self.time_exit(t, asset)
            self.inside_the_bar(t)
            self.after_the_exits(t)
            self.mark_to_market(t)
            if not self.halted:
                self.decide(t)
        for order in self.pending.values():
            order.status = Status.EXPIRED
        return Reference(self.fills, self.orders, self.equity, self.count(), tuple(self.report_open()), self.cash)

    def trades(self, t: int, asset: int) -> bool:
        return not math.isnan(self.open[t][asset])

    # Phase 2: the open

    def arrival(self, t: int, asset: int) -> None:
        order = self.pending.pop(asset, None)
        if order is None:
            return
        price = self.open[t][asset]
        if order.kind == Kind.EXIT:
            self.leave(t, self.positions[asset], price, order.reason, self.ts[t], order=order)
            return
        quantity = self.size(t, order, price)
        if quantity is None:
            order.status, order.fill_bar = Status.REJECTED, t
            return
        self.enter(t, order, price, quantity)

    def gap(self, t: int, asset: int) -> None:
        position = self.positions.get(asset)
        if position is None or position.entry_bar == t:
            return
        price = self.open[t][asset]
        stop, reason = self.effective_stop(position)
        target = self.target(position)
        if position.direction > 0:
            hit_stop, hit_target = price <= stop, price >= target
        else:
            hit_stop, hit_target = price >= stop, price <= target
        if hit_stop:
            self.leave(t, position, price, reason, self.ts[t])
        elif hit_target:
            self.leave(t, position, price, Reason.TAKE_PROFIT, self.ts[t])

    def time_exit(self, t: int, asset: int) -> None:
        position = self.positions.get(asset)
        if position is not None and position.bars_held >= int(self.plan.time_stop[position.row]):
            self.leave(t, position, self.open[t][asset], Reason.TIME_STOP, self.ts[t])

    # Phase 3: inside the bar

    def inside_the_bar(self, t: int) -> None:
        ambiguous = False
        for asset in self.assets:
            position = self.positions.get(asset)
            if position is None or not self.trades(t, asset):
                continue
            high, low = self.high[t][asset], self.low[t][asset]
            stop, reason = self.effective_stop(position)
            target = self.target(position)
            if position.direction > 0:
                hit_stop, hit_target = low <= stop, high >= target
            else:
                hit_stop, hit_target = high >= stop, low <= target
            if hit_stop:
                ambiguous = ambiguous or hit_target
                flags = AMBIGUOUS if hit_target else 0
                self.leave(t, position, stop, reason, self.ts[t], flags=flags)
            elif hit_target:
                self.leave(t, position, target, Reason.TAKE_PROFIT, self.ts[t])
        if ambiguous:
            self.ambiguous_bars += 1

    # Phase 5: after the exits

    def after_the_exits(self, t: int) -> None:
        for asset in self.assets:
            position = self.positions.get(asset)
            if position is None or not self.trades(t, asset):
                continue
            if position.direction > 0:
                position.extreme = max(position.extreme, self.high[t][asset])
            else:
                position.extreme = min(position.extreme, self.low[t][asset])
            position.bars_held += 1

    # Phase 6: mark to market, and the run's drawdown limit

    def mark_to_market(self, t: int) -> None:
        for asset in self.assets:
            if self.trades(t, asset):
                self.last_price[asset] = self.close[t][asset]
        equity = self.cash
        for asset in self.assets:
            if asset in self.positions:
                equity = equity + self.positions[asset].signed * self.last_price[asset]
        self.equity.append(equity)
        if self.positions:
            self.bars_with_position += 1

        self.peak = max(self.peak, equity)
        limit = self.plan.risk.max_drawdown
        if limit is not None and not self.halted and 1 - equity / self.peak >= limit:
            self.halt(t)

    def halt(self, t: int) -> None:
        self.halted = True
        for asset in self.assets:
            waiting = self.pending.pop(asset, None)
            if waiting is not None:
                waiting.status = Status.CANCELLED
            if asset in self.positions:
                self.order_exit(t, asset, Reason.MAX_DRAWDOWN)

    # Phase 7: decide

    def decide(self, t: int) -> None:
        for asset in self.assets:
            if not self.trades(t, asset) or asset in self.pending:
                continue
            if asset in self.positions:
                if self.exit_wanted(t, self.positions[asset]):
                    self.order_exit(t, asset, Reason.EXIT_SIGNAL)
            elif self.entry_wanted(t, asset):
                self.order_entry(t, asset)

    def exit_wanted(self, t: int, position: Position) -> bool:
        condition = self.exit_conditions[position.row]
        if condition is not None:
            return condition(position.asset, t, position.signed, position.bars_held)
        return self.exit_flags[position.row][t][position.asset] != 0

    def entry_wanted(self, t: int, asset: int) -> bool:
        if self.entry[t][asset] == 0 or self.entries[asset] >= self.plan.max_entries:
            return False
        if asset in self.last_exit_bar and t - self.last_exit_bar[asset] < self.plan.cooldown:
            return False
        limit = self.plan.risk.max_positions
        pending_entries = sum(order.kind == Kind.ENTRY for order in self.pending.values())
        return limit is None or len(self.positions) + pending_entries < limit

    def order_entry(self, t: int, asset: int) -> None:
        direction = 1 if self.entry[t][asset] > 0 else -1
        row = LONG if direction > 0 else SHORT
        distances = {}
        for column in (STOP, TARGET, TRAIL):
            if self.plan.protect_kind[row, column] == Protect.DISTANCE:
                distance = float(self.plan.distances[int(self.plan.protect_value[row, column]), t, asset])
                if not distance > 0:  # NaN included
                    return
                distances[column] = distance
        self.add_order(Order(len(self.orders), asset, t, direction, Kind.ENTRY, Reason.ENTRY_SIGNAL, distances))

    def order_exit(self, t: int, asset: int, reason: Reason) -> None:
        side = -self.positions[asset].direction
        self.add_order(Order(len(self.orders), asset, t, side, Kind.EXIT, reason))

    def add_order(self, order: Order) -> None:
        self.orders.append(order)
        self.pending[order.asset] = order

    # Levels

    def level(self, row: int, column: int, distances: dict[int, float], anchor: float, side: int) -> float | None:
        """`anchor` moved to `side` (+1 above, -1 below) by the setting of this column; None where there is none."""
        kind = self.plan.protect_kind[row, column]
        if kind == Protect.NONE:
            return None
        if kind == Protect.FRACTION:
            level = anchor * (1 + side * float(self.plan.protect_value[row, column]))
        else:
            level = anchor + side * distances[column]
        level = round_to_tick(level, self.tick)
        if side > 0:
            return max(level, anchor)
        return min(level, anchor) if level > 0 else None

    def effective_stop(self, position: Position) -> tuple[float, Reason]:
        """The tighter of the fixed and the trailing stop, with its reason."""
        d = position.direction
        fixed = self.level(position.row, STOP, position.distances, position.market_price, -d)
        trailing = self.level(position.row, TRAIL, position.distances, position.extreme, -d)
        unreachable = -math.inf if d > 0 else math.inf
        if fixed is None:
            fixed = unreachable
        if trailing is None:
            trailing = unreachable
        at_least_as_tight = fixed >= trailing if d > 0 else fixed <= trailing
        return (fixed, Reason.STOP_LOSS) if at_least_as_tight else (trailing, Reason.TRAILING_STOP)

    def target(self, position: Position) -> float:
        d = position.direction
        level = self.level(position.row, TARGET, position.distances, position.market_price, d)
        if level is None:
            return math.inf if d > 0 else -math.inf
        return level

    # Fills

    def fill(
        self,
        t: int,
        asset: int,
        order: int,
        side: int,
        kind: Kind,
        reason: Reason,
        p: float,
        quantity: float,
        ts: int,
        flags: int,
    ) -> tuple[float, float]:
        """Book one fill at reference price `p`; fill price and fee."""
        price = p * (1 + side * self.slippage)
        notional = quantity * price
        fee = notional * self.fee_fraction
        self.cash = self.cash - side * notional - fee
        self.fills.append({
            "sequence": len(self.fills), "ts": ts, "bar": t, "asset": asset, "order": order, "side": side,
            "kind": int(kind), "reason": int(reason), "flags": flags, "quantity": quantity, "price": price, "fee": fee,
            "slippage": quantity * abs(price - p),
        })  # fmt: skip
        return price, fee

    def enter(self, t: int, order: Order, p: float, quantity: float) -> None:
        price, fee = self.fill(
            t, order.asset, order.id, order.side, Kind.ENTRY, order.reason, p, quantity, self.ts[t], 0
        )
        self.positions[order.asset] = Position(
            order.asset, order.side, quantity, p, price, fee, t, extreme=p, distances=order.distances
        )
        self.entries[order.asset] += 1
        order.status, order.fill_bar = Status.FILLED, t

    def leave(
        self,
        t: int,
        position: Position,
        p: float,
        reason: Reason,
        ts: int,
        *,
        order: Order | None = None,
        flags: int = 0,
    ) -> None:
        d, q = position.direction, position.quantity
        price, fee = self.fill(
            t, position.asset, -1 if order is None else order.id, -d, Kind.EXIT, reason, p, q, ts, flags
        )
        self.pnls.append(d * q * (price - position.fill_price) - (position.fee + fee))
        del self.positions[position.asset]
        self.last_exit_bar[position.asset] = t
        if order is not None:
            order.status, order.fill_bar = Status.FILLED, t

    # Sizing

    def size(self, t: int, order: Order, p: float) -> float | None:
        """Quantity of an entry order that arrives at price `p`; None: rejected."""
        equity, gross = self.cash, 0.0
        for b in self.assets:
            if b in self.positions:
                price = self.open[t][b] if self.trades(t, b) else self.last_price[b]
                product = self.positions[b].signed * price
                equity = equity + product
                gross = gross + abs(product)
        unit = p * (1 + order.side * self.slippage)

        method, value = self.plan.sizing, self.plan.sizing_value
        if method == "fixed_quantity":
            quantity = value
        elif method == "fixed_notional":
            quantity = value / unit
        elif method == "equity_fraction":
            quantity = value * equity / unit
        elif method == "volatility_target":
            volatility = float(self.plan.volatility[order.decided_bar, order.asset])
            quantity = divide(value, volatility) * equity / unit
        else:
            newborn = Position(order.asset, order.side, 0.0, p, unit, 0.0, t, extreme=p, distances=order.distances)
            stop, _ = self.effective_stop(newborn)
            quantity = divide(value * equity, abs(p - stop))
        if not (0 < quantity < math.inf):
            return None

        room = self.plan.risk.max_gross * equity - gross
        limit = room / (unit * (1 + self.fee_fraction))
        if quantity > limit:
            if method in ("fixed_quantity", "fixed_notional"):
                return quantity if quantity <= limit * (1 + 1e-12) else None
            quantity = limit
        return quantity if quantity > 0 else None

    # What is counted

    def count(self) -> Counters:
        """From the fills and the equity alone, after the run."""
        returns: list[float] = []
        drawdowns = [0.0]
        base = self.equity[0] if self.equity else self.initial_cash
        previous = peak = base
        for t in range(1, self.bars):
            if self.sample[t]:
                returns.append(divide(self.equity[t], previous) - 1)
                previous = self.equity[t]
                peak = max(peak, previous)
                drawdowns.append(previous / peak - 1)
        return Counters(
            initial_equity=self.initial_cash,
            final_equity=self.equity[-1] if self.equity else self.initial_cash,
            returns=len(returns),
            sum_returns=sum(returns),
            sum_squares=sum(r * r for r in returns),
            sum_downside_squares=sum(r * r for r in returns if r < 0),
            max_drawdown=min(drawdowns),
            trades=len(self.pnls),
            wins=sum(pnl > 0 for pnl in self.pnls),
            gross_profit=sum(pnl for pnl in self.pnls if pnl > 0),
            gross_loss=-sum(pnl for pnl in self.pnls if pnl < 0),
            bars=self.bars,
            bars_with_position=self.bars_with_position,
            traded_notional=sum(fill["quantity"] * fill["price"] for fill in self.fills),
            sum_equity=sum(self.equity),
            fees=sum(fill["fee"] for fill in self.fills),
            slippage=sum(fill["slippage"] for fill in self.fills),
            ambiguous_bars=self.ambiguous_bars,
            rejected_orders=sum(order.status == Status.REJECTED for order in self.orders),
            halted=self.halted,
        )

    def report_open(self) -> list[OpenPosition]:
        return [
            OpenPosition(
                asset=p.asset, quantity=p.signed, entry_bar=p.entry_bar, entry_ts=self.ts[p.entry_bar],
                entry_price=p.fill_price, entry_fee=p.fee, bars_held=p.bars_held, last_price=self.last_price[p.asset],
            )
            for _, p in sorted(self.positions.items())
        ]  # fmt: skip


def simulate_slowly(
    market: Market,
    plan: Plan,
    execution: Execution | None = None,
    cash: float = 100_000.0,
    *,
    exit_conditions: tuple[ExitCondition | None, ExitCondition | None] = (None, None),
) -> Reference:
    """Run the reference simulator.

    Parameters
    ----------
    market, plan, execution, cash
        As in `qt_engine.simulation.contract.SimInput`.
    exit_conditions
        For long and short: takes the place of the exit flags of that side, as an exit program of the plan does.
    """
    return Simulator(market, plan, execution or Execution(), cash, exit_conditions).run()
