"""Curve and figures of a text beside the editor; deciding may take long, so it says how far it is and can be overtaken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual.message import Message
from textual.timer import Timer
from textual.worker import get_current_worker

from qt_engine.core.errors import CancelledError
from qt_engine.core.numba_start import import_numba
from qt_tui import formats, metrics, models
from qt_tui.background import in_background
from qt_tui.charts.palette import NAMES
from qt_tui.widgets.equity_chart import EquityChart
from qt_tui.widgets.facts import Facts
from qt_tui.widgets.pane import Pane

if TYPE_CHECKING:
    from qt_engine.experiments.preview import Preview
    from qt_engine.workspace import Workspace
    from qt_tui.screens.mode import ModeScreen

FIRST = "computing the first curve; on a fresh machine the engine is compiled now, once, which takes some seconds"
TOLD_AFTER = 0.3
"""Seconds before it is said that a preview is being computed; most are there sooner."""
MOST_NAMED = 3
"""Symbols that the title names; of more it says how many."""
UNPROVED = "the preview of a program is not proved; a run is, so that it does not look ahead"


@dataclass(frozen=True)
class Wanted:
    """What to preview: a strategy's text on symbols (none: its universe), with an execution model (None: the settings)."""

    name: str
    text: str
    symbols: Sequence[str] = ()
    execution: str | None = None


class PreviewPane(Pane):
    """Posts `Done` or `Failed` for the text that was wanted last."""

    DEFAULT_CSS = "PreviewPane #figures { height: 5; }"

    @dataclass
    class Done(Message):
        """There is an answer; it may be a list of problems."""

        preview: Preview
        notes: Sequence[str]

    @dataclass
    class Failed(Message):
        """There is none, for this reason."""

        line: str

    def __init__(self, *, id: str) -> None:
        self._chart = EquityChart(empty="choose a strategy", id="equity")
        self._figures = Facts(empty="", least=22, id="figures")
        super().__init__("Preview", self._chart, self._figures, id=id, home=self._chart)
        self._drawn = ""
        self._share = 0.0
        self._wanted: Wanted | None = None
        self._timer: Timer | None = None
        self._perfect = False

    # -- what is wanted ------------------------------------------------------------------------------------------

    def compute(self, workspace: Workspace, wanted: Wanted) -> None:
        """Preview a text; an older one that is still being computed stops."""
        self._wanted, self._share = wanted, 0.0
        if not self._drawn:
            self._chart.clear(FIRST)
        if self._timer is None:
            self._timer = self.set_interval(TOLD_AFTER, self._tell_progress)
        symbols = list(wanted.symbols) or None

        def work() -> Preview:
            import_numba()  # the quick way, for this process is ours
            worker = get_current_worker()

            def report(share: float) -> None:
                if worker.is_cancelled:
                    raise CancelledError("another text is wanted")
                self._share = share

            return workspace.preview(wanted.text, symbols, execution=wanted.execution, progress=report)

        in_background(self, "preview", work, self._show, self._failed)

    def rest(self, wanted: Wanted, reason: str) -> None:
        """Do not preview this text; the curve of another strategy goes, one of the same stays with a remark."""
        self._finish()
        self.workers.cancel_node(self)
        self._wanted = wanted
        if self._drawn != wanted.name:
            self._forget(reason)
        self.say(remark="as it was" if self._drawn else "")

    # -- what is shown -------------------------------------------------------------------------------------------

    def say(self, *, remark: str) -> None:
        """The title names symbols and a model without costs, the remark the model and the return."""
        wanted = self._wanted
        symbols = wanted.symbols if wanted else ()
        on = " ".join(symbols) if len(symbols) <= MOST_NAMED else f"{len(symbols)} symbols"
        title = "Preview" + (f" on {on}" if symbols else "") + (f"  {models.PERFECT}" if self._perfect else "")
        model = models.title(wanted.execution if wanted else None)
        cast("ModeScreen", self.screen).note_title(self, title=title, remark=f"{remark}  {model}".strip())

    def _tell_progress(self) -> None:
        wanted = self._wanted
        if wanted is None:
            return
        share = f" {self._share:.0%}" if self._share > 0 else ""
        if self._drawn != wanted.name:
            self._forget(f"deciding{share}" if share else FIRST)
        self.say(remark=f"computing{share}")

    def _forget(self, reason: str) -> None:
        self._drawn, self._perfect = "", False
        self._chart.clear(reason)
        self._figures.show([])

    def _finish(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _failed(self, line: str) -> None:
        self._finish()
        if self._wanted is not None and self._drawn != self._wanted.name:
            self._forget("")
        self.say(remark="as before the problem" if self._drawn else "")
        self.post_message(self.Failed(line))

    def _show(self, preview: Preview) -> None:
        self._finish()
        name = self._wanted.name if self._wanted else ""
        if preview.ts is None or preview.equity is None or preview.metrics is None:
            if self._drawn != name:
                count = len(preview.problems)
                self._forget(f"{count} problem{'' if count == 1 else 's'}; f8 goes to the next one")
            self.say(remark="as before the problem" if self._drawn else "")
            self.post_message(self.Done(preview, ()))
            return
        self._drawn, self._perfect = name, preview.perfect
        self._chart.show_curve(preview.ts.tolist(), preview.equity.tolist(), _label(preview.symbols))
        self._figures.show(metrics.headline(preview.metrics.as_json(), NAMES))
        self.say(remark=formats.percent(preview.metrics.total_return))
        unproved = [UNPROVED] if preview.kind == "python" else []
        self.post_message(self.Done(preview, [*preview.warnings, *unproved]))


def _label(symbols: Sequence[str]) -> str:
    return " ".join(symbols) if len(symbols) <= 6 else f"{len(symbols)} symbols"
