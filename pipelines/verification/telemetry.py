"""Verification of segments: those that were loaded, by hash, and those that wait, by reading."""

import json
from collections.abc import Iterator, Mapping

from pipelines.loading.telemetry.segment_files import UNREADABLE, Segment, SpoolFolders
from pipelines.settings import Settings
from pipelines.telemetry.config.tier_records import read_record
from pipelines.verification.contents import WarehouseContents
from pipelines.verification.damage import (
    REPAIR,
    Damage,
    OnChecked,
    VerifiedPart,
    count_off,
    relative,
)

IN_WAREHOUSE = "nothing yet: the warehouse has its facts, and a rebuild would lose them"
NOT_LOADED = "its samples: they were never loaded"


def verify_segments(
    settings: Settings, known: WarehouseContents, on_checked: OnChecked, *, is_quick: bool
) -> VerifiedPart:
    """Check that every loaded segment is there with its bytes, and that all others can be read."""
    folders, part = SpoolFolders.of(settings), VerifiedPart("segments")
    files = {each.name: each for each in [*folders.list_waiting(), *folders.list_archived()]}
    loaded = {name: digest for name, digest, _ in known.segments.rows()}
    digests = set(loaded.values())
    for name in count_off(part, files, len(files), on_checked):
        reason = _find_damage(files[name], loaded.get(name), is_quick=is_quick)
        if reason:
            part.damages.append(_damaged(files[name], reason, settings, name in loaded))
    elsewhere = {name: loaded[name] for name in loaded.keys() - files.keys()}
    part.damages += _damaged_elsewhere(settings, folders, part, elsewhere, on_checked, is_quick)
    part.damages += _damaged_takebacks(folders)
    if not is_quick and digests and (waiting := len(files.keys() - loaded.keys())):
        part.notes.append(f"{waiting} are not loaded yet; `tokentide ingest telemetry` loads them")
    return part


def _damaged_elsewhere(
    settings: Settings,
    folders: SpoolFolders,
    part: VerifiedPart,
    loaded: Mapping[str, str],
    on_checked: OnChecked,
    is_quick: bool,
) -> Iterator[Damage]:
    """Yield loaded segments that are not in the home and not whole in S3 either."""
    stored = folders.list_stored() if loaded else {}
    unknown = 0
    for name in count_off(part, sorted(loaded), part.checked + len(loaded), on_checked):
        if (found := stored.get(name)) is None:
            unknown += 1
            if folders.store or not settings.services.lake:
                yield Damage(f"segment {name}", "it is missing", IN_WAREHOUSE, REPAIR)
        elif not found.size:
            yield Damage(f"segment {name}", "it is empty in S3", IN_WAREHOUSE, REPAIR)
        elif not is_quick and folders.store and folders.store.digest(found.key) != loaded[name]:
            reason = "its bytes in S3 are other than those that were loaded"
            yield Damage(f"segment {name}", reason, IN_WAREHOUSE, REPAIR)
    if unknown and settings.services.lake and not folders.store:
        part.notes.append(
            f"{unknown} are on the hosts that loaded them and were not looked at; "
            "TOKENTIDE_SPOOL would name the folder of S3 that has them"
        )


def _find_damage(segment: Segment, digest: str | None, *, is_quick: bool) -> str | None:
    try:
        if is_quick:
            return None if segment.path.stat().st_size else "it is empty"
        if digest:
            is_whole = segment.digest() == digest
            return None if is_whole else "its bytes are other than those that were loaded"
        if segment.kind == "tier":
            read_record(segment.path)
        else:
            segment.rows()
    except FileNotFoundError:
        # Loaded and moved, or dropped by the collector, since the folder was listed.
        return None
    except UNREADABLE as error:
        return f"it cannot be read ({str(error).splitlines()[0]})"
    return None


def _damaged(segment: Segment, reason: str, settings: Settings, is_loaded: bool) -> Damage:
    remove = "Remove it once it is of no use; everything else is loaded without it."
    return Damage(
        relative(segment.path, settings.home),
        reason,
        IN_WAREHOUSE if is_loaded else NOT_LOADED,
        REPAIR if is_loaded or segment.is_archived else remove,
    )


def _damaged_takebacks(folders: SpoolFolders) -> Iterator[Damage]:
    """Yield lines of the file of samples that were taken back which cannot be read."""
    if not folders.forgotten.exists():
        return
    for number, line in enumerate(folders.forgotten.read_bytes().splitlines(), 1):
        try:
            json.loads(line)
        except ValueError:
            yield Damage(
                f"line {number} of raw/telemetry/{folders.forgotten.name}",
                "it is no JSON",
                "what was taken back comes back with a rebuild",
                "Restore the file from a backup.",
            )
