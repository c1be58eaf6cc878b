"""The colours a chart draws with; made from a theme."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Palette:
    """Colours as `#rrggbb`.

    `gain` and `loss` are told apart by luminance too, and never stand alone: beside them is a sign, an arrow or a shape.
    """

    foreground: str = "#d8dee6"
    muted: str = "#7d8794"
    accent: str = "#e8b04a"
    background: str = "#101418"
    surface: str = "#171c22"
    cursor: str = "#2a3542"
    grid: str = "#2b333d"
    gain: str = "#2fb5a0"
    loss: str = "#f0883e"
    warning: str = "#e3c341"
    error: str = "#ef6a6a"
    series: tuple[str, ...] = ("#5aa9e6", "#e8b04a", "#2fb5a0", "#c58af9", "#f0883e", "#9aa5b1")

    def change(self, value: float | None) -> str:
        """The colour of a gain, of a loss, or of neither."""
        if value is None or value != value or value == 0:
            return self.foreground
        return self.gain if value > 0 else self.loss

    def resolve(self, words: str) -> str:
        """A style in which colours stand by name, such as `bold gain`, with the colours of this palette."""
        return " ".join(getattr(self, word) if word in _NAMES else word for word in words.split())

    def line(self, index: int) -> str:
        """The colour of the n-th line of a chart."""
        return self.series[index % len(self.series)]


NAMES = Palette(
    foreground="foreground",
    muted="muted",
    accent="accent",
    background="background",
    surface="surface",
    cursor="cursor",
    grid="grid",
    gain="gain",
    loss="loss",
    warning="warning",
    error="error",
)
"""A palette of names: what is styled with it keeps up when the theme changes, because names are resolved when drawn."""

_NAMES = frozenset(item.name for item in fields(Palette)) - {"series"}
