"""Symbols, names and errors are shown as plain text, whatever they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from qt_engine import Workspace
from qt_tui.app import QtApp
from qt_tui.folders import Folders
from qt_tui.widgets.strips import shown, sized
from research_workspace import screen_text, settle, until

HOSTILE = ("[red]X[/red]", "[/]", "../../etc/passwd", "A\x1b[31mB", "日本語", "$(rm)", "a" * 90)
CSV = "timestamp,open,high,low,close,volume\n2020-01-01,1,2,0.5,1.5,10\n2020-01-02,1.5,3,1,2,20\n"


@pytest.mark.parametrize("text", [*HOSTILE, "\u202eevil", "a\nb", "\x00", "e\u0301" * 5, "👩‍👩‍👧"])
def test_text_is_cut_to_its_cells_and_holds_no_control_characters(text: str) -> None:
    from rich.cells import cell_len

    for width in (1, 2, 5, 20):
        cell = sized(text, width)
        assert cell_len(cell) == width
        assert not any(ord(c) < 32 or c in "\x1b\u202e" for c in cell)
    assert "\x1b" not in shown(text)


async def test_symbols_from_anywhere_are_listed_and_drawn(tmp_path: Path, folders: Folders) -> None:
    ws = Workspace.open(tmp_path / "ws")
    file = tmp_path / "bars.csv"
    file.write_text(CSV, "utf-8")
    taken = []
    for symbol in HOSTILE:
        try:
            ws.data.import_file(file, symbol=symbol, interval="1d")
        except Exception as error:  # noqa: BLE001 - the engine may refuse a symbol, in one line
            assert "\x1b" not in str(error)
        else:
            taken.append(symbol)
    assert "[red]X[/red]" in taken
    app = QtApp(ws, folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "[red]X[/red]" in screen_text(pilot)
        for _ in taken:
            await pilot.press("j")
            await settle(pilot)
        await pilot.press("colon")
        await settle(pilot)
        assert "[red]X[/red]" in screen_text(pilot)


async def test_a_notification_is_no_markup(app: QtApp) -> None:
    from qt_tui.background import warn

    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settle(pilot)
        warn(app, "no [bold]such[/bold] thing [/")
        await until(pilot, lambda: "no [bold]such[/bold] thing [/" in screen_text(pilot), seconds=5)
