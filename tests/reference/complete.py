"""The reference simulator for the complete contract: `docs/execution-models.md` once more, with plain floats and loops.

It exists to be compared with the kernel's complete path, was written from the pages alone and shares no code with the
kernel. `reference.simulator` is the same for what `docs/execution.md` specifies by itself. Nothing here is fast.
"""

from __future__ import annotations

from collections.abc import Iterator

from qt_engine.data.market import DIVIDEND, FUNDING, SPLIT
from qt_engine.simulation.contract import Event, Reason, SimInput
from reference import book
from reference.book import CompleteReference, Order, Position, WorkingExit
from reference.simulator import ExitCondition, divide
from reference.targets import NOISE, WELL_ABOVE, Targets

YEAR_NS = 365 * 86_400 * 1_000_000_000
HOUR_NS = 3_600 * 1_000_000_000


class CompleteSimulator(Targets):
    """One run, bar by bar."""

    def __init__(self, given: SimInput, exit_conditions: tuple[ExitCondition | None, ExitCondition | None]) -> None:
        super().__init__(given, exit_conditions)
        self.peak = self.session_base = self.cash
        self.halted_today = False
        self.above = dict.fromkeys((Event.MAX_GROSS, Event.MAX_NET, Event.MAX_CONCENTRATION), False)

    def run(self) -> CompleteReference:
        for _ in self.steps():
            pass
        return self.report()

    def steps(self) -> Iterator[int]:
        """Run bar by bar; yields each bar after its decisions."""
        for t in range(self.bars):
            self.new_budgets(t)
            if t > 0:
                self.carry(t)
            self.corporate_actions(t)
            if self.plan.kind == "rules":
                self.rules_at_the_open(t)
                self.inside_the_bar(t)
            else:
                self.targets_at_the_open(t)
            self.after_the_exits(t)
            self.mark_to_market(t)
            self.check_limits(t)
            if self.halted is not None or self.halted_today:
                self.leave_while_halted(t)
            elif self.plan.kind == "rules":
                self.decide_rules(t)
            else:
                self.decide_targets(t)
            yield t

    def new_budgets(self, t: int) -> None:
        share = self.given.execution.participation
        for asset in self.assets:
            volume = float(self.market.volume[t, asset])
            if share is None:
                self.budget[asset] = float("inf")
            else:
                self.budget[asset] = share * volume if volume == volume else 0.0

    # Phase 1

    def carry(self, t: int) -> None:
        carry = self.given.execution.carry
        if carry is None:
            return
        years = (self.ts[t] - self.ts[t - 1]) / YEAR_NS
        period = round(carry.funding_hours * HOUR_NS)
        fundings = self.ts[t] // period - self.ts[t - 1] // period
        for asset in sorted(self.positions):
            quantity, last = self.positions[asset].signed, self.last_price[asset]
            if quantity < 0 and carry.borrow_rate > 0:
                cost = -quantity * last * carry.borrow_rate * years
                self.cash = self.cash - cost
                self.borrow = self.borrow + cost
            if carry.funding_bps != 0 and fundings > 0:
                cost = quantity * last * (carry.funding_bps / 10_000) * fundings
                self.cash = self.cash - cost
                self.funding = self.funding + cost
        if self.cash < 0:
            cost = -self.cash * carry.margin_rate * years
            self.cash = self.cash - cost
            self.interest = self.interest - cost
        elif self.cash > 0:
            gain = self.cash * carry.cash_rate * years
            self.cash = self.cash + gain
            self.interest = self.interest + gain

    def corporate_actions(self, t: int) -> None:
        for bar, asset, kind, value in self.market.actions.tolist():
            if bar != t:
                continue
            position, waiting = self.positions.get(asset), self.slots.get(asset)
            if kind == SPLIT:
                self.seen["a split of a position"] += position is not None
                self.seen["a split of a working order"] += isinstance(waiting, Order)
                self.seen["a split of a sized order"] += isinstance(waiting, Order) and waiting.remaining is not None
                self.split(asset, value)
                if position is not None or waiting is not None:
                    self.event(t, asset, Event.SPLIT, value)
            elif kind == DIVIDEND and position is not None:
                amount = position.signed * value
                self.cash = self.cash + amount
                self.dividends = self.dividends + amount
                self.event(t, asset, Event.DIVIDEND, amount)
            elif kind == FUNDING and position is not None:
                cost = position.signed * self.last_price[asset] * value
                self.cash = self.cash - cost
                self.funding = self.funding + cost
                self.event(t, asset, Event.FUNDING, cost)

    def split(self, asset: int, r: float) -> None:
        if asset in self.last_price:
            self.last_price[asset] = self.last_price[asset] / r
        if asset in self.positions:
            split_position(self.positions[asset], r)
        order = self.slots.get(asset)
        if isinstance(order, Order):
            if order.remaining is not None:
                order.remaining = order.remaining * r
            order.limit, order.stop = order.limit / r, order.stop / r
            order.distances = {column: distance / r for column, distance in order.distances.items()}

    # Phase 6

    def mark_to_market(self, t: int) -> None:
        for asset in self.assets:
            if self.trades(t, asset):
                self.last_price[asset] = self.close[t][asset]
        self.equity.append(self.worth(None)[0])
        self.bars_with_position += bool(self.positions)

    def check_limits(self, t: int) -> None:
        equity = self.equity[t]
        self.peak = max(self.peak, equity)
        for check in (self.check_drawdown, self.check_daily_loss, self.check_exposures, self.check_kill_switch):
            if self.halted is None:
                check(t, equity)
        if self.sample[t]:
            self.session_base = equity
            self.orders_in_session = 0
            self.refused_in_session = self.halted_today = False

    def check_drawdown(self, t: int, equity: float) -> None:
        if self.limits.max_drawdown is not None:
            drawdown = 1 - equity / self.peak
            if drawdown >= self.limits.max_drawdown:
                self.event(t, -1, Event.MAX_DRAWDOWN, drawdown, self.limits.max_drawdown)
                self.halt(t, Reason.MAX_DRAWDOWN)

    def check_daily_loss(self, t: int, equity: float) -> None:
        if self.limits.max_daily_loss is not None and not self.halted_today:
            loss = 1 - divide(equity, self.session_base)
            if loss >= self.limits.max_daily_loss:
                self.halted_today = True
                self.event(t, -1, Event.MAX_DAILY_LOSS, loss, self.limits.max_daily_loss)
                self.leave_everything(t, Reason.DAILY_LOSS)

    def check_kill_switch(self, t: int, equity: float) -> None:
        if self.given.kill_ts is not None and self.close_ts[t] >= self.given.kill_ts:
            self.event(t, -1, Event.KILL_SWITCH, equity)
            self.halt(t, Reason.KILL_SWITCH)

    def check_exposures(self, t: int, equity: float) -> None:
        gross = net = largest = 0.0
        whose = -1
        for asset, mark in self.marks(None).items():
            gross = gross + abs(mark)
            net = net + mark
            if abs(mark) > largest:
                largest, whose = abs(mark), asset
        for kind, limit, exposure, asset in (
            (Event.MAX_GROSS, self.given.risk.max_gross, gross, -1),
            (Event.MAX_NET, self.limits.max_net, abs(net), -1),
            (Event.MAX_CONCENTRATION, self.limits.max_concentration, largest, whose),
        ):
            if limit is None:
                continue
            above = gross > 0 and exposure > limit * equity * WELL_ABOVE + NOISE * gross
            if above and not self.above[kind]:
                self.event(t, asset, kind, divide(exposure, equity), limit)
            self.above[kind] = above

    def halt(self, t: int, reason: Reason) -> None:
        self.halted = reason
        self.leave_everything(t, reason)

    def leave_everything(self, t: int, reason: Reason) -> None:
        for asset in self.assets:
            if isinstance(self.slots.get(asset), WorkingExit):
                self.seen["a halt leaves a working exit alone"] += 1
                continue
            self.seen["a halt takes an order's place"] += asset in self.slots
            self.cancel(asset)
            if asset in self.positions:
                self.order_exit(t, asset, reason)

    def leave_while_halted(self, t: int) -> None:
        """An exit that failed is tried again."""
        reason = Reason.DAILY_LOSS if self.halted is None else self.halted
        for asset in sorted(self.positions):
            waiting = self.slots.get(asset)
            if not isinstance(waiting, WorkingExit) and not (waiting is not None and waiting.slot == book.EXIT):
                self.seen["an exit is tried again while halted"] += 1
                self.order_exit(t, asset, reason)


def split_position(position: Position, r: float) -> None:
    position.quantity = position.quantity * r
    for name in ("reference", "entry_price", "stop", "target", "extreme", "trailing"):
        value = getattr(position, name)
        setattr(position, name, None if value is None else value / r)
    position.distances = {column: distance / r for column, distance in position.distances.items()}


def simulate_completely(
    given: SimInput, exit_conditions: tuple[ExitCondition | None, ExitCondition | None] = (None, None)
) -> CompleteReference:
    """Run the reference simulator.

    Parameters
    ----------
    given
        The input of `qt_engine.simulation.simulate.simulate`.
    exit_conditions
        For long and short: takes the place of the exit flags of that side, as an exit program of the plan does.
    """
    return CompleteSimulator(given, exit_conditions).run()
