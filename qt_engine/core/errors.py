"""Every error a person may see.

Each message is one line that says what was wrong, where, and what would be right. The command line
turns `InputError` into exit code 2 and any other `QtError` into exit code 1; neither shows a traceback.
"""

from __future__ import annotations


class QtError(Exception):
    """Something failed; the message says what and what to do about it."""


class InputError(QtError):
    """What the user gave was wrong; nothing stored was changed.

    Parameters
    ----------
    reason
        What was wrong and what would be right, without the place.
    file, line, column
        Where, as far as it is known; lines and columns count from 1.
    """

    def __init__(
        self,
        reason: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | str | None = None,
    ) -> None:
        self.reason = reason
        self.file = file
        self.line = line
        self.column = column
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        place = [part for part in (self.file, self._line(), self._column()) if part]
        return f"{', '.join(place)}: {self.reason}" if place else self.reason

    def _line(self) -> str:
        return f"line {self.line}" if self.line is not None else ""

    def _column(self) -> str:
        return f"column {self.column}" if self.column is not None else ""


class NotFoundError(InputError):
    """A run, symbol, strategy or session of that name does not exist."""


class StoreError(QtError):
    """The workspace's store could not be read or written."""


class JobError(QtError):
    """A job could not be started, or ended without finishing."""


class CancelledError(QtError):
    """The user cancelled; the command line exits with 130."""


class StrategyError(QtError):
    """A strategy in Python raised an exception; the message names file, line, bar and the exception.

    Parameters
    ----------
    reason
        What was raised, or what is wrong.
    file, line
        Where in the strategy's source, as far as it is known.
    bar
        At which bar, in words.
    """

    def __init__(
        self, reason: str, *, file: str | None = None, line: int | None = None, bar: str | None = None
    ) -> None:
        self.reason = reason
        self.file = file
        self.line = line
        self.bar = bar
        place = [part for part in (file, None if line is None else f"line {line}", bar) if part]
        super().__init__(f"{', '.join(place)}: {reason}" if place else reason)


class TargetError(InputError):
    """A strategy decided weights that cannot be: NaN, infinite, no number, or of a symbol that the run does not have."""


class LookAheadError(QtError):
    """A strategy decides with bars that have not happened yet."""
