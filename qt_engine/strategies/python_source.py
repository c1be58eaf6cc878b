"""From the text of a Python file to the strategy in it, and back to what names it.

A strategy is always made from text, also where it was imported or registered before: what a run stores is what has run,
and a reproduction needs nothing else. Each `fresh` class comes from a module of its own, so that nothing a strategy
leaves in global variables reaches the next run, or a proof.
"""

from __future__ import annotations

import builtins
import inspect
import itertools
import linecache
import math
import re
import sys
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import CodeType, ModuleType
from typing import Any, Literal

from qt_engine.core.errors import InputError, StrategyError
from qt_engine.core.hashing import hash_bytes
from qt_engine.core.intervals import interval_ns
from qt_engine.core.text import nearest, plain
from qt_engine.strategies.base import Strategy
from qt_engine.strategies.document import Parameter, Reading, RiskLimits, StrategyDocument
from qt_engine.strategies.expressions import parse_expression
from qt_engine.strategies.nodes import Number
from qt_engine.strategies.parameters import convert, resolve_parameters
from qt_engine.strategies.problems import ExpressionError, Problem
from qt_engine.strategies.registration import MADE_FROM_TEXT
from qt_engine.strategies.settings import RISK

KIND = "python"
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_modules = itertools.count()


@dataclass(frozen=True, kw_only=True)
class PythonStrategy(StrategyDocument):
    """A strategy of kind `python`: a document whose decisions are made by a program.

    Attributes
    ----------
    version
        What the author calls this state of it.
    source
        The text of its module, from which it is made anew for every run.
    class_name
        Which class of the module it is.
    package
        The package that the module stands in, for relative imports; empty for a file.
    recursive, drift_band
        See `Strategy`.
    file
        How the file is called in messages.
    """

    version: str
    source: str
    class_name: str
    package: str
    recursive: bool
    drift_band: float
    file: str = field(compare=False)

    @property
    def kind(self) -> Literal["python"]:
        """Python."""
        return "python"

    def readings(self) -> Iterator[Reading]:
        """None: a program has no expressions."""
        return iter(())

    @cached_property
    def sha256(self) -> str:
        """Of the source text in UTF-8."""
        return hash_bytes(self.source.encode())

    @cached_property
    def code(self) -> CodeType:
        """The source, compiled."""
        return compile(self.source, self.file, "exec", dont_inherit=True)

    def fresh(self) -> type[Strategy]:
        """The class, from a module that nobody else has."""
        found: type[Strategy] = getattr(_execute(self.code, self.source, self.file, self.package), self.class_name)
        return found

    def instance(self) -> Strategy:
        """A strategy that nobody else has."""
        cls = self.fresh()
        try:
            return cls()
        except (Exception, SystemExit) as error:
            raise failure(error, self.file) from error

    def canonical(self) -> dict[str, Any]:
        """What names the strategy in a run: JSON-serialisable; the source stands in it by its hash."""
        return {
            **self.canonical_head(),
            "recursive": self.recursive,
            "drift_band": None if math.isinf(self.drift_band) else self.drift_band,
            "version": self.version,
            "sha256": self.sha256,
            "class": self.class_name,
            "package": self.package,
        }


_loaded: OrderedDict[tuple[str, str, str], PythonStrategy] = OrderedDict()
KEPT = 16
"""Strategies that are remembered with the file they were read from, which is not stored."""


def recall_python(source: str, *, package: str = "", name: str) -> PythonStrategy:
    """As `load_python` for a text that a run has stored: called by its name, or as it was called in this process."""
    known = _loaded.get((source, package, name))
    return known or load_python(source, f"{name}.py", package=package, name=name)


def load_python(source: str, file: str, *, package: str = "", name: str | None = None) -> PythonStrategy:
    """Run a module's text and take the strategy from it. This runs the author's code.

    Parameters
    ----------
    name
        Which strategy, where the module has several.

    Raises
    ------
    InputError
        If the text is no Python, cannot be imported, or has no such strategy, or one with a wrong declaration.
    """
    strategy, problems = read_python(source, file, package=package, name=name)
    if strategy is None:
        first = problems[0]
        raise InputError(first.sentence, file=file, line=first.line, column=first.column if first.column > 1 else None)
    _loaded[source, package, strategy.name] = strategy
    _loaded.move_to_end((source, package, strategy.name))
    while len(_loaded) > KEPT:
        _loaded.popitem(last=False)
    return strategy


