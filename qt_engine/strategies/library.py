"""Where strategies live: those that ship with qt, the workspace's own laid over them, and any file by its path."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qt_engine.core.errors import InputError, NotFoundError, StoreError
from qt_engine.core.resources import shipped
from qt_engine.core.text import nearest, plain
from qt_engine.storage.files import replaced
from qt_engine.strategies.reading import is_empty
from qt_engine.strategies.syntax import MAX_BYTES, Scalar, Section, read_tree

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from qt_engine.strategies.base import Strategy

Source = Literal["shipped", "workspace", "file", "installed", "registered"]
Language = Literal["yaml", "python"]
SUFFIX = ".yaml"
_SUFFIXES: dict[Language, str] = {"yaml": SUFFIX, "python": ".py"}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FILE_SUFFIXES = (".yaml", ".yml", ".json", ".py")


@dataclass(frozen=True, slots=True)
class StrategyInfo:
    """One line of a list of strategies."""

    name: str
    source: Source
    path: Path
    description: str
    language: Language = "yaml"

    def as_json(self) -> dict[str, str]:
        """As shown by `qt strategies list --json`."""
        return {
            "name": self.name, "source": self.source, "language": self.language, "path": str(self.path),
            "description": self.description,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class StrategySource:
    """The text of a strategy and where it comes from; the text need not be right.

    `package` is the one that a strategy in Python was imported from, for its relative imports; else empty.
    """

    name: str
    text: str
    path: Path
    source: Source
    language: Language = "yaml"
    package: str = ""


Infos = list[StrategyInfo]


class StrategyLibrary:
    """The strategies of one workspace.

    Parameters
    ----------
    folder
        The workspace; its own strategies stand in `strategies`, `*.yaml` and `*.py`. The folder is made when one is saved.
    """

    def __init__(self, folder: Path) -> None:
        self._own = folder / "strategies"

    def list(self) -> list[StrategyInfo]:
        """Every document by name; the workspace's own hides a shipped one of the same name."""
        found = {name: ("shipped", path) for name, path in _files(shipped("configs") / "strategies").items()}
        found |= {name: ("workspace", path) for name, path in _files(self._own).items()}
        return [
            _info(name, "workspace" if source == "workspace" else "shipped", path)
            for name, (source, path) in sorted(found.items())
        ]

    def programs(self) -> Infos:
        """Every strategy in Python by name; none of them is run to be listed.

        Of one name the workspace's own is meant before a shipped one, that before one that this process has registered,
        and that before one of an installed package.
        """
        from qt_engine.strategies import programs

        found = {
            name: StrategyInfo(name, "installed", Path(point.module.replace(".", "/")), _package(point), "python")
            for name, point in programs.installed().items()
        }
        found |= {
            name: StrategyInfo(name, "registered", Path(cls.__module__), plain(cls.description), "python")
            for name, cls in programs.REGISTERED.items()
        }
        for source, files in (("shipped", programs.shipped_files()), ("workspace", _files(self._own, programs.SUFFIX))):
            for name, path in files.items():
                kind: Source = "workspace" if source == "workspace" else "shipped"
                found[name] = StrategyInfo(name, kind, path, _said(path), "python")
        return [found[name] for name in sorted(found)]

    def resolve(self, reference: str | os.PathLike[str] | type[Strategy]) -> StrategySource:
        """Find a strategy by name, by the path of its file, or take a class.

        A file is read and not run; of an installed package the module is imported, because only so its text is found.

        Raises
        ------
        NotFoundError
            If there is none; the message has the nearest name.
        InputError
            If the file is too large, is not text, or cannot be read.
        """
        if isinstance(reference, type):
            return _of_class(reference.name, reference)
        text = os.fspath(reference)
        if isinstance(reference, str) and _NAME.fullmatch(text):
            own, ships = self._own / f"{text}{SUFFIX}", shipped("configs") / "strategies" / f"{text}{SUFFIX}"
            program = own.with_suffix(".py")
            if own.is_file() and program.is_file():
                raise InputError(
                    f"there are two strategies {text}: {plain(own)} and {plain(program)}; rename one of them"
                )
            if own.is_file():
                return StrategySource(text, _read(own), own, "workspace")
            if program.is_file():
                return StrategySource(text, _read(program), program, "workspace", "python")
            if ships.is_file():
                return StrategySource(text, _read(ships), ships, "shipped")
            if (found := _program(text)) is not None:
                return found
        elif (path := _existing(text)) is not None:
            return StrategySource(path.stem, _read(path), path, "file", "python" if path.suffix == ".py" else "yaml")
        raise NotFoundError(self._unknown(text))

    def save(self, name: str, text: str, language: Language = "yaml") -> Path:
        """Write a strategy into the workspace, whole or not at all; it need not be right yet. A program is not run.

        Raises
        ------
        InputError
            If the name cannot be a file's, is that of a strategy in the other language, or the text is too large.
        StoreError
            If it cannot be written.
        """
        path = self._path(name, language)
        other = self._path(name, "yaml" if language == "python" else "python")
        if other.is_file() and not path.is_file():
            raise InputError(f"there is a strategy {name} already: {plain(other)}; take another name")
        try:
            data = text.encode()
        except UnicodeEncodeError:
            raise InputError("a strategy is text that UTF-8 can hold") from None
        if len(data) > MAX_BYTES:
            raise InputError(f"a strategy has at most {MAX_BYTES // 1000} kB")
        try:
            with replaced(path) as temporary:
                temporary.write_bytes(data)
        except OSError as error:
            raise StoreError(f"{plain(path)} cannot be written: {error.strerror}") from None
        return path

    def delete(self, name: str, language: Language = "yaml") -> None:
        """Remove a strategy of the workspace; one that ships under the same name shows again.

        Raises
        ------
        NotFoundError
            If the workspace has none of that name.
        StoreError
            If it cannot be removed.
        """
        path = self._path(name, language)
        try:
            path.unlink()
        except FileNotFoundError:
            ships = _files(shipped("configs") / "strategies")
            if language == "python":
                from qt_engine.strategies.programs import shipped_files

                ships = shipped_files()
            reason = f"{name} ships with qt and cannot be deleted" if name in ships else self._unknown(name)
            raise NotFoundError(reason) from None
        except OSError as error:
            raise StoreError(f"{plain(path)} cannot be removed: {error.strerror}") from None

    def _path(self, name: str, language: Language) -> Path:
        if not _NAME.fullmatch(name):
            raise InputError(
                f"strategy name {plain(name, 60)!r} is not small letters, digits and underscores, a letter first"
            )
        return self._own / f"{name}{_SUFFIXES[language]}"

    def _unknown(self, reference: str) -> str:
        known = sorted(
            {*_files(shipped("configs") / "strategies"), *_files(self._own), *(p.name for p in self.programs())}
        )
        shown = plain(reference, 100)
        if reference.endswith(_FILE_SUFFIXES) or "/" in reference or os.sep in reference:
            return f"there is no strategy file {shown}"
        near = nearest(reference.lower().replace("-", "_"), known)
        return f"there is no strategy {shown!r}; " + (
            f"did you mean {near}?" if near else f"there are {', '.join(known)}"
        )


