"""Limits on a book before and after a trade, outside the kernel: for guards of live sessions, and for books made by hand.

The measures are those of the kernel (`docs/execution-models.md`, *Limits and events*). A limit that needs history (drawdown,
daily loss, orders of the day) is never passed over silently: without a `History` it is an `InputError`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qt_engine.core.errors import InputError
from qt_engine.risk._arrays import Floats, number, whole
from qt_engine.risk.limits import RiskLimits

NOISE = 1.0 + 1e-9
"""An exposure above its limit by less than this factor is binary noise."""
NEEDS_HISTORY = ("max_drawdown", "max_daily_loss", "max_orders_per_day")


@dataclass(frozen=True)
class Book:
    """Positions at one moment.

    Attributes
    ----------
    quantities
        float64 `(A,)`, signed units.
    prices
        float64 `(A,)`, above 0; NaN only for an asset that has no position and no order.
    cash
        Currency, may be negative.
    """

    quantities: Floats
    prices: Floats
    cash: float

    def __post_init__(self) -> None:
        for name in ("quantities", "prices"):
            object.__setattr__(self, name, np.array(getattr(self, name), np.float64))
        if self.quantities.ndim != 1 or self.quantities.shape != self.prices.shape:
            raise InputError(
                f"book: a quantity and a price for each asset, not {self.quantities.shape} and {self.prices.shape}"
            )
        if not np.isfinite(self.quantities).all():
            raise InputError(f"book: quantity of asset {_first(~np.isfinite(self.quantities))} must be finite")
        wrong = ~(self.prices > 0.0) & ~np.isnan(self.prices) | np.isinf(self.prices)
        if wrong.any():
            raise InputError(f"book: price of asset {_first(wrong)} must be finite and above 0")
        unpriced = np.isnan(self.prices) & (self.quantities != 0.0)
        if unpriced.any():
            raise InputError(f"book: asset {_first(unpriced)} has a position and no price")
        object.__setattr__(self, "cash", number("book: cash", self.cash))

    @property
    def marks(self) -> Floats:
        """float64 `(A,)`, signed worth of each position in units of currency."""
        return np.where(self.quantities != 0.0, self.quantities * self.prices, 0.0)

    @property
    def equity(self) -> float:
        """Cash and marks together."""
        return self.cash + float(self.marks.sum())


@dataclass(frozen=True)
class Order:
    """A wish to trade `quantity` units (signed, not 0) of the asset in column `asset`."""

    asset: int
    quantity: float


@dataclass(frozen=True)
class History:
    """What a book does not tell about its past.

    Attributes
    ----------
    peak_equity
        Highest equity so far, in units of currency.
    session_equity
        Equity at the end of the session before; the capital at the start, in the first session.
    orders_today
        Orders made in this session.
    """

    peak_equity: float
    session_equity: float
    orders_today: int = 0

    def __post_init__(self) -> None:
        number("history: peak_equity", self.peak_equity, above=0.0)
        number("history: session_equity", self.session_equity, above=0.0)
        whole("history: orders_today", self.orders_today, low=0)


@dataclass(frozen=True)
class Breach:
    """A limit that does not hold: its name in `RiskLimits`, the value, its bound, and the asset (None: the whole book)."""

    limit: str
    value: float
    bound: float
    asset: int | None = None


def post_trade(book: Book, limits: RiskLimits, history: History | None = None) -> list[Breach]:
    """Every limit that the book breaks, in the order of `RiskLimits`, assets in index order.

    Exposures break a limit when they are above it, losses when they reach it. Where the equity is not positive, any
    position breaks every limit that is a fraction of equity.

    Raises
    ------
    InputError
        If a limit needs a history and there is none.
    """
    _require_history(limits, history)
    found = _exposures(book, limits)
    if history is not None:
        found += _losses(book.equity, limits, history)
        if limits.max_orders_per_day is not None and history.orders_today > limits.max_orders_per_day:
            found.append(Breach("max_orders_per_day", float(history.orders_today), float(limits.max_orders_per_day)))
    return found


def pre_trade(
    orders: Order | Sequence[Order], book: Book, limits: RiskLimits, history: History | None = None, *,
    slippage: float = 0.0, fee: float = 0.0,
) -> list[Breach]:  # fmt: skip
    """Every limit that the orders, filled together, would break or push further.

    What reduces a breach is not refused: a book that is above a limit already may always be taken closer to it. Orders that
    only reduce positions break no limit but `max_net` (a hedge may not be taken off) and the number of orders; where a loss
    limit is reached, any other order is a breach.

    Parameters
    ----------
    orders
        One, or several that belong together (a rebalance).
    book, limits, history
        Before the orders.
    slippage, fee
        Fractions of the price and of the notional that the fills would pay.

    Raises
    ------
    InputError
        If an order names no asset of the book, one without price, or no quantity, or a limit needs a history.
    """
    _require_history(limits, history)
    wanted = [orders] if isinstance(orders, Order) else list(orders)
    after = _filled(wanted, book, number("slippage", slippage, low=0.0), number("fee", fee, low=0.0))
    reducing = _only_reduces(book, after)
    if reducing:
        wider = abs(float(after.marks.sum())) > abs(float(book.marks.sum())) + _noise(book.marks)
        found = [breach for breach in _exposures(after, limits) if breach.limit == "max_net" and wider]
    else:
        before = {(breach.limit, breach.asset): breach.value for breach in _exposures(book, limits)}
        found = [
            breach
            for breach in _exposures(after, limits)
            if breach.value > before.get((breach.limit, breach.asset), 0.0) * NOISE or math.isinf(breach.value)
        ]
    if history is None or not wanted:
        return found
    if not reducing:
        found += _losses(book.equity, limits, history)
    total = history.orders_today + len(wanted)
    if limits.max_orders_per_day is not None and total > limits.max_orders_per_day:
        found.append(Breach("max_orders_per_day", float(total), float(limits.max_orders_per_day)))
    return found


def _exposures(book: Book, limits: RiskLimits) -> list[Breach]:
    marks, equity = book.marks, book.equity
    sizes = np.abs(marks)
    found = []
    count = int(np.count_nonzero(book.quantities))
    if limits.max_positions is not None and count > limits.max_positions:
        found.append(Breach("max_positions", float(count), float(limits.max_positions)))
    net = abs(float(marks.sum()))
    # Long and short positions of one size may leave a last bit, which a limit of 0 would take for an exposure.
    net = net if net > _noise(marks) else 0.0
    for name, amount in (("max_gross", float(sizes.sum())), ("max_net", net)):
        bound = getattr(limits, name)
        if bound is not None and amount > bound * max(equity, 0.0) * NOISE:
            found.append(Breach(name, _share(amount, equity), bound))
    if (bound := limits.max_concentration) is not None:
        found += [
            Breach("max_concentration", _share(float(sizes[asset]), equity), bound, asset)
            for asset in np.flatnonzero(sizes > bound * max(equity, 0.0) * NOISE).tolist()
        ]
    if (bound := limits.max_position) is not None:
        found += [
            Breach("max_position", float(sizes[asset]), bound, asset)
            for asset in np.flatnonzero(sizes > bound * NOISE).tolist()
        ]
    return found


def _losses(equity: float, limits: RiskLimits, history: History) -> list[Breach]:
    """Loss limits that are reached; the equity itself may be the peak."""
    bases = (("max_drawdown", max(history.peak_equity, equity)), ("max_daily_loss", history.session_equity))
    found = []
    for name, base in bases:
        bound, loss = getattr(limits, name), 1.0 - equity / base
        if bound is not None and loss >= bound:
            found.append(Breach(name, loss, bound))
    return found


def _filled(orders: list[Order], book: Book, slippage: float, fee: float) -> Book:
    quantities, cash = book.quantities.copy(), book.cash
    for order in orders:
        if isinstance(order.asset, bool) or not isinstance(order.asset, int | np.integer):
            raise InputError(f"order: asset is a column of the book, not {order.asset!r}")
        if not 0 <= order.asset < len(quantities):
            raise InputError(f"order: the book has {len(quantities)} assets, and {order.asset} is none of them")
        units = number(f"order: quantity of asset {order.asset}", order.quantity)
        price = float(book.prices[order.asset])
        if units == 0.0:
            raise InputError(f"order: quantity of asset {order.asset} must not be 0")
        if math.isnan(price):
            raise InputError(f"order: asset {order.asset} has no price")
        paid = price * (1.0 + math.copysign(slippage, units))
        cash -= units * paid + abs(units * paid) * fee
        quantities[order.asset] += units
    return Book(quantities, book.prices, cash)


def _only_reduces(before: Book, after: Book) -> bool:
    was, will = before.quantities, after.quantities
    return bool(((was * will >= 0.0) & (np.abs(will) <= np.abs(was))).all())


def _noise(marks: Floats) -> float:
    """What rounding may leave of positions that cancel out."""
    return float(np.abs(marks).sum()) * (NOISE - 1.0)


def _share(amount: float, equity: float) -> float:
    return amount / equity if equity > 0.0 else math.inf


def _require_history(limits: RiskLimits, history: History | None) -> None:
    if history is None:
        for name in NEEDS_HISTORY:
            if getattr(limits, name) is not None:
                raise InputError(f"{name}: cannot be checked without the history of the book")


def _first(mask: np.ndarray) -> int:
    return int(np.flatnonzero(mask)[0])
