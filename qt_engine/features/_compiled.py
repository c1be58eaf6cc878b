"""How every kernel of this package is compiled.

Strict IEEE arithmetic (never fastmath), no GIL, and a cache on disk, so that a second process does not compile again.
A kernel takes its input series, its parameters and the array to fill, `kernel(*inputs, *parameters, out)`, and
fills `out` wholly, the leading NaN included. The value at `t` depends only on input up to `t`, and inputs hold no NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """The function, compiled when it is first called."""
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
