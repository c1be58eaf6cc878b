"""What the provers answer: a `Proof` about the future, a `WarmUpProof` about the past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from qt_engine.core.clock import iso
from qt_engine.core.text import plain


@dataclass(frozen=True)
class Violation:
    """A decision that is another one once bars before or after are taken away.

    Attributes
    ----------
    bar, ts
        The bar of the decision: its index, and its open in UTC nanoseconds.
    symbol
        The first asset for which it differs; None where there is a decision in one case only.
    what
        The decided quantity: `target`, `entry`, …; `prepared z` for an array of `prepare`.
    whole
        What it is when all bars are there, in words.
    cut
        What it is without those that should not matter.
    known
        Index of the last bar that was known in the second case; for a warm-up, of the first one.
    """

    bar: int
    ts: int
    symbol: str | None
    what: str
    whole: str
    cut: str
    known: int

    def as_json(self) -> dict[str, Any]:
        """The fields by name, and the time as text."""
        return {**vars(self), "time": iso(self.ts)}

    @property
    def place(self) -> str:
        """Bar, day and asset in words."""
        when = iso(self.ts).removesuffix("T00:00:00Z")
        return f"bar {self.bar} ({when})" + ("" if self.symbol is None else f", {plain(self.symbol)}")


@dataclass(frozen=True)
class Proof:
    """Whether decisions depend on bars that had not happened.

    Attributes
    ----------
    verdict
        `clean`: at none of the bars checked. `violated`: at `violation`, the first one found.
    bars, checked
        Bars of the market, and at how many of them the future was taken away. A strategy whose decisions before its warm-up
        do not exist needs no check there.
    method
        What was done, in words.
    notes
        What a person should know: differences by rounding alone, and the like.
    """

    strategy: str
    verdict: Literal["clean", "violated"]
    bars: int
    checked: int
    method: str
    violation: Violation | None = None
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        if self.violation is None:
            return f"no look-ahead: {self.method}"
        v = self.violation
        return (
            f"looks ahead at {v.place}: {v.what} is {v.whole} with all {self.bars} bars, "
            f"but {v.cut} when nothing after bar {v.known} is known"
        )

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        violation = None if self.violation is None else self.violation.as_json()
        return {**vars(self), "violation": violation, "notes": list(self.notes)}


@dataclass(frozen=True)
class WarmUpProof:
    """Whether decisions after the warm-up depend on how much history lies before it.

    Attributes
    ----------
    verdict
        `exact`: they do not. `settles`: they do, and from some bar on no longer (exponential averages, own memory).
        `unsettled`: they still do at the end. `violated`: they do, and the strategy declares that they do not.
    declared
        Bars of warm-up that the strategy declares; None: it declares none (documents), and the first decision counts.
    first_decision
        Bar of the first decision; None: there is none.
    starts
        The bars at which history was made to begin.
    settled_after
        How many bars after a new start all decisions are those of the whole history, in the worst of the starts; None where
        they never are.
    """

    strategy: str
    verdict: Literal["exact", "settles", "unsettled", "violated"]
    bars: int
    declared: int | None
    first_decision: int | None
    starts: tuple[int, ...]
    settled_after: int | None
    violation: Violation | None = None

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        starts = f"{len(self.starts)} start{'' if len(self.starts) == 1 else 's'}"
        match self.verdict:
            case "exact" if not self.starts:
                return f"warm-up: there are too few bars ({self.bars}) to begin anywhere else"
            case "exact":
                return f"warm-up: decisions are the same from {starts}, {self.settled_after} bars after each"
            case "settles":
                return f"warm-up: decisions remember more; {self.settled_after} bars after a start they are the same ({starts})"
            case "unsettled":
                return f"warm-up: decisions depend on where history begins, up to the last bar ({starts})"
            case "violated":
                assert self.violation is not None
                v = self.violation
                return (
                    f"warm-up is too short: at {v.place}, {v.what} is {v.whole} with all history, but {v.cut} when it "
                    f"begins at bar {v.known}, {v.bar - v.known} bars earlier; {self.declared} bars were declared to be enough"
                )

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        violation = None if self.violation is None else self.violation.as_json()
        return {**vars(self), "starts": list(self.starts), "violation": violation}