def read_python(
    source: str, file: str, *, package: str = "", name: str | None = None
) -> tuple[PythonStrategy | None, list[Problem]]:
    """As `load_python`, with everything that is wrong at once instead of an exception."""
    try:
        code = compile(source, file, "exec", dont_inherit=True)
    except SyntaxError as error:
        return None, [Problem(error.lineno or 1, error.offset or 1, f"this is not Python: {plain(error.msg)}")]
    except ValueError as error:  # a zero byte
        return None, [Problem(1, 1, f"this is not Python: {plain(error)}")]
    try:
        module = _execute(code, source, file, package)
    except StrategyError as error:
        return None, [Problem(error.line or 1, 1, error.reason)]
    cls, missing = _chosen(module, name)
    if cls is None:
        return None, [Problem(1, 1, missing)]
    line = _line_of(cls, source)
    wrong = [Problem(line, 1, message) for message in _wrong_declarations(cls)]
    if wrong:
        return None, wrong
    strategy = PythonStrategy(
        name=cls.name, version=cls.version, description=_description(cls), source=source, class_name=cls.__name__,
        package=package, interval=cls.interval, universe=tuple(cls.universe), params=declared_parameters(cls),
        require=tuple(parse_expression(text, line, 1) for text in cls.require), recursive=bool(cls.recursive),
        drift_band=float(cls.drift_band), file=file,
        risk=RiskLimits(**{name: Number(float(limit)) for name, limit in cls.risk.items()}),
    )  # fmt: skip
    try:
        _bars(strategy.instance(), resolve_parameters(strategy))
    except InputError as error:
        return None, [Problem(line, 1, error.reason)]
    except StrategyError as error:
        return None, [Problem(error.line or line, 1, error.reason)]
    return strategy, []


def declared_parameters(cls: type[Strategy]) -> dict[str, Parameter]:
    """The parameters of a class, each with its name; a plain number is one without bounds."""
    found = {}
    for name, given in cls.params.items():
        if isinstance(given, Parameter):
            found[name] = Parameter(name, given.type, given.default, given.low, given.high, given.step)
        else:
            found[name] = Parameter(name, "int" if isinstance(given, int) else "float", given)
    return found


def warmup_of(instance: Strategy, parameters: Mapping[str, int | float]) -> int:
    """How many bars must lie before the first decision.

    Raises
    ------
    InputError
        If the strategy says something else than a whole number from 0 up.
    """
    return _bars(instance, parameters)


def failure(error: BaseException, file: str, bar: str | None = None) -> StrategyError:
    """What a person is told of an exception in a strategy's code: one line; the traceback stays on the exception."""
    line = None
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    said = plain(error, 300)
    reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
    if bar is not None:
        if isinstance(error, IndexError):
            reason += "; history ends at the current bar"
        elif isinstance(error, ValueError) and "read-only" in said:
            reason += "; what the context shows cannot be changed, take a copy"
    return StrategyError(reason, file=file, line=line, bar=bar)


def _execute(code: CodeType, source: str, file: str, package: str) -> ModuleType:
    name = f"{package}.{KIND}_strategy_{next(_modules)}" if package else f"{KIND}_strategy_{next(_modules)}"
    module = ModuleType(name)
    module.__file__ = file
    module.__package__ = package
    module.__dict__[MADE_FROM_TEXT] = True
    # Standard output belongs to the command, which may be asked for exactly one JSON document.
    module.__dict__["print"] = partial(builtins.print, file=sys.stderr)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        exec(code, module.__dict__)  # noqa: S102 - that is what a strategy in Python is: a trusted program
    except (Exception, SystemExit) as error:
        told = failure(error, file)
        if isinstance(error, ImportError):
            told = StrategyError(
                f"{told.reason}; a strategy is one file, and may import what is installed", line=told.line
            )
        raise told from error
    finally:
        del sys.modules[name]
    return module


def _chosen(module: ModuleType, name: str | None) -> tuple[type[Strategy] | None, str]:
    """The strategy of a module: the registered ones are asked first; else why there is none."""
    classes = [
        value for value in module.__dict__.values()
        if isinstance(value, type) and issubclass(value, Strategy) and value.__module__ == module.__name__
    ]  # fmt: skip
    registered = [cls for cls in classes if "__registered__" in cls.__dict__]
    found = list(dict.fromkeys(registered or [cls for cls in classes if not inspect.isabstract(cls)]))
    if not found:
        if classes:
            return None, f"strategy {classes[0].__name__} has no on_data(self, context)"
        return None, "there is no strategy in this file: a class that inherits from qt_engine.Strategy"
    if inspect.isabstract(found[0]) and len(found) == 1:
        return None, f"strategy {found[0].__name__} has no on_data(self, context)"
    if len(found) > 1:
        named = [cls for cls in found if getattr(cls, "name", None) == name]
        if len(named) != 1:
            names = ", ".join(str(getattr(cls, "name", cls.__name__)) for cls in found)
            return None, f"there are several strategies in this file ({plain(names)}); keep one in a file"
        found = named
    return found[0], ""


