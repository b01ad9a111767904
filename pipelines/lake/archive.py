"""The archive of answers in S3, so that another builder begins with it and not with nothing.

    raw/origin, raw/bodies/ab/abcdef….zst, raw/answers/2026-06-19.jsonl   as in a home
    raw/telemetry/forgotten.jsonl                                         samples taken back

Bodies come before the log that names them, both ways, so that neither side ever has a log without
its bodies. The holder of the builder's lease alone writes here.
"""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.archive import DIGEST, Archive
from pipelines.backup.log_repair import repair_log
from pipelines.errors import MixedOrigins, ServiceFailed
from pipelines.files import make_private, write_durably
from pipelines.loading.answers import load_answers
from pipelines.services.object_store import FileVersion, ObjectStore
from pipelines.settings import Settings
from warehouse.connection import session

RAW = "raw"
LOGS = ("answers", "telemetry")
STATE = "stored_archive.json"
# Requests at once: a body takes a round trip, and there are tens of thousands.
REQUESTS = 16


@dataclass(frozen=True)
class ArchiveCopy:
    """Numbers of what one copy in either direction moved."""

    bodies: int = 0
    logs: int = 0


@dataclass(frozen=True)
class _CopyState:
    """Memory of a home: how far the bodies of each log are stored, and each log in S3.

    Of a log in S3: size and time of the version that was seen last, and the size of ours when both
    had the same lines, -1 where ours has more.
    """

    positions: dict[str, int]
    logs: dict[str, list[int]]


def store_archive(settings: Settings, store: ObjectStore) -> ArchiveCopy:
    """Upload what is new of this home's archive of answers.

    The home remembers up to where it has uploaded each log, so a call costs what is new.
    """
    archive = Archive(settings.archive)
    if (origin := archive.origin) is not None:
        _check_origin(store, origin)
        if store.read(f"{RAW}/origin") is None:
            store.write(f"{RAW}/origin", f"{origin}\n".encode())
    state = _read_state(settings, store)
    digests: set[str] = set()
    for part in archive.log_parts(state.positions):
        digests |= {answer.sha256 for answer in part.answers}
        state.positions[part.name] = part.end
    bodies = _upload_bodies(archive, store, digests)
    changed = []
    for path in _local_logs(settings):
        key = f"{RAW}/{path.relative_to(settings.archive).as_posix()}"
        whole = _whole_lines(path)
        if state.logs.get(key, [])[2:] != [len(whole)]:
            store.write(key, whole)
            state.logs[key] = [0, 0, len(whole)]
            changed.append(key)
    if changed:
        versions = _stored_logs(store)
        for key in changed:
            state.logs[key][:2] = versions[key]
    _write_state(settings, store, state)
    return ArchiveCopy(bodies, len(changed))


def fetch_archive(settings: Settings, store: ObjectStore) -> ArchiveCopy:
    """Fetch what S3 has of the archive of answers and this home has not; nothing is replaced."""
    archive = Archive(settings.archive)
    if (origin := store.read(f"{RAW}/origin")) is not None:
        if archive.origin is None:
            make_private(settings.archive)
            write_durably(settings.archive / "origin", origin)
        _check_origin(store, archive.origin)
    state, bodies, logs = _read_state(settings, store), 0, 0
    for key, version in sorted(_stored_logs(store).items()):
        if state.logs.get(key, [])[:2] == [*version]:
            continue
        path = settings.archive / key.removeprefix(f"{RAW}/")
        kept = store.read(key) or b""
        bodies += _download_bodies(archive, store, _digests_of(kept))
        if not path.exists():
            make_private(path.parent)
            write_durably(path, kept)
            logs += 1
        else:
            logs += bool(repair_log(path, kept))
        ours = _whole_lines(path)
        is_same = set(ours.splitlines()) == set(kept.splitlines())
        state.logs[key] = [*version, len(ours) if is_same else -1]
    _write_state(settings, store, state)
    return ArchiveCopy(bodies, logs)


def share_archive(settings: Settings, store: ObjectStore) -> int:
    """Copy answers both ways, load what is new into the warehouse; return how many were loaded."""
    fetch_archive(settings, store)
    store_archive(settings, store)
    with session(settings.warehouse) as con:
        return load_answers(con, Archive(settings.archive))


def _check_origin(store: ObjectStore, origin: str | None) -> None:
    stored = store.read(f"{RAW}/origin")
    if stored is not None and stored.decode(errors="replace").strip() != origin:
        raise MixedOrigins(
            f"{store.folder.url} holds {stored.decode(errors='replace').strip()} answers, and this "
            f"home {origin} ones. Let TOKENTIDE_SPOOL name another folder, so that they never mix."
        )


def _upload_bodies(archive: Archive, store: ObjectStore, digests: Iterable[str]) -> int:
    """Upload the bodies that are not there yet; one that the home has lost is left out."""

    def upload(digest: str) -> bool:
        path, key = archive.body_path(digest), _body_key(archive, digest)
        if not path.exists() or store.size(key) == path.stat().st_size:
            return False
        store.upload(path, key)
        return True

    with ThreadPoolExecutor(REQUESTS) as pool:
        return sum(pool.map(upload, sorted(digests)))


def _download_bodies(archive: Archive, store: ObjectStore, digests: Iterable[str]) -> int:
    def download(digest: str) -> bool:
        return store.download(_body_key(archive, digest), archive.body_path(digest))

    missing = sorted(digest for digest in digests if not archive.size(digest))
    with ThreadPoolExecutor(REQUESTS) as pool:
        return sum(pool.map(download, missing))


def _body_key(archive: Archive, digest: str) -> str:
    return f"{RAW}/{archive.body_path(digest).relative_to(archive.folder).as_posix()}"


def _digests_of(log: bytes) -> Iterator[str]:
    """Yield the hashes of the bodies that a log names; a damaged line names none."""
    for line in log.splitlines():
        with suppress(ValueError, LookupError, TypeError, RecursionError):
            digest = json.loads(line)["sha256"]
            if isinstance(digest, str) and DIGEST.fullmatch(digest):
                yield digest


def _stored_logs(store: ObjectStore) -> dict[str, FileVersion]:
    found = {
        key: version
        for name in LOGS
        for key, version in store.list_versions(f"{RAW}/{name}").items()
    }
    for key in found:
        if ".." in Path(key).parts or not key.endswith(".jsonl"):
            raise ServiceFailed(f"{store.folder.url}{key} is no log of an archive. Remove it.")
    return found


def _local_logs(settings: Settings) -> list[Path]:
    return sorted(
        [
            *(settings.archive / "answers").glob("*.jsonl"),
            *settings.telemetry_archive.glob("*.jsonl"),
        ]
    )


def _whole_lines(path: Path) -> bytes:
    """Return the content of a log up to its last whole line: the next may be half written."""
    content = path.read_bytes()
    return content[: content.rfind(b"\n") + 1]


def _read_state(settings: Settings, store: ObjectStore) -> _CopyState:
    with suppress(OSError, ValueError, LookupError, TypeError):
        found = json.loads((settings.home / STATE).read_bytes())
        if found["folder"] == store.folder.url:
            return _CopyState(dict(found["positions"]), dict(found["logs"]))
    return _CopyState({}, {})


def _write_state(settings: Settings, store: ObjectStore, state: _CopyState) -> None:
    if state.positions or state.logs:
        record = {"folder": store.folder.url, **asdict(state)}
        write_durably(settings.home / STATE, json.dumps(record).encode())
