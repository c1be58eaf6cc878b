"""The reference's book: cash, positions, orders, fills and events of a run, and what is counted of them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, fields

import numpy as np

from qt_engine.simulation.contract import (
    EVENT,
    FILL,
    ORDER,
    Counters,
    Event,
    Kind,
    OpenPosition,
    Reason,
    SimInput,
    Status,
)
from qt_engine.strategies.plan import LONG, SHORT, OrderType, Risk, TimeInForce
from reference.costs import Account, Costs
from reference.simulator import divide

ENTRY, EXIT, TARGET = 0, 1, 2
"""Kinds of slot: what a working order is, in draws and in the slot of its asset."""


@dataclass
class Order:
    """An order with a row of its own, from its decision on."""

    id: int
    asset: int
    slot: int
    side: int
    reason: Reason
    decided_bar: int
    arrival: int
    type: OrderType = OrderType.MARKET
    force: TimeInForce = TimeInForce.GTC
    expire_after: int = 0
    limit: float = math.nan
    stop: float = math.nan
    distances: dict[int, float] = field(default_factory=dict)
    """Of an entry: protective column -> price distance of the decision bar."""
    weight: float = 0.0
    """Of a target: signed fraction of equity."""
    remaining: float | None = None
    """None until it is sized. Of an entry without sign, of a target with its sign; an exit wants the whole position."""
    account: Account = field(default_factory=Account)
    bars: int = 0
    """Bars in which it took part."""
    triggered: bool = False
    filled: bool = False
    """Whether anything of it was filled."""
    status: Status = Status.PENDING
    fill_bar: int = -1

    @property
    def row(self) -> tuple[int, ...]:
        kind = (Kind.ENTRY, Kind.EXIT, Kind.TARGET)[self.slot]
        return self.id, self.asset, self.decided_bar, self.side, kind, self.reason, self.status, self.fill_bar


@dataclass
class WorkingExit:
    """What could not be filled of a protective exit."""

    asset: int
    reason: Reason
    account: Account


@dataclass
class Position:
    asset: int
    direction: int
    quantity: float
    """Not signed."""
    reference: float
    """Price of the market when the first fill opened it, before slippage."""
    entry_price: float
    """Average price of the entry fills."""
    entry_fee: float
    entry_bar: int
    extreme: float
    distances: dict[int, float]
    stop: float | None = None
    target: float | None = None
    trailing: float | None = None
    inside: bool = False
    """Whether it was opened inside the bar that is going on."""
    bars_held: int = 0
    realised: float = 0.0
    exit_fees: float = 0.0

    @property
    def row(self) -> int:
        """Row of the plan's protective settings."""
        return LONG if self.direction > 0 else SHORT

    @property
    def signed(self) -> float:
        return self.direction * self.quantity


@dataclass
class CompleteReference:
    """What the reference says happened."""

    fills: np.ndarray
    orders: np.ndarray
    events: np.ndarray
    equity: list[float]
    counters: Counters
    open_positions: tuple[OpenPosition, ...]
    cash: float
    seen: Counter[str]
    """How often what a test must not miss has happened."""


def stricter(given: SimInput) -> Risk:
    """Of each limit of the strategy and the run the stricter one."""
    chosen = {}
    for name in (limit.name for limit in fields(Risk)):
        values = [value for value in (getattr(given.plan.risk, name), getattr(given.risk, name)) if value is not None]
        chosen[name] = min(values, default=None)
    return Risk(**chosen)


