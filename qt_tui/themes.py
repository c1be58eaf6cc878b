"""Themes are YAML files: colours of the app and of its charts. A user's own files are laid over the shipped ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qt_engine.core.errors import InputError
from qt_engine.core.resources import shipped
from qt_tui.charts.palette import Palette
from qt_tui.yaml_file import read_mapping

if TYPE_CHECKING:
    from textual.theme import Theme

DEFAULT = "dark"
ORDER = ("dark", "light", "high_contrast", "colour_blind")
COLOURS = (
    "primary", "secondary", "accent", "foreground", "muted", "background", "surface", "panel", "cursor", "grid",
    "success", "warning", "error",
)  # fmt: skip
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Look:
    """One theme: `colours` by name for the app, `palette` for the charts."""

    name: str
    title: str
    dark: bool
    colours: dict[str, str]
    palette: Palette

    def as_textual(self) -> Theme:
        """The same as a theme that Textual knows."""
        from textual.theme import Theme

        colours = self.colours
        return Theme(
            name=self.name,
            dark=self.dark,
            primary=colours["primary"],
            secondary=colours["secondary"],
            accent=colours["accent"],
            foreground=colours["foreground"],
            background=colours["background"],
            surface=colours["surface"],
            panel=colours["panel"],
            success=colours["success"],
            warning=colours["warning"],
            error=colours["error"],
            variables={
                "muted": colours["muted"],
                "grid": colours["grid"],
                "gain": self.palette.gain,
                "loss": self.palette.loss,
                "row-cursor": colours["cursor"],
                "block-cursor-background": colours["cursor"],
                "block-cursor-foreground": colours["foreground"],
                "block-cursor-text-style": "bold",
                "input-selection-background": f"{colours['primary']} 35%",
                "scrollbar": colours["grid"],
                "scrollbar-background": colours["background"],
                "scrollbar-corner-color": colours["background"],
                "border": colours["accent"],
                "border-blurred": colours["grid"],
            },
        )


def read_theme(path: Path) -> Look:
    """One theme file.

    Raises
    ------
    InputError
        If a colour is missing, unknown or not written as `#rrggbb`; the message names the file and the key.
    """
    content = read_mapping(path)
    colours, chart = _section(content, "colours", path), _section(content, "chart", path)
    unknown = sorted(set(colours) - set(COLOURS))
    if unknown:
        raise InputError(f"colours.{unknown[0]} is not known; known are {', '.join(COLOURS)}", file=str(path))
    for name in COLOURS:
        _check(colours.get(name), f"colours.{name}", path)
    series = chart.get("series")
    if not isinstance(series, list) or len(series) < 2:
        raise InputError("chart.series must list at least two colours", file=str(path))
    for position, colour in enumerate(series):
        _check(colour, f"chart.series[{position}]", path)
    for name in ("gain", "loss"):
        _check(chart.get(name), f"chart.{name}", path)
    name = str(content.get("name") or path.stem)
    palette = Palette(
        **{k: colours[k] for k in (
            "foreground", "muted", "accent", "background", "surface", "cursor", "grid", "warning", "error",
        )},
        gain=chart["gain"], loss=chart["loss"], series=tuple(series),
    )  # fmt: skip
    return Look(name, str(content.get("title") or name), bool(content.get("dark", True)), dict(colours), palette)


def read_themes(own: Path | None = None) -> tuple[dict[str, Look], list[str]]:
    """All themes by name, shipped ones first in their order, and the problems of files that had to be left out."""
    looks: dict[str, Look] = {}
    problems: list[str] = []
    folder = shipped("themes")
    paths = [folder / f"{name}.yaml" for name in ORDER]
    paths += sorted(own.glob("*.yaml")) if own is not None and own.is_dir() else []
    for path in paths:
        try:
            look = read_theme(path)
        except InputError as error:
            problems.append(str(error))
        else:
            looks[look.name] = look
    return looks, problems


def _section(content: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    section = content.get(name)
    if not isinstance(section, dict):
        raise InputError(f"{name} must be a mapping of colours", file=str(path))
    return section


def _check(colour: object, name: str, path: Path) -> None:
    if not isinstance(colour, str) or not _HEX.fullmatch(colour):
        raise InputError(f"{name} must be a colour such as #5aa9e6, not {colour!r}", file=str(path))
