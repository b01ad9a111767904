"""A build from the lake, under the builder's lease: feed, build, audit, publish, upload."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pipelines.alerts.checking import publish_and_alert
from pipelines.lake.connection import lake_of, open_lake
from pipelines.lake.feeding import feed_warehouse
from pipelines.lake.lease import Lease, builder_lease
from pipelines.lake.maintenance import Maintained, maintain
from pipelines.lake.published import (
    Pointer,
    fence,
    fetch_if_ahead,
    is_newest,
    remember,
    upload,
)
from pipelines.loading.telemetry.segments import TelemetryLoadResult
from pipelines.publish.generations import Generation, generations, has_news
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
    home, and where S3 has this one already.
    """

    snapshot: int
    loaded: TelemetryLoadResult
    built: BuildResult
    generation: Generation
    epoch: int
    is_new: bool
    pointer: Pointer | None


def build_from_lake(
    settings: Settings,
    progress: Progress | None = None,
    on_step: OnBuildStep = lambda step: None,
) -> LakeBuild:
    """Build, audit and publish what the lake holds; the market's half is what this home holds.

    Where nothing came since the last generation, nothing is published. Raise LockHeld where another
    builder has the lease, LeaseLost where it was lost on the way: then nothing is uploaded.
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
            fence(store, lease.epoch)
        lease.note_fenced()
    if store:
        fetch_if_ahead(settings, store)
    with open_lake(settings) as lake:
        snapshot = lake.snapshot()
        loaded = feed_warehouse(settings, lake)
    on_step("fed")
    built = build(settings, progress=progress)
    on_step("built")
    lease.check()
    is_new = has_news(settings)
    generation = publish_and_alert(settings) if is_new else generations(settings)[-1]
    on_step("published")
    pointer = None
    if store and not is_newest(settings, store, generation):
        lease.check()
        pointer = upload(store, generation, lease.epoch, lease.check)
        remember(settings, pointer)
    on_step("uploaded")
    return LakeBuild(snapshot, loaded, built, generation, lease.epoch, is_new, pointer)
