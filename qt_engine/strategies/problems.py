"""What is wrong in a strategy, where, and what was probably meant. Found all at once, never raised one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from qt_engine.core.errors import InputError

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes
    ----------
    line, column
        Where in the file, counted from 1.
    message
        What is wrong and what would be right, in one line.
    suggestion
        The nearest valid name or text to put there, where one is near.
    severity
        A document with a warning can be run, one with an error cannot.
    """

    line: int
    column: int
    message: str
    suggestion: str | None = None
    severity: Severity = "error"

    @property
    def sentence(self) -> str:
        """Message and suggestion in one line."""
        return f"{self.message}; did you mean {self.suggestion}?" if self.suggestion else self.message

    def as_json(self) -> dict[str, object]:
        """As shown by `qt strategies check --json`."""
        return {
            "line": self.line, "column": self.column, "severity": self.severity, "message": self.message,
            "suggestion": self.suggestion,
        }  # fmt: skip


class ExpressionError(InputError):
    """An expression that cannot be read; `problems` has every reason."""

    def __init__(self, problems: Iterable[Problem], file: str | None = None) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        first = self.problems[0]
        super().__init__(first.sentence, file=file, line=first.line, column=first.column)


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Only those that keep a document from being run."""
    return [problem for problem in problems if problem.severity == "error"]
