"""The mutation check is about the code as it stands: every fault can still be planted, and its outcome is written down."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trust.faults import FAULTS, Fault

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_can_be_planted(fault: Fault) -> None:
    text = (ROOT / "qt_engine" / "simulation" / fault.file).read_text(encoding="utf-8")
    assert text.count(fault.before) == 1, "the code has changed: mend the fault, run tests/trust/mutations.py"
    assert fault.before != fault.after


def test_every_outcome_is_written_down() -> None:
    rows = re.findall(
        r"^\| ([^|]+) \| `(\w+\.py)` \| [^|]+ \| ([^|]+) \| ([^|]+) \|$",
        (ROOT / "docs" / "mutations.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert [(name, file) for name, file, _, _ in rows] == [(fault.name, fault.file) for fault in FAULTS]
    assert len(rows) >= 20
    assert all("`" in comparison + promise for _, _, comparison, promise in rows), "a fault that nothing notices"
