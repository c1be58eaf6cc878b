"""Mode 4: the marked runs side by side: metrics against a baseline, what differs, and their curves over each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType

from qt_tui import formats, metrics
from qt_tui.background import in_background
from qt_tui.charts.line import TAGS, Curve
from qt_tui.charts.lines import Span
from qt_tui.charts.palette import NAMES
from qt_tui.keymap import bind
from qt_tui.models import PERFECT
from qt_tui.overlay import on_one_axis
from qt_tui.screens.mode import ModeScreen
from qt_tui.widgets.equity_chart import EquityChart
from qt_tui.widgets.pane import Pane
from qt_tui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from qt_engine.experiments.compare import Comparison
    from qt_engine.experiments.record import RunRecord

EMPTY = "Nothing to compare yet.\n\nPress 3, mark two or more runs with space, then press c."


@dataclass(frozen=True)
class Loaded:
    """A comparison and the curves of its completed runs."""

    comparison: Comparison
    times: Sequence[int]
    curves: Sequence[Curve]


class CompareScreen(ModeScreen):
    """Metrics, differences, curves."""

    mode = "compare"
    CSS = """
    CompareScreen.-normal #body { grid-size: 2 2; grid-columns: 60 1fr; grid-rows: 19 1fr; }
    CompareScreen.-normal #overlay { row-span: 2; }
    CompareScreen.-wide #body { grid-size: 3 1; grid-columns: 2fr 2fr 3fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("compare.baseline", "baseline", "Baseline", "The next run becomes the baseline", show=True),
        bind("compare.remove", "remove", "Remove", "Take the last run out of the comparison", show=True),
    ]

    def panes(self) -> Iterable[Pane]:
        yield Pane("Metrics", Table((Column("Metric", 14),), empty=EMPTY, id="figures"), id="metrics")
        yield Pane("Returns", EquityChart(empty="", id="curves"), id="overlay")
        yield Pane("Differences", Table((Column("What", 14),), empty="", id="differing"), id="differences")

    def on_mount(self) -> None:
        super().on_mount()
        self._baseline = 0

    def refresh_content(self) -> None:
        chosen = list(self.qt.marked_runs)
        if len(chosen) < 2:
            self.query_one("#figures", Table).show([], empty=EMPTY)
            self.query_one("#differing", Table).show([], empty="")
            self.query_one("#curves", EquityChart).clear("")
            return
        baseline = min(self._baseline, len(chosen) - 1)
        workspace = self.workspace

        def load() -> Loaded:
            comparison = workspace.compare(*chosen, baseline=baseline)
            done = [(tag, run) for tag, run in zip(TAGS, comparison.runs, strict=False) if run.status == "completed"]
            rows = [workspace.runs.rows_of(run, "equity") for _, run in done]
            times, values = on_one_axis([(row["ts"], row["equity"]) for row in rows])
            return Loaded(comparison, times, [Curve(_name(run), v) for (_, run), v in zip(done, values, strict=True)])

        in_background(self, "compare", load, self._show)

    def _show(self, loaded: Loaded) -> None:
        palette = NAMES
        comparison = loaded.comparison
        base = comparison.baseline
        columns = [Column("Metric", 14)]
        for index in range(len(comparison.runs)):
            head = _head(index, comparison.runs[index], baseline=index == base)
            columns.append(Column(head, max(12, len(head)), "right"))
            if index != base:
                columns.append(Column("difference", 16, "right"))
        figures = self.query_one("#figures", Table)
        figures.columns = tuple(columns)
        figures.show(self._metric_row(row, base, palette) for row in comparison.metrics)
        differing = self.query_one("#differing", Table)
        differing.columns = (
            Column("What", 14), *(Column(TAGS[i], 14, "right", grow=True) for i in range(len(comparison.runs)))
        )  # fmt: skip
        names: list[Row] = [Row("run", ["run", *(run.run_id[-8:] for run in comparison.runs)])]
        facts = [row for row in comparison.differences if not row.name.endswith(("_hash", "_document"))]
        names += [Row(f"parameter {row.name}", [row.name, *map(_short, row.values)]) for row in comparison.parameters]
        names += [Row(row.name, [row.name.replace("_", " "), *map(_short, row.values)]) for row in facts]
        differing.show(names)
        self.query_one("#curves", EquityChart).show_returns(loaded.times, loaded.curves)
        perfect = [TAGS[index] for index, run in enumerate(comparison.runs) if run.perfect]
        free = f"   {' '.join(perfect)} {PERFECT}: cannot be traded" if perfect else ""
        self.note_title(
            self.query_one("#metrics", Pane), remark=f"{len(comparison.runs)} runs, baseline {TAGS[base]}{free}"
        )

    def _metric_row(self, row: Any, base: int, palette: Any) -> Row:
        cells: list[str | Span] = [metrics.title(row.name)]
        for index, (value, difference) in enumerate(zip(row.values, row.differences, strict=True)):
            cells.append(metrics.styled(row.name, value, palette))
            if index != base:
                cells.append(metrics.judged(row.name, difference, palette))
        return Row(row.name, cells)

    def action_baseline(self) -> None:
        if self.qt.marked_runs:
            self._baseline = (self._baseline + 1) % len(self.qt.marked_runs)
            self.refresh_content()

    def action_remove(self) -> None:
        if self.qt.marked_runs:
            self.qt.marked_runs.pop()
            self._baseline = 0
            self.refresh_content()


def _head(index: int, run: RunRecord, *, baseline: bool) -> str:
    return f"{TAGS[index]}{' baseline' if baseline else ''}{f' {PERFECT}' if run.perfect else ''}"


def _name(run: RunRecord) -> str:
    symbols = " ".join(run.spec.symbols) if len(run.spec.symbols) < 4 else f"{len(run.spec.symbols)} symbols"
    return f"{run.spec.strategy} {symbols}{f' {PERFECT}' if run.perfect else ''}"


def _short(value: Any) -> str:
    if value is None:
        return formats.MISSING
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return " ".join(f"{name}={_short(part)}" for name, part in value.items()) or formats.MISSING
    if isinstance(value, list | tuple):
        return " ".join(_short(part) for part in value)
    text = str(value)
    if len(text) == 40 and text.isalnum():
        return text[:8]
    return formats.time_of(text) if text.endswith("Z") and "T" in text else text
