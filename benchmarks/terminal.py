"""The terminal app from the outside: time to the first paint, key to paint, memory and CPU when idle; one JSON line a row.

    python benchmarks/terminal.py [ready idle keys sweep rows] [--repeat 40]

The app runs in a private tmux server at 120x40, keys are sent and the screen is read over one control connection (see
`tmux_screen`). Byte-compile first (`python -m compileall qt_tui qt_engine`), as an installation does.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tmux_screen import Screen

ROOT = Path(__file__).resolve().parents[1]
BARE = """
from textual.app import App
from textual.widgets import Footer, Header, Static
class Bare(App):
    def compose(self):
        yield Header(); yield Static("READY"); yield Footer()
Bare().run()
"""
BUDGET_KEY_MS = 80.0
BUDGET_READY_RATIO = 2.0
BUDGET_IDLE_MIB = 120.0
BUDGET_IDLE_CPU = 1.0
ROWS = 1_000_000


def main() -> int:
    """Run the rows that are asked for and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", default=list(MEASURES), help=f"any of {', '.join(MEASURES)}")
    parser.add_argument("--repeat", type=int, default=40, help="keys a row, and starts for `ready` divided by 8")
    chosen = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["QT_STATE_DIR"] = os.environ["QT_CONFIG_DIR"] = str(folder / "user")
        prepare(folder)
        for name in chosen.rows:
            print(json.dumps({"row": name, **MEASURES[name](folder, chosen.repeat)}), flush=True)
    return 0


def prepare(folder: Path) -> None:
    """A workspace with the sample bars."""
    from qt_engine import Workspace

    Workspace.open(folder / "sample").data.import_sample()


def command(folder: Path, workspace: str = "sample") -> list[str]:
    """The app as a user starts it."""
    start = "import sys; from qt_tui.entry import main; sys.exit(main())"
    return [sys.executable, "-c", start, "--workspace", str(folder / workspace)]


@contextmanager
def running(folder: Path, workspace: str = "sample", ready: str = "MSFT") -> Iterator[Screen]:
    """The app, from its first useful paint on."""
    screen = Screen(command(folder, workspace))
    try:
        if screen.wait(lambda text: ready in text, 30.0) is None:
            raise SystemExit(f"the app did not come up:\n{screen.text()}")
        time.sleep(1.5)
        yield screen
    finally:
        screen.close()


