"""Parquet files are there entirely or not at all, and give back exactly what was written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qt_engine.core.errors import StoreError
from qt_engine.storage.lake import read_parquet, write_parquet


def test_values_come_back_bit_for_bit(tmp_path: Path) -> None:
    columns = {
        "ts": np.array([-(2**63) + 1, 0, 2**63 - 1]),
        "price": np.array([5e-324, np.nan, -np.inf]),
        "flag": np.array([1, 0, 1], np.uint8),
        "text": np.array(["[red]", "a\nb", ""]),
    }
    write_parquet(tmp_path / "deep" / "a.parquet", columns)
    read = read_parquet([tmp_path / "deep" / "a.parquet"])
    assert list(read) == list(columns)
    for name in ("ts", "price", "flag"):
        assert read[name].dtype == columns[name].dtype
        assert read[name].tobytes() == columns[name].tobytes()
    assert read["text"].tolist() == columns["text"].tolist()


def test_files_follow_each_other_and_pages_are_cut_out(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("z.parquet", "a.parquet")]
    for start, path in zip((0, 200_000), paths, strict=True):
        write_parquet(path, {"ts": np.arange(start, start + 200_000), "x": np.zeros(200_000)})
    assert (read_parquet(paths, ["ts"])["ts"] == np.arange(400_000)).all()
    assert read_parquet(paths, ["ts"], offset=199_998, limit=4)["ts"].tolist() == [199_998, 199_999, 200_000, 200_001]


def test_no_rows_are_rows_too(tmp_path: Path) -> None:
    write_parquet(tmp_path / "none.parquet", {"ts": np.empty(0, np.int64)})
    assert read_parquet([tmp_path / "none.parquet"])["ts"].dtype == np.int64


@pytest.mark.parametrize("columns", [{}, {"a": np.zeros(1), "b": np.zeros(2)}, {'x" FROM y': np.zeros(1)}])
def test_what_is_no_table_is_refused(tmp_path: Path, columns: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match="Parquet"):
        write_parquet(tmp_path / "a.parquet", columns)
    assert list(tmp_path.iterdir()) == []


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"gone\.parquet"):
        read_parquet([tmp_path / "gone.parquet"])
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(StoreError, match=r"cut\.parquet"):
        read_parquet([tmp_path / "cut.parquet"])


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(path, {"x": np.arange(3)})
    with pytest.raises((StoreError, ValueError)):
        write_parquet(path, {"x": np.array([1j])})
    assert read_parquet([path])["x"].tolist() == [0, 1, 2]
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]


def test_a_folder_with_pattern_characters_is_only_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "a[1]*?" / "a.parquet"
    write_parquet(path, {"x": np.arange(3)})
    assert len(read_parquet([path])["x"]) == 3
