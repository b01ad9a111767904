"""A build from the lake, under the builder's lease: feed, build, audit, publish, upload."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.alerts.checking import publish_and_alert
from pipelines.errors import BadSetting
from pipelines.lake.archive import share_archive
from pipelines.lake.connection import open_lake
from pipelines.lake.feeding import feed_warehouse
from pipelines.lake.lease import Lease, builder_lease
from pipelines.lake.published import Pointer, fetch_if_ahead, point_to, team_store, upload
from pipelines.loading.telemetry.segments import TelemetryLoadResult
from pipelines.publish.generations import Generation
from pipelines.publish.teams import TeamGeneration, publish_teams, team_home, team_names
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.transform.build import BuildResult, Progress, build

BuildStep = Literal["leased", "fed", "built", "published", "uploaded"]


@dataclass(frozen=True)
class LakeBuild:
    """Result of a build from the lake; `pointer` is None where generations stay in the home."""

    loaded: TelemetryLoadResult
    built: BuildResult
    generation: Generation
    epoch: int
    pointer: Pointer | None
    teams: tuple[TeamGeneration, ...] = ()


def build_from_lake(
    settings: Settings,
    progress: Progress | None = None,
    on_step: Callable[[BuildStep], None] = lambda step: None,
) -> LakeBuild:
    """Build, audit and publish what the lake holds, and the answers that any builder archived.

    Raise LockHeld where another builder has the lease, LeaseLost where it was lost on the way:
    then nothing is uploaded.
    """
    address = settings.services.lake
    if address is None:
        raise BadSetting("TOKENTIDE_LAKE is not set; docs/lake.md says how the lake is set up.")
    folder = settings.services.published
    store = ObjectStore(folder) if folder else None
    with builder_lease(address.catalog) as lease:
        on_step("leased")
        if store:
            fetch_if_ahead(settings, store)
        if settings.services.spool:
            share_archive(settings, ObjectStore(settings.services.spool))
        with open_lake(settings) as lake:
            loaded = feed_warehouse(settings, lake)
        on_step("fed")
        built = build(settings, progress=progress)
        on_step("built")
        lease.check()
        generation = publish_and_alert(settings)
        teams = _publish_teams(settings, progress)
        on_step("published")
        pointer = _upload_round(settings, store, generation, teams, lease) if store else None
        on_step("uploaded")
        return LakeBuild(loaded, built, generation, lease.epoch, pointer, teams)


def _publish_teams(settings: Settings, progress: Progress | None) -> tuple[TeamGeneration, ...]:
    names = team_names(settings)
    for name in names:
        if store := team_store(settings, name):
            # When verdicts began is in the generation before.
            fetch_if_ahead(team_home(settings, name), store)
    return tuple(publish_teams(settings, names, progress))


def _upload_round(
    settings: Settings,
    store: ObjectStore,
    generation: Generation,
    teams: Sequence[TeamGeneration],
    lease: Lease,
) -> Pointer:
    """Upload every file, then every pointer, that of all teams last."""
    uploaded: list[tuple[ObjectStore, Pointer]] = []
    for each in teams:
        if of_team := team_store(settings, each.team):
            uploaded.append((of_team, upload(of_team, each.generation, lease.epoch)))
    pointer = upload(store, generation, lease.epoch)
    lease.check()
    for place, each_pointer in [*uploaded, (store, pointer)]:
        point_to(place, each_pointer)
    return pointer
