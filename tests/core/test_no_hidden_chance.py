"""No chance and no clock in the engine but `core/randomness.py` and `core/clock.py`: results could not be repeated."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import qt_engine

ENGINE = Path(qt_engine.__file__).parent
ALLOWED = {"core/randomness.py", "core/clock.py"}
MODULES = {"random", "secrets", "time", "numpy.random"}
"""Modules that may not be imported (of `time`, all that matters reads a clock)."""
CALLS = {"now", "utcnow", "today"}
"""Of `datetime` and `date`."""
ATTRIBUTES = {("np", "random"), ("numpy", "random"), ("os", "urandom"), ("uuid", "uuid1"), ("uuid", "uuid4")}


def offences(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of everything that draws or reads a clock."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            wrong = MODULES | {".".join(pair) for pair in ATTRIBUTES}
            if node.module in MODULES or wrong.intersection(names):
                yield node.lineno, str(node.module)
        elif isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            if (owner, node.attr) in ATTRIBUTES or (
                node.attr in CALLS and owner.split(".")[-1] in ("datetime", "date", "Timestamp")
            ):
                yield node.lineno, f"{owner}.{node.attr}"


def test_no_module_draws_or_reads_a_clock_itself() -> None:
    paths = [path for path in sorted(ENGINE.rglob("*.py")) if path.relative_to(ENGINE).as_posix() not in ALLOWED]
    found = [
        f"{path.relative_to(ENGINE)}:{line}: {name}"
        for path in paths
        for line, name in offences(path.read_text(encoding="utf-8"))
    ]
    assert len(paths) > 50
    assert found == []


@pytest.mark.parametrize(
    "line",
    ["import random", "import time", "from time import time", "from random import choice", "import numpy as np; np.random.default_rng(1)",
     "from numpy import random", "from numpy.random import default_rng", "import os; os.urandom(8)", "import uuid; uuid.uuid4()",
     "from datetime import datetime; datetime.now()", "import datetime; datetime.datetime.utcnow()", "import pandas as pd; pd.Timestamp.now()",
     "from datetime import date; date.today()", "import secrets"],
)  # fmt: skip
def test_the_control_is_found(line: str) -> None:
    assert list(offences(line))
