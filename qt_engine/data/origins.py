"""What a column of a market was made of, in one text: `SNAPSHOT[@ORIGIN][+ACTIONS]`.

The snapshot names the rows of a stored series. `@1m` says that they are of that finer interval and were resampled,
`@trades` or `@quotes` that they are events. `+` names the snapshot of the actions that were laid over them. A bare
snapshot is bars of the market's own interval, as it always was.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """One column's rows: their snapshot, their own interval or kind (empty: the market's interval), their actions' snapshot."""

    snapshot: str
    interval: str = ""
    actions: str = ""

    @classmethod
    def parse(cls, text: str) -> Origin:
        """The origin that a text names."""
        rows, _, actions = text.partition("+")
        snapshot, _, interval = rows.partition("@")
        return cls(snapshot, interval, actions)

    def __str__(self) -> str:
        interval = f"@{self.interval}" if self.interval else ""
        return self.snapshot + interval + (f"+{self.actions}" if self.actions else "")
