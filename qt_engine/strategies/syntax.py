"""From YAML (or JSON) text to a tree that remembers where everything stands.

PyYAML only finds the tokens. What a scalar means is decided by the section that reads it, so none of YAML 1.1's
surprises exist here: `on` and `yes` are texts, `010` is no octal number, `1:30` is no number at all. Anchors, aliases,
tags and several documents in one file are refused, so a small file stays small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from qt_engine.core.text import plain
from qt_engine.strategies.problems import Problem

MAX_BYTES = 100_000
MAX_NESTING = 12
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text; `place` tells where each of its characters stands in the file."""

    text: str
    quoted: bool
    line: int
    column: int
    raw: str

    def place(self, offset: int) -> tuple[int, int]:
        """(line, column) of the character at `offset`."""
        if not self.quoted and "\n" not in self.raw:
            return self.line, self.column + offset
        return _place_in(self, offset)


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Tree, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping; keys are unique."""

    entries: tuple[tuple[Scalar, Tree], ...]
    line: int
    column: int


Tree: TypeAlias = Scalar | Items | Section


class _Unreadable(Exception):
    """Reading cannot go on after this problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.message)


def read_tree(text: str | bytes) -> tuple[Tree | None, list[Problem]]:
    """The tree of the only document in `text`, or None where it cannot be read, and what is wrong with its form."""
    problems: list[Problem] = []
    try:
        source = _readable(text)
        return _Builder(source, problems).build(), problems
    except _Unreadable as stop:
        problems.append(stop.problem)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problems.append(Problem(line, column, _explain(error)))
    except yaml.YAMLError as error:
        problems.append(Problem(1, 1, f"this is not YAML: {plain(error)}"))
    return None, problems


def _readable(text: str | bytes) -> str:
    if isinstance(text, bytes):
        data = text[: 2 * MAX_BYTES]
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            before = data[: error.start]
            column = error.start - before.rfind(b"\n")
            raise _Unreadable(Problem(before.count(b"\n") + 1, column, "this is not UTF-8 text")) from None
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise _Unreadable(Problem(1, 1, f"a strategy has at most {MAX_BYTES // 1000} kB"))
    if not text.isprintable():
        for offset, character in enumerate(text):
            if character not in "\t\n\r" and (
                character < " "
                or "\x7f" <= character <= "\x9f"
                or "\ud800" <= character <= "\udfff"
                or character in "\ufeff\ufffe\uffff\u2028\u2029"
            ):
                line, column = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
                raise _Unreadable(Problem(line, column, f"character U+{ord(character):04X} cannot stand in a strategy"))
    return text


class _Builder:
    """Builds the tree from PyYAML's events."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self._source = source
        self._problems = problems
        self._events: Iterator[Any] = iter(yaml.parse(source, Loader=_LOADER))

    def build(self) -> Tree | None:
        tree: Tree | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if tree is not None:
                    raise _Unreadable(self._problem(event, "a file holds one strategy; remove the second document"))
            elif isinstance(event, yaml.NodeEvent):
                tree = self._node(event, 1)
        return tree

    def _problem(self, event: Any, message: str, suggestion: str | None = None) -> Problem:
        return Problem(event.start_mark.line + 1, event.start_mark.column + 1, message, suggestion)

    def _node(self, event: Any, depth: int) -> Tree:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, yaml.AliasEvent):
            raise _Unreadable(
                self._problem(event, "aliases (*name) are not part of the language; quote a text that starts with *")
            )
        if event.anchor is not None:
            self._problems.append(
                self._problem(event, "anchors (&name) are not part of the language; quote a text that starts with &")
            )
        if event.tag is not None and not (event.tag == "!" and isinstance(event, yaml.ScalarEvent) and event.style):
            self._problems.append(self._problem(event, "tags (!name) are not part of the language; write not for !"))
        if depth > MAX_NESTING:
            raise _Unreadable(self._problem(event, f"nested more than {MAX_NESTING} deep"))
        if isinstance(event, yaml.ScalarEvent):
            start, end = event.start_mark, event.end_mark
            raw = self._source[start.index : end.index] if start and end else ""
            return Scalar(event.value, bool(event.style), line, column, raw)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Tree] = []
            while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(inner, depth + 1))
            return Items(tuple(items), line, column)
        return self._section(depth, line, column)

    def _section(self, depth: int, line: int, column: int) -> Section:
        entries: dict[str, tuple[Scalar, Tree]] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar):
                self._problems.append(self._problem(event, "a key is a name"))
            elif key.text in entries:
                first = entries[key.text][0]
                self._problems.append(
                    self._problem(
                        event, f"{plain(key.text, 60)} stands here a second time; the first is in line {first.line}"
                    )
                )
            else:
                entries[key.text] = (key, value)
        return Section(tuple(entries.values()), line, column)


_EXPLANATIONS = (
    ("mapping values are not allowed", "a colon cannot stand here: mend the indentation, or quote the text"),
    ("could not find expected ':'", "a colon is missing after the key in this line or the one before"),
    ("found character '\\t'", "indent with spaces, not tabs"),
    ("character that cannot start any token", "a text cannot start so: quote it (and indent with spaces)"),
    ("found unexpected end of stream", "a quote is opened and never closed"),
    ("expected ',' or '}'", "a comma or } is missing: inside {…} quote an expression that has brackets"),
    ("expected ',' or ']'", "a comma or ] is missing: inside […] quote an expression that has brackets"),
    ("did not find expected key", "a key is expected here; mend the indentation, or put the text in quotes"),
    ("block sequence entries are not allowed", "a list entry (-) cannot stand here; quote a text that starts with -"),
    ("did not find expected node content", "a value is missing here"),
    ("did not find expected <document start>", "the strategy ends before this line; mend the indentation"),
)  # fmt: skip


def _explain(error: yaml.MarkedYAMLError) -> str:
    said = f"{error.context or ''} {error.problem or ''}"
    for part, explanation in _EXPLANATIONS:
        if part in said:
            return explanation
    return f"this is not YAML: {plain(said.strip())}"


def _place_in(scalar: Scalar, offset: int) -> tuple[int, int]:
    """Find a character of a quoted, folded or indented text in the file.

    The text and its source have the same characters in the same order but for white space, quotes and escapes, so
    the source is followed greedily.
    """
    raw = scalar.raw
    at = 0
    if scalar.quoted:
        at = raw.find("\n") + 1 if raw[:1] in ("|", ">") else 1
    for index, character in enumerate(scalar.text[: offset + 1]):
        if character.isspace():
            continue
        found = raw.find(character, at)
        if found < 0:
            break
        at = found + (index < offset)
    breaks = raw.count("\n", 0, at)
    return (scalar.line + breaks, at - raw.rfind("\n", 0, at)) if breaks else (scalar.line, scalar.column + at)
