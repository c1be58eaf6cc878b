"""How much to trade: the sizing methods of the strategy language as pure functions of arrays.

The kernel sizes an entry when it fills; these are the same definitions (`docs/execution.md`, *Sizing*) in the same order of
operations, for research, allocators and live guards that must answer before there is a fill. Every argument may be a number
or an array; they are broadcast. Kelly fractions and leverage, which need no book, stand in `kelly` and `leverage`.
"""

from __future__ import annotations

from typing import cast, get_args

import numpy as np
from numpy.typing import ArrayLike

from qt_engine.core.errors import InputError
from qt_engine.core.text import plain
from qt_engine.risk._arrays import Floats
from qt_engine.strategies.plan import SizingMethod

NOISE = 1.0 + 1e-12
"""What an order of fixed size may exceed the buying power by: binary noise, no more."""


def fixed_quantity(quantity: ArrayLike) -> Floats:
    """`quantity` units, whatever they cost."""
    return _positive("quantity", quantity)


def fixed_notional(notional: ArrayLike, unit: ArrayLike) -> Floats:
    """Units worth `notional` (currency) at `unit`, the price of a fill."""
    return _divided(_positive("notional", notional), unit)


def equity_fraction(fraction: ArrayLike, equity: ArrayLike, unit: ArrayLike) -> Floats:
    """Units worth `fraction` of `equity` (currency) at `unit`."""
    return _divided(_positive("fraction", fraction) * _known("equity", equity), unit)


def volatility_target(target: ArrayLike, volatility: ArrayLike, equity: ArrayLike, unit: ArrayLike) -> Floats:
    """Units with which the position alone would give the equity the volatility `target`.

    Parameters
    ----------
    target, volatility
        Annualised, as fractions: what is wanted, and that of the asset. A volatility of 0 gives infinity, one that is not
        known (NaN) gives NaN: neither is a size.
    equity, unit
        Currency, and the price of a fill.
    """
    share = _divided(_positive("target", target), volatility)
    return _divided(share * _known("equity", equity), unit)


def risk_per_trade(fraction: ArrayLike, equity: ArrayLike, price: ArrayLike, stop: ArrayLike) -> Floats:
    """Units that lose `fraction` of `equity` when the position entered at `price` leaves at `stop`.

    A stop at the price gives infinity; no stop (an infinite or unknown one) gives 0 or NaN: none of them is a size.
    """
    distance = np.abs(_known("price", price) - np.asarray(stop, np.float64))
    return _divided(_positive("fraction", fraction) * _known("equity", equity), distance)


def buying_power(
    equity: ArrayLike, gross: ArrayLike, unit: ArrayLike, *, max_gross: ArrayLike = 1.0, fee: ArrayLike = 0.0
) -> Floats:
    """The most units that fit.

    Parameters
    ----------
    equity, gross
        Currency: what the book is worth, and the sum of its absolute positions.
    unit
        Price of a fill.
    max_gross
        Fraction of equity that the gross exposure may reach.
    fee
        Fraction of the notional.
    """
    room = _positive("max_gross", max_gross) * _known("equity", equity) - _known("gross", gross)
    return _divided(room, np.asarray(unit, np.float64) * (1.0 + _known("fee", fee)))


def entry_quantity(
    method: SizingMethod,
    value: ArrayLike,
    *,
    price: ArrayLike,
    equity: ArrayLike,
    side: ArrayLike = 1,
    gross: ArrayLike = 0.0,
    slippage: ArrayLike = 0.0,
    fee: ArrayLike = 0.0,
    max_gross: ArrayLike = 1.0,
    volatility: ArrayLike = np.nan,
    stop: ArrayLike = np.nan,
) -> Floats:
    """The quantity that the kernel fills an entry with; 0 where it rejects the order.

    Parameters
    ----------
    method, value
        As in a strategy's `sizing`: units, currency, or a fraction.
    price
        Price at which the market stands, before slippage.
    equity, gross
        Currency, marked at this open.
    side
        +1 buy, -1 sell short.
    slippage, fee
        Fractions of the price and of the notional.
    max_gross
        Fraction of equity that the gross exposure may reach.
    volatility
        Annualised volatility known at the decision, for `volatility_target`.
    stop
        The initial effective stop, for `risk_per_trade`.

    Returns
    -------
    ndarray
        float64 of the broadcast shape, not negative.

    Raises
    ------
    InputError
        If there is no such method, the value is not above 0, or price, equity or a cost is not a number.
    """
    if method not in get_args(SizingMethod):
        known = ", ".join(get_args(SizingMethod))
        raise InputError(f"sizing: there is no method {plain(str(method), 60)!r}; one of {known}")
    market = _positive("price", price)
    unit = market * (1.0 + _known("side", side) * _known("slippage", slippage))
    limit = buying_power(equity, gross, unit, max_gross=max_gross, fee=fee)
    if method == "fixed_quantity":
        wanted = fixed_quantity(value)
    elif method == "fixed_notional":
        wanted = fixed_notional(value, unit)
    elif method == "equity_fraction":
        wanted = equity_fraction(value, equity, unit)
    elif method == "volatility_target":
        wanted = volatility_target(value, volatility, equity, unit)
    else:
        wanted = risk_per_trade(value, equity, market, stop)
    wanted, limit = np.broadcast_arrays(wanted, limit)
    if method in ("fixed_quantity", "fixed_notional"):
        fitted = np.where(wanted > limit * NOISE, 0.0, wanted)
    else:
        fitted = np.minimum(wanted, limit)
    return cast(Floats, np.where((wanted < np.inf) & (fitted > 0.0), fitted, 0.0))


def _divided(above: ArrayLike, below: ArrayLike) -> Floats:
    """A quotient that may be infinite or NaN without a warning: it is no size then, and the caller sees that."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.asarray(above, np.float64) / np.asarray(below, np.float64))


def _known(name: str, values: ArrayLike) -> Floats:
    array = np.asarray(values, np.float64)
    if not np.isfinite(array).all():
        raise InputError(f"sizing: {name} must be finite")
    return array


def _positive(name: str, values: ArrayLike) -> Floats:
    array = _known(name, values)
    if not (array > 0.0).all():
        raise InputError(f"sizing: {name} must be above 0, not {array.min():g}")
    return array
