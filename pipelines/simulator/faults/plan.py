"""The fault plan: things the real service has done or may do, switched on by kind.

A fault applies to requests whose path contains `path`, and ends after `times` uses (None: never).
The kinds stand in tables by what they change: rows (`row_faults`), a JSON object or an export's
manifest (`payload_faults`), the whole response or its bytes on the wire (`response_faults`).
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pipelines.simulator.errors import InvalidFault, JsonObject


@dataclass(frozen=True)
class PlannedFault:
    """One fault.

    `date` is the day that a row fault changes (None: the newest one); `seconds` is the duration
    of a slow response, or the wait that a refusal asks for.
    """

    kind: str
    path: str = ""
    times: int | None = None
    date: dt.date | None = None
    seconds: float | None = None


class FaultPlan:
    """The faults now switched on, each with the number of its uses."""

    def __init__(self, faults: Sequence[PlannedFault] = ()) -> None:
        self.replace(faults)

    def replace(self, faults: Sequence[PlannedFault]) -> None:
        """Switch on exactly these faults."""
        self._active = [(fault, [0]) for fault in faults]

    def active(self) -> list[PlannedFault]:
        """List the faults with uses left."""
        return [
            fault for fault, used in self._active if fault.times is None or used[0] < fault.times
        ]

    def peek(self, kinds: Collection[str], path: str) -> list[PlannedFault]:
        """List the faults of these kinds that apply to a path, without using them up.

        A manifest peeks, so that its hashes match the faulty file that is fetched next. With
        `times` 1 that is one file: a test that fetches both formats plans one fault for `.csv`
        and one for `.json`.
        """
        return [fault for fault in self.active() if fault.kind in kinds and fault.path in path]

    def take(self, kinds: Collection[str], path: str) -> list[PlannedFault]:
        """Use each fault of these kinds that applies to a path once, and return them."""
        taken = self.peek(kinds, path)
        for fault, used in self._active:
            used[0] += any(fault is one for one in taken)
        return taken

    def take_one(self, kinds: Collection[str], path: str) -> PlannedFault | None:
        """Use and return the first such fault; the others wait for the next request."""
        for fault in self.peek(kinds, path)[:1]:
            for other, used in self._active:
                used[0] += other is fault
            return fault
        return None


def parse_faults(items: object, kinds: Collection[str]) -> list[PlannedFault]:
    """Read a list of faults. Raise InvalidFault with what is wrong in it."""
    if not isinstance(items, list):
        raise InvalidFault("faults are a JSON list")
    return [_parse_fault(item, kinds) for item in items]


def _parse_fault(item: JsonObject, kinds: Collection[str]) -> PlannedFault:
    fields = PlannedFault.__dataclass_fields__
    if unknown := set(item) - set(fields):
        raise InvalidFault(
            f"{min(unknown)!r} is not a field of a fault; they are {', '.join(fields)}"
        )
    kind, day = item.get("kind"), item.get("date")
    times, seconds = item.get("times"), item.get("seconds")
    if kind not in kinds:
        raise InvalidFault(f"{kind!r} is not a kind of fault; they are {', '.join(sorted(kinds))}")
    try:
        return PlannedFault(
            kind=str(kind),
            path=str(item.get("path", "")),
            times=None if times is None else int(str(times)),
            date=None if day is None else dt.date.fromisoformat(str(day)),
            seconds=None if seconds is None else float(str(seconds)),
        )
    except ValueError as error:
        raise InvalidFault(f"unreadable fault {item!r}: {error}") from error
