"""Work off the event loop: threads that are exclusive in their group, and whose failure is a line, never a traceback."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from textual.dom import DOMNode
from textual.worker import Worker, get_current_worker

from qt_engine.core import clock
from qt_engine.core.errors import CancelledError, QtError
from qt_engine.core.text import plain

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


def in_background(
    node: DOMNode,
    group: str,
    work: Callable[[], T],
    then: Callable[[T], Any],
    failed: Callable[[str], Any] | None = None,
) -> Worker[None]:
    """Run `work` in a thread and hand its result to `then` on the event loop.

    A newer call of the same node and group takes the place of an older one, whose result is dropped.

    Parameters
    ----------
    failed
        Receives the one line that says what went wrong; by default it becomes a notification.
    """

    def body() -> None:
        worker = get_current_worker()

        def hand_over(receive: Callable[[Any], Any], value: object) -> None:
            def call() -> None:
                receive(value)  # what it returns is dropped: a dialog must not wait for its own dismissal

            if not worker.is_cancelled and node.is_attached:
                node.call_later(call)

        try:
            result = work()
        except CancelledError:
            return
        except Exception as error:  # noqa: BLE001 - whatever went wrong is told in one line and logged in full
            line = explain(error, log_file(node))
            hand_over(failed or (lambda text: warn(node, text)), line)
        else:
            hand_over(then, result)

    return node.run_worker(body, group=group, thread=True, exclusive=True, exit_on_error=False)


def cancelled() -> bool:
    """Whether the work that runs in this thread is no longer wanted."""
    return get_current_worker().is_cancelled


def warn(node: DOMNode, line: str) -> None:
    """Show one line about a failure."""
    node.app.notify(plain(line, 400), severity="error", markup=False, timeout=8)


def explain(error: BaseException, log: Path) -> str:
    """One line about an error; what nobody expected is also written to the log in full."""
    if isinstance(error, QtError):
        return plain(error, 400)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{clock.iso(clock.now_ns())}\n{''.join(traceback.format_exception(error))}\n")
    except OSError:
        pass
    return plain(f"unexpected {type(error).__name__}: {error}; details in {log}", 400)


def log_file(node: DOMNode) -> Path:
    """Where this app writes unexpected errors."""
    from qt_tui.folders import Folders

    folders = getattr(node.app, "folders", None)
    return folders.log if isinstance(folders, Folders) else Folders.of_user().log
