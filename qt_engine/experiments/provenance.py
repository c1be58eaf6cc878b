"""Which version of the user's files a run was made with: the git commit, and whether the tree was changed since.

git is asked in a process of its own while the run goes on; where there is no repository, no git, or no answer in
time, nothing is recorded.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 3.0


@dataclass(frozen=True)
class Provenance:
    """The commit and whether tracked files differed from it; None where it is not known."""

    git_commit: str | None = None
    git_dirty: bool | None = None


class ProvenanceProbe:
    """Asks on construction, answers on `result()`.

    Parameters
    ----------
    folders
        The first one that lies in a repository is asked.
    """

    def __init__(self, *folders: Path) -> None:
        self._process: subprocess.Popen[str] | None = None
        folder = next((folder for folder in folders if _in_repository(folder)), None)
        if folder is None:
            return
        command = ["git", "-C", str(folder), "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                errors="replace", env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            )  # fmt: skip
        except OSError:
            self._process = None

    def result(self) -> Provenance:
        """What git said; waits a moment at most."""
        if self._process is None:
            return Provenance()
        try:
            lines = self._process.communicate(timeout=PATIENCE_S)[0].splitlines()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return Provenance()
        head = [line.split()[-1] for line in lines if line.startswith("# branch.oid ")]
        if self._process.returncode != 0 or not head or head[0] == "(initial)":
            return Provenance()
        return Provenance(head[0], any(not line.startswith("#") for line in lines))


def _in_repository(folder: Path) -> bool:
    folder = folder.absolute()
    return any((parent / ".git").exists() for parent in (folder, *folder.parents))
