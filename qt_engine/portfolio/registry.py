"""Which optimizers there are: those of qt and those of plug-ins (entry point group `qt.optimizers`).

An implementation is imported when it is asked for, so that strategies with equal weights never wait for a solver.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.text import nearest
from qt_engine.portfolio._base import Optimizer

GROUP = "qt.optimizers"
OWN = {
    "black_litterman": ("_black_litterman", "BlackLitterman"),
    "equal": ("_equal", "EqualWeight"),
    "hrp": ("_hierarchical", "HierarchicalRiskParity"),
    "inverse_volatility": ("_inverse_volatility", "InverseVolatility"),
    "max_sharpe": ("_maximum_sharpe", "MaximumSharpe"),
    "min_variance": ("_minimum_variance", "MinimumVariance"),
    "risk_parity": ("_risk_parity", "RiskParity"),
    "signal": ("_signal", "Signal"),
}


def optimizer_names() -> tuple[str, ...]:
    """All names that `optimizer` knows, sorted."""
    return tuple(sorted({*OWN, *(point.name for point in entry_points(group=GROUP))}))


@cache
def optimizer(name: str) -> Optimizer:
    """The optimizer of that name; qt's own names cannot be taken by a plug-in.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    InputError
        If a plug-in's entry point cannot be loaded or is no `Optimizer`.
    """
    if name in OWN:
        module, attribute = OWN[name]
        made = getattr(import_module(f"qt_engine.portfolio.{module}"), attribute)()
        assert isinstance(made, Optimizer)
        return made
    points = sorted(entry_points(group=GROUP, name=name), key=lambda point: point.value)
    if not points:
        close = nearest(name, optimizer_names())
        raise NotFoundError(f"no optimizer is called {name}" + (f"; did you mean {close}?" if close else ""))
    try:
        made = points[0].load()()
    except Exception as error:  # (whatever a plug-in does wrong is told, not thrown about)
        raise InputError(f"optimizer {name} ({points[0].value}) cannot be loaded: {error}") from error
    if not isinstance(made, Optimizer):
        raise InputError(f"optimizer {name} ({points[0].value}) is no qt_engine.portfolio.Optimizer")
    return made
