"""The front door: a folder with data, strategies, runs, jobs and sessions, and the verbs used all day.

This is the only place that wires the parts together. Every part is made on first use, because the terminal app
and `qt --help` pay for each import on the way to their first line.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from qt_engine.core.errors import InputError
from qt_engine.core.text import plain

if TYPE_CHECKING:
    from qt_engine.core.settings import Settings
    from qt_engine.data.service import DataService
    from qt_engine.experiments.registry import RunRegistry
    from qt_engine.jobs.service import JobService
    from qt_engine.live.service import SessionService
    from qt_engine.storage.catalog import Catalog
    from qt_engine.strategies.library import StrategyLibrary

__all__ = ["Workspace"]

DEFAULT_NAME = "default"


class Workspace:
    """One folder of research.

    Attributes
    ----------
    folder
        Where everything of it is stored.
    data, strategies, runs, jobs, sessions
        The services of the floors below.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def open(cls, path_or_name: str | os.PathLike[str] | None = None) -> Workspace:
        """Open a workspace and make its folder where there is none.

        Parameters
        ----------
        path_or_name
            A path (anything with a separator, or a `Path`), or the name of a workspace in the user's data folder.
            None: what `QT_WORKSPACE` says, else the workspace `default`.

        Raises
        ------
        InputError
            If the place is a file or cannot be made.
        """
        folder = locate(path_or_name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise InputError(f"workspace {plain(folder)} is a file; name a folder") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(f"workspace {plain(folder)} cannot be made: {reason}") from None
        return cls(folder)

    def __repr__(self) -> str:
        return f"Workspace({str(self.folder)!r})"

    @cached_property
    def settings(self) -> Settings:
        """The defaults of runs and screens."""
        from qt_engine.core import settings

        return settings.load()

    @cached_property
    def catalog(self) -> Catalog:
        """The DuckDB catalog behind its lock."""
        from qt_engine.storage.catalog import Catalog

        return Catalog(self.folder)

    @cached_property
    def data(self) -> DataService:
        """Market data: import, look, load."""
        from qt_engine.data.service import DataService

        return DataService(self.folder, self.catalog)

    @cached_property
    def strategies(self) -> StrategyLibrary:
        """The shipped strategies and those of this workspace."""
        from qt_engine.strategies.library import StrategyLibrary

        return StrategyLibrary(self.folder / "strategies")

    @cached_property
    def runs(self) -> RunRegistry:
        """Every run there was, whatever became of it."""
        from qt_engine.experiments.registry import RunRegistry

        return RunRegistry(self.folder, self.catalog)

    @cached_property
    def jobs(self) -> JobService:
        """What runs in processes of its own."""
        from qt_engine.jobs.service import JobService

        return JobService(self.folder)

    @cached_property
    def sessions(self) -> SessionService:
        """Paper-trading sessions."""
        from qt_engine.live.service import SessionService

        return SessionService(self)


def locate(path_or_name: str | os.PathLike[str] | None = None) -> Path:
    """The folder that `Workspace.open` means, whether it exists or not."""
    if path_or_name is None:
        path_or_name = os.environ.get("QT_WORKSPACE") or DEFAULT_NAME
    if not isinstance(path_or_name, str):
        return Path(path_or_name).expanduser().absolute()
    if not path_or_name.strip() or "\0" in path_or_name:
        raise InputError("the name of a workspace must not be empty; give a folder or a name")
    if path_or_name in (".", "..", "~") or "/" in path_or_name or os.sep in path_or_name:
        return Path(path_or_name).expanduser().absolute()
    from qt_engine.core.settings import user_data_folder

    return user_data_folder() / "workspaces" / path_or_name
