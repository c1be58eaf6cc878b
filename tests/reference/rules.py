"""The reference for rule strategies: levels, sizing, the open, inside the bar, and decisions, in the order of the pages."""

from __future__ import annotations

import math

from qt_engine.simulation.contract import AMBIGUOUS, Event, Kind, Reason, SimInput, Status
from qt_engine.strategies.plan import LONG, SHORT, STOP, TARGET, TRAIL, OrderType, Protect, TimeInForce
from reference import book
from reference.book import Book, Order, Position, WorkingExit
from reference.costs import Account
from reference.simulator import ExitCondition, divide, round_to_tick

ABOVE = 1 + 1e-12
"""A bound counts as exceeded from here on."""


class Rules(Book):
    """What a rule strategy does in each phase."""

    def __init__(self, given: SimInput, exit_conditions: tuple[ExitCondition | None, ExitCondition | None]) -> None:
        super().__init__(given)
        self.exit_conditions = exit_conditions
        self.entries = dict.fromkeys(self.assets, 0)
        self.ambiguous = False
        self.refused_in_session = False

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
        level = round_to_tick(level, self.given.execution.tick)
        if side > 0:
            return max(level, anchor)
        return min(level, anchor) if level > 0 else None

    def set_levels(self, position: Position) -> None:
        row, d, p = position.row, position.direction, position.reference
        position.stop = self.level(row, STOP, position.distances, p, -d)
        position.target = self.level(row, TARGET, position.distances, p, d)
        position.trailing = self.level(row, TRAIL, position.distances, p, -d)

    def effective_stop(self, position: Position) -> tuple[float, Reason]:
        """The tighter of the fixed and the trailing stop, with its reason."""
        d = position.direction
        unreachable = -math.inf if d > 0 else math.inf
        fixed = unreachable if position.stop is None else position.stop
        trailing = unreachable if position.trailing is None else position.trailing
        at_least_as_tight = fixed >= trailing if d > 0 else fixed <= trailing
        return (fixed, Reason.STOP_LOSS) if at_least_as_tight else (trailing, Reason.TRAILING_STOP)

    def hits(self, position: Position, low: float, high: float) -> tuple[bool, bool]:
        """Whether prices from `low` to `high` touch the effective stop, and the target."""
        stop, _ = self.effective_stop(position)
        target = position.target
        if position.direction > 0:
            return low <= stop, target is not None and high >= target
        return high >= stop, target is not None and low <= target

    # Phase 2: the open

    def takes_part(self, t: int, asset: int) -> bool:
        """Whether the asset's working order takes part in bar `t`; a failure is drawn the first time."""
        order = self.slots.get(asset)
        if not isinstance(order, Order):
            return order is not None
        if self.ts[t] < order.arrival:
            return False
        if order.bars == 0 and self.costs.fails(asset, self.close_ts[order.decided_bar], order.slot):
            self.seen["an order fails"] += 1
            self.end(order, Status.FAILED, t)
            return False
        self.seen["an order comes late"] += order.bars == 0 and any(
            self.trades(u, asset) for u in range(order.decided_bar + 1, t)
        )
        order.bars += 1
        return True

    def rules_at_the_open(self, t: int) -> None:
        for asset in self.assets:
            if not self.trades(t, asset):
                continue
            order = self.slots.get(asset) if self.takes_part(t, asset) else None
            position = self.positions.get(asset)
            if position is not None and position.entry_bar < t and not leaves_at_market(order):
                self.gap_or_time_exit(t, position)
            if order is not None and self.slots.get(asset) is order:
                self.work_at_the_open(t, order)

    def gap_or_time_exit(self, t: int, position: Position) -> None:
        price = self.open[t][position.asset]
        stop, target = self.hits(position, price, price)
        if stop:
            self.protective_exit(t, position, price, self.effective_stop(position)[1])
        elif target:
            self.protective_exit(t, position, price, Reason.TAKE_PROFIT)
        elif position.bars_held >= int(self.plan.time_stop[position.row]):
            self.protective_exit(t, position, price, Reason.TIME_STOP)

    def work_at_the_open(self, t: int, order: Order | WorkingExit) -> None:
        price = self.open[t][order.asset]
        if isinstance(order, WorkingExit):
            self.seen["a working exit goes on"] += 1
            self.work_off(t, order, price)
            return
        if fills_at(order, price):
            self.execute(t, order, price)
        if order.status == Status.PENDING and order.force in (TimeInForce.IOC, TimeInForce.FOK):
            self.seen[f"{order.force.name} ends unfilled or partial"] += 1
            self.end_unfilled(order, Status.CANCELLED)

    def protective_exit(self, t: int, position: Position, p: float, reason: Reason, flags: int = 0) -> None:
        self.seen["a protective exit takes an order's place"] += position.asset in self.slots
        self.cancel(position.asset)
        leaving = WorkingExit(position.asset, reason, Account())
        self.slots[position.asset] = leaving
        self.work_off(t, leaving, p, flags)

    def work_off(self, t: int, leaving: WorkingExit, p: float, flags: int = 0) -> None:
        """Fill a protective exit as far as the budget goes."""
        asset, position = leaving.asset, self.positions[leaving.asset]
        if self.budget[asset] <= 0:
            return
        quantity, side = min(position.quantity, self.budget[asset]), -position.direction
        price, fee = self.fill(t, asset, side, Kind.EXIT, leaving.reason, p, quantity, leaving.account, flags=flags)
        self.take_from(t, position, quantity, price, fee)
        if asset not in self.positions:
            del self.slots[asset]
        else:
            self.seen["a protective exit is filled in part"] += 1

    def execute(self, t: int, order: Order, p: float, *, maker: bool = False, inside: bool = False) -> None:
        """Fill an entry or an exit at reference price `p`, as far as the budget goes."""
        asset, left = order.asset, self.budget[order.asset]
        if left <= 0:
            return
        if order.slot == book.EXIT:
            wanted = self.positions[asset].quantity
        else:
            if order.remaining is None:
                order.remaining = self.size(t, order, p, maker)
            if order.remaining is None:
                self.end(order, Status.REJECTED, t)
                return
            wanted = order.remaining
        if order.force == TimeInForce.FOK and wanted > left:
            self.seen["FOK finds too little volume"] += 1
            return
        quantity = min(wanted, left)
        self.seen["an order is filled in part"] += quantity < wanted
        kind = Kind.EXIT if order.slot == book.EXIT else Kind.ENTRY
        price, fee = self.fill(t, asset, order.side, kind, order.reason, p, quantity, order.account, order, maker=maker)
        if order.slot == book.EXIT:
            self.take_from(t, self.positions[asset], quantity, price, fee)
        else:
            order.remaining = wanted - quantity
            self.enter(t, order, p, quantity, price, fee, inside)
        if quantity == wanted:
            self.end(order, Status.FILLED)

    def enter(self, t: int, order: Order, p: float, quantity: float, price: float, fee: float, inside: bool) -> None:
        asset = order.asset
        if asset in self.positions:
            self.add_to(self.positions[asset], quantity, price, fee)
            return
        position = Position(asset, order.side, quantity, p, price, fee, t, p, dict(order.distances), inside=inside)
        self.set_levels(position)
        self.positions[asset] = position
        self.entries[asset] += 1

    # Sizing

    def size(self, t: int, order: Order, p: float, maker: bool) -> float | None:
        """Quantity of an entry order at its first fill at reference price `p`; None: rejected."""
        equity, gross, net = self.worth(t)
        unit = self.costs.unit(t, order.asset, order.side, p, maker)
        quantity = self.wanted(order, p, unit, equity)
        if not (quantity > 0 and math.isfinite(quantity)):
            return None
        fixed = self.plan.sizing in ("fixed_quantity", "fixed_notional")
        room = self.limits.max_gross * equity - gross
        limit = room / (unit * (1 + self.costs.rate(t, maker)))
        if quantity > limit:
            if not fixed:
                quantity = limit
            elif not quantity <= limit * ABOVE:
                return None
        if not quantity > 0:
            return None
        for kind, value, bound in self.bounds(order.side, p, equity, net):
            if quantity > bound * ABOVE:
                exposure = quantity * p if kind == Event.MAX_POSITION else divide(quantity * p, equity)
                self.event(t, order.asset, kind, exposure, value)
                self.seen[f"{kind.name} {'rejects' if fixed else 'cuts'}"] += 1
                if fixed:
                    return None
                quantity = bound
        return quantity if quantity > 0 else None

    def bounds(self, side: int, p: float, equity: float, net: float) -> list[tuple[Event, float, float]]:
        """Kind, limit, and the most that the quantity may be."""
        found = []
        if (value := self.limits.max_concentration) is not None:
            found.append((Event.MAX_CONCENTRATION, value, value * equity / p))
        if (value := self.limits.max_position) is not None:
            found.append((Event.MAX_POSITION, value, value / p))
        if (value := self.limits.max_net) is not None:
            room = value * equity - net if side > 0 else value * equity + net
            found.append((Event.MAX_NET, value, room / p))
        return found

    def wanted(self, order: Order, p: float, unit: float, equity: float) -> float:
        method, value = self.plan.sizing, self.plan.sizing_value
        if method == "fixed_quantity":
            return value
        if method == "fixed_notional":
            return value / unit
        if method == "equity_fraction":
            return value * equity / unit
        if method == "volatility_target":
            volatility = float(self.plan.volatility[order.decided_bar, order.asset])
            return divide(value, volatility) * equity / unit
        newborn = Position(order.asset, order.side, 0.0, p, unit, 0.0, 0, p, dict(order.distances))
        self.set_levels(newborn)
        distance = abs(p - self.effective_stop(newborn)[0])
        return math.nan if math.isinf(distance) else divide(value * equity, distance)

    # Phase 3: inside the bar

    def inside_the_bar(self, t: int) -> None:
        self.ambiguous = False
        for asset in self.assets:
            if not self.trades(t, asset):
                continue
            order, position = self.slots.get(asset), self.positions.get(asset)
            leaving = isinstance(order, WorkingExit)
            if position is not None and not leaving and self.protect(t, position):
                continue
            if isinstance(order, Order) and order.bars > 0:
                self.work_inside(t, order)
                if position is None and asset in self.positions:
                    self.protect_newborn(t, self.positions[asset])
        self.ambiguous_bars += self.ambiguous

    def protect(self, t: int, position: Position) -> bool:
        """Test stop and target against the bar; whether one of them left."""
        low, high = self.low[t][position.asset], self.high[t][position.asset]
        stop, target = self.hits(position, low, high)
        if not stop and not target:
            return False
        both = stop and target
        self.ambiguous = self.ambiguous or both
        flags = AMBIGUOUS if both else 0
        self.seen[f"both touched: {self.given.execution.path} {position.direction:+d}"] += both
        takes_target = not stop or (both and self.given.execution.path == "ohlc" and position.direction > 0)
        if takes_target:
            assert position.target is not None
            self.protective_exit(t, position, position.target, Reason.TAKE_PROFIT, flags)
        else:
            self.protective_exit(t, position, *self.effective_stop(position), flags)
        return True

    def protect_newborn(self, t: int, position: Position) -> None:
        """The stop of a position that a resting order opened inside this bar: which came first is not known."""
        stop, _ = self.hits(position, self.low[t][position.asset], self.high[t][position.asset])
        if stop:
            self.ambiguous = True
            self.seen["a position is opened and stopped inside one bar"] += 1
            self.protective_exit(t, position, *self.effective_stop(position), AMBIGUOUS)

    def work_inside(self, t: int, order: Order) -> None:
        """A resting order, tested as in the table."""
        buy = order.side > 0
        low, high = self.low[t][order.asset], self.high[t][order.asset]
        reaches_limit = low <= order.limit if buy else high >= order.limit
        reaches_stop = high >= order.stop if buy else low <= order.stop
        if order.type == OrderType.LIMIT and reaches_limit:
            self.seen["a limit is reached inside the bar"] += 1
            self.execute(t, order, order.limit, maker=True, inside=True)
        elif order.type == OrderType.STOP and reaches_stop:
            self.seen["a stop is reached inside the bar"] += 1
            self.execute(t, order, order.stop, inside=True)
        elif order.type == OrderType.STOP_LIMIT and order.triggered:
            if reaches_limit:
                self.seen["a triggered stop-limit is filled at its limit"] += 1
                self.execute(t, order, order.limit, maker=True, inside=True)
        elif order.type == OrderType.STOP_LIMIT and reaches_stop:
            order.triggered = True
            if order.limit >= order.stop if buy else order.limit <= order.stop:
                self.seen["a stop-limit is filled at its stop"] += 1
                self.execute(t, order, order.stop, inside=True)
            else:
                self.seen["a stop-limit is triggered and rests"] += 1

    # Phases 4 and 5

    def after_the_exits(self, t: int) -> None:
        for asset in self.assets:
            order = self.slots.get(asset)
            if isinstance(order, Order) and order.bars > 0:
                day_over = order.force == TimeInForce.DAY and self.sample[t]
                if day_over or (order.expire_after and order.bars >= order.expire_after):
                    self.seen[f"an order ends with {'its day' if day_over else 'its bars'}"] += 1
                    self.end_unfilled(order, Status.EXPIRED)
        for asset in self.assets:
            position = self.positions.get(asset)
            if position is None or not self.trades(t, asset):
                continue
            position.bars_held += 1
            if position.inside:
                position.inside = False
            elif self.plan.kind == "rules":
                self.trail(t, position)

    def trail(self, t: int, position: Position) -> None:
        d, before = position.direction, position.extreme
        if d > 0:
            position.extreme = max(before, self.high[t][position.asset])
        else:
            position.extreme = min(before, self.low[t][position.asset])
        if position.extreme != before:
            position.trailing = self.level(position.row, TRAIL, position.distances, position.extreme, -d)

    # Phase 7: decide

    def decide_rules(self, t: int) -> None:
        for asset in self.assets:
            if not self.trades(t, asset):
                continue
            waiting, position = self.slots.get(asset), self.positions.get(asset)
            if position is not None:
                entering = isinstance(waiting, Order) and waiting.slot == book.ENTRY
                if (waiting is None or entering) and self.exit_wanted(t, position):
                    self.seen["an exit takes the place of the rest of an entry"] += entering
                    self.cancel(asset)
                    self.order_exit(t, asset, Reason.EXIT_SIGNAL, styled=True)
            elif waiting is None and self.entry_wanted(t, asset):
                self.order_entry(t, asset)

    def exit_wanted(self, t: int, position: Position) -> bool:
        condition = self.exit_conditions[position.row]
        if condition is not None:
            return condition(position.asset, t, position.signed, position.bars_held)
        flags = self.plan.exit_long if position.row == LONG else self.plan.exit_short
        return bool(flags[t, position.asset])

    def entry_wanted(self, t: int, asset: int) -> bool:
        if self.plan.entry[t, asset] == 0 or self.entries[asset] >= self.plan.max_entries:
            return False
        if asset in self.last_exit_bar and t - self.last_exit_bar[asset] < self.plan.cooldown:
            return False
        limit = self.limits.max_positions
        coming = sum(
            isinstance(order, Order) and order.slot == book.ENTRY and a not in self.positions
            for a, order in self.slots.items()
        )
        return limit is None or len(self.positions) + coming < limit

    def order_entry(self, t: int, asset: int) -> None:
        direction = 1 if self.plan.entry[t, asset] > 0 else -1
        row = LONG if direction > 0 else SHORT
        distances = {}
        for column in (STOP, TARGET, TRAIL):
            if self.plan.protect_kind[row, column] == Protect.DISTANCE:
                distance = float(self.plan.distances[int(self.plan.protect_value[row, column]), t, asset])
                if not distance > 0:  # NaN included
                    return
                distances[column] = distance
        order = self.styled(self.new_order(t, asset, book.ENTRY, direction, Reason.ENTRY_SIGNAL), row=0)
        if order is not None and not self.too_many_orders(t):
            order.distances = distances
            self.add(order)

    def order_exit(self, t: int, asset: int, reason: Reason, *, styled: bool = False) -> None:
        """Leave a position: as the strategy says, or at the market."""
        order: Order | None = self.new_order(t, asset, book.EXIT, -self.positions[asset].direction, reason)
        if styled and order is not None:
            order = self.styled(order, row=1)
        if order is not None:
            self.add(order)

    def new_order(self, t: int, asset: int, slot: int, side: int, reason: Reason) -> Order:
        arrival = self.close_ts[t] + self.costs.latency(asset, self.close_ts[t], slot)
        return Order(len(self.orders), asset, slot, side, reason, t, arrival)

    def styled(self, order: Order, row: int) -> Order | None:
        """The order with the type, time in force and prices that the strategy names; None without a price it needs."""
        kind, force, bars = self.plan.order_style[row].tolist()
        order.type, order.force, order.expire_after = OrderType(kind), TimeInForce(force), bars
        prices = {}
        if order.type in (OrderType.LIMIT, OrderType.STOP_LIMIT):
            prices["limit"] = float(self.plan.order_prices[2 * row, order.decided_bar, order.asset])
        if order.type in (OrderType.STOP, OrderType.STOP_LIMIT):
            prices["stop"] = float(self.plan.order_prices[2 * row + 1, order.decided_bar, order.asset])
        for name, price in prices.items():
            if math.isnan(price):
                return None
            setattr(order, name, round_to_tick(price, self.given.execution.tick))
            if not getattr(order, name) > 0:
                return None
        return order

    def too_many_orders(self, t: int) -> bool:
        """Whether the session has seen its orders; the first one refused is an event."""
        limit = self.limits.max_orders_per_day
        if limit is None or self.orders_in_session < limit:
            return False
        if not self.refused_in_session:
            self.refused_in_session = True
            self.event(t, -1, Event.MAX_ORDERS_PER_DAY, float(self.orders_in_session), float(limit))
        return True


def leaves_at_market(order: Order | WorkingExit | None) -> bool:
    if isinstance(order, Order):
        return order.slot == book.EXIT and order.type == OrderType.MARKET
    return order is not None


def fills_at(order: Order, price: float) -> bool:
    """Whether an order that takes part fills at this open; a stop-limit order may be triggered by it."""
    buy = order.side > 0
    within_limit = price <= order.limit if buy else price >= order.limit
    beyond_stop = price >= order.stop if buy else price <= order.stop
    if order.type == OrderType.LIMIT:
        return within_limit
    if order.type == OrderType.STOP:
        return beyond_stop
    if order.type == OrderType.STOP_LIMIT:
        order.triggered = order.triggered or beyond_stop
        return order.triggered and within_limit
    return True
