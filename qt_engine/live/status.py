"""`SessionStatus`: a session as people and programs see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from qt_engine.core.clock import iso
from qt_engine.jobs.job import Job, JobState
from qt_engine.live.record import SessionRecord
from qt_engine.live.spec import SessionSpec

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
        Close of the last bar seen, ISO 8601; None before the first.
    positions
        Open ones: `symbol, quantity` (signed), `entry_price, entry_time, last_price, unrealised_pnl`, the last before the
        fee of the entry.
    cash, equity
        At the last close; the capital before the first bar.
    realised_pnl
        Of closed round trips, after their fees.
    orders
        All of them: `order, symbol, side, kind, reason, status, decided, filled`.
    fills
        All of them: `fill, time, symbol, side, kind, reason, quantity, price, fee, slippage, order, ambiguous`.
    started, updated
        ISO 8601.
    error
        One line, where something went wrong.
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

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    def summary(self) -> dict[str, Any]:
        """The same without orders and fills, for lists."""
        return {name: value for name, value in asdict(self).items() if name not in ("orders", "fills")}


def session_status(job: Job, spec: SessionSpec, record: SessionRecord) -> SessionStatus:
    """What a session's job, spec and journal say together."""
    positions = [_position(position, spec.run.symbols) for position in record.positions]
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
        time=iso(record.close_ts[-1]) if record.bars else None,
        positions=positions,
        cash=spec.run.cash if record.cash is None else record.cash,
        equity=record.equity[-1] if record.bars else spec.run.cash,
        initial_cash=spec.run.cash,
        realised_pnl=record.realised_pnl,
        unrealised_pnl=sum(position["unrealised_pnl"] for position in positions),
        orders=_orders(record, spec.run.symbols, over=job.state == "finished"),
        fills=_fills(record.fills, spec.run.symbols),
        started=iso(job.created),
        updated=iso(job.updated),
        error=job.error,
    )


def _position(position: dict[str, Any], symbols: Sequence[str]) -> dict[str, Any]:
    return {
        "symbol": symbols[position["asset"]],
        "quantity": position["quantity"],
        "entry_price": position["entry_price"],
        "entry_time": iso(position["entry_ts"]),
        "last_price": position["last_price"],
        "unrealised_pnl": position["quantity"] * (position["last_price"] - position["entry_price"]),
    }


def _orders(record: SessionRecord, symbols: Sequence[str], *, over: bool) -> list[dict[str, Any]]:
    from qt_engine.simulation.contract import Kind, Reason, Side, Status

    filled = {row[FILL_FIELDS.index("order")]: row[FILL_FIELDS.index("ts")] for row in record.fills}
    found = []
    for order in (dict(zip(ORDER_FIELDS, row, strict=True)) for row in record.orders):
        status = Status(order["status"])
        found.append({
            "order": order["id"], "symbol": symbols[order["asset"]], "side": Side(order["side"]).name.lower(),
            "kind": Kind(order["kind"]).name.lower(), "reason": Reason(order["reason"]).name.lower(),
            "status": (Status.EXPIRED if over and status is Status.PENDING else status).name.lower(),
            "decided": iso(record.close_ts[order["decided_bar"]]),
            "filled": iso(filled[order["id"]]) if status is Status.FILLED else None,
        })  # fmt: skip
    return found


def _fills(rows: Sequence[Sequence[Any]], symbols: Sequence[str]) -> list[dict[str, Any]]:
    from qt_engine.simulation.contract import AMBIGUOUS, Kind, Reason, Side

    return [
        {
            "fill": fill["sequence"], "time": iso(fill["ts"]), "symbol": symbols[fill["asset"]],
            "side": Side(fill["side"]).name.lower(), "kind": Kind(fill["kind"]).name.lower(),
            "reason": Reason(fill["reason"]).name.lower(), "quantity": fill["quantity"], "price": fill["price"],
            "fee": fill["fee"], "slippage": fill["slippage"], "order": None if fill["order"] < 0 else fill["order"],
            "ambiguous": bool(fill["flags"] & AMBIGUOUS),
        }
        for fill in (dict(zip(FILL_FIELDS, row, strict=True)) for row in rows)
    ]  # fmt: skip
