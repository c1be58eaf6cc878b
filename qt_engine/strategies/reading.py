"""Reads the pieces of a strategy from its tree: keys, texts, numbers, expressions; collects what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from qt_engine.core.text import nearest, plain
from qt_engine.strategies.expressions import parse_expression
from qt_engine.strategies.nodes import Binary, Expression, Number
from qt_engine.strategies.problems import ExpressionError, Problem, Severity
from qt_engine.strategies.settings import Setting
from qt_engine.strategies.syntax import Items, Scalar, Section, Tree

_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"
_PLAIN_NUMBER = re.compile(_NUMBER)
_PERCENT = re.compile(rf"({_NUMBER})\s*%")
_LEADING_ZERO = re.compile(r"[+-]?0[0-9_]+")
MAX_SEARCHES = 40
_EMPTY = {"", "~", "null", "Null", "NULL"}


class Reader:
    """Collects problems; what cannot be read comes back as None, so that reading goes on.

    Attributes
    ----------
    problems
        What is wrong, in the order in which it was found.
    unread
        Parameters that stand in the file but could not be read: that was reported, and their use is no other mistake.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.unread: set[str] = set()
        self._searches = 0

    def report(
        self, at: Tree | Expression, message: str, suggestion: str | None = None, severity: Severity = "error"
    ) -> None:
        """Note what is wrong at a place of the file."""
        self.problems.append(Problem(at.line, at.column, message, suggestion, severity))

    def may_search(self) -> bool:
        """Whether to look for a suggestion: only for the first few problems, since nobody reads hundreds."""
        self._searches += 1
        return self._searches <= MAX_SEARCHES

    def closest(self, name: str, known: Iterable[str]) -> str | None:
        """As the function `closest`, for the first few problems."""
        return closest(name, known) if self.may_search() else None

    def section(self, tree: Tree, what: str, keys: Iterable[str]) -> dict[str, tuple[Scalar, Tree]]:
        """The entries of a mapping whose keys are known; unknown ones are reported and left out."""
        known = tuple(keys)
        if is_empty(tree):
            return {}
        if not isinstance(tree, Section):
            self.report(tree, f"{what} is a mapping with the keys {', '.join(known)}")
            return {}
        found = {}
        for key, value in tree.entries:
            if key.text in known:
                found[key.text] = (key, value)
            else:
                near = self.closest(key.text, known)
                advice = "" if near else f"; known are {', '.join(known)}"
                self.report(key, f"{plain(key.text, 60)!r} is not a key of {what}{advice}", near)
        return found

    def text(self, tree: Tree, what: str) -> str | None:
        """A text that is not empty."""
        if not isinstance(tree, Scalar) or (is_empty(tree) and not tree.quoted):
            self.report(tree, f"{what} is a text")
            return None
        return tree.text

    def choice(self, tree: Tree, what: str, known: Iterable[str]) -> str | None:
        """One of a few words."""
        word = self.text(tree, what)
        options = tuple(known)
        if word is not None and word not in options:
            self.report(
                tree, f"{what} is one of {', '.join(options)}, not {plain(word, 60)!r}", self.closest(word, options)
            )
            return None
        return word

    def items(self, tree: Tree, what: str) -> tuple[Tree, ...]:
        """The entries of a list; a single text counts as a list of one."""
        if is_empty(tree):
            return ()
        if isinstance(tree, Items):
            return tree.items
        if isinstance(tree, Scalar):
            return (tree,)
        self.report(tree, f"{what} is a list")
        return ()

    def number(self, tree: Tree, what: str) -> int | float | None:
        """A plain number or a percentage; whole numbers are written without a point."""
        if isinstance(tree, Scalar):
            text = tree.text.strip()
            if _LEADING_ZERO.fullmatch(text):
                self.report(tree, f"{what}: {plain(text, 40)} starts with 0", str(int(text.replace("_", ""))))
                return None
            if (value := read_number(text)) is not None:
                return value
        self.report(tree, f"{what} is a number")
        return None

    def expression(self, tree: Tree, what: str) -> Expression | None:
        """An expression; a plain number is one too."""
        if isinstance(tree, Scalar) and not is_empty(tree):
            if _PERCENT.fullmatch(tree.text.strip()) is None:
                try:
                    return parse_expression(tree.text, tree.line, tree.column, tree.place)
                except ExpressionError as error:
                    self.problems.extend(error.problems)
                    if not tree.quoted and error.problems[-1].message.endswith("is never closed"):
                        last = self.problems.pop()
                        hint = "; inside {…} an expression with commas needs quotes"
                        self.problems.append(replace(last, message=last.message + hint))
                    return None
            value = read_number(tree.text.strip())
            self.report(
                tree,
                "a percentage is written as a fraction inside an expression",
                None if value is None else repr(value),
            )
            return None
        if isinstance(tree, Items) and len(tree.items) >= 1:
            self.report(tree, f"{what} is one expression, not a list; join conditions with and, or")
        elif isinstance(tree, Section):
            self.report(tree, f"{what} is one expression, not a mapping")
        else:
            self.report(tree, f"{what}: an expression is missing here")
        return None

    def setting(self, tree: Tree, what: str, setting: Setting) -> Expression | None:
        """A number, a percentage, or an expression over parameters; plain numbers are checked against the bounds."""
        if isinstance(tree, Scalar) and (text := tree.text.strip()) and not is_empty(tree):
            if _LEADING_ZERO.fullmatch(text):
                self.report(tree, f"{what}: {plain(text, 40)} starts with 0", str(int(text.replace("_", ""))))
                return None
            if (value := read_number(text)) is not None:
                return self._constant(tree, what, setting, value, text)
            return self.expression(tree, what)
        self.report(tree, f"{what} is {setting.expected}, or an expression over parameters")
        return None

    def _constant(self, tree: Scalar, what: str, setting: Setting, value: float, text: str) -> Expression | None:
        if setting.kind == "count" and text.endswith("%") and value >= 1.0:
            self.report(tree, f"{what} is {setting.expected}, not {plain(text, 40)}")
            return None
        if setting.kind not in ("fraction", "count") and text.endswith("%"):
            self.report(tree, f"{what} is {setting.expected}, not a percentage")
            return None
        if not text.endswith("%") and setting.plain_below is not None and value >= setting.plain_below:
            self.report(
                tree, f"{what}: {plain(text, 40)} would be {value:.0%}; write percent with its sign", f"{value:g}%"
            )
            return None
        if not setting.accepts(value):
            meant = setting.kind == "fraction" and not text.endswith("%") and setting.accepts(value / 100)
            percent = f"{value:g}%" if meant else None
            self.report(tree, f"{what} is {setting.expected}, not {plain(text, 40)}", percent)
            return None
        counted = setting.kind == "whole" or (setting.kind == "count" and value >= 1)
        exact = int(value) if counted else float(value)
        return Number(exact, line=tree.line, column=tree.column)


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant: written with other case, begun and not ended, or misspelt."""
    options = sorted(known)
    lower = name.lower()
    for option in options:
        if option.lower() == lower:
            return option
    begun = [option for option in options if len(lower) >= 3 and option.startswith(lower)]
    return begun[0] if len(begun) == 1 else nearest(lower, options)


def is_empty(tree: Tree) -> bool:
    """Whether nothing was written (`key:` alone, or null)."""
    return isinstance(tree, Scalar) and not tree.quoted and tree.text in _EMPTY


def read_number(text: str) -> int | float | None:
    """A plain decimal number or a percentage (`2%` is exactly 0.02); None for anything else."""
    if percent := _PERCENT.fullmatch(text):
        value = float(Decimal(percent[1]) / 100)
        return value if abs(value) < 1e300 else None
    if not _PLAIN_NUMBER.fullmatch(text):
        return None
    if text.lstrip("+-").isdigit():
        return int(text) if len(text) <= 16 else None
    number = float(text)
    return number if abs(number) < 1e300 else None


def hundredth(expression: Expression) -> Expression:
    """`expression / 100`, as one number where it is one."""
    if isinstance(expression, Number):
        exact = float(Decimal(repr(expression.value)) / 100)
        return Number(exact, line=expression.line, column=expression.column)
    return Binary("/", expression, Number(100), line=expression.line, column=expression.column)


def entries(tree: Tree) -> Iterator[tuple[Scalar, Tree]]:
    """Keys and values of a mapping whose keys are free."""
    if isinstance(tree, Section):
        yield from tree.entries
