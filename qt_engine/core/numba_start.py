"""Imports numba without two optional extras that cost more than everything qt does with it.

When numba loads its first compiled function it looks for scipy's BLAS (0.2 s), for `np.dot` inside kernels, and for
coverage (0.05 s). No kernel of qt uses either. Only qt's own programs call this, never the Python API: kernels that a
user compiles in the same process afterwards could not call `np.dot`.
"""

from __future__ import annotations

import sys

OPTIONAL = ("scipy", "coverage")


def import_numba() -> None:
    """Import numba; the extras can still be imported by anybody afterwards."""
    if "numba" in sys.modules:
        return
    hidden = [name for name in OPTIONAL if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # the documented way to make an import fail
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]
