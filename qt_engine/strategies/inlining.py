"""Puts the constants of `let` in the places that read them, so that a window may be `let: {half: fast / 2}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from qt_engine.strategies.document import StrategyDocument
from qt_engine.strategies.expressions import MAX_NODES
from qt_engine.strategies.functions import FUNCTIONS, bind_function
from qt_engine.strategies.nodes import Binary, Call, Compare, Expression, Lag, Logic, Name, Number, Unary, walk
from qt_engine.strategies.problems import ExpressionError, Problem

AnyDocument = TypeVar("AnyDocument", bound=StrategyDocument)
_NODES = (Number, Name, Unary, Binary, Compare, Logic, Call, Lag)


def inline(document: AnyDocument, constants: list[str]) -> AnyDocument:
    """The document without the named `let` expressions, which stand in the places of their names instead.

    Parameters
    ----------
    constants
        Names of `let`, each reading only parameters and those before it.

    Raises
    ------
    ExpressionError
        If an expression grows beyond the size that one may have, or `x[n]` would get anything but a number or name.
    """
    values: dict[str, Expression] = {}
    for name in constants:
        values[name] = substitute(document.let[name], values)
    if not values:
        return document

    def change(expression: Expression) -> Expression:
        return substitute(expression, values)

    kept = {name: expression for name, expression in document.let.items() if name not in values}
    return rewrite(replace(document, let=kept), change)


def rewrite(document: AnyDocument, change: Callable[[Expression], Expression]) -> AnyDocument:
    """The document with every expression changed."""
    let = {name: change(expression) for name, expression in document.let.items()}
    sections = {
        part.name: _map(getattr(document, part.name), change)
        for part in fields(document)
        if part.name not in ("let", "universe")
    }
    return replace(document, **{**sections, "let": let})


def positional(expression: Expression) -> Expression:
    """The expression with all arguments of the language's own functions by position; it must have passed the checks."""
    return _put(expression, {})


def _map(part: Any, change: Callable[[Expression], Expression]) -> Any:
    """`part` with every expression in it changed."""
    if isinstance(part, _NODES):
        return change(part)
    if isinstance(part, tuple):
        return tuple(_map(item, change) for item in part)
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{field.name: _map(getattr(part, field.name), change) for field in fields(part)})
    return part


def substitute(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """The expression with each name that has a value replaced by it; raises as `inline` does."""
    if not any(isinstance(part, Name) and part.name in values for part in walk(expression)):
        return expression
    result = _put(expression, values)
    if sum(1 for _ in walk(result)) > MAX_NODES:
        reason = f"with its constants put in, this has more than {MAX_NODES} parts; write them as parameters"
        raise ExpressionError([Problem(expression.line, expression.column, reason)])
    return result


def _put(node: Expression, values: Mapping[str, Expression]) -> Expression:
    def put(part: Expression) -> Expression:
        return _put(part, values)

    match node:
        case Name(name=name) if name in values:
            return replace(values[name], line=node.line, column=node.column)
        case Unary(operand=operand):
            return replace(node, operand=put(operand))
        case Binary(left=left, right=right) | Compare(left=left, right=right):
            return replace(node, left=put(left), right=put(right))
        case Logic(operands=operands):
            return replace(node, operands=tuple(put(operand) for operand in operands))
        case Call(name=name, keywords=keywords) if keywords and name in FUNCTIONS and not values:
            given = bind_function(node)
            return replace(node, args=tuple(put(part) for part in given.values() if part is not None), keywords=())
        case Call(args=args, keywords=keywords):
            return replace(
                node, args=tuple(map(put, args)), keywords=tuple((key, put(value)) for key, value in keywords)
            )
        case Lag(operand=operand, bars=bars):
            shift = put(bars)
            if not isinstance(shift, Number | Name):
                reason = "x[n] takes a whole number of bars or an int parameter; for a computed one write lag(x, n)"
                raise ExpressionError([Problem(bars.line, bars.column, reason)])
            return replace(node, operand=put(operand), bars=shift)
    return node
