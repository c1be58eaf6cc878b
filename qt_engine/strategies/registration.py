"""`register_strategy`, and the text of a strategy that was imported.

What there is, without importing any of it, is told by `qt_engine.strategies.programs`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TypeVar, overload

from qt_engine.core.errors import InputError
from qt_engine.core.text import plain
from qt_engine.strategies.base import Strategy
from qt_engine.strategies.programs import REGISTERED

MADE_FROM_TEXT = "__made_from_text__"
"""Stands in modules that were made for one run."""

S = TypeVar("S", bound=Strategy)


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """The text of a module that a strategy stands in, and where the module belongs."""

    text: str
    path: Path
    package: str


@overload
def register_strategy(cls: type[S]) -> type[S]: ...
@overload
def register_strategy() -> Callable[[type[S]], type[S]]: ...


def register_strategy(cls: type[S] | None = None) -> type[S] | Callable[[type[S]], type[S]]:
    """Mark a class as a strategy that is to be found by its name.

    In a strategy's file it says which class is meant, where there are several. In a module that is imported it makes
    the strategy known to this process, as an entry point of the group `qt.strategies` makes it known to all.

    Raises
    ------
    InputError
        If it is no strategy, or another class of this process has the name already.
    """
    if cls is None:
        return register_strategy
    if not (isinstance(cls, type) and issubclass(cls, Strategy)):
        raise InputError(f"register_strategy is for classes that inherit from Strategy, not {plain(repr(cls), 60)}")
    cls.__registered__ = True
    made_from_text = MADE_FROM_TEXT in vars(sys.modules.get(cls.__module__, object))
    if made_from_text or not isinstance(getattr(cls, "name", None), str):
        return cls  # the module of one run; or to be refused with the other declarations when it is read
    other = REGISTERED.get(cls.name)
    if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
        raise InputError(f"strategy {cls.name} is registered twice: by {other.__module__} and by {cls.__module__}")
    REGISTERED[cls.name] = cls
    return cls


def source_of(cls: type[Strategy]) -> ModuleSource:
    """The text of the module that a class was imported from.

    Raises
    ------
    InputError
        If there is none: a class typed into a prompt cannot be run again in a year.
    """
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None)
    try:
        if module is None or file is None:
            raise OSError
        return ModuleSource(inspect.getsource(module), Path(file), module.__package__ or "")
    except (OSError, TypeError):
        raise InputError(
            f"strategy {cls.__name__} has no source file, so that its runs could not be reproduced; write it to a file"
        ) from None


def load_installed(point: EntryPoint) -> ModuleSource:
    """Import an entry point and give the text of its module.

    Raises
    ------
    InputError
        If it cannot be imported, is no strategy, or has another name than its class.
    """
    try:
        cls = point.load()
    except (Exception, SystemExit) as error:
        raise InputError(
            f"strategy {point.name} ({plain(point.value)}) cannot be imported: {type(error).__name__}: {plain(error)}"
        ) from error
    if not (isinstance(cls, type) and issubclass(cls, Strategy)):
        raise InputError(f"strategy {point.name} ({plain(point.value)}) is no class that inherits from Strategy")
    if getattr(cls, "name", None) != point.name:
        raise InputError(
            f"strategy {point.name} ({plain(point.value)}) calls itself {plain(getattr(cls, 'name', ''))!r}"
        )
    return source_of(cls)
