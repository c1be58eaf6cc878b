"""Markets in which something bad happens: what a stress test gives to the kernel in place of the real bars.

Two ways: assets are shocked along a path (`shocked_market`), or the returns of a past crisis are set in
(`transplanted_market`). Both change bars from one bar on and leave everything before as it was, so that a strategy comes into
the crisis with the positions that it really had; after it the market goes on from the new level. The result is a `Market`
like any other: strategies are compiled against it and the same kernel runs them (`qt_engine.simulation.stress`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from qt_engine.core.errors import InputError
from qt_engine.core.text import nearest, plain
from qt_engine.data.market import DIVIDEND, PRICES, SPLIT, Market
from qt_engine.data.periods import end_ns, start_ns
from qt_engine.risk._arrays import Floats, number, whole
from qt_engine.risk.checks import Book
from qt_engine.risk.factors import FactorModel
from qt_engine.risk.scenarios import FactorShock, HistoricalWindow
from qt_engine.strategies.plan import Plan


@dataclass(frozen=True)
class StressedMarket:
    """A market with a scenario in it: bars `first` to `last` (inclusive) are the scenario, those before are untouched."""

    name: str
    market: Market
    first: int
    last: int


@dataclass(frozen=True)
class Proxy:
    """Whose past stands for an asset that had none: `symbol` of the history, its log returns times `beta`."""

    symbol: str
    beta: float = 1.0


def shocked_market(
    market: Market, shocks: ArrayLike, *, at: int | None = None, over: int = 1, gap: bool = False, name: str = "shock"
) -> StressedMarket:
    """The market with each asset moved by a shock, in equal log steps over some bars.

    Prices from bar `at` on are multiplied: after `k` of the bars by `(1 + shock) ** (k / over)`, for good after all of them.
    With `gap` each step happens before the bar's open, else inside the bar: its open has the factor of the step before, its
    close that of the step, its high (low) the larger (smaller) of both.

    Parameters
    ----------
    shocks
        Simple returns above -1, one number or `(A,)`.
    at
        First bar of the scenario, from 1; by default the scenario ends with the market.
    over
        Bars, from 1.

    Raises
    ------
    InputError
        If a shock is not above -1 or the scenario does not fit into the market.
    """
    count = whole("over", over, low=1)
    first = _first_bar(market, at, count)
    moves = np.asarray(shocks, np.float64)
    if moves.shape not in ((), (1,), (len(market.symbols),)):
        raise InputError(f"shocks: one for each of {len(market.symbols)} assets, not an array of shape {moves.shape}")
    moves = np.broadcast_to(moves, (len(market.symbols),))
    for symbol, move in zip(market.symbols, moves.tolist(), strict=True):
        number(f"shock of {plain(symbol, 60)}", move, above=-1.0)
    steps = np.clip(np.arange(len(market)) - first + 1, 0, count) / count
    closing = np.power(1.0 + moves[None, :], steps[:, None])
    opening = closing if gap else np.vstack([np.ones_like(moves), closing[:-1]])
    actions = market.actions.copy()
    paid = actions["kind"] == DIVIDEND
    actions["value"][paid] *= opening[actions["bar"][paid], actions["asset"][paid]]
    changed = replace(
        market, sources=(), actions=actions, open=market.open * opening, high=market.high * np.maximum(opening, closing),
        low=market.low * np.minimum(opening, closing), close=market.close * closing,
    )  # fmt: skip
    return StressedMarket(name, changed, first, first + count - 1)


def factor_scenario(
    market: Market, scenario: FactorShock, model: FactorModel, *, at: int | None = None, propagate: bool = False
) -> StressedMarket:
    """The market with factors shocked: each asset moves by its betas; see `FactorModel.shocks` and `shocked_market`."""
    if model.symbols != market.symbols:
        raise InputError("factor shock: the model was estimated for other symbols than those of the market")
    moves = model.shocks(scenario.factors, propagate=propagate)
    return shocked_market(market, moves, at=at, over=scenario.over, gap=scenario.gap, name=scenario.name)


def transplanted_market(
    market: Market, history: Market, window: HistoricalWindow, *, at: int | None = None,
    proxies: Mapping[str, Proxy] | None = None,
) -> StressedMarket:  # fmt: skip
    """The market with the bars of a past window set in.

    Each bar of the window is taken relative to the close before it (corrected for splits) and laid upon the asset's last
    close; where the asset did not trade then, it does not trade in the scenario. Volumes, spreads and times stay those of the
    market. Its own splits and dividends within the scenario are left out, dividends after it grow or shrink with the price.

    Parameters
    ----------
    history
        Bars of the same interval that cover the window and at least one bar before it; may be the market itself.
    at
        First bar of the scenario, from 1; by default the scenario ends with the market.
    proxies
        For symbols that the history does not have, or whose past is not to be used.

    Raises
    ------
    InputError
        If the history does not cover the window, an asset has no past and no proxy, or the scenario does not fit.
    """
    if history.interval != market.interval:
        raise InputError(f"stress: the history has bars of {history.interval}, the market of {market.interval}")
    low, high = np.searchsorted(history.ts, [start_ns(window.start), end_ns(window.end) + 1]).tolist()
    if low == high:
        raise InputError(f"stress: the history has no bars from {window.start} to {window.end}")
    first = _first_bar(market, at, high - low)
    last = first + (high - low) - 1
    columns = {name: getattr(market, name).copy() for name in PRICES}
    volume = market.volume.copy()
    rescaled = np.ones(len(market.symbols))
    for asset, symbol in enumerate(market.symbols):
        proxy = (proxies or {}).get(symbol, Proxy(symbol))
        path = _relative_path(history, proxy, low, high, symbol)
        base = _last_close(market, asset, first - 1)
        if np.isnan(base):
            raise InputError(f"stress: {plain(symbol, 60)} has no price before bar {first}, where the scenario begins")
        for name in PRICES:
            columns[name][first : last + 1, asset] = base * path[name]
        quiet = np.isnan(path["close"])
        volume[first : last + 1, asset] = np.where(quiet, np.nan, _filled(volume[: last + 1, asset])[first:])
        reached = path["close"][~quiet]
        end = base * float(reached[-1]) if len(reached) else base
        rescaled[asset] = end / _last_close(market, asset, last)
        for name in PRICES:
            columns[name][last + 1 :, asset] *= rescaled[asset]
    for name in sorted(set(proxies or {}) - set(market.symbols)):
        raise InputError(f"stress: a proxy is given for {plain(name, 60)}, which the market does not have")
    actions = market.actions.copy()
    paid = (actions["kind"] == DIVIDEND) & (actions["bar"] > last)
    actions["value"][paid] *= rescaled[actions["asset"][paid]]
    inside = (actions["bar"] >= first) & (actions["bar"] <= last) & np.isin(actions["kind"], (SPLIT, DIVIDEND))
    changed = replace(market, sources=(), volume=volume, actions=actions[~inside], **columns)
    return StressedMarket(window.name, changed, first, last)


def hold(weights: ArrayLike, stressed: StressedMarket) -> Plan:
    """The plan of a book that is bought once, in place at the close before the scenario, and held.

    Parameters
    ----------
    weights
        `(A,)`, signed fractions of equity.

    Raises
    ------
    InputError
        If a weight is not finite, or there are no two bars before the scenario: one to decide in, one to buy in.
    """
    row = np.ascontiguousarray(weights, np.float64)
    if row.shape != (len(stressed.market.symbols),) or not np.isfinite(row).all():
        raise InputError(f"weights: a finite number for each of {len(stressed.market.symbols)} assets")
    if stressed.first < 2:
        raise InputError("stress: a book needs two bars before the scenario, one to decide in and one to buy in")
    return Plan.of_targets(np.array([stressed.first - 2], np.int64), row[None, :])


def shocked_book(book: Book, shocks: ArrayLike) -> Book:
    """The book at once after the shock, without trading: prices times 1 + shock, for `(A,)` simple returns above -1."""
    moves = np.asarray(shocks, np.float64)
    if moves.shape != book.prices.shape:
        raise InputError(f"shocks: one for each of {len(book.prices)} assets, not an array of shape {moves.shape}")
    for asset, move in enumerate(moves.tolist()):
        number(f"shock of asset {asset}", move, above=-1.0)
    return Book(book.quantities, book.prices * (1.0 + moves), book.cash)


def _relative_path(history: Market, proxy: Proxy, low: int, high: int, symbol: str) -> dict[str, Floats]:
    """Prices of the window's bars relative to the close before it, `(bars,)` each; NaN where the proxy did not trade."""
    if proxy.symbol not in history.symbols:
        hint = nearest(proxy.symbol, history.symbols)
        raise InputError(
            f"stress: the history has no {plain(proxy.symbol, 60)}; give a proxy for {plain(symbol, 60)}"
            + (f", such as {hint}" if hint else "")
        )
    beta = number(f"beta of {plain(proxy.symbol, 60)}", proxy.beta)
    asset = history.symbols.index(proxy.symbol)
    closes = np.flatnonzero(np.isfinite(history.close[:low, asset]))
    if not len(closes):
        raise InputError(
            f"stress: {plain(proxy.symbol, 60)} has no bar before the window; load its history from earlier on"
        )
    base = int(closes[-1])
    # what one unit held at the base has become
    units = np.ones(high - low)
    for row in history.actions:
        if row["kind"] == SPLIT and row["asset"] == asset and base < row["bar"] < high:
            units[max(int(row["bar"]) - low, 0) :] *= row["value"]
    path = {}
    for name in PRICES:
        ratio = getattr(history, name)[low:high, asset] * units / history.close[base, asset]
        path[name] = np.where(np.isnan(ratio), np.nan, np.power(ratio, beta))
    if beta < 0.0:
        path["high"], path["low"] = path["low"], path["high"]
    return path


def _last_close(market: Market, asset: int, bar: int) -> float:
    """The last close at or before the bar; NaN where there was none."""
    known = market.close[: bar + 1, asset]
    traded = np.flatnonzero(np.isfinite(known))
    return float(known[traded[-1]]) if len(traded) else float("nan")


def _filled(volumes: Floats) -> Floats:
    """Each unknown volume replaced by the last known one, 0 where there was none."""
    known = np.isfinite(volumes)
    last = np.maximum.accumulate(np.where(known, np.arange(len(volumes)), -1))
    return np.asarray(np.where(last >= 0, volumes[last], 0.0), np.float64)


def _first_bar(market: Market, at: int | None, bars: int) -> int:
    first = len(market) - bars if at is None else whole("at", at, low=1)
    if first < 1 or first + bars > len(market):
        raise InputError(
            f"stress: {bars} bars from bar {first} on do not fit into a market of {len(market)}, which needs one before them"
        )
    return first
