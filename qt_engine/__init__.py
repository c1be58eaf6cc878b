"""The engine of qt: data, strategies, one simulation kernel, and the front door `Workspace`.

>>> from qt_engine import Workspace
>>> ws = Workspace.open("research")  # doctest: +SKIP
>>> ws.backtest("sma_cross", symbols=["AAPL"], params={"fast": 10}).metrics.sharpe  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qt_engine.workspace import Workspace as Workspace

__all__ = ["Workspace", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Late, so that `import qt_engine.core…` does not pull the front door in.
    if name == "Workspace":
        from qt_engine.workspace import Workspace

        return Workspace
    raise AttributeError(f"module 'qt_engine' has no attribute {name!r}")
