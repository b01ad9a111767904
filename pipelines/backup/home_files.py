"""Files of a home that belong in a backup, in the order in which they are to be read.

What names other files is read before them: the log of answers before their bodies, the requests'
ETags before the log, spools before the archive into which their segments are moved. So whatever
goes on meanwhile, a backup has all that it names.

Segments that are in S3 alone, in the distributed form, have the place of a home's in a backup.

Left out is what is made again (the warehouse, older generations), what belongs to the machine
(logs, locks, Dagster's history of runs, a person's SQL history), and secrets: a home holds none,
and `.env`, the environment and files outside of the home are not looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.server.usage_journal import SUFFIX as JOURNAL
from pipelines.loading.telemetry.segment_files import STORED, SpoolFolders
from pipelines.publish.generations import NEWEST
from pipelines.publish.teams import TEAMS_PUBLISHED
from pipelines.settings import Settings

FileKind = Literal["database", "log", "fixed", "plain", "stored"]
"""database: SQLite; log: grows at its end, by lines; fixed: never changed once it is there;
plain: replaced as a whole; stored: fixed, and in S3 instead of here."""


@dataclass(frozen=True)
class HomeFile:
    """A file of a home, and how it may change."""

    path: Path
    kind: FileKind
    key: str = ""  # of one that is stored


def list_files(settings: Settings) -> Iterator[HomeFile]:
    """Yield the files of a home that belong in a backup; each stage is listed when it is due."""
    folders = SpoolFolders.of(settings)
    for path in (settings.requests, settings.alert_state):
        yield from _there(path, "database")
    # A server's journal becomes a segment of the same name, which is then taken instead.
    for path in sorted(settings.request_spool.glob(f"*{JOURNAL}")):
        yield HomeFile(path, "log")
    for segment in folders.list_waiting():
        yield HomeFile(segment.path, "fixed")
    yield from _there(settings.archive / "origin", "plain")
    for path in sorted((settings.archive / "answers").glob("*.jsonl")):
        yield HomeFile(path, "log")
    yield from _there(folders.forgotten, "log")
    for path in sorted((settings.archive / "bodies").glob("*/*.zst")):
        if not path.name.startswith("."):
            yield HomeFile(path, "fixed")
    archived = folders.list_archived()
    for segment in archived:
        yield HomeFile(segment.path, "fixed")
    here = {segment.name for segment in archived}
    for name, stored in sorted(folders.list_stored().items()):
        if name not in here:
            path = folders.archive / stored.key.removeprefix(f"{STORED}/")
            yield HomeFile(path, "stored", stored.key)
    yield from _list_rest(settings)


def _list_rest(settings: Settings) -> Iterator[HomeFile]:
    # Warehouses from before a rebuild that knew less: nothing else has those figures.
    for path in sorted((settings.home / "replaced").glob("*")):
        yield HomeFile(path, "fixed")
    # The newest alone, of all teams and of each: when verdicts began is in no other file.
    for published in [settings.published, *sorted(settings.home.glob(TEAMS_PUBLISHED))]:
        newest = published / NEWEST
        if newest.is_symlink():
            yield from _there(published / newest.resolve().name, "plain")
    for path in [*sorted(settings.claims.glob("*.toml")), *sorted(settings.home.glob("*.toml"))]:
        yield HomeFile(path, "plain")


def _there(path: Path, kind: FileKind) -> Iterator[HomeFile]:
    if path.exists():
        yield HomeFile(path, kind)
