"""The preview says what a run would: kind, warnings, a model without costs; and it can be stopped while it decides."""

from __future__ import annotations

import pytest

from qt_engine import Workspace
from qt_engine.core.errors import CancelledError

PORTFOLIO = """\
schema: 1
name: all_of_them
kind: portfolio
universe: [AAPL, IBM, MSFT]
weights: {method: equal}
"""


def test_kind_warnings_and_perfection(ws: Workspace) -> None:
    found = ws.preview(PORTFOLIO, execution="perfect")
    assert (found.kind, found.perfect) == ("portfolio", True)
    assert any(line.startswith("perfect execution") for line in found.warnings)
    costly = ws.preview(PORTFOLIO)
    assert not costly.perfect and costly.warnings == ()
    assert ws.preview("schema: 1\n").kind == ""


def test_progress_of_decisions_goes_to_the_end_and_may_stop_them(ws: Workspace) -> None:
    shares: list[float] = []
    ws.preview(PORTFOLIO, progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0

    def stop(share: float) -> None:
        raise CancelledError("not wanted any more")

    with pytest.raises(CancelledError):
        ws.preview(PORTFOLIO, progress=stop)
