"""A round of generations in S3: that of all teams, and one of each team in a folder below.

    generations/00000003-000012.duckdb                of all teams
    teams/search/generations/00000003-000012.duckdb   of one; a key of its readers sees no more

Every file is there before any pointer moves, and that of all teams moves last.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.errors import LeaseLost, ServiceFailed
from pipelines.lake.lease import Lease
from pipelines.lake.published import (
    Pointer,
    fence,
    is_newest,
    newest_epoch,
    point_to,
    remember,
    take_back,
    upload,
    withdraw,
)
from pipelines.publish.generations import Generation
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings

FOLDER = "teams"


@dataclass(frozen=True)
class RoundPart:
    """A generation, the home in which it is published, and its folder in S3."""

    home: Settings
    store: ObjectStore
    generation: Generation


def team_store(store: ObjectStore, team: str) -> ObjectStore:
    """Return the folder of a team's generations, to which a key of its readers can be limited."""
    return ObjectStore(replace(store.folder, prefix=f"{store.folder.prefix}/{FOLDER}/{team}"))


def fence_round(store: ObjectStore, epoch: int) -> None:
    """Begin an epoch in the folder of all teams, and in that of every team that has one by then.

    An earlier builder that makes the folder of another team looks at that of all, and finds it.
    """
    teams = {Path(key).parts[1] for key in store.list_keys(FOLDER)}
    fence(store, epoch)
    for team in sorted(teams):
        fence(team_store(store, team), epoch)


def upload_round(parts: Sequence[RoundPart], lease: Lease) -> Pointer | None:
    """Upload what S3 lacks of a round, whose last part is that of all teams; return its pointer.

    None where S3 has that one. Raise LeaseLost where the lease is lost before a pointer moves: then
    the files of those that have not moved are removed.
    """
    lacking = [each for each in parts if not is_newest(each.home, each.store, each.generation)]
    if not lacking:
        return None
    lease.check()
    pointer: Pointer | None = None
    left: list[tuple[RoundPart, Pointer]] = []
    try:
        for each in lacking:
            left.append((each, upload(each.store, each.generation, lease.epoch)))
        while left:
            lease.check()
            part, pointer = left.pop(0)
            if part is parts[-1]:
                point_to(part.store, pointer)
            else:
                _point_to(part.store, pointer, parts[-1].store)
            remember(part.home, pointer)
    except BaseException:
        for part, uploaded in left:
            with suppress(ServiceFailed):
                take_back(part.store, uploaded)
        raise
    return pointer if lacking[-1] is parts[-1] else None


def _point_to(store: ObjectStore, pointer: Pointer, of_all: ObjectStore) -> None:
    """Make a team's generation the newest one; raise LeaseLost where a later epoch has begun.

    A builder that lost its lease may be the only one that knows the team, so that no fence stands
    in its folder: it looks at that of all teams, before and after.
    """
    try:
        _check_epoch(of_all, pointer)
        point_to(store, pointer)
        _check_epoch(of_all, pointer)
    except LeaseLost:
        withdraw(store, pointer)
        raise


def _check_epoch(of_all: ObjectStore, pointer: Pointer) -> None:
    """Raise LeaseLost where a builder of a later epoch has begun."""
    if (newest := newest_epoch(of_all)) > pointer.epoch:
        raise LeaseLost(
            f"Epoch {newest} of the builder began after {pointer.epoch}, which is ours. "
            "Another builder goes on; this one may be started again."
        )
