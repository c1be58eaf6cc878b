"""What expressions mean together: names, types, cycles, and what each section may read."""

from __future__ import annotations

from collections.abc import Mapping

from qt_engine.strategies.document import StrategyDocument
from qt_engine.strategies.reading import Reader
from qt_engine.strategies.syntax import Scalar, Tree


def check_document(
    reader: Reader,
    document: StrategyDocument,
    let_places: Mapping[str, Scalar],
    given: Mapping[str, tuple[Scalar, Tree]],
) -> StrategyDocument:
    return document