def _existing(reference: str) -> Path | None:
    try:
        path = Path(reference).expanduser()
        return path if path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # too long, a zero byte, a user that does not exist
        return None


def _files(folder: Path, suffix: str = SUFFIX) -> dict[str, Path]:
    return {
        path.stem: path for path in sorted(folder.glob(f"*{suffix}")) if _NAME.fullmatch(path.stem) and path.is_file()
    }


def _program(name: str) -> StrategySource | None:
    """A strategy in Python that is no file of the workspace."""
    from qt_engine.strategies import programs

    if (path := programs.shipped_files().get(name)) is not None:
        return StrategySource(name, _read(path), path, "shipped", "python", programs.SHIPPED_PACKAGE)
    if (cls := programs.REGISTERED.get(name)) is not None:
        return _of_class(name, cls)
    if (point := programs.installed().get(name)) is None:
        return None
    from qt_engine.strategies.registration import load_installed

    found = load_installed(point)
    return StrategySource(name, found.text, found.path, "installed", "python", found.package)


def _of_class(name: str, cls: type[Strategy]) -> StrategySource:
    from qt_engine.strategies.registration import source_of

    found = source_of(cls)
    return StrategySource(name, found.text, found.path, "registered", "python", found.package)


def _package(point: EntryPoint) -> str:
    package = point.dist
    return plain(f"installed with {package.name} {package.version}") if package is not None else "installed"


def _said(path: Path) -> str:
    from qt_engine.strategies.programs import description_in

    try:
        return plain(description_in(_read(path)))
    except InputError:
        return ""


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=plain(path)) from None
    if len(data) > MAX_BYTES:
        raise InputError(f"a strategy has at most {MAX_BYTES // 1000} kB", file=plain(path))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = error.start - before.rfind(b"\n")
        raise InputError(
            "this is not UTF-8 text", file=plain(path), line=before.count(b"\n") + 1, column=column
        ) from None


def _info(name: str, source: Source, path: Path) -> StrategyInfo:
    """Name and description, which also a strategy with mistakes has."""
    try:
        tree, _ = read_tree(_read(path))
    except InputError:
        tree = None
    entries = tree.entries if isinstance(tree, Section) else ()
    texts = [
        value.text
        for key, value in entries
        if key.text == "description" and isinstance(value, Scalar) and not is_empty(value)
    ]
    return StrategyInfo(name, source, path, plain(" ".join(texts[0].split())) if texts else "")
