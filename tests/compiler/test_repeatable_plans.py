"""A plan depends on the strategy, its parameters and the bars: not on the process that compiled it."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import numpy as np
from qt_engine.core.resources import shipped
from qt_engine.data.canonical import market_from_arrays
from qt_engine.strategies.compiler import compile_plan
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import resolve_parameters

close = 100.0 + 30.0 * np.sin(np.arange(1200.0).reshape(600, 2) / 7.0) + np.arange(1200).reshape(600, 2) % 13
ts = np.arange(600) * 86_400_000_000_000
market = market_from_arrays(("A", "B"), "1d", ts, close, close + 1.0, close - 1.0, close, close)
for path in sorted((shipped("configs") / "strategies").glob("*.yaml")):
    document = load_document(path.read_text(encoding="utf-8"), str(path))
    if document.kind == "rules":
        print(document.name, compile_plan(document, resolve_parameters(document), market).hash)
"""


def test_two_processes_with_other_hash_seeds_compile_the_same_plans() -> None:
    def plans(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    one, other = plans("1"), plans("4242")
    assert one == other
    assert len(set(one.split())) == 2 * len(one.splitlines()) >= 12
