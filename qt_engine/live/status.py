"""`SessionStatus`: a session as people and programs see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from qt_engine.core.clock import iso
from qt_engine.experiments.record import is_perfect
from qt_engine.experiments.wording import event_rows, side_word, word
from qt_engine.jobs.job import Job, JobState
from qt_engine.live.record import SessionRecord
from qt_engine.live.spec import SessionSpec
from qt_engine.storage.journal import Entry

FILL_FIELDS = (
    "sequence", "ts", "bar", "asset", "order", "side", "kind", "reason", "flags", "quantity", "price", "fee", "slippage",
)  # fmt: skip
ORDER_FIELDS = (
    "id",
    "asset",
    "decided_bar",
    "side",
    "kind",
    "reason",
    "status",
    "fill_bar",
)


@dataclass(frozen=True)
class SessionStatus:
    """One session as it stands now.

    Attributes
    ----------
    state
        `running`, `finished`, `stopped`, `interrupted` or `failed`.
    bars_done, bars_total
        How many bars it has seen and acknowledged, of how many.
    time
        The last bar seen, ISO 8601; None before the first. All times are those of bars: `decided` at its close, `filled` in it.
    positions
        Open ones: `symbol, quantity` (signed), `entry_price, entry_time, last_price, unrealised_pnl`, the last before the
        fee of the entry.
    cash, equity
        At the last close; the capital before the first bar.
    realised_pnl
        Of closed round trips and partial exits, after their fees.
    orders
        All of them: `order, symbol, side, kind, reason, status, decided, filled`; `filled` is the bar of the last fill, `side`
        is `none` for a target whose size is not known yet.
    fills
        All of them: `fill, time, symbol, side, kind, reason, quantity, price, fee, slippage, order, ambiguous`.
    started, updated
        ISO 8601.
    error
        One line, where something went wrong.
    events
        Limits that were reached, and corporate actions: `time, kind, symbol` (None: the whole book)`, value, bound`.
    perfect
        Whether its execution model has no costs: such a result cannot be traded.
    """

    session_id: str
    state: JobState
    strategy: str
    parameters: dict[str, int | float]
    symbols: tuple[str, ...]
    interval: str
    feed: str
    speed: float
    bars_done: int
    bars_total: int
    time: str | None
    positions: list[dict[str, Any]]
    cash: float
    equity: float
    initial_cash: float
    realised_pnl: float
    unrealised_pnl: float
    orders: list[dict[str, Any]]
    fills: list[dict[str, Any]]
    started: str
    updated: str
    error: str | None
    events: list[dict[str, Any]] = field(default_factory=list)
    perfect: bool = False

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    def summary(self) -> dict[str, Any]:
        """The same without orders, fills and events, for lists."""
        return {name: value for name, value in asdict(self).items() if name not in ("orders", "fills", "events")}


@dataclass
class SessionView:
    """A session under watch: takes in what its journal says next, and shows how it stands.

    Only what is new is worked on, so that a session of many thousand fills can be looked at many times a second.
    """

    spec: SessionSpec
    record: SessionRecord = field(default_factory=SessionRecord)
    offset: int = 0
    """From which byte the journal is to be read next."""
    _fills: list[dict[str, Any]] = field(default_factory=list)
    _orders: list[dict[str, Any]] = field(default_factory=list)
    _unsettled: set[int] = field(default_factory=set)
    _events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, entries: Sequence[Entry], offset: int) -> None:
        """Take in entries of the journal, which was read up to `offset`."""
        self.record.add(entries)
        self.offset = offset
        for row in self.record.fills[len(self._fills) :]:
            self._add_fill(dict(zip(FILL_FIELDS, row, strict=True)))
        for number in sorted(self._unsettled):
            self._orders[number] = self._order(number)
        for number in range(len(self._orders), len(self.record.orders)):
            self._orders.append(self._order(number))
        self._events += event_rows(self.record.events[len(self._events) :], self.spec.run.symbols)

    def status(self, job: Job) -> SessionStatus:
        """How the session stands, whose job stands as given."""
        spec, record = self.spec, self.record
        positions = [self._position(position) for position in record.positions]
        return SessionStatus(
            session_id=job.job_id,
            state=job.state,
            strategy=spec.run.strategy,
            parameters=dict(spec.run.parameters),
            symbols=spec.run.symbols,
            interval=spec.run.interval,
            feed=spec.feed,
            speed=spec.speed,
            bars_done=record.bars,
            bars_total=spec.slice.bars,
            time=iso(record.ts[-1]) if record.bars else None,
            positions=positions,
            cash=spec.run.cash if record.cash is None else record.cash,
            equity=record.equity[-1] if record.bars else spec.run.cash,
            initial_cash=spec.run.cash,
            realised_pnl=record.realised_pnl,
            unrealised_pnl=sum(position["unrealised_pnl"] for position in positions),
            orders=self._orders_of(job),
            fills=list(self._fills),
            started=iso(job.created),
            updated=iso(job.updated),
            error=job.error,
            events=list(self._events),
            perfect=is_perfect(spec.run),
        )

    def _orders_of(self, job: Job) -> list[dict[str, Any]]:
        """All orders; those still on their way when there is no next bar have expired."""
        orders = list(self._orders)
        if job.state == "finished":
            for number in self._unsettled:
                status = "expired" if orders[number]["filled"] is None else "partial"
                orders[number] = {**orders[number], "status": status}
        return orders

    def _position(self, position: dict[str, Any]) -> dict[str, Any]:
        return {
            "symbol": self.spec.run.symbols[position["asset"]],
            "quantity": position["quantity"],
            "entry_price": position["entry_price"],
            "entry_time": iso(position["entry_ts"]),
            "last_price": position["last_price"],
            "unrealised_pnl": position["quantity"] * (position["last_price"] - position["entry_price"]),
        }

    def _order(self, number: int) -> dict[str, Any]:
        from qt_engine.simulation.contract import Kind, Reason, Status

        order = dict(zip(ORDER_FIELDS, self.record.orders[number], strict=True))
        status = Status(order["status"])
        (self._unsettled.add if status is Status.PENDING else self._unsettled.discard)(number)
        # The bar of an order that was rejected or has failed is not one in which it was filled.
        filled = status in (Status.FILLED, Status.PARTIAL, Status.PENDING) and order["fill_bar"] >= 0
        return {
            "order": number, "symbol": self.spec.run.symbols[order["asset"]], "side": side_word(order["side"]),
            "kind": word(Kind, order["kind"]), "reason": word(Reason, order["reason"]),
            "status": status.name.lower(), "decided": iso(self.record.ts[order["decided_bar"]]),
            "filled": iso(self.record.ts[order["fill_bar"]]) if filled else None,
        }  # fmt: skip

    def _add_fill(self, fill: dict[str, Any]) -> None:
        from qt_engine.simulation.contract import AMBIGUOUS, Kind, Reason

        self._fills.append({
            "fill": fill["sequence"], "time": iso(fill["ts"]), "symbol": self.spec.run.symbols[fill["asset"]],
            "side": side_word(fill["side"]), "kind": word(Kind, fill["kind"]),
            "reason": word(Reason, fill["reason"]), "quantity": fill["quantity"], "price": fill["price"],
            "fee": fill["fee"], "slippage": fill["slippage"], "order": None if fill["order"] < 0 else fill["order"],
            "ambiguous": bool(fill["flags"] & AMBIGUOUS),
        })  # fmt: skip
