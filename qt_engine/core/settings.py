"""The defaults of a run and where qt keeps its files, from `configs/base.yaml`, the user's file and `QT_*`.

What is laid over what, later ones winning: the shipped `configs/base.yaml`, `config.yaml` in the user's
configuration folder, environment variables such as `QT_FEE_BPS=1`. pydantic checks what the user gave; it is
imported only where the user gave something, because it costs more than everything else `qt` does at its start.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from qt_engine.core.errors import InputError
from qt_engine.core.resources import shipped
from qt_engine.core.text import nearest

PREFIX = "QT_"


@dataclass(frozen=True)
class Settings:
    """Defaults that a run, a command or a screen may override."""

    cash: float
    """Capital at the start of a run, in units of currency."""
    fee_bps: float
    """Fee per fill, in hundredths of a percent of the executed notional."""
    slippage_bps: float
    """Fixed slippage per fill, in hundredths of a percent of the reference price."""
    tick: float
    """Price step to which protective levels are rounded."""
    seed: int
    """Seed of everything random."""
    theme: str
    """Theme of the terminal app."""
    preview_pause_ms: int
    """How long typing must pause before the preview is redrawn."""
    feature_cache_mb: int
    """Megabytes of features' values that are kept in memory, and as many on disk."""
    feature_cache_minutes: float
    """How long they are kept."""


def load() -> Settings:
    """The settings that hold now.

    Raises
    ------
    InputError
        If the user's file or a variable holds an unknown name or a value of the wrong type.
    """
    names = [field.name for field in fields(Settings)]
    variables = {name: os.environ[PREFIX + name.upper()] for name in names if PREFIX + name.upper() in os.environ}
    return _load(user_config_file(), _stamp(user_config_file()), tuple(sorted(variables.items())))


def user_config_file() -> Path:
    """`config.yaml` in the user's configuration folder; it need not exist."""
    import platformdirs

    return Path(
        os.environ.get("QT_CONFIG") or Path(platformdirs.user_config_dir("qt", appauthor=False)) / "config.yaml"
    )


def user_data_folder() -> Path:
    """Where named workspaces and logs are kept."""
    import platformdirs

    return Path(platformdirs.user_data_dir("qt", appauthor=False))


@cache
def _load(user_file: Path, stamp: int, variables: tuple[tuple[str, str], ...]) -> Settings:
    base = read_yaml(shipped("configs") / "base.yaml")
    user = read_yaml(user_file) if stamp else {}
    for name in user:
        if name not in base:
            hint = nearest(str(name), base)
            raise InputError(
                f"unknown setting {str(name)!r}" + (f"; did you mean {hint}?" if hint else ""), file=str(user_file)
            )
    if not user and not variables:
        return Settings(**base)
    return Settings(**_checked(base, user, dict(variables), str(user_file)))


def _checked(
    base: Mapping[str, Any], user: Mapping[str, Any], variables: Mapping[str, str], file: str
) -> dict[str, Any]:
    from pydantic import TypeAdapter, ValidationError

    adapter = TypeAdapter(Settings)
    for given, place in ((user, file), (variables, None)):
        try:
            adapter.validate_python({**base, **given})
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else "settings"
            shown = name if place else PREFIX + name.upper()
            raise InputError(f"{shown}: {first['msg'][0].lower()}{first['msg'][1:]}", file=place) from None
    merged = adapter.validate_python({**base, **user, **variables})
    return {field.name: getattr(merged, field.name) for field in fields(Settings)}


def read_yaml(path: Path) -> dict[str, Any]:
    """A file of settings: one mapping.

    Raises
    ------
    InputError
        If it cannot be read, or holds something else.
    """
    import yaml

    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", file=str(path)) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        raise InputError(
            f"is not YAML: {getattr(error, 'problem', None) or 'not readable'}", file=str(path), line=line
        ) from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError("must hold `name: value` lines", file=str(path))
    return value


def _stamp(path: Path) -> int:
    """Changes when the file does; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
