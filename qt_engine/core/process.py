"""Which process was that, and does it still live?

A pid alone does not name a process: it is used again, and after a reboot everything is. A process is named by the boot
it ran under, its pid and the moment it started. Linux tells these in `/proc`; elsewhere `ps` and `sysctl` are asked.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_LINUX = sys.platform.startswith("linux")
_START_TIME = 19
"""Index of `starttime` in `/proc/<pid>/stat`, counted from the state that follows the command in brackets (proc(5))."""


@dataclass(frozen=True)
class ProcessIdentity:
    """One process, for all time.

    Attributes
    ----------
    pid
        Its number.
    started
        When it started, as the system writes it (clock ticks since boot on Linux); compared, never parsed.
    boot_id
        The boot it ran under.
    """

    pid: int
    started: str
    boot_id: str


def current() -> ProcessIdentity:
    """The identity of this process."""
    return identify(os.getpid())


def identify(pid: int) -> ProcessIdentity:
    """The identity of a process that runs now.

    Raises
    ------
    ProcessLookupError
        If there is no such process, or it has ended and only waits for its parent.
    """
    started = _started(pid)
    if started is None:
        raise ProcessLookupError(f"process {pid} does not run")
    return ProcessIdentity(pid, started, boot_id())


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether exactly this process still runs; one that has ended but was not yet waited for does not."""
    return identity.boot_id == boot_id() and identity.started == _started(identity.pid)


@cache
def boot_id() -> str:
    """A text that differs from one boot of the machine to the next."""
    if _LINUX:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return _ask("sysctl", "-n", "kern.bootsessionuuid")


def _started(pid: int) -> str | None:
    if _LINUX:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:
            return None
        state, *rest = stat.rpartition(")")[2].split()
        return None if state in "ZX" else rest[_START_TIME - 1]
    state, _, started = _ask("ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)).partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def _ask(*command: str) -> str:
    """What a system tool prints; empty if it knows nothing."""
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stdout.strip()
