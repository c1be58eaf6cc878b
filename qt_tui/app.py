"""The app: modes, themes, keys, and what is remembered. What a mode does stands in its screen."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.screen import Screen

from qt_engine.core.errors import InputError, QtError
from qt_tui import keymap, modes, themes
from qt_tui.charts.palette import Palette
from qt_tui.folders import Folders
from qt_tui.keymap import bind
from qt_tui.launch import RunningHere
from qt_tui.remembered import Remembered
from qt_tui.screens.data import DataScreen
from qt_tui.status import Status
from qt_tui.watch import Watch
from qt_tui.widgets.header_line import HeaderLine

if TYPE_CHECKING:
    from qt_engine.workspace import Workspace


def _strategies() -> Screen[None]:
    from qt_tui.screens.strategies import StrategiesScreen

    return StrategiesScreen()


def _runs() -> Screen[None]:
    from qt_tui.screens.runs import RunsScreen

    return RunsScreen()


def _compare() -> Screen[None]:
    from qt_tui.screens.compare import CompareScreen

    return CompareScreen()


def _optimise() -> Screen[None]:
    from qt_tui.screens.optimise import OptimiseScreen

    return OptimiseScreen()


def _live() -> Screen[None]:
    from qt_tui.screens.live import LiveScreen

    return LiveScreen()


def _journal() -> Screen[None]:
    from qt_tui.screens.journal import JournalScreen

    return JournalScreen()


class QtApp(App[int]):
    """The terminal app on one workspace."""

    TITLE = "qt"
    CSS = """
    Toast { padding: 0 1; margin-top: 0; }
    ModalScreen { background: $background 60%; align: center middle; }
    """
    # The first mode is imported with the app; the others when they are first shown.
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "data": DataScreen, "strategies": _strategies, "runs": _runs, "compare": _compare,
        "optimise": _optimise, "live": _live, "journal": _journal,
    }  # fmt: skip
    ENABLE_COMMAND_PALETTE = False
    """The palette is bound below under an id of our own, so that its key can be changed like any other."""
    NOTIFICATION_TIMEOUT = 5

    BINDINGS: ClassVar[list[BindingType]] = [
        *(bind(f"app.{m.name}", f"mode('{m.name}')", m.title, m.purpose) for m in modes.MODES),
        *(
            bind(
                f"app.{m.name}_anywhere", f"mode('{m.name}')", m.title, f"{m.purpose}, also while typing", priority=True
            )
            for m in modes.MODES
        ),
        bind("app.goto", "goto", "Go to", "Go to a symbol, a strategy, a run, a session or a mode"),
        bind("app.palette", "palette", "Commands", "Find any command by name"),
        bind("app.theme", "next_theme", "Theme", "The next theme"),
        bind("app.jobs", "jobs", "Jobs", "What runs in the background"),
        bind("app.quit", "quit", "Quit", "Leave; jobs and paper sessions go on", priority=True),
        bind("app.help", "help", "Help", "Keys of the focused pane, with their action ids", show=True),
    ]

    def __init__(self, workspace: Workspace, folders: Folders | None = None) -> None:
        self.status = Status()
        super().__init__()
        self.workspace = workspace
        self.folders = folders or Folders.of_user()
        self.remembered = Remembered(self.folders.remembered, str(workspace.folder))
        self.looks, self._complaints = themes.read_themes(self.folders.themes)
        self.marked_runs: list[str] = []
        self.running_here = RunningHere()
        self.watch_workspace = Watch(self)
        for look in self.looks.values():
            self.register_theme(look.as_textual())
        self.theme = self._first_theme()

    # -- start and end -------------------------------------------------------------------------------------------

    def _first_theme(self) -> str:
        for name in (self.remembered.theme, self._setting_theme(), themes.DEFAULT):
            if name in self.looks:
                return name
        return next(iter(self.looks))

    def _setting_theme(self) -> str | None:
        try:
            return self.workspace.settings.theme
        except InputError as error:
            self._complaints.append(str(error))
            return None

    def get_default_screen(self) -> Screen[object]:
        return Screen(id="_default")

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        try:
            self.set_keymap(keymap.overrides(self.folders.keymap))
        except InputError as error:
            self._complaints.append(str(error))
        first = self.remembered.get("mode") or "data"
        self.switch_mode(first if first in modes.NAMES else "data")
        for complaint in self._complaints:
            self.notify(complaint, severity="error", markup=False, timeout=10)
        self.call_after_refresh(self.watch_workspace.start)
        # Not a worker: leaving must not wait for a compiler.
        self.call_after_refresh(Thread(target=self._warm_up, name="warm-up", daemon=True).start)

    def _warm_up(self) -> None:
        # What cannot be compiled says so in the first preview or run, which tries again.
        with suppress(QtError):
            self.workspace.warm_up()

    def on_unmount(self) -> None:
        self.running_here.cancel_all()  # jobs and sessions are processes of their own and go on
        self.remembered.save()

    # -- what the whole app shows --------------------------------------------------------------------------------

    def show_status(self, status: Status) -> None:
        """Renew the header line."""
        if status != self.status:
            self.status = status
            for header in self.screen.query(HeaderLine):
                header.status = status

    def _theme_changed(self, _: object) -> None:
        for screen in self.screen_stack:
            for widget in screen.walk_children():
                widget.refresh()

    @property
    def palette(self) -> Palette:
        """Colours of the theme that is on, for widgets that draw for themselves."""
        look = self.looks.get(self.theme)
        return look.palette if look is not None else Palette()

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: object) -> None:
        names = sorted(binding.id or binding.action for binding in clashed_bindings)
        line = f"{self.folders.keymap}: one key for {' and '.join(names)}; only one of them works"
        if line not in self._complaints:
            self._complaints.append(line)
            self.notify(line, severity="warning", markup=False, timeout=10)

    def delay_update(self, delay: float = 0.05) -> None:
        """Textual waits 50 ms before it paints another mode, against flicker; a mode here is ready in less."""
        super().delay_update(min(delay, 0.005))

    # -- global actions ------------------------------------------------------------------------------------------

    @property
    def in_dialog(self) -> bool:
        """Whether something lies over the mode."""
        return len(self.screen_stack) > 1

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (self.in_dialog and action in ("mode", "goto", "palette", "jobs", "help"))

    def action_mode(self, name: str) -> None:
        self.remembered.note("mode", name)
        self.switch_mode(name)

    def action_next_theme(self) -> None:
        names = list(self.looks)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self.remembered.theme = self.theme
        self.remembered.save()
        self.notify(self.looks[self.theme].title, title="Theme", timeout=2, markup=False)

    def action_help(self) -> None:
        from qt_tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.screen))

    def action_palette(self) -> None:
        from qt_tui.screens.palette import open_palette

        open_palette(self)

    def action_goto(self) -> None:
        from qt_tui.screens.goto import open_goto

        open_goto(self)

    def action_jobs(self) -> None:
        from qt_tui.screens.jobs import JobsScreen

        self.push_screen(JobsScreen())

    def edit_outside(self, path: str) -> bool:
        """Open a file in `$EDITOR` and wait; False where there is none."""
        import shlex
        import subprocess

        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
        if not editor:
            self.notify(
                "set EDITOR to the editor you like, such as: export EDITOR=vim", severity="warning", markup=False
            )
            return False
        try:
            with self.suspend():
                subprocess.run([*shlex.split(editor), path], check=False)
        except (OSError, ValueError, SuspendNotSupported) as error:
            self.notify(f"{editor} could not be started: {error}", severity="error", markup=False)
            return False
        self.refresh()
        return True
