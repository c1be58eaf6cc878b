"""From the tree of an expression back to text: one text for each tree, for hashes, comparisons and screens."""

from __future__ import annotations

from qt_engine.strategies.nodes import (
    Binary,
    Call,
    Compare,
    Expression,
    Lag,
    Logic,
    Name,
    Number,
    Unary,
)

# How tightly each operator binds; a part that binds less tightly than its place needs stands in parentheses.
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _NEGATIVE, _POWER, _ATOM = range(1, 10)
_BINARY = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "**": _POWER}


def expression_text(expression: Expression) -> str:
    """The expression with single spaces and as few parentheses as it needs; reads back to an equal tree."""
    return _write(expression)[0]


def _write(node: Expression) -> tuple[str, int]:
    match node:
        case Number(value=value):
            return number_text(value), _NEGATIVE if value < 0 or str(value).startswith("-") else _ATOM
        case Name(name=name):
            return name, _ATOM
        case Unary(op="not", operand=operand):
            return f"not {_part(operand, _NOT)}", _NOT
        case Unary(operand=operand):
            inner = _part(operand, _NEGATIVE)
            return f"-({inner})" if isinstance(operand, Number) else f"-{inner}", _NEGATIVE
        case Binary(op="**", left=left, right=right):
            return f"{_part(left, _ATOM)} ** {_part(right, _NEGATIVE)}", _POWER
        case Binary(op=op, left=left, right=right):
            rank = _BINARY[op]
            return f"{_part(left, rank)} {op} {_part(right, rank + 1)}", rank
        case Compare(op=op, left=left, right=right):
            return f"{_part(left, _SUM)} {op} {_part(right, _SUM)}", _COMPARE
        case Logic(op=op, operands=operands):
            rank = _AND if op == "and" else _OR
            return f" {op} ".join(_part(operand, rank + 1) for operand in operands), rank
        case Call(name=name, args=args, keywords=keywords):
            given = [*(_write(arg)[0] for arg in args), *(f"{key}={_write(value)[0]}" for key, value in keywords)]
            return f"{name}({', '.join(given)})", _ATOM
        case Lag(operand=operand, bars=bars):
            return f"{_part(operand, _ATOM)}[{_write(bars)[0]}]", _ATOM


def _part(node: Expression, rank: int) -> str:
    text, own = _write(node)
    return text if own >= rank else f"({text})"


def number_text(value: float) -> str:
    """The shortest decimal that reads back as the same number: `20`, `0.02`; a float stays a float (`2.0`)."""
    return repr(value)
