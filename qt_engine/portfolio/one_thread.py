"""Linear algebra on one thread while weights are solved for.

The systems are small: threads of a BLAS spend longer waiting for each other than working, ten times as long where
other work runs on the machine. Weights do not depend on it; they are on a grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

_lock = Lock()
_inside = 0
_limits: Any = None


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit the BLAS of this process to one thread until the last of those inside has left."""
    global _inside, _limits
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with _lock:
        if _inside == 0:
            _limits = threadpool_limits(limits=1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limits.restore_original_limits()
                _limits = None
