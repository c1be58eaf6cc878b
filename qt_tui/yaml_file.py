"""Reading the small YAML files of the app (keys, themes), with errors that name the file and the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qt_engine.core.errors import InputError


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty mapping.

    Raises
    ------
    InputError
        If the file cannot be read, is no YAML, or holds anything but a mapping with text keys.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(path.read_text("utf-8"), Loader=loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise InputError(f"is not valid YAML: {error.problem}", file=str(path), line=line) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"cannot be read: {error}", file=str(path)) from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise InputError("must be a mapping from names to values", file=str(path))
    return content
