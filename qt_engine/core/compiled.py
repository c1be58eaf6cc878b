"""How every kernel of the engine is compiled.

Strict IEEE arithmetic (never fastmath), no GIL, and a cache on disk, so that a second process does not compile again.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numba
import numba.core.caching
import numpy as np

from qt_engine.core.kernel_sources import kernel_sources

_FunctionCache: Any = numba.core.caching.FunctionCache

F = TypeVar("F", bound=Callable[..., object])


class _SourceCache(_FunctionCache):  # type: ignore[misc]  # numba is not typed
    """A cache that knows the callees.

    Numba looks at a function's own file only: after an edit of another file a cached function would go on running the old
    code of that file, which was compiled into it.
    """

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return (*super()._index_key(sig, codegen), kernel_sources())


def compiled(function: F) -> F:
    """The function, compiled when it is first called."""
    return _compiled(function)


def bare(function: F) -> F:
    """The same for a function that makes no arrays.

    Without numba's reference counts, one for every array at every call: in the kernel, which is called with thirty
    arrays and calls on for every fill, they would cost ten times the work itself.
    """
    return _compiled(function, _nrt=False)


def part(function: F) -> F:
    """A `bare` function that only compiled functions call: it needs no way in from Python, which takes time to compile."""
    return _compiled(function, _nrt=False, no_cpython_wrapper=True)


def inlined(function: F) -> F:
    """A `part` whose body takes the place of each call: for what runs in every bar."""
    return _compiled(function, _nrt=False, no_cpython_wrapper=True, inline="always")


def whole(value: int) -> Any:
    """A constant that compiled functions hand to each other.

    Numba compiles a function anew for every plain constant that it is called with; not for one of numpy's numbers.
    """
    return np.int64(value)


def _compiled(function: F, **options: object) -> F:
    njit: Any = numba.njit
    dispatcher: Any = njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True, **options)(function)
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
