"""The change of alerts between two checks: a condition begins to fire, is resolved, or has gone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

AlertEvent = Literal["firing", "resolved", "expired"]
MAX_TEXT = 400


@dataclass(frozen=True)
class Observation:
    """One condition as a generation shows it. It fires, does not, or cannot be known (None)."""

    subject: str
    is_firing: bool | None
    text: str
    value: float | None = None
    threshold: float | None = None
    unit: str | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class AlertTransition:
    """One alert that opens or closes; one that expired was no longer observed."""

    event: AlertEvent
    subject: str
    observation: Observation | None = None


def find_transitions(
    firing: Collection[str], observed: Sequence[Observation]
) -> list[AlertTransition]:
    """Return what changes, given the subjects that fire already.

    What cannot be known changes nothing: an alert neither opens nor closes by a gap.
    """
    now = {each.subject: each for each in observed}
    opened = [
        AlertTransition("firing", subject, each)
        for subject, each in now.items()
        if each.is_firing and subject not in firing
    ]
    closed = [
        AlertTransition("resolved", subject, each)
        for subject, each in now.items()
        if each.is_firing is False and subject in firing
    ]
    gone = [AlertTransition("expired", each) for each in sorted(firing) if each not in now]
    return [*opened, *closed, *gone]


def clean(text: str) -> str:
    """Return a text as one bounded line. Names in it may come from anybody."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 1]}…"
