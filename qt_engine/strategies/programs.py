"""Which strategies in Python there are, found without running or importing any of them.

Shipped ones are files of `qt_engine/strategies/shipped`, a workspace's own are files beside its documents, installed
packages announce theirs as entry points of the group `qt.strategies`, and what a module of this process has registered
with `register_strategy` is known until it ends.
"""

from __future__ import annotations

import ast
import re
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qt_engine.strategies.base import Strategy

GROUP = "qt.strategies"
SUFFIX = ".py"
SHIPPED = Path(__file__).parent / "shipped"
SHIPPED_PACKAGE = "qt_engine.strategies.shipped"

_CLASS = re.compile(r"^class\s+\w+\s*[(:]", re.MULTILINE)

REGISTERED: dict[str, type[Strategy]] = {}
"""What `register_strategy` has noted in this process, by name."""


def installed() -> dict[str, EntryPoint]:
    """The strategies of installed packages, by name. Of two with one name the first by module is meant, everywhere."""
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        found.setdefault(point.name, point)
    return found


def shipped_files() -> dict[str, Path]:
    """The files of the strategies in Python that ship with qt, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob(f"[a-z]*{SUFFIX}"))}


def is_python(text: str) -> bool:
    """Whether a text is a program and no document: it has a class at the left margin, which no document has."""
    return _CLASS.search(text) is not None


def description_in(text: str) -> str:
    """What the first class with a text for `name` says of itself, read and not run; empty where there is none."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            given = {
                target.id: part.value.value
                for part in node.body
                if isinstance(part, ast.Assign) and isinstance(part.value, ast.Constant)
                for target in part.targets
                if isinstance(target, ast.Name)
            }
            if isinstance(given.get("name"), str):
                said = given.get("description") or ast.get_docstring(node) or ""
                return " ".join(str(said).strip().partition("\n")[0].split()).removesuffix(".")
    return ""
