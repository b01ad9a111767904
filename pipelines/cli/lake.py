"""The verbs `lake …`: what each host of the distributed form runs. docs/lake.md shows them."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.console import Json, show_progress, stderr, stdout
from pipelines.errors import BadSetting, LockHeld, ServiceFailed
from pipelines.settings import Settings, read_settings

if TYPE_CHECKING:
    from pipelines.lake.building import LakeBuild
    from pipelines.services.object_store import ObjectStore

DEFAULT_SECONDS = 30.0
KeepGoing = Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C or SIGTERM.")]
RoundSeconds = Annotated[
    float, typer.Option(min=0.1, help="Seconds between two rounds of --follow.")
]


def lake() -> None:
    """Run a part of the distributed form: many loaders, one builder, any number of readers.

    Examples:

        tokentide lake create

        tokentide lake ship --follow

        tokentide lake load --follow

        tokentide lake build --follow

        tokentide lake fetch --follow

        tokentide lake status
    """


def create() -> None:
    """Create the lake that TOKENTIDE_LAKE names, or what a newer version needs in it.

    Examples:

        tokentide lake create
    """
    from pipelines.lake.connection import open_lake

    with open_lake(read_settings(), is_new=True) as opened:
        stderr.print(f"The lake in {opened.address.data.url} is ready.", markup=False)


def ship(follow: KeepGoing = False, every: RoundSeconds = DEFAULT_SECONDS) -> None:
    """Move segments that wait on this host to the spool in S3, which TOKENTIDE_SPOOL names.

    Run it beside `tokentide collect`. While S3 is away segments wait here, up to --max-mib of the
    collector.

    Examples:

        tokentide lake ship

        tokentide lake ship --follow --every 5
    """
    from pipelines.lake.spool import ship as ship_segments
    from pipelines.loading.telemetry.segment_files import SpoolFolders

    settings = read_settings()
    store = _spool(settings)

    def once() -> None:
        shipped = ship_segments(SpoolFolders.of(settings), store)
        stderr.print(f"{shipped} segments are in {store.folder.url} now.", markup=False)

    _repeat(once, follow, every)


def load(
    follow: KeepGoing = False, every: RoundSeconds = DEFAULT_SECONDS, as_json: Json = False
) -> None:
    """Append waiting segments to the lake, each exactly once. Any number of hosts may run it.

    Segments are taken from the spool in S3, or from this home where TOKENTIDE_SPOOL is not set.

    Exit code 0 means that every segment could be read.

    Examples:

        tokentide lake load

        tokentide lake load --follow --every 5
    """
    settings = read_settings()

    def once() -> None:
        found = _load_once(settings)
        if as_json:
            typer.echo(json.dumps(found))
        else:
            stderr.print(
                f"{found['segments']} segments, {found['rows']} rows; {found['repeated']} were in "
                f"the lake, {found['busy']} are with other loaders."
            )
        for name, reason in found["unreadable"]:
            stderr.print(f"{name} cannot be read: {reason}", markup=False)
        if found["unreadable"] and not follow:
            raise typer.Exit(1)

    _repeat(once, follow, every)


def build(
    follow: KeepGoing = False, every: RoundSeconds = DEFAULT_SECONDS, as_json: Json = False
) -> None:
    """Build, audit and publish what the lake holds, if no other builder has the lease.

    Nothing is published where nothing came since. Every team of the tier file gets a generation of
    its rows too. With TOKENTIDE_PUBLISHED they are uploaded, the pointer of all teams last. With
    --follow a builder waits for the lease, takes over when the one that has it ends, keeps it, and
    maintains the lake once a day.

    Examples:

        tokentide lake build

        tokentide lake build --follow --every 60
    """
    from pipelines.lake.building import build_from_lake, follow_lake
    from pipelines.transform.build import lower_priority

    settings = read_settings()
    lower_priority()

    def show(found: "LakeBuild") -> None:
        if as_json:
            typer.echo(json.dumps(_built(found)))
        elif found.is_new or found.pointer or not follow:
            stderr.print(_describe(found))

    def once() -> None:
        if follow:
            follow_lake(settings, every, show)
        else:
            with show_progress() as (_, on_built):
                found = build_from_lake(settings, on_built)
            show(found)

    _repeat(once, follow, every)


def maintain(as_json: Json = False) -> None:
    """Merge small files of the lake, and remove what only old snapshots name, under the lease.

    What is younger than a day stays. Which segments were loaded is never forgotten. A builder with
    --follow and Dagster's schedule do this once a day.

    Examples:

        tokentide lake maintain

        tokentide lake maintain --json
    """
    from dataclasses import asdict

    from pipelines.lake.building import maintain_lake

    done = asdict(maintain_lake(read_settings()))
    if as_json:
        typer.echo(json.dumps(done))
    else:
        stderr.print(", ".join(f"{name.replace('_', ' ')} {n}" for name, n in done.items()))


def status(as_json: Json = False) -> None:
    """Print what waits in the spool, what the lake holds, who builds, and the newest generation.

    Examples:

        tokentide lake status

        tokentide lake status --json
    """
    from pipelines.lake.status import describe_status, read_status

    found = read_status(read_settings())
    if as_json:
        typer.echo(json.dumps(found, indent=1, default=str))
    else:
        for line in describe_status(found):
            stdout.print(line, markup=False, soft_wrap=True)


def fetch(follow: KeepGoing = False, every: RoundSeconds = DEFAULT_SECONDS) -> None:
    """Fetch the newest generation from S3 into this home, if it is another one, and verify it.

    `tokentide dashboard` and `tokentide sql` read what was fetched, and nothing else.

    Examples:

        tokentide lake fetch

        tokentide lake fetch --follow --every 10
    """
    from pipelines.lake.published import fetch as fetch_newest
    from pipelines.services.object_store import ObjectStore

    settings = read_settings()
    folder = settings.services.published
    if folder is None:
        raise BadSetting("TOKENTIDE_PUBLISHED is not set, so there is nothing to fetch from.")
    store = ObjectStore(folder)

    def once() -> None:
        if found := fetch_newest(settings, store):
            stderr.print(f"Generation {found.number} is here now.")

    _repeat(once, follow, every)


def _built(found: "LakeBuild") -> dict[str, Any]:
    return {
        "segments": found.loaded.segments,
        "samples": found.loaded.samples,
        "generation": found.generation.number,
        "is_new": found.is_new,
        "epoch": found.epoch,
        "teams": [each.team for each in found.teams],
        "uploaded": found.pointer and found.pointer.name,
    }


def _describe(found: "LakeBuild") -> str:
    number = found.generation.number
    where = f", uploaded as {found.pointer.name}" if found.pointer else ""
    if found.is_new:
        return f"{found.loaded.segments} segments; generation {number} is published{where}."
    return f"Nothing came since generation {number}, so nothing is published{where}."


def _spool(settings: Settings) -> "ObjectStore":
    from pipelines.services.object_store import ObjectStore

    if settings.services.spool is None:
        raise BadSetting("TOKENTIDE_SPOOL is not set, so segments have nowhere to go.")
    return ObjectStore(settings.services.spool)


def _load_once(settings: Settings) -> dict[str, Any]:
    from dataclasses import asdict

    from pipelines.lake.connection import open_lake
    from pipelines.lake.loading import LocalSegment, WaitingSegment, load_waiting
    from pipelines.lake.spool import list_waiting
    from pipelines.loading.telemetry.segment_files import SpoolFolders

    with open_lake(settings) as opened:
        waiting: list[WaitingSegment]
        if settings.services.spool:
            waiting = [*list_waiting(_spool(settings))]
        else:
            folders = SpoolFolders.of(settings)
            waiting = [LocalSegment(each, folders) for each in folders.list_waiting()]
        return asdict(load_waiting(opened, waiting))


def _repeat(once: Callable[[], None], follow: bool, every: float) -> None:
    """Do something once, or until the end of the process; a service that is away is waited for."""
    if not follow:
        once()
        return
    while True:
        try:
            once()
        except (ServiceFailed, LockHeld) as error:
            stderr.print(str(error), markup=False, soft_wrap=True)
        time.sleep(every)