def ready(folder: Path, repeat: int) -> dict[str, object]:
    """From the start of the process to the symbols on the screen, beside a bare Textual app, by turns."""
    bare, app = [], []
    for _ in range(max(3, repeat // 8)):
        for argv, word, times in (([sys.executable, "-c", BARE], "READY", bare), (command(folder), "MSFT", app)):
            screen = Screen(argv)
            taken = screen.wait(lambda text, word=word: word in text, 30.0)  # type: ignore[misc]
            screen.close()
            if taken is not None:
                times.append(taken)
    ratio = statistics.median(app) / statistics.median(bare)
    return {
        "ready_ms": round(statistics.median(app), 1), "bare_ms": round(statistics.median(bare), 1),
        "ratio": round(ratio, 2), "limit": BUDGET_READY_RATIO,
    }  # fmt: skip


def idle(folder: Path, repeat: int) -> dict[str, object]:
    """Memory and CPU while nothing happens."""
    with running(folder) as screen:
        time.sleep(2.0)
        before, start = screen.cpu_seconds(), time.perf_counter()
        time.sleep(8.0)
        share = (screen.cpu_seconds() - before) / (time.perf_counter() - start) * 100
        return {
            "rss_mib": round(screen.rss_mib(), 1), "limit_rss_mib": BUDGET_IDLE_MIB,
            "cpu_percent": round(share, 2), "limit_cpu_percent": BUDGET_IDLE_CPU,
        }  # fmt: skip


def keys(folder: Path, repeat: int) -> dict[str, object]:
    """Down and up the list of symbols, crosshair, modes: one key, until the screen changes."""
    with running(folder) as screen:
        moves = press(screen, ["j", "k"], repeat)
        screen.send("Tab")
        time.sleep(0.5)
        crosshair = press(screen, ["Left"], repeat)
        for mode in "3461":  # the first visit builds a mode
            screen.send(mode)
            time.sleep(1.5)
        modes = press(screen, ["3", "1"], repeat)
    return {
        "list": figures(moves),
        "crosshair": figures(crosshair),
        "modes": figures(modes),
        "limit_p95_ms": BUDGET_KEY_MS,
    }


def sweep(folder: Path, repeat: int) -> dict[str, object]:
    """The same keys while a sweep of 2,000 combinations runs as a job, again and again."""
    from qt_engine import Workspace

    workspace = Workspace.open(folder / "sample")
    grid = {"fast": list(range(5, 45)), "slow": list(range(60, 160, 2))}
    times: list[float] = []
    started = 0
    with running(folder) as screen:
        while len(times) < repeat:
            job = workspace.sweeps.start("sma_cross", ["AAPL"], grid)
            started += 1
            while workspace.jobs.get(job.job_id).state == "running" and len(times) < repeat:
                times += press(screen, ["j", "k"], 2)
    return {"combinations": 2000, "sweeps": started, "list": figures(times), "limit_p95_ms": BUDGET_KEY_MS}


def rows(folder: Path, repeat: int) -> dict[str, object]:
    """Lines, pages and jumps in a table of a million minute bars."""
    prepare_million(folder)
    with running(folder, "million", "MINUTES") as screen:
        screen.send("Tab")
        screen.send("Tab")
        time.sleep(1.0)
        lines = press(screen, ["k"], repeat)
        pages = press(screen, ["PageUp"], repeat)
        jumps = press(screen, ["g", "G"], repeat, settled=lambda text: "…" not in text.split("Rows")[-1])
        memory = screen.rss_mib()
    return {
        "rows": ROWS, "line": figures(lines), "page": figures(pages), "jump": figures(jumps),
        "limit_p95_ms": BUDGET_KEY_MS, "rss_mib": round(memory, 1),
    }  # fmt: skip


def prepare_million(folder: Path) -> None:
    """A workspace with a million minute bars, written as a file and imported."""
    import numpy as np

    from qt_engine import Workspace

    if (folder / "million").exists():
        return
    draw = np.random.default_rng(7)
    close = 100.0 * np.exp(np.cumsum(draw.normal(0.0, 0.0005, ROWS)))
    open_ = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(open_, close) * 1.0002, np.minimum(open_, close) * 0.9998
    ts = 1_500_000_000 + 60 * np.arange(ROWS)
    path = folder / "minutes.csv"
    columns = np.column_stack([ts, open_, high, low, close, np.full(ROWS, 10.0)])
    np.savetxt(path, columns, fmt=["%d", "%.6f", "%.6f", "%.6f", "%.6f", "%.1f"], delimiter=",",
               header="timestamp,open,high,low,close,volume", comments="")  # fmt: skip
    Workspace.open(folder / "million").data.import_file(path, symbol="MINUTES", interval="1m", venue="24/7")


def press(
    screen: Screen, names: list[str], count: int, settled: Callable[[str], bool] = lambda text: True
) -> list[float]:
    """Milliseconds from each key to a changed screen."""
    times = []
    for number in range(count):
        time.sleep(0.12)
        was = screen.text()
        screen.send(names[number % len(names)])
        taken = screen.wait(lambda text, was=was: text != was and settled(text), 5.0)  # type: ignore[misc]
        if taken is not None:
            times.append(taken)
    return times


def figures(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile and worst."""
    ordered = sorted(times)
    if not ordered:
        return {}
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    return {
        "n": len(ordered), "p50_ms": round(statistics.median(ordered), 1), "p95_ms": round(p95, 1),
        "max_ms": round(ordered[-1], 1),
    }  # fmt: skip


MEASURES: dict[str, Callable[[Path, int], dict[str, object]]] = {
    "ready": ready, "idle": idle, "keys": keys, "sweep": sweep, "rows": rows,
}  # fmt: skip

if __name__ == "__main__":
    if subprocess.run(["tmux", "-V"], capture_output=True, check=False).returncode:
        sys.exit("tmux is needed: apt-get install tmux")
    sys.exit(main())
