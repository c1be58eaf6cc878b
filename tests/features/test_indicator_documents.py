"""What is generated is up to date, and looking at it loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import talib

from qt_engine.features import INDICATORS, generate


def test_the_table_is_that_of_the_installed_talib() -> None:
    assert generate.TABLE_FILE.read_text(encoding="utf-8") == generate.talib_table()


def test_the_page_is_up_to_date() -> None:
    assert generate.PAGE_FILE.read_text(encoding="utf-8") == generate.indicators_page()


def test_every_talib_function_and_output_is_offered() -> None:
    for function in talib.get_functions():
        assert f"ta.{function}" in INDICATORS
    for name in ("ta.MACD_macdsignal", "ta.MACD_macdhist", "ta.STOCH_slowd", "ta.BBANDS_lowerband", "ta.AROON_aroonup"):
        assert name in INDICATORS


def test_metadata_loads_no_numbers() -> None:
    program = (
        "import sys, qt_engine.features as f; f.bind(f.INDICATORS['ta.ATR'], [14]); "
        "print(sorted({'numpy', 'numba', 'talib', 'pandas'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
