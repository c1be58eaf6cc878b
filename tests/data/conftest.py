"""A data room of one's own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from qt_engine.data.service import DataService
from qt_engine.storage.catalog import Catalog


@pytest.fixture
def data(tmp_path: Path) -> DataService:
    folder = tmp_path / "workspace"
    return DataService(folder, Catalog(folder))
