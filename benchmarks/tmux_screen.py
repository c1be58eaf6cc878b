"""A terminal program in a private tmux server, spoken to over one control connection.

A look at the screen costs about 0.1 ms this way, where a process for each look would cost several.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


class Screen:
    """One program at a fixed size, from its start on."""

    def __init__(self, argv: list[str], size: tuple[int, int] = (120, 40)) -> None:
        self._socket = f"qtbench{os.getpid()}_{time.monotonic_ns()}"
        base = ["tmux", "-L", self._socket, "-f", "/dev/null"]
        width, height = size
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        # A window that only waits, so that the control connection stands before the clock starts.
        holder = [*base, "new-session", "-d", "-s", "s", "-x", str(width), "-y", str(height), "sleep 100000"]
        subprocess.run(holder, check=True, env=environment)
        for option in (["default-terminal", "tmux-256color"], ["escape-time", "0"], ["remain-on-exit", "on"]):
            subprocess.run([*base, "set", "-g", *option], check=True)
        self._client = subprocess.Popen(
            [*base, "-C", "attach", "-t", "s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
            errors="replace", bufsize=1,
        )  # fmt: skip
        self._ask(f"refresh-client -C {width}x{height}")
        self._ask("refresh-client -f no-output")
        self._since = time.perf_counter()
        self._ask(f"respawn-pane -k -t s {json.dumps(shlex.join(argv))}")

    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(self._ask("capture-pane -p -t s"))

    def send(self, key: str) -> None:
        """Press a key by its tmux name; the clock of `wait` starts now."""
        self._since = time.perf_counter()
        self._ask(f"send-keys -t s {key}")

    def wait(self, test: Callable[[str], bool], seconds: float) -> float | None:
        """Milliseconds from the last key (or the start) until the screen passes; None if it does not in time."""
        while (now := time.perf_counter()) - self._since < seconds:
            if test(self.text()):
                return (time.perf_counter() - self._since) * 1000
            time.sleep(max(0.0, 0.0005 - (time.perf_counter() - now)))
        return None

    def rss_mib(self) -> float:
        """Resident memory of the program and its children."""
        return sum(_status(pid) for pid in self._processes()) / 1024

    def cpu_seconds(self) -> float:
        """Processor time that the program and its children have used."""
        return sum(_ticks(pid) for pid in self._processes()) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End the program and the server."""
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], stderr=subprocess.DEVNULL, check=False)
        self._client.wait()

    def _ask(self, command: str) -> list[str]:
        """Send one command and collect its reply; blocks of other origin carry flag 0 and are skipped."""
        if self._client.stdin is None or self._client.stdout is None:
            raise RuntimeError("the control connection has no pipes")
        self._client.stdin.write(command + "\n")
        self._client.stdin.flush()
        lines: list[str] = []
        inside = mine = False
        for raw in self._client.stdout:
            line = raw.rstrip("\n")
            if line.startswith("%begin "):
                inside, mine, lines = True, line.split()[-1] == "1", []
            elif line.startswith(("%end ", "%error ")):
                if mine:
                    return lines
                inside = False
            elif inside:
                lines.append(line)
        raise RuntimeError("the control connection ended")

    def _processes(self) -> list[int]:
        found = [int(self._ask("display-message -p -t s '#{pane_pid}'")[0])]
        for pid in found:
            try:
                with Path(f"/proc/{pid}/task/{pid}/children").open() as file:
                    found.extend(int(child) for child in file.read().split())
            except FileNotFoundError:
                continue
        return found


def _status(pid: int) -> int:
    try:
        with Path(f"/proc/{pid}/status").open() as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmRSS")), 0)
    except FileNotFoundError:
        return 0


def _ticks(pid: int) -> int:
    try:
        with Path(f"/proc/{pid}/stat").open() as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0
    return int(fields[11]) + int(fields[12])
