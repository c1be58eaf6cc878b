"""How every kernel of this package is compiled.

Strict IEEE arithmetic (never fastmath), no GIL, and a cache on disk, so that a second process does not compile again.
A kernel takes its input series, its parameters and the array to fill, `kernel(*inputs, *parameters, out)`, and
fills `out` wholly, the leading NaN included. The value at `t` depends only on input up to `t`, and inputs hold no NaN.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numba.core.caching

_FunctionCache: Any = numba.core.caching.FunctionCache

F = TypeVar("F", bound=Callable[..., object])


@cache
def _sources() -> str:
    """Names the source of every kernel here."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("_*.py")):
        if not path.name.startswith(("__", "_talib")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


class _SourceCache(_FunctionCache):  # type: ignore[misc]  # numba is not typed
    """A cache that knows the callees.

    Numba looks at a function's own file only: after an edit of `_rolling.py` the cached `rsi` would go on running the old
    loops that were compiled into it.
    """

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return (*super()._index_key(sig, codegen), _sources())


def compiled(function: F) -> F:
    """The function, compiled when it is first called."""
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy")(function)
    dispatcher._cache = _SourceCache(function)
    return cast(F, dispatcher)
