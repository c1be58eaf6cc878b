"""The engine of qt: data, strategies, one simulation kernel, and the front door `Workspace`.

>>> from qt_engine import Workspace
>>> ws = Workspace.open("research")  # doctest: +SKIP
>>> ws.backtest("sma_cross", symbols=["AAPL"], params={"fast": 10}).metrics.sharpe  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qt_engine.strategies.base import Context as Context
    from qt_engine.strategies.base import History as History
    from qt_engine.strategies.base import Strategy as Strategy
    from qt_engine.strategies.base import TargetPositions as TargetPositions
    from qt_engine.strategies.base import decimal as decimal
    from qt_engine.strategies.base import whole as whole
    from qt_engine.strategies.registration import register_strategy as register_strategy
    from qt_engine.workspace import Workspace as Workspace

__all__ = [
    "Context", "History", "Strategy", "TargetPositions", "Workspace", "__version__", "decimal", "register_strategy", "whole",
]  # fmt: skip
__version__ = "0.1.0"
_STRATEGIES = frozenset({"Context", "History", "Strategy", "TargetPositions", "decimal", "whole"})


def __getattr__(name: str) -> Any:
    # Late, so that `import qt_engine.core…` does not pull the front door in.
    if name == "Workspace":
        from qt_engine.workspace import Workspace

        return Workspace
    if name in _STRATEGIES:
        from qt_engine.strategies import base

        return getattr(base, name)
    if name == "register_strategy":
        from qt_engine.strategies.registration import register_strategy

        return register_strategy
    raise AttributeError(f"module 'qt_engine' has no attribute {name!r}")
