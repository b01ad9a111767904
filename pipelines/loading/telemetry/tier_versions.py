"""Versions of one entry of the tier: which one held when, by all that was ever stated of it.

They are a function of the statements alone, not of the order in which these were loaded.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

SINCE_EVER = datetime.min.replace(tzinfo=UTC)
UNTIL_NOW = datetime.max.replace(tzinfo=UTC)
FILE, CORRECTION = "file", "correction"


@dataclass(frozen=True, order=True)
class TierStatement:
    """Statement of a record about an entry: its JSON, or None where it is gone.

    Statements of one instant are in the order of their records' names.
    """

    at: datetime
    segment_id: str
    origin: str
    entry: str | None = None
    holds_from: datetime | None = None


@dataclass(frozen=True)
class TierVersion:
    """An entry from one instant up to another, and when that was said."""

    entry: str
    origin: str
    read_at: datetime
    valid_from: datetime
    valid_to: datetime

    @property
    def is_correction(self) -> bool:
        """True if it was said later that it had held."""
        return self.origin == CORRECTION


def tier_versions(statements: Iterable[TierStatement]) -> list[TierVersion]:
    """Return the versions of one entry, oldest first; none overlaps another."""
    ordered = sorted(statements, key=lambda each: (each.at, each.segment_id))
    stated = [each for each in ordered if each.origin != CORRECTION]
    versions = list(_as_stated(stated))
    for each in ordered:
        if each.origin == CORRECTION and each.entry is not None:
            versions = _corrected(versions, each)
    return versions


def _as_stated(statements: Iterable[TierStatement]) -> list[TierVersion]:
    """Return the versions without corrections; the first one holds since ever."""
    by_origin: dict[str, str] = {}
    held: tuple[str, str] | None = None
    found: list[TierVersion] = []
    for each in statements:
        if each.entry is None:
            by_origin.pop(each.origin, None)
        else:
            by_origin[each.origin] = each.entry
        # What a person wrote counts before what was found.
        holder = min(by_origin.items(), key=lambda item: (item[0] != FILE, item), default=None)
        if holder == held:
            continue
        if held:
            found[-1] = replace(found[-1], valid_to=each.at)
        if holder:
            begin = each.at if found else SINCE_EVER
            found.append(TierVersion(holder[1], holder[0], each.at, begin, UNTIL_NOW))
        held = holder
    # Two statements of one instant leave one that never held.
    return [version for version in found if version.valid_from < version.valid_to]


def _corrected(versions: Sequence[TierVersion], said: TierStatement) -> list[TierVersion]:
    """Return the versions with a correction in place of what differs from it in its time."""
    begin, end = said.holds_from or SINCE_EVER, said.at
    if begin >= end or said.entry is None:
        return list(versions)
    kept = [version for version in versions if version.entry == said.entry]
    for version in versions:
        if version.entry != said.entry:
            kept += _outside(version, begin, end)
    filled = [TierVersion(said.entry, CORRECTION, said.at, *gap) for gap in _gaps(kept, begin, end)]
    return sorted([*kept, *filled], key=lambda version: version.valid_from)


def _outside(version: TierVersion, begin: datetime, end: datetime) -> Iterator[TierVersion]:
    """Yield what of a version lies before and after a span."""
    if version.valid_from < begin:
        yield replace(version, valid_to=min(version.valid_to, begin))
    if version.valid_to > end:
        yield replace(version, valid_from=max(version.valid_from, end))


def _gaps(
    versions: Iterable[TierVersion], begin: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of a span in which no version holds."""
    for version in sorted(versions, key=lambda version: version.valid_from):
        if version.valid_from > begin:
            yield begin, min(version.valid_from, end)
        begin = max(begin, version.valid_to)
        if begin >= end:
            return
    yield begin, end