class Book:
    """State of a run and the few ways in which it changes."""

    def __init__(self, given: SimInput) -> None:
        self.given, self.market, self.plan = given, given.market, given.plan
        self.limits = stricter(given)
        self.costs = Costs(given)
        self.seen = self.costs.seen
        self.assets = range(len(given.market.symbols))
        self.bars = len(given.market)
        self.ts, self.close_ts, self.sample = (getattr(given.market, n).tolist() for n in ("ts", "close_ts", "sample"))
        self.open, self.high, self.low, self.close = (
            getattr(given.market, name).tolist() for name in ("open", "high", "low", "close")
        )
        self.cash = float(given.cash)
        self.positions: dict[int, Position] = {}
        self.slots: dict[int, Order | WorkingExit] = {}
        self.last_price: dict[int, float] = {}
        self.last_exit_bar: dict[int, int] = {}
        self.budget: dict[int, float] = {}
        self.orders_in_session = 0

        self.fills: list[tuple[float, ...]] = []
        self.orders: list[Order] = []
        self.events: list[tuple[float, ...]] = []
        self.equity: list[float] = []
        self.pnls: list[float] = []
        self.bars_with_position = self.ambiguous_bars = 0
        self.borrow = self.funding = self.interest = self.dividends = 0.0
        self.halted: Reason | None = None

    def trades(self, t: int, asset: int) -> bool:
        return not math.isnan(self.close[t][asset])

    def marks(self, t: int | None) -> dict[int, float]:
        """Signed value of each position, in index order: at the open of bar `t`, or at the last prices."""
        values = {}
        for asset in sorted(self.positions):
            at_open = t is not None and self.trades(t, asset)
            price = self.open[t][asset] if at_open and t is not None else self.last_price[asset]
            values[asset] = self.positions[asset].signed * price
        return values

    def worth(self, t: int | None) -> tuple[float, float, float]:
        """Equity, gross and net exposure, marked at the open of bar `t` or at the last prices."""
        equity, gross, net = self.cash, 0.0, 0.0
        for value in self.marks(t).values():
            equity = equity + value
            gross = gross + abs(value)
            net = net + value
        return equity, gross, net

    # Orders

    def add(self, order: Order) -> None:
        self.orders.append(order)
        self.slots[order.asset] = order
        self.orders_in_session += 1

    def end(self, order: Order, status: Status, fill_bar: int | None = None) -> None:
        """The order's slot is free; `fill_bar` is that of its last fill where none is given."""
        order.status = status
        if fill_bar is not None:
            order.fill_bar = fill_bar
        if self.slots.get(order.asset) is order:
            del self.slots[order.asset]

    def end_unfilled(self, order: Order, status: Status) -> None:
        """An order that will not be filled (any more)."""
        self.end(order, Status.PARTIAL if order.filled else status)

    def cancel(self, asset: int) -> None:
        """Empty an asset's slot."""
        waiting = self.slots.pop(asset, None)
        if isinstance(waiting, Order):
            self.end_unfilled(waiting, Status.CANCELLED)

    # Events

    def event(self, t: int, asset: int, kind: Event, value: float, bound: float = math.nan) -> None:
        self.events.append((len(self.events), self.ts[t], t, asset, int(kind), value, bound))

    # Fills

    def fill(
        self,
        t: int,
        asset: int,
        side: int,
        kind: Kind,
        reason: Reason,
        p: float,
        quantity: float,
        account: Account,
        order: Order | None = None,
        *,
        maker: bool = False,
        flags: int = 0,
    ) -> tuple[float, float]:
        """Book a fill at reference price `p`: cash, budget, the order; its price and fee."""
        price = self.costs.price(t, asset, side, p, quantity, maker)
        notional = quantity * price
        fee = self.costs.fee(t, account, notional, quantity, maker)
        self.cash = self.cash - side * notional - fee
        self.budget[asset] = self.budget[asset] - quantity
        number = -1 if order is None else order.id
        self.fills.append((
            len(self.fills), self.ts[t], t, asset, number, side, int(kind), int(reason), flags, quantity, price, fee,
            quantity * abs(price - p),
        ))  # fmt: skip
        if order is not None:
            order.filled, order.fill_bar = True, t
        return price, fee

    def add_to(self, position: Position, quantity: float, price: float, fee: float) -> None:
        """A later fill of what opened a position."""
        self.seen["a later fill of an entry"] += 1
        whole = position.quantity + quantity
        position.entry_price = (position.quantity * position.entry_price + quantity * price) / whole
        position.quantity = whole
        position.entry_fee = position.entry_fee + fee

    def take_from(self, t: int, position: Position, quantity: float, price: float, fee: float) -> None:
        """A fill that closes a position, wholly or in part."""
        gain = position.direction * quantity * (price - position.entry_price)
        if quantity < position.quantity:
            self.seen["a partial exit"] += 1
            position.realised = position.realised + gain
            position.exit_fees = position.exit_fees + fee
            position.quantity = position.quantity - quantity
            return
        self.seen["a position closed by several fills"] += position.realised != 0
        self.pnls.append(position.realised + gain - (position.entry_fee + (position.exit_fees + fee)))
        del self.positions[position.asset]
        self.last_exit_bar[position.asset] = t

    # The end

    def report(self) -> CompleteReference:
        for asset in sorted(self.slots):
            waiting = self.slots[asset]
            if isinstance(waiting, Order):
                self.end_unfilled(waiting, Status.EXPIRED)
        return CompleteReference(
            np.array(self.fills, FILL), np.array([order.row for order in self.orders], ORDER),
            np.array(self.events, EVENT), self.equity, self.count(), tuple(self.report_open()), self.cash, +self.seen,
        )  # fmt: skip

    def report_open(self) -> list[OpenPosition]:
        return [
            OpenPosition(
                asset=p.asset, quantity=p.signed, entry_bar=p.entry_bar, entry_ts=self.ts[p.entry_bar],
                entry_price=p.entry_price, entry_fee=p.entry_fee, bars_held=p.bars_held,
                last_price=self.last_price[p.asset],
            )
            for _, p in sorted(self.positions.items())
        ]  # fmt: skip

    def count(self) -> Counters:
        """From the fills, orders and the equity alone."""
        initial = float(self.given.cash)
        returns: list[float] = []
        drawdowns = [0.0]
        previous = peak = self.equity[0] if self.equity else initial
        for t in range(1, self.bars):
            if self.sample[t]:
                returns.append(divide(self.equity[t], previous) - 1)
                previous = self.equity[t]
                peak = max(peak, previous)
                drawdowns.append(divide(previous, peak) - 1)
        fills = np.array(self.fills, FILL)
        return Counters(
            initial_equity=initial,
            final_equity=self.equity[-1] if self.equity else initial,
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
            traded_notional=sum((fills["quantity"] * fills["price"]).tolist()),
            sum_equity=sum(self.equity),
            fees=sum(fills["fee"].tolist()),
            slippage=sum(fills["slippage"].tolist()),
            ambiguous_bars=self.ambiguous_bars,
            rejected_orders=sum(order.status == Status.REJECTED for order in self.orders),
            halted=self.halted is not None,
            failed_orders=sum(order.status == Status.FAILED for order in self.orders),
            borrow=self.borrow,
            funding=self.funding,
            interest=self.interest,
            dividends=self.dividends,
        )
