"""How every kernel of the engine is compiled.

Strict IEEE arithmetic (never fastmath), no GIL, and a cache on disk, so that a second process does not compile again.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numba.core.caching

_FunctionCache: Any = numba.core.caching.FunctionCache

F = TypeVar("F", bound=Callable[..., object])

KERNELS = (
    "features/_[!_t]*.py", "features/_trend.py", "strategies/evaluator.py", "strategies/instructions.py", "simulation/kernel.py",
    "simulation/lane_kernel.py", "simulation/layout.py", "simulation/stateful.py",
)  # fmt: skip
"""Files that hold compiled functions, or constants that are compiled into them."""


@cache
def _sources() -> str:
    """Names the source of every kernel."""
    digest = hashlib.sha256()
    engine = Path(__file__).parents[1]
    for path in sorted(path for pattern in KERNELS for path in engine.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class _SourceCache(_FunctionCache):  # type: ignore[misc]  # numba is not typed
    """A cache that knows the callees.

    Numba looks at a function's own file only: after an edit of another file a cached function would go on running the old
    code of that file, which was compiled into it.
    """

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return (*super()._index_key(sig, codegen), _sources())


def compiled(function: F) -> F:
    """The function, compiled when it is first called."""
    return _compiled(function)


def bare(function: F) -> F:
    """The same for functions that make no arrays.

    Without numba's reference counts, one for every array at every call: in the kernel, which is called with thirty arrays
    and calls on for every fill, they would cost ten times the work itself.
    """
    return _compiled(function, _nrt=False)


def inlined(function: F) -> F:
    """A `bare` function whose body takes the place of each call: for what runs in every bar."""
    return _compiled(function, _nrt=False, inline="always")


def _compiled(function: F, **options: object) -> F:
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy", **options)(function)
    dispatcher._cache = _SourceCache(function)
    dispatcher.compile = _without_collections(dispatcher.compile)
    return cast(F, dispatcher)


def _without_collections(compile_: Callable[..., Any]) -> Callable[..., Any]:
    """Compiling makes millions of small objects that stay; looking for garbage among them is a sixth of its time."""

    @wraps(compile_)
    def quietly(*arguments: Any) -> Any:
        collecting = gc.isenabled()
        gc.disable()
        try:
            return compile_(*arguments)
        finally:
            if collecting:
                gc.enable()

    return quietly