def _wrong_declarations(cls: type[Strategy]) -> list[str]:
    """Everything that is wrong with what a class says of itself."""
    shown = cls.__name__
    wrong = []
    name = getattr(cls, "name", None)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        wrong.append(
            f"{shown}.name is small letters, digits and underscores, a letter first, not {plain(repr(name), 60)}"
        )
    if not isinstance(cls.version, str) or not cls.version.strip():
        wrong.append(f'{shown}.version is a text, such as "1", not {plain(repr(cls.version), 60)}')
    if not isinstance(cls.description, str):
        wrong.append(f"{shown}.description is a text")
    try:
        interval_ns(cls.interval)
    except (InputError, TypeError) as error:
        wrong.append(f"{shown}.interval: {error}")
    if not _texts(cls.universe):
        wrong.append(f'{shown}.universe is a list of symbols, such as ("AAPL", "IBM")')
    if not _texts(cls.require):
        wrong.append(f'{shown}.require is a list of conditions, such as ("fast < slow",)')
    wrong += _wrong_parameters(cls) + _wrong_limits(cls)
    if not wrong:
        for text in cls.require:
            try:
                parse_expression(text, 1, 1)
            except ExpressionError as error:
                wrong.append(f"{shown}.require: {plain(text, 60)}: {error.reason}")
    band: object = cls.drift_band
    if isinstance(band, bool) or not isinstance(band, int | float) or math.isnan(band) or band <= 0.0:
        wrong.append(f"{shown}.drift_band is a fraction of the equity above 0, not {plain(repr(band), 60)}")
    if not callable(getattr(cls, "on_data", None)):
        wrong.append(f"{shown} has no on_data(self, context)")
    return wrong


def _texts(value: object) -> bool:
    """Whether it is a list of texts that are not empty."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return False
    return all(isinstance(text, str) and text for text in value)


def _wrong_parameters(cls: type[Strategy]) -> list[str]:
    if not isinstance(cls.params, Mapping):
        return [f"{cls.__name__}.params is a mapping of names to whole(…), decimal(…) or numbers"]
    wrong = []
    for name, given in cls.params.items():
        number = isinstance(given, int | float) and not isinstance(given, bool)
        if not isinstance(name, str) or not NAME.fullmatch(name):
            wrong.append(f"{cls.__name__}.params: {plain(repr(name), 60)} is no name of a parameter")
        elif not number and not isinstance(given, Parameter):
            wrong.append(
                f"{cls.__name__}.params: {name} is whole(…), decimal(…) or a number, not {plain(repr(given), 60)}"
            )
    if wrong:
        return wrong
    for parameter in declared_parameters(cls).values():
        try:
            convert(parameter, parameter.default)
        except (InputError, TypeError) as error:
            wrong.append(f"{cls.__name__}.params: the default of {parameter.name}: {plain(error)}")
    return wrong


def _wrong_limits(cls: type[Strategy]) -> list[str]:
    if not isinstance(cls.risk, Mapping):
        return [f'{cls.__name__}.risk is a mapping of limits, such as {{"max_gross": 2.0}}']
    wrong = []
    for name, limit in cls.risk.items():
        if name not in RISK:
            near = nearest(str(name), RISK)
            known = f"did you mean {near}?" if near else f"there are {', '.join(RISK)}"
            wrong.append(f"{cls.__name__}.risk has no limit {plain(repr(name), 60)}; {known}")
        elif isinstance(limit, bool) or not isinstance(limit, int | float) or not RISK[name].accepts(float(limit)):
            wrong.append(f"{cls.__name__}.risk: {name} is {RISK[name].expected}, not {plain(repr(limit), 60)}")
    return wrong


def _bars(instance: Strategy, parameters: Mapping[str, int | float]) -> int:
    try:
        bars: object = instance.warmup_bars(parameters)
    except Exception as error:
        raise InputError(f"{type(instance).__name__}.warmup_bars: {type(error).__name__}: {plain(error)}") from error
    if isinstance(bars, float) and bars.is_integer():
        bars = int(bars)
    if hasattr(bars, "item"):
        bars = bars.item()
    if isinstance(bars, bool) or not isinstance(bars, int) or bars < 0:
        raise InputError(f"{type(instance).__name__}.warmup is a number of bars from 0 up, not {plain(repr(bars), 60)}")
    return bars


def _description(cls: type[Strategy]) -> str:
    """What it says of itself, else the first line of its docstring."""
    said = cls.description or (inspect.cleandoc(cls.__doc__).partition("\n")[0] if cls.__doc__ else "")
    return plain(" ".join(said.split()).removesuffix("."))


def _line_of(cls: type[Strategy], source: str) -> int:
    found = re.search(rf"^class\s+{re.escape(cls.__name__)}\b", source, re.MULTILINE)
    return source.count("\n", 0, found.start()) + 1 if found else 1
