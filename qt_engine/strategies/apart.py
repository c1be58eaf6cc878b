"""Asks a Python strategy in a process of its own, with the shortest history first.

What a strategy leaves in modules that it imports (a cache filled by whoever comes first, say) outlives every fresh module of
its own, and would make a proof in the same process see the same thing twice. A new process has seen nothing:
`python -m qt_engine.strategies.apart FOLDER`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from qt_engine.core.errors import QtError, StrategyError
from qt_engine.core.text import plain
from qt_engine.data.market import FIELDS, Market
from qt_engine.strategies.decisions import targets_of
from qt_engine.strategies.plan import Plan
from qt_engine.strategies.python_source import PythonStrategy, load_python

ARRAYS = ("ts", "close_ts", *FIELDS, "sample")


def decided_apart(
    strategy: PythonStrategy, parameters: Mapping[str, int | float], market: Market, cuts: Sequence[int]
) -> list[Plan]:
    """The decisions on the first bars of a market, up to each of `cuts` (the last bar that is known, increasing).

    Raises
    ------
    StrategyError
        If the strategy fails there.
    """
    with TemporaryDirectory(prefix="qt-proof-") as name:
        folder = Path(name)
        np.savez(folder / "market.npz", **{array: getattr(market, array) for array in ARRAYS})
        (folder / "asked.json").write_text(
            json.dumps({
                "source": strategy.source, "file": strategy.file, "package": strategy.package, "name": strategy.name,
                "parameters": dict(parameters), "cuts": list(cuts), "symbols": list(market.symbols),
                "interval": market.interval, "periods_per_year": market.periods_per_year, "venue": market.venue,
            })
        )  # fmt: skip
        paths = os.pathsep.join(path for path in sys.path if path)
        done = subprocess.run(
            [sys.executable, "-m", "qt_engine.strategies.apart", name],
            env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
            raise StrategyError(f"asked in a process of its own: {plain(said, 500)}")
        with np.load(folder / "decided.npz") as found:
            return [Plan.of_targets(found[f"bars_{cut}"], found[f"target_{cut}"]) for cut in cuts]


def main(folder: Path) -> int:
    """Answer what stands in `asked.json`; 1 if the strategy fails, with a line on standard error."""
    asked = json.loads((folder / "asked.json").read_text())
    with np.load(folder / "market.npz") as arrays:
        market = Market(
            tuple(asked["symbols"]), asked["interval"], periods_per_year=asked["periods_per_year"],
            venue=asked["venue"], **{name: arrays[name] for name in ARRAYS},
        )  # fmt: skip
    decided: dict[str, Any] = {}
    try:
        strategy = load_python(asked["source"], asked["file"], package=asked["package"], name=asked["name"])
        for cut in asked["cuts"]:
            bars, target, _ = targets_of(strategy, asked["parameters"], market.head(cut + 1))
            decided |= {f"bars_{cut}": bars, f"target_{cut}": target}
    except QtError as error:
        sys.stderr.write(f"{plain(error, 1000)}\n")
        return 1
    np.savez(folder / "decided.npz", **decided)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
