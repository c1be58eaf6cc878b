"""Where the files that ship with qt are: `configs/` and `themes/`.

In a wheel they stand inside the package under `_shipped`; in a checkout they stand at the top level, so that
they can be edited in place. A user's own files are laid over them by the callers.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def shipped(name: str) -> Path:
    """The folder `configs` or `themes` as a path.

    Raises
    ------
    FileNotFoundError
        If the installation is incomplete.
    """
    package = Path(str(files("qt_engine")))
    for folder in (package / "_shipped" / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"{name}: not found beside {package}; reinstall qt")
