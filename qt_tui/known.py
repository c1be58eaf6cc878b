"""Every strategy there is, documents and programs in one list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qt_engine.strategies.library import StrategyInfo, StrategyLibrary


def all_strategies(library: StrategyLibrary) -> Sequence[StrategyInfo]:
    """By name; of one name the one that is meant where it is named: own, then shipped documents, then other programs."""
    documents, programs = library.list(), library.programs()
    found = {info.name: info for info in programs}
    found |= {info.name: info for info in documents}
    found |= {info.name: info for info in (*programs, *documents) if info.source == "workspace"}
    return [found[name] for name in sorted(found)]
