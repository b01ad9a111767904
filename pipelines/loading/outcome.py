"""The result of loading one answer into the raw tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

LoadOutcome = Literal[
    "loaded", "partial", "quarantined", "unreadable", "unchanged", "refused", "broken", "damaged"
]
"""loaded: all of it; partial: some of it was quarantined; quarantined: all of it was.

Unreadable: no such payload; unchanged: these bytes were loaded before; refused: a status other than
200; broken: the body did not arrive whole; damaged: it did, but the archive has it no longer, so it
is loaded as soon as it is whole again.
"""


@dataclass(frozen=True)
class LoadResult:
    """The number of loaded rows, what was quarantined and why, and what was odd but acceptable."""

    outcome: LoadOutcome
    rows: int = 0
    reason: str | None = None
    notes: Sequence[str] = field(default_factory=list)

    @classmethod
    def of(cls, rows: int, kept: int, faults: Sequence[str], notes: Sequence[str]) -> "LoadResult":
        """Return the result for `kept` loaded days or rows, with these faults in the others."""
        if not faults:
            return cls("loaded", rows, None, notes)
        return cls("partial" if kept else "quarantined", rows, "; ".join(faults), notes)
