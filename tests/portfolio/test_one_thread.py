"""The limit on threads of linear algebra is taken back when the last one who needs it has left, also after an error."""

from __future__ import annotations

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from qt_engine.portfolio.one_thread import one_thread


def _threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_the_limit_holds_until_the_last_has_left() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        before = _threads()
        with one_thread():
            assert _threads() == {1}
            with pytest.raises(KeyError), one_thread():
                raise KeyError
            assert _threads() == {1}
        assert _threads() == before
