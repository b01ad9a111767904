"""A round of generations in S3: that of all teams, and one of each team in a folder below.

    generations/00000003-000012.duckdb                of all teams
    teams/search/generations/00000003-000012.duckdb   of one; a key of its readers sees no more

Every file is there before any pointer moves, and that of all teams moves last.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.errors import ServiceFailed
from pipelines.lake.lease import Lease
from pipelines.lake.published import (
    Pointer,
    fence,
    is_newest,
    point_to,
    remember,
    take_back,
    upload,
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
    """Begin an epoch in the folder of all teams and in that of every team; see `fence`."""
    teams = {Path(key).parts[1] for key in store.list_keys(FOLDER)}
    for team in sorted(teams):
        fence(team_store(store, team), epoch)
    fence(store, epoch)


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
            point_to(part.store, pointer)
            remember(part.home, pointer)
    except BaseException:
        for part, uploaded in left:
            with suppress(ServiceFailed):
                take_back(part.store, uploaded)
        raise
    return pointer if lacking[-1] is parts[-1] else None
