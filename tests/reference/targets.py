"""The reference for portfolio strategies: targets, drift, and the open at which they are filled."""

from __future__ import annotations

import math

from qt_engine.simulation.contract import Event, Kind, Reason, SimInput, Status
from reference import book
from reference.book import Order, Position
from reference.rules import ABOVE, Rules
from reference.simulator import ExitCondition, divide

WELL_ABOVE = 1 + 1e-9
NOISE = 1e-9
"""Of the gross exposure: less than that is no net exposure."""


class Targets(Rules):
    """What a portfolio strategy does at the close of a bar and at the open."""

    def __init__(self, given: SimInput, exit_conditions: tuple[ExitCondition | None, ExitCondition | None]) -> None:
        super().__init__(given, exit_conditions)
        self.rows = {bar: row for row, bar in enumerate(given.plan.rebalance.tolist())}
        self.weights: list[float] | None = None
        """Decided last, as scaled."""

    # Phase 7: decide

    def decide_targets(self, t: int) -> None:
        if t in self.rows:
            self.weights = self.scaled(t, self.plan.target[self.rows[t]].tolist())
            self.order_targets(t, Reason.TARGET)
        elif self.drifted(t):
            self.order_targets(t, Reason.DRIFT)

    def scaled(self, t: int, weights: list[float]) -> list[float]:
        """The row, within the limits of gross and net exposure."""
        gross = net = 0.0
        for w in weights:
            gross = gross + abs(w)
            net = net + w
        max_gross, max_net = self.limits.max_gross, self.limits.max_net
        if gross > max_gross * WELL_ABOVE:
            self.event(t, -1, Event.MAX_GROSS, gross, max_gross)
            self.seen["targets scaled to the gross limit"] += 1
            ratio = max_gross / gross
            weights = [w * ratio for w in weights]
            net = net * ratio
        if max_net is not None and abs(net) > max_net * WELL_ABOVE + NOISE * gross:
            self.event(t, -1, Event.MAX_NET, abs(net), max_net)
            self.seen["targets scaled to the net limit"] += 1
            ratio = max_net / abs(net)
            weights = [w * ratio for w in weights]
        return weights

    def drifted(self, t: int) -> bool:
        if self.weights is None or math.isinf(self.plan.drift_band) or self.equity[t] <= 0:
            return False
        if any(isinstance(order, Order) and order.slot == book.TARGET for order in self.slots.values()):
            return False
        marks = self.marks(None)
        return any(
            abs(marks.get(asset, 0.0) / self.equity[t] - self.weights[asset]) > self.plan.drift_band
            for asset in self.assets
        )

    def order_targets(self, t: int, reason: Reason) -> None:
        assert self.weights is not None
        for asset in self.assets:
            waiting = self.slots.get(asset)
            if isinstance(waiting, Order) and waiting.slot == book.TARGET:
                self.seen["a target takes another's place"] += 1
                self.seen["a target filled in part is replaced"] += waiting.filled
                self.cancel(asset)
        for asset in self.assets:
            self.seen["an exit of a limit keeps its slot"] += asset in self.slots
            if asset in self.slots or (self.weights[asset] == 0 and asset not in self.positions):
                continue
            if not self.too_many_orders(t):
                order = self.new_order(t, asset, book.TARGET, 0, reason)
                order.weight = self.weights[asset]
                self.add(order)

    # Phase 2: the open

    def targets_at_the_open(self, t: int) -> None:
        present = []
        for asset in self.assets:
            if self.trades(t, asset) and self.takes_part(t, asset):
                order = self.slots[asset]
                assert isinstance(order, Order)
                if order.slot == book.EXIT:
                    self.execute(t, order, self.open[t][asset])
                else:
                    present.append(order)
        equity, _, _ = self.worth(t)
        for order in present:
            if order.remaining is None:
                self.size_target(t, order, equity)
        for order in present:
            if order.status == Status.PENDING:
                self.reduce(t, order)
        self.increase(t, [order for order in present if order.status == Status.PENDING])

    def size_target(self, t: int, order: Order, equity: float) -> None:
        p = self.open[t][order.asset]
        self.seen["a target at an equity of nothing"] += equity <= 0
        wanted = equity * order.weight / p if equity > 0 else 0.0
        sign = 1 if wanted > 0 else -1
        if (share := self.limits.max_concentration) is not None and abs(wanted) * p > share * equity * ABOVE:
            self.event(t, order.asset, Event.MAX_CONCENTRATION, divide(abs(wanted) * p, equity), share)
            wanted = sign * (share * equity / p)
        if (most := self.limits.max_position) is not None and abs(wanted) * p > most * ABOVE:
            self.event(t, order.asset, Event.MAX_POSITION, abs(wanted) * p, most)
            wanted = sign * (most / p)
        held = self.positions.get(order.asset)
        order.remaining = wanted - (held.signed if held is not None else 0.0)
        if order.remaining == 0:
            self.end(order, Status.FILLED, t)
        else:
            order.side = 1 if order.remaining > 0 else -1

    def reduce(self, t: int, order: Order) -> None:
        """A target on the other side of what is held."""
        position = self.positions.get(order.asset)
        assert order.remaining is not None
        if position is None or order.side == position.direction:
            return
        quantity = min(abs(order.remaining), position.quantity, self.budget[order.asset])
        if quantity > 0:
            self.seen["a target reduces"] += 1
            self.seen["a target changes sides"] += abs(order.remaining) > position.quantity
            price, fee = self.book_target(t, order, Kind.EXIT, quantity)
            self.take_from(t, position, quantity, price, fee)

    def book_target(self, t: int, order: Order, kind: Kind, quantity: float) -> tuple[float, float]:
        assert order.remaining is not None
        p = self.open[t][order.asset]
        booked = self.fill(t, order.asset, order.side, kind, order.reason, p, quantity, order.account, order)
        order.remaining = order.remaining - order.side * quantity
        if order.remaining == 0:
            self.end(order, Status.FILLED)
        return booked

    def increase(self, t: int, orders: list[Order]) -> None:
        """What adds to positions or opens them, scaled by one ratio where the book has no room for all of it."""
        chosen: list[tuple[Order, float]] = []
        opening = 0
        for order in orders:
            assert order.remaining is not None
            position = self.positions.get(order.asset)
            quantity = min(abs(order.remaining), self.budget[order.asset])
            if (position is not None and position.direction != order.side) or quantity <= 0:
                continue
            if position is None:
                limit = self.limits.max_positions
                if limit is not None and len(self.positions) + opening >= limit:
                    self.seen["a target is refused a position"] += 1
                    self.end(order, Status.PARTIAL if order.filled else Status.REJECTED, None if order.filled else t)
                    continue
                opening += 1
            chosen.append((order, quantity))

        need = 0.0
        for order, quantity in chosen:
            unit = self.costs.unit(t, order.asset, order.side, self.open[t][order.asset], False)
            need = need + quantity * unit * (1 + self.costs.rate(t, False))
        equity, gross, _ = self.worth(t)
        room = self.limits.max_gross * equity - gross
        if need > room * ABOVE:
            ratio = room / need if room > 0 else 0.0
            self.seen["increases are scaled"] += ratio > 0
            self.seen["there is no room for increases"] += ratio == 0
            for order, quantity in chosen:
                self.open_scaled(t, order, quantity * ratio)
        else:
            for order, quantity in chosen:
                self.seen["an increase is filled in part"] += quantity < abs(order.remaining or 0.0)
                self.add_target(t, order, quantity)

    def open_scaled(self, t: int, order: Order, quantity: float) -> None:
        if quantity > 0:
            self.add_target(t, order, quantity)
        if order.status == Status.PENDING:
            if order.filled:
                self.seen["a target filled in part is ended by scaling"] += 1
                self.end(order, Status.FILLED)
            else:
                self.end(order, Status.REJECTED, t)

    def add_target(self, t: int, order: Order, quantity: float) -> None:
        asset, p = order.asset, self.open[t][order.asset]
        price, fee = self.book_target(t, order, Kind.ENTRY, quantity)
        if asset in self.positions:
            self.add_to(self.positions[asset], quantity, price, fee)
        else:
            self.positions[asset] = Position(asset, order.side, quantity, p, price, fee, t, p, {})
