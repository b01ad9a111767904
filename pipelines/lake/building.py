"""A build from the lake, under the builder's lease: feed, build, audit, publish, upload."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pipelines.alerts.checking import publish_and_alert
from pipelines.errors import BadSetting
from pipelines.lake.archive import share_archive
from pipelines.lake.connection import open_lake
from pipelines.lake.feeding import feed_warehouse
from pipelines.lake.lease import builder_lease
from pipelines.lake.published import Pointer, fetch_if_ahead, upload
from pipelines.loading.telemetry.segments import TelemetryLoadResult
from pipelines.publish.generations import Generation
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
        on_step("published")
        lease.check()
        pointer = upload(store, generation, lease.epoch) if store else None
        on_step("uploaded")
        return LakeBuild(loaded, built, generation, lease.epoch, pointer)
