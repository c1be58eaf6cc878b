"""Which files hold compiled functions, and a name for what stands in them.

Apart from `core/compiled.py` so that whoever only asks does not import numba.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

KERNELS = (
    "core/randomness.py",
    "features/_[!_t]*.py",
    "features/_trend.py",
    "simulation/book.py",
    "simulation/carry.py",
    "simulation/coasting.py",
    "simulation/complete.py",
    "simulation/costs.py",
    "simulation/draws.py",
    "simulation/kernel.py",
    "simulation/lane_kernel.py",
    "simulation/layout.py",
    "simulation/ledger.py",
    "simulation/opening.py",
    "simulation/positions.py",
    "simulation/resting.py",
    "simulation/stateful.py",
    "simulation/targets.py",
    "simulation/watch.py",
    "simulation/wiring.py",
    "simulation/working.py",
    "strategies/evaluator.py",
    "strategies/instructions.py",
)
"""Files that hold compiled functions, or constants that are compiled into them."""


@cache
def kernel_sources() -> str:
    """SHA-256 over the source of every kernel."""
    digest = hashlib.sha256()
    engine = Path(__file__).parents[1]
    for path in sorted(path for pattern in KERNELS for path in engine.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()
