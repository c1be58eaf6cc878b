"""A name for what a function says, so that an edit of it is not answered from a store.

It covers the function's own text, its defaults and the plain values that it closes over; what it calls is covered by the
version, which its author raises.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from types import CodeType, FunctionType
from typing import Any

from qt_engine.core.hashing import hash_config

PLAIN = (int, float, str, bool, bytes, type(None))


def definition_of(function: Callable[..., Any]) -> str:
    """SHA-256 of a function's source and compiled code: two on one line have one source, a cell of a shell has none."""
    return hash_config(_said_by(function))


def _said_by(function: Callable[..., Any]) -> list[object]:
    if isinstance(function, partial):
        return ["partial", _said_by(function.func), _plain(function.args), _plain(function.keywords)]
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):  # a numpy function, or an object that can be called
        return [
            type(function).__qualname__,
            getattr(function, "__name__", ""),
            _plain(getattr(function, "__dict__", {})),
        ]
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        source = ""
    closed = [cell.cell_contents for cell in getattr(function, "__closure__", None) or () if _is_filled(cell)]
    defaults = [getattr(function, "__defaults__", None), getattr(function, "__kwdefaults__", None)]
    return [source, _code(code), [_plain(value) for value in (*closed, *defaults)]]


def _code(code: CodeType) -> list[object]:
    return [
        code.co_code.hex(),
        list(code.co_names),
        list(code.co_varnames),
        [_plain(value) for value in code.co_consts],
    ]


def _plain(value: object) -> object:
    """Something that is written alike in every process."""
    if isinstance(value, PLAIN):
        return repr(value)
    if isinstance(value, dict):
        return sorted([str(key), _plain(item)] for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(repr, value))
    if isinstance(value, CodeType):
        return _code(value)
    if isinstance(value, FunctionType):
        return _code(value.__code__)
    return type(value).__qualname__


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell raises
    except ValueError:
        return False
    return True
