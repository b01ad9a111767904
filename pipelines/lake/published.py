"""Published generations in S3: the builder uploads each, readers fetch the newest.

    generations/00000003-000012.duckdb   a generation: the builder's epoch, its number
    pointers/00000003-000012.json        its hash and size, written once the file is there
    pointers/00000004-000000.json        a fence: epoch 4 began, and took this generation as newest

Below teams/NAME/ the generations of one team have the same two folders.

The last pointer in the order of names is the newest generation. A builder that lost its lease has
a lower epoch than its successor, so what it may still write is never last: the successor's first
act is its fence, a copy of the newest pointer under its own epoch.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from pipelines.errors import ServiceFailed
from pipelines.files import make_private, write_durably
from pipelines.publish.generations import MAX_KEPT, Generation, generations, put_in_place
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings

log = logging.getLogger(__name__)

POINTERS, FILES = "pointers", "generations"
FENCE = "000000"  # in place of a generation's number, of which the first is 1
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


def fence(store: ObjectStore, epoch: int) -> Pointer | None:
    """Begin an epoch, so that no builder of an earlier one can move the pointer any more.

    Return the generation that is the newest from now on, or None if there is none. What an earlier
    builder writes before the first of the two writes here may be that one; what it writes later is
    seen by nobody.
    """
    key = _pointer_key(f"{epoch:08}-{FENCE}")
    store.write(key, b"")
    before = [each for each in store.list_keys(POINTERS) if each < key]
    # A fence that is still empty is of a builder that died between the two writes.
    adopted = next(filter(None, (_read(store, each) for each in reversed(before))), None)
    store.write(key, json.dumps(adopted and asdict(adopted)).encode())
    return adopted


def upload(store: ObjectStore, generation: Generation, epoch: int) -> Pointer:
    """Upload the file of a generation; nobody sees it before `point_to` is called."""
    path = generation.path
    pointer = Pointer(epoch, generation.number, _digest(path), path.stat().st_size)
    store.upload(path, pointer.key)
    return pointer


def point_to(store: ObjectStore, pointer: Pointer) -> None:
    """Make an uploaded generation the newest one, and remove old ones."""
    store.write(_pointer_key(pointer.name), json.dumps(asdict(pointer)).encode())
    _remove_old(store, pointer)


def take_back(store: ObjectStore, pointer: Pointer) -> None:
    """Remove the file of an uploaded generation, unless a pointer names it."""
    if store.read(_pointer_key(pointer.name)) is None:
        store.remove(pointer.key)


def withdraw(store: ObjectStore, pointer: Pointer) -> None:
    """Remove a pointer of an epoch that is over, and its file unless a fence may name it."""
    store.remove(_pointer_key(pointer.name))
    if newest_epoch(store) <= pointer.epoch:
        store.remove(pointer.key)


def newest_pointer(store: ObjectStore) -> Pointer | None:
    """Return the newest generation in S3, or None if there is none."""
    keys = store.list_keys(POINTERS)
    return _read(store, keys[-1]) if keys else None


def newest_epoch(store: ObjectStore) -> int:
    """Return the epoch of the last pointer or fence in S3, 0 where there is none."""
    keys = store.list_keys(POINTERS)
    return int(Path(keys[-1]).stem.partition("-")[0]) if keys else 0


def _read(store: ObjectStore, key: str) -> Pointer | None:
    """Read a pointer; None if it is gone, or a fence that names no generation."""
    content = store.read(key)
    try:
        values = json.loads(content) if content else None
        return Pointer(**values) if values else None
    except (ValueError, TypeError) as error:
        raise ServiceFailed(
            f"{store.folder.url}{key} is no pointer. Remove it; the one before it then counts."
        ) from error


def _remove_old(store: ObjectStore, pointer: Pointer) -> None:
    """Remove all but the newest generations, and what builders without the lease left."""
    known = [Path(key).stem for key in store.list_keys(POINTERS)]
    known = [name for name in known if name <= pointer.name]
    kept = list(_newest_first(store, known))[:MAX_KEPT]
    for name in known:
        is_needed_fence = name.endswith(FENCE) and name > kept[-1]
        if name not in kept and not is_needed_fence:
            store.remove(_pointer_key(name))
    for key in store.list_keys(FILES):
        if Path(key).stem <= pointer.name and Path(key).stem not in kept:
            store.remove(key)


def _newest_first(store: ObjectStore, names: list[str]) -> Iterator[str]:
    """Yield names of generations, without those that came after the fence of a later epoch."""
    bound = names[-1]
    for name in reversed(names):
        if name > bound:
            continue
        if not name.endswith(FENCE):
            yield name
        elif content := store.read(_pointer_key(name)):
            adopted = json.loads(content)
            bound = Pointer(**adopted).name if adopted else ""


def _pointer_key(name: str) -> str:
    return f"{POINTERS}/{name}.json"


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
        remember(settings, pointer)  # this host published it
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
    remember(settings, pointer)
    return Generation(pointer.number, path)


def fetch_if_ahead(settings: Settings, store: ObjectStore) -> Generation | None:
    """Fetch the newest generation if its number is above those of this home.

    So a builder goes on from what another one published: numbers, and the history of verdicts.
    """
    pointer = newest_pointer(store)
    own = max((each.number for each in generations(settings)), default=0)
    return fetch(settings, store) if pointer and pointer.number > own else None


def is_newest(settings: Settings, store: ObjectStore, generation: Generation) -> bool:
    """Tell whether this generation of this home is the newest in S3."""
    pointer = newest_pointer(store)
    if pointer is None or pointer != _fetched(settings):
        return False
    return pointer.number == generation.number


def remember(settings: Settings, pointer: Pointer) -> None:
    """Remember that this home has a generation that is in S3."""
    write_durably(settings.published / FETCHED, json.dumps(asdict(pointer)).encode())


def forget(settings: Settings) -> None:
    """Forget which generation of S3 this home has: what it publishes next may have its number."""
    (settings.published / FETCHED).unlink(missing_ok=True)


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
