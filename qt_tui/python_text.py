"""Strategies in Python as texts: what can be said of one without running it, and another name in one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_CLASS = re.compile(r"(?m)^class\s+\w+\s*[(:]")
_NAME = re.compile(r"""(?m)^(\s+name\s*(?::[^=\n]*)?=\s*)(["'])[^"'\n]*\2""")


@dataclass(frozen=True)
class Mistake:
    """Something wrong with a text; fields as those of the engine's `Problem`."""

    line: int
    column: int
    sentence: str
    severity: str = "error"


def has_class(text: str) -> bool:
    """Whether there is a class at the left margin: then it is a program, and no document."""
    return _CLASS.search(text) is not None


def mistakes(text: str) -> Sequence[Mistake]:
    """What Python itself has against a text. It is read and not run."""
    try:
        compile(text, "the text", "exec", dont_inherit=True)
    except SyntaxError as error:
        return [Mistake(error.lineno or 1, error.offset or 1, f"this is not Python: {error.msg}")]
    except (ValueError, RecursionError, MemoryError) as error:
        return [Mistake(1, 1, f"this is not Python: {error}")]
    if not has_class(text):
        return [Mistake(1, 1, "there is no strategy here: a class that inherits from Strategy")]
    return []


def renamed(text: str, name: str) -> str:
    """The text with another value for the first class attribute `name`."""
    return _NAME.sub(rf'\g<1>"{name}"', text, count=1)
