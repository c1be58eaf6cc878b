"""Nothing in the repository tells on which machine or in which way it was made: it must make sense to a stranger."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Written in two pieces, so that this file does not contain what it looks for.
FORBIDDEN = re.compile(
    "|".join([
        "/wo" "rk/", r"\bhel" r"per-\d", "DESI" r"GN\.md", "STY" r"LE\.md", r"\.\./sha" "red", "/sha" "red/", r"\bissues sh" "ow",
        "/ro" "ot/", "/ho" r"me/(?!user|you)\w",
    ])
)  # fmt: skip


def files() -> list[Path]:
    """Everything that git keeps, or would keep."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_speaks_of_the_machine_or_the_way_of_work() -> None:
    found = []
    for path in files():
        text = path.read_bytes().decode("utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if match := FORBIDDEN.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {match[0]}")
    assert found == []


def test_the_control_is_found() -> None:
    assert FORBIDDEN.search("see /wo" + "rk/main") and FORBIDDEN.search("../sha" + "red/x")
    assert not FORBIDDEN.search("a network/share, in-house work, /home/user")
