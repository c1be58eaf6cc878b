"""From the text of an expression to its tree.

Python's own grammar reads the text (`ast`, parsed and never evaluated), and a walker with a white list translates it to
the nodes of `qt_engine.strategies.nodes`. Text, depth, size and exponents are limited, so that reading and computing an
expression always ends soon.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable

from qt_engine.strategies.functions import event_series
from qt_engine.strategies.nodes import (
    Binary,
    BinaryOperator,
    Call,
    Compare,
    CompareOperator,
    Expression,
    Lag,
    Logic,
    Name,
    Number,
    Unary,
    children,
    names,
    walk,
)
from qt_engine.strategies.problems import ExpressionError, Problem
from qt_engine.strategies.spelling import EVENT_TAKES, MAX_CHARACTERS, MAX_DEPTH, misspellings

__all__ = [
    "Binary", "Call", "Compare", "Expression", "ExpressionError", "Lag", "Logic", "Name", "Number", "Place", "Unary",
    "children", "names", "parse_expression", "walk",
]  # fmt: skip

MAX_NODES = 500
MAX_EXPONENT = 16

Place = Callable[[int], tuple[int, int]]
"""From an offset in the text of an expression to (line, column) in the file."""

_BINARY: dict[type[ast.operator], BinaryOperator] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], CompareOperator] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


def parse_expression(text: str, line: int = 1, column: int = 1, place: Place | None = None) -> Expression:
    """Read an expression that starts at (line, column) of a file.

    Parameters
    ----------
    text
        At most 2,000 characters; line breaks count as spaces.
    line, column
        Where the text starts, counted from 1.
    place
        Where each offset of the text stands, if the file folds or indents the text.

    Raises
    ------
    ExpressionError
        With every problem that was found, each with its place in the file.
    """
    inside = place or _straight(text, line, column)
    problems: list[Problem] = []

    def where(offset: int) -> tuple[int, int]:
        return inside(max(offset, 0))  # Python places a tuple at the parenthesis that was put around the text

    def problem(offset: int, message: str, suggestion: str | None = None) -> None:
        problems.append(Problem(*where(offset), message, suggestion))

    if len(text) > MAX_CHARACTERS:
        problem(
            0,
            f"an expression has at most {MAX_CHARACTERS} characters, not {len(text)}; name parts of it under let",
        )
        raise ExpressionError(problems)
    if not text.strip():
        problem(0, "an expression is missing here")
        raise ExpressionError(problems)
    for found in misspellings(text):
        problem(*found)
    if problems:
        raise ExpressionError(problems)
    # One line of ASCII, so that Python's byte columns are offsets. The parentheses allow leading spaces.
    source = "(" + "".join(" " if character.isspace() else character for character in text) + "\n)"
    try:
        tree = ast.parse(source, mode="eval")
    except SyntaxError as error:
        problem(_offset_of(error, text), _syntax_message(error))
    except (ValueError, RecursionError, MemoryError):
        problem(0, f"nested more than {MAX_DEPTH} deep; name a part of it in the let section")
    if problems:
        raise ExpressionError(problems)
    translator = _Translator(where, problem)
    expression = translator.translate(tree.body, 1)
    if problems:
        raise ExpressionError(problems)
    return expression


def _straight(text: str, line: int, column: int) -> Place:
    def place(offset: int) -> tuple[int, int]:
        breaks = text.count("\n", 0, offset)
        if breaks:
            return line + breaks, offset - text.rfind("\n", 0, offset)
        return line, column + offset

    return place


def _offset_of(error: SyntaxError, text: str) -> int:
    if error.lineno != 1 or error.offset is None:
        return max(len(text.rstrip()) - 1, 0)
    return min(max(error.offset - 2, 0), max(len(text.rstrip()) - 1, 0))


def _syntax_message(error: SyntaxError) -> str:
    if "comma" in str(error.msg):
        return "an operator or a comma is missing here"
    return "this is not a complete expression: an operand or an operator is missing here"


class _Translator:
    """Translates one Python tree; anything that is not on the white list becomes a problem."""

    def __init__(self, where: Place, problem: Callable[..., None]) -> None:
        self._where = where
        self._problem = problem
        self._nodes = 0
        self._stopped = False

    def translate(self, node: ast.expr, depth: int) -> Expression:
        offset = node.col_offset - 1
        line, column = self._where(offset)
        self._nodes += 1
        if depth > MAX_DEPTH:
            return self._stop(offset, f"nested more than {MAX_DEPTH} deep; name a part of it in the let section")
        if self._nodes > MAX_NODES:
            return self._stop(offset, f"more than {MAX_NODES} parts; name some of them in the let section")
        match node:
            case ast.Constant(value=value):
                return self._number(value, offset, line, column)
            case ast.Name(id=name):
                return Name(name, line=line, column=column)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._negative(operand, depth, line, column)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.translate(operand, depth + 1)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Unary("not", self.translate(operand, depth + 1), line=line, column=column)
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _BINARY:
                return self._binary(_BINARY[type(operator)], left, right, depth, line, column)
            case ast.Compare():
                return self._compare(node, depth, line, column)
            case ast.BoolOp(op=operator, values=values):
                operands = tuple(self.translate(value, depth + 1) for value in values)
                return Logic("and" if isinstance(operator, ast.And) else "or", operands, line=line, column=column)
            case ast.Call():
                return self._call(node, depth, line, column)
            case ast.Subscript(value=value, slice=bars):
                return Lag(self.translate(value, depth + 1), self._bars(bars), line=line, column=column)
            case ast.Attribute(value=ast.Name(id="ta"), attr=attribute):
                return self._refuse(
                    offset, f"ta.{attribute} is a function: write its arguments, such as ta.{attribute}(close)"
                )
            case ast.Attribute(attr=attribute):
                return self._refuse(
                    offset,
                    f".{attribute} is not part of the language; only ta.NAME has a point",
                    _attribute_advice(node),
                )
            case ast.Tuple():
                return self._refuse(offset, "one expression only; join conditions with and, or")
            case ast.List():
                return self._refuse(offset, "a list cannot stand here; x[n] needs a series before the bracket")
        return self._refuse(offset, "this is not part of the language")

    def _refuse(self, offset: int, message: str, suggestion: str | None = None) -> Expression:
        if not self._stopped:
            self._problem(offset, message, suggestion)
        return Number(0)

    def _stop(self, offset: int, message: str) -> Expression:
        refused = self._refuse(offset, message)
        self._stopped = True
        return refused

    def _number(self, value: object, offset: int, line: int, column: int) -> Expression:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._refuse(offset, "only numbers can stand here")
        if (isinstance(value, int) and abs(value) >= 2**53) or (isinstance(value, float) and not math.isfinite(value)):
            return self._refuse(offset, "this number is too large")
        return Number(value, line=line, column=column)

    def _negative(self, operand: ast.expr, depth: int, line: int, column: int) -> Expression:
        inner = self.translate(operand, depth + 1)
        if isinstance(inner, Number):
            return Number(-inner.value, line=line, column=column)
        return Unary("-", inner, line=line, column=column)

    def _binary(
        self, operator: BinaryOperator, left: ast.expr, right: ast.expr, depth: int, line: int, column: int
    ) -> Expression:
        first, second = self.translate(left, depth + 1), self.translate(right, depth + 1)
        if operator == "**" and not (isinstance(second, Number) and abs(second.value) <= MAX_EXPONENT):
            self._refuse(right.col_offset - 1, f"an exponent is a number between -{MAX_EXPONENT} and {MAX_EXPONENT}")
        return Binary(operator, first, second, line=line, column=column)

    def _compare(self, node: ast.Compare, depth: int, line: int, column: int) -> Expression:
        offset = node.col_offset - 1
        sides = [self.translate(side, depth + 1) for side in (node.left, *node.comparators)]
        parts: list[Expression] = []
        for index, operator in enumerate(node.ops):
            if type(operator) not in _COMPARE:
                return self._refuse(offset, "this comparison is not part of the language; use < <= > >= == !=")
            left = sides[index]
            parts.append(Compare(_COMPARE[type(operator)], left, sides[index + 1], line=left.line, column=left.column))
        return parts[0] if len(parts) == 1 else Logic("and", tuple(parts), line=line, column=column)

    def _call(self, node: ast.Call, depth: int, line: int, column: int) -> Expression:
        offset = node.col_offset - 1
        match node.func:
            case ast.Name(id="event"):
                match node.args:
                    case [ast.Name(id=kind)] if not node.keywords:
                        return Name(event_series(kind), line=line, column=column)
                return self._refuse(offset, EVENT_TAKES)
            case ast.Name(id=name):
                pass
            case ast.Attribute(value=ast.Name(id="ta"), attr=attribute):
                name = f"ta.{attribute}"
            case ast.Attribute(attr=attribute) as method:
                return self._refuse(
                    offset,
                    f".{attribute}(…) is not part of the language; only ta.NAME has a point",
                    _attribute_advice(method),
                )
            case _:
                return self._refuse(offset, "only a name can be called; an operator is missing before the parenthesis")
        args: list[Expression] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                self._refuse(argument.col_offset - 1, "* cannot stand before an argument")
                continue
            args.append(self.translate(argument, depth + 1))
        keywords: list[tuple[str, Expression]] = []
        for keyword in node.keywords:
            if keyword.arg is None:
                self._refuse(keyword.col_offset - 1, "** cannot stand before an argument")
                continue
            if keyword.arg in (name for name, _ in keywords):
                self._refuse(keyword.col_offset - 1, f"{keyword.arg} is given twice")
            keywords.append((keyword.arg, self.translate(keyword.value, depth + 1)))
        return Call(name, tuple(args), tuple(keywords), line=line, column=column)

    def _bars(self, node: ast.expr) -> Number | Name:
        offset = node.col_offset - 1
        line, column = self._where(offset)
        self._nodes += 1
        match node:
            case ast.Constant(value=int(value)) if not isinstance(value, bool):
                if value > 1_000_000:
                    self._refuse(offset, "x[n] looks back at most 1,000,000 bars")
                    return Number(0)
                return Number(value, line=line, column=column)
            case ast.Name(id=name):
                return Name(name, line=line, column=column)
            case ast.UnaryOp(op=ast.USub()):
                self._refuse(offset, "the future cannot be named: x[n] is the value n bars ago, n from 0 up")
            case _:
                self._refuse(offset, "x[n] takes a whole number of bars or the name of an int parameter")
        return Number(0)


def _attribute_advice(node: ast.Attribute) -> str | None:
    if isinstance(node.value, ast.Name):
        if node.attr in ("shift", "lag", "prev"):
            return f"{node.value.id}[1]"
        if node.value.id in ("talib", "TA", "Ta"):
            return f"ta.{node.attr}"
    return None
