"""The mutation check: plants every fault of `faults.py` in a copy of the engine and runs the tests that should notice.

    python tests/trust/mutations.py [NAME …] [--keep FOLDER]

Every fault gets a copy of its own with a cache of compiled code of its own, and two runs of pytest: the comparisons with the
reference simulators, and the promises that need no reference. Each stops at the first test that fails. The engine
without a fault is run last and has to pass both. Takes about a minute a fault on one core, so it is not part of the
test suite; `test_faults.py` sees to it that its table in `docs/mutations.md` is about the code as it stands.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from trust.faults import COMPLETE, FAULTS, SIMPLE, Fault  # noqa: E402

DOCUMENT = ROOT / "docs" / "mutations.md"
COMPARISONS = {
    "simple": (
        "tests/simulation/test_reference.py::test_kernel_and_reference_agree",
        "tests/trust/test_agreement.py::test_the_complete_path_leaves_the_bytes_of_the_simple_one",
    ),
    "complete": tuple(f"tests/trust/test_agreement.py::test_they_agree_on_rolled_runs[{block}]" for block in range(12)),
}
PROMISES = {
    "simple": (
        "tests/simulation/test_properties.py",
        "tests/trust/test_promises.py::test_profits_of_round_trips_are_what_the_cash_gained[simple]",
    ),
    "complete": ("tests/trust/test_watched_rules.py", "tests/trust/test_promises.py"),
}
"""Tests by the path of the kernel that a fault is in."""
WITHOUT = "split_changes_no_equity and 4.0 or days_are_sessions"
"""Left out: says what its neighbours say."""
COPIED = (
    "qt_engine",
    "configs",
    "themes",
    "tests/conftest.py",
    "tests/reference",
    "tests/simulation",
    "tests/trust",
    "pyproject.toml",
)
NOBODY = "–"


@dataclass(frozen=True)
class Outcome:
    """Which test noticed, of the comparisons and of the promises; None where none did."""

    comparison: str | None
    promise: str | None

    @property
    def caught(self) -> bool:
        return self.comparison is not None or self.promise is not None


def copy(source_root: Path, folder: Path) -> None:
    """Engine and tests, without what was compiled of them."""
    for name in COPIED:
        source, place = source_root / name, folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc"))
        else:
            shutil.copy(source, place)


def plant(fault: Fault | None, clean: Path, folder: Path) -> None:
    """A copy of the clean copy with the fault in it."""
    copy(clean, folder)
    if fault is not None:
        path = folder / "qt_engine" / "simulation" / fault.file
        text = path.read_text(encoding="utf-8")
        if text.count(fault.before) != 1:
            raise SystemExit(f"{fault.name}: {fault.file} has the place of the fault {text.count(fault.before)} times")
        path.write_text(text.replace(fault.before, fault.after), encoding="utf-8")


def first_failure(tests: tuple[str, ...], folder: Path) -> str | None:
    """The first test that fails in the copy, None if all pass."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_", "COVERAGE"))}
    environment |= {
        "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'tests'}", "NUMBA_CACHE_DIR": str(folder / "compiled"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    where = "import qt_engine; print(qt_engine.__file__)"
    told = subprocess.run(
        [sys.executable, "-c", where], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    if not Path(told.stdout.strip()).is_relative_to(folder):
        raise SystemExit(f"the engine that was imported is not the copy but {told.stdout.strip()}")
    command = [
        sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "--no-cov", "-n0", "-p", "no:cacheprovider", "-p", "reference.unshrunk",
        "--hypothesis-profile=unshrunk", "--timeout=900", "-k", f"not ({WITHOUT})", *tests,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    found = re.search(r"^(?:FAILED|ERROR) \S*?::(\S+)", done.stdout, re.MULTILINE)
    if done.returncode != 1 or found is None:
        raise SystemExit(f"pytest ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return re.sub(r"\[.*", "", found[1])


def outcome_of(fault: Fault | None, clean: Path) -> Outcome:
    """What the tests say of the engine with this fault."""
    with tempfile.TemporaryDirectory(prefix="qt-mutation-") as name:
        folder = Path(name).resolve()
        plant(fault, clean, folder)
        if fault is None:
            return Outcome(*(first_failure(sum(tests.values(), ()), folder) for tests in (COMPARISONS, PROMISES)))
        path = "simple" if fault in SIMPLE else "complete"
        return Outcome(first_failure(COMPARISONS[path], folder), first_failure(PROMISES[path], folder))


def document(outcomes: dict[str, Outcome]) -> str:
    """`docs/mutations.md`."""
    lines = [
        "# Mutation check", "",
        "A test suite is worth what it notices. `tests/trust/mutations.py` plants the faults below, one at a time, in a copy of the",
        "engine: small, plausible slips in the kernel, its ledger and its complete path. Each copy is compiled by itself and put before",
        "two groups of tests: the *comparisons* with the plain-Python reference simulators, and the *promises*, which need",
        "no reference (conservation of cash and units, splits, scale, fees, other assets). The table names the first test of each",
        "group that fails; – where none does. A fault that only a comparison notices is one that is consistent with itself: a rule",
        "that nobody could know to be wrong without the specification.", "",
        "```console", "$ python tests/trust/mutations.py", "```", "",
        f"{sum(o.caught for o in outcomes.values())} of {len(outcomes)} faults are caught; the engine without a fault passes both groups.", "",
    ]  # fmt: skip
    for title, faults in (("The simple path", SIMPLE), ("The complete path", COMPLETE)):
        lines += [f"## {title}", "", "| fault | file | what it does | comparison | promise |", "|---|---|---|---|---|"]
        for fault in faults:
            outcome = outcomes[fault.name]
            told = " | ".join(NOBODY if name is None else f"`{name}`" for name in (outcome.comparison, outcome.promise))
            lines.append(f"| {fault.name} | `{fault.file}` | {fault.what} | {told} |")
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Plant faults in copies of the engine and see which test notices.")
    parser.add_argument("names", nargs="*", help="only these faults, without writing docs/mutations.md")
    names = parser.parse_args().names
    chosen = [fault for fault in FAULTS if not names or fault.name in names]
    outcomes = {}
    with tempfile.TemporaryDirectory(prefix="qt-clean-") as name:
        # Copied once: all outcomes are of one and the same engine, whatever is edited meanwhile.
        clean = Path(name).resolve()
        copy(ROOT, clean)
        for fault in chosen:
            outcomes[fault.name] = outcome_of(fault, clean)
            print(f"{fault.name}: {outcomes[fault.name]}", flush=True)
        control = outcome_of(None, clean)
        print(f"without a fault: {control}", flush=True)
    if not names and not control.caught:
        DOCUMENT.write_text(document(outcomes), encoding="utf-8")
    return 0 if not control.caught and all(outcome.caught for outcome in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
