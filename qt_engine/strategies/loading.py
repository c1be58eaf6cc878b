"""From the text of a strategy of any kind to the document that is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError

if TYPE_CHECKING:
    from qt_engine.strategies.document import StrategyDocument
    from qt_engine.strategies.library import StrategySource
    from qt_engine.strategies.problems import Problem


def load_strategy(source: StrategySource) -> StrategyDocument:
    """Read and check what the library has found. A strategy in Python is run to be read: it is trusted.

    Raises
    ------
    InputError
        If it is wrong, with file, line and column of the first mistake.
    """
    if source.language == "python":
        from qt_engine.strategies.python_source import load_python

        return load_python(source.text, str(source.path), package=source.package, name=source.name)
    from qt_engine.strategies.language import load_document

    return load_document(source.text, str(source.path))


def read_strategy(source: StrategySource) -> tuple[StrategyDocument | None, list[Problem]]:
    """As `load_strategy`, with everything that is wrong at once instead of an exception."""
    if source.language == "python":
        from qt_engine.strategies.python_source import read_python

        return read_python(source.text, str(source.path), package=source.package, name=source.name)
    from qt_engine.strategies.language import read_document

    return read_document(source.text)


def stored_strategy(text: str, canonical: Mapping[str, Any]) -> StrategyDocument:
    """Read again what a run has stored: the text, and the canonical form that says what it was.

    Raises
    ------
    InputError
        If the text is wrong, or is a program and not the one that ran.
    """
    name = str(canonical.get("name", ""))
    if canonical.get("kind") == "python":
        from qt_engine.core.hashing import hash_bytes
        from qt_engine.strategies.python_source import recall_python

        now, then = hash_bytes(text.encode()), str(canonical.get("sha256"))
        if now != then:
            raise InputError(f"the stored source of {name} is not the one that ran: sha256 {then[:12]} ≠ {now[:12]}")
        return recall_python(text, package=str(canonical.get("package", "")), name=name)
    from qt_engine.strategies.language import load_document

    return load_document(text, name)
