"""A build from the lake, under the builder's lease: feed, build, audit, publish, upload."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pipelines.alerts.checking import publish_and_alert
from pipelines.lake.archive import share_archive
from pipelines.lake.connection import lake_of, open_lake
from pipelines.lake.feeding import feed_warehouse
from pipelines.lake.lease import Lease, builder_lease
from pipelines.lake.maintenance import Maintained, maintain
from pipelines.lake.published import Pointer, fetch_if_ahead, forget
from pipelines.lake.rounds import RoundPart, fence_round, team_store, upload_round
from pipelines.loading.telemetry.segments import TelemetryLoadResult
from pipelines.publish.generations import Generation, generations, has_news
from pipelines.publish.teams import (
    TeamGeneration,
    note_teams,
    publish_teams,
    team_generation,
    team_home,
    team_names,
    teams_have_changed,
)
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.transform.build import BuildResult, Progress, build

MAINTENANCE = timedelta(days=1)

BuildStep = Literal["leased", "fed", "built", "published", "uploaded"]
OnBuildStep = Callable[[BuildStep], None]
"""Called with the step that has just ended."""


@dataclass(frozen=True)
class LakeBuild:
    """Result of a build from the lake.

    `snapshot` is the one of the lake up to which it has read at least. `is_new` says whether it
    published the generation. `pointer` is what it uploaded: None where generations stay in the
    home, and where S3 has this one already. `teams` have a generation of the same round each.
    """

    snapshot: int
    loaded: TelemetryLoadResult
    built: BuildResult
    generation: Generation
    epoch: int
    is_new: bool
    pointer: Pointer | None
    teams: tuple[TeamGeneration, ...]


def build_from_lake(
    settings: Settings,
    progress: Progress | None = None,
    on_step: OnBuildStep = lambda step: None,
) -> LakeBuild:
    """Build, audit and publish what the lake holds, and the answers that any builder archived.

    Where nothing came since the last generation and no team changed, nothing is published. Raise
    LockHeld where another builder has the lease, LeaseLost where it was lost on the way: then
    nothing is uploaded.
    """
    with builder_lease(lake_of(settings).catalog) as lease:
        return build_under(settings, lease, progress, on_step)


def follow_lake(
    settings: Settings,
    every: float,
    on_built: Callable[[LakeBuild], None],
    progress: Progress | None = None,
) -> None:
    """Build `every` this many seconds under one lease, and maintain the lake once a day.

    It ends only by an error, as `build_from_lake` raises it.
    """
    with builder_lease(lake_of(settings).catalog) as lease:
        while True:
            on_built(build_under(settings, lease, progress))
            if lease.maintained_at is None or datetime.now(UTC) - lease.maintained_at > MAINTENANCE:
                maintain_under(settings, lease)
            time.sleep(every)


def maintain_lake(settings: Settings) -> Maintained:
    """Maintain the lake under the lease; raise as `build_from_lake` does."""
    with builder_lease(lake_of(settings).catalog) as lease:
        return maintain_under(settings, lease)


def maintain_under(settings: Settings, lease: Lease) -> Maintained:
    """Maintain the lake under a lease that is held."""
    with open_lake(settings) as lake:
        done = maintain(lake, lease.check)
    lease.note_maintained()
    return done


def build_under(
    settings: Settings,
    lease: Lease,
    progress: Progress | None = None,
    on_step: OnBuildStep = lambda step: None,
) -> LakeBuild:
    """Build, audit and publish under a lease that is held."""
    folder = settings.services.published
    store = ObjectStore(folder) if folder else None
    on_step("leased")
    if lease.is_takeover:
        if store:
            fence_round(store, lease.epoch)
        lease.note_fenced()
    if store:
        fetch_if_ahead(settings, store)
    if settings.services.spool:
        share_archive(settings, ObjectStore(settings.services.spool))
    with open_lake(settings) as lake:
        snapshot = lake.snapshot()
        loaded = feed_warehouse(settings, lake)
    on_step("fed")
    built = build(settings, progress=progress)
    on_step("built")
    lease.check()
    is_new = has_news(settings) or teams_have_changed(settings)
    generation = publish_and_alert(settings) if is_new else generations(settings)[-1]
    teams = _publish_teams(settings, store, progress)
    note_teams(settings)
    on_step("published")
    pointer = None
    if store:
        parts = [
            RoundPart(team_home(settings, each.team), team_store(store, each.team), each.generation)
            for each in teams
        ]
        pointer = upload_round([*parts, RoundPart(settings, store, generation)], lease)
    on_step("uploaded")
    return LakeBuild(snapshot, loaded, built, generation, lease.epoch, is_new, pointer, teams)


def _publish_teams(
    settings: Settings, store: ObjectStore | None, progress: Progress | None
) -> tuple[TeamGeneration, ...]:
    """Publish what teams lack of the round of the newest generation; return that of every team."""
    names = team_names(settings)
    lacking = [name for name in names if team_generation(settings, name) is None]
    for name in lacking:
        home = team_home(settings, name)
        if store:
            # When verdicts began is in the generation before.
            fetch_if_ahead(home, team_store(store, name))
        # That one may have the number of this round, from a builder that ended in the midst of it.
        forget(home)
    if lacking:
        publish_teams(settings, lacking, progress)
    found = ((name, team_generation(settings, name)) for name in names)
    return tuple(TeamGeneration(name, generation) for name, generation in found if generation)
