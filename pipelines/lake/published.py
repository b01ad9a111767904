"""Published generations in S3: the builder uploads each, readers fetch the newest.

    generations/00000003-000012.duckdb   a generation: the builder's epoch, its number
    pointers/00000003-000012.json        its hash and size, written once the file is there

Below teams/NAME/ the generations of one team have the same two folders.

The last pointer in the order of names is the newest generation. A builder that lost its lease has
a lower epoch than its successor, so what it may still write is never last.
"""

import json
import logging
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from pipelines.errors import ServiceFailed
from pipelines.files import make_private, write_durably
from pipelines.publish.generations import MAX_KEPT, Generation, generations, put_in_place
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings

log = logging.getLogger(__name__)

POINTERS, FILES = "pointers", "generations"
FETCHED = ".fetched.json"
PIECE = 1 << 20


@dataclass(frozen=True)
class Pointer:
    """A generation in S3: the epoch of its builder, its number, the hash and size of its file."""

    epoch: int
    number: int
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The name of its files, which sorts by epoch and number."""
        return f"{self.epoch:08}-{self.number:06}"

    @property
    def key(self) -> str:
        """The key of the generation's file."""
        return f"{FILES}/{self.name}.duckdb"


def upload(store: ObjectStore, generation: Generation, epoch: int) -> Pointer:
    """Upload the file of a generation; nobody sees it before `point_to` is called."""
    path = generation.path
    pointer = Pointer(epoch, generation.number, _digest(path), path.stat().st_size)
    store.upload(path, pointer.key)
    return pointer


def point_to(store: ObjectStore, pointer: Pointer) -> None:
    """Make an uploaded generation the newest one, and remove old ones."""
    store.write(f"{POINTERS}/{pointer.name}.json", json.dumps(asdict(pointer)).encode())
    for key in store.list_keys(POINTERS)[:-MAX_KEPT]:
        store.remove(key)
        store.remove(f"{FILES}/{Path(key).stem}.duckdb")


def team_store(settings: Settings, team: str) -> ObjectStore | None:
    """Return the folder of a team's generations, to which a key of its readers can be limited."""
    folder = settings.services.published
    return ObjectStore(replace(folder, prefix=f"{folder.prefix}/teams/{team}")) if folder else None


def newest_pointer(store: ObjectStore) -> Pointer | None:
    """Return the newest generation in S3, or None if there is none."""
    keys = store.list_keys(POINTERS)
    content = store.read(keys[-1]) if keys else None
    try:
        return Pointer(**json.loads(content)) if content else None
    except (ValueError, TypeError) as error:
        raise ServiceFailed(
            f"{store.folder.url}{keys[-1]} is no pointer. Remove it; the one before it then counts."
        ) from error


def fetch(settings: Settings, store: ObjectStore) -> Generation | None:
    """Fetch the newest generation into this home; return None if it is there already.

    Its bytes are compared with the hash before it takes its place. Raise ServiceFailed where they
    differ.
    """
    pointer = newest_pointer(store)
    if pointer is None or pointer == _fetched(settings):
        return None
    make_private(settings.published)
    path = settings.published / f"generation-{pointer.number:06}.duckdb"
    if path.exists() and _digest(path) == pointer.sha256:
        _remember(settings, pointer)  # this host published it
        return None
    aside = settings.published / f".{path.name}.fetched"
    try:
        if not store.download(pointer.key, aside):
            return None  # a newer one took its place meanwhile; the next look finds that
        if _digest(aside) != pointer.sha256:
            raise ServiceFailed(
                f"{store.folder.url}{pointer.key} has other bytes than were published. Publish "
                "again with `tokentide lake build`; the generation before stays in place."
            )
        put_in_place(settings, aside, pointer.number)
    finally:
        aside.unlink(missing_ok=True)
    _remember(settings, pointer)
    return Generation(pointer.number, path)


def fetch_if_ahead(settings: Settings, store: ObjectStore) -> Generation | None:
    """Fetch the newest generation if its number is above those of this home.

    So a builder goes on from what another one published: numbers, and the history of verdicts.
    """
    pointer = newest_pointer(store)
    own = max((each.number for each in generations(settings)), default=0)
    return fetch(settings, store) if pointer and pointer.number > own else None


def _remember(settings: Settings, pointer: Pointer) -> None:
    write_durably(settings.published / FETCHED, json.dumps(asdict(pointer)).encode())


def _fetched(settings: Settings) -> Pointer | None:
    """Return what was fetched last, if its file is still there."""
    with suppress(OSError, ValueError, TypeError):
        pointer = Pointer(**json.loads((settings.published / FETCHED).read_bytes()))
        if any(each.number == pointer.number for each in generations(settings)):
            return pointer
    return None


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()
