"""The proof that a session and a backtest are the same: its bars, simulated in one go, must give the same bytes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from qt_engine.core.errors import QtError
from qt_engine.experiments.reproduce import first_row_difference
from qt_engine.experiments.road import prepare, walk

if TYPE_CHECKING:
    from qt_engine.data.market import Market
    from qt_engine.experiments.spec import RunSpec
    from qt_engine.live.record import SessionRecord
    from qt_engine.simulation.contract import SimResult


@dataclass(frozen=True)
class Parity:
    """Whether a session did what a backtest of its bars does.

    Attributes
    ----------
    first_difference
        The first thing that is not the same bytes; None where all is.
    bars, fills, orders
        How many were compared.
    result_hash
        Of the backtest: see `SimResult.hash`; None if the session has seen no bar, or could not be replayed.
    """

    session_id: str
    verdict: Literal["identical", "drifted"]
    first_difference: str | None
    bars: int
    fills: int
    orders: int
    result_hash: str | None

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def replay(session_id: str, record: SessionRecord, spec: RunSpec, market: Market) -> Parity:
    """Compare what a session wrote down with a backtest of the bars it has seen.

    Parameters
    ----------
    market
        All bars of the session; only the first `record.bars` of them are used.
    """
    result: SimResult | None = None
    difference: str | None = None
    if record.bars:
        try:
            result = walk(prepare(spec, market.head(record.bars))).result
            difference = first_difference(record, result, market)
        except QtError as error:
            difference = f"the session cannot be replayed: {error}"
    return Parity(
        session_id, "drifted" if difference else "identical", difference,
        record.bars, len(record.fills), len(record.orders), None if result is None else result.hash,
    )  # fmt: skip


def first_difference(record: SessionRecord, result: SimResult, market: Market) -> str | None:
    """The first thing in which a session's record is not the result; fills first, then orders, events, equity and the end."""
    expected = record.equity_rows()
    if len(result.equity) != record.bars or len(expected) != record.bars:
        return f"equity: {len(expected)} bars in the session ≠ {len(result.equity)} in the backtest"
    curve = expected.copy()
    curve["ts"], curve["equity"] = market.ts[: record.bars], result.equity
    tables = (
        ("fills", record.fill_rows(), result.fills),
        ("orders", record.order_rows(), result.orders),
        ("events", record.event_rows(), result.events),
        ("equity", expected, curve),
    )
    for name, session, backtest in tables:
        if difference := first_row_difference(name, session, backtest):
            return difference
    end = {
        "cash": (record.cash, result.cash),
        "realised_pnl": (record.realised_pnl, result.realised_pnl),
        "positions": (
            record.positions,
            [dict(vars(position)) for position in result.open_positions],
        ),
    }
    for name, (session_value, backtest_value) in end.items():
        if session_value != backtest_value:
            return f"{name} at the end: {session_value} ≠ {backtest_value}"
    return None
