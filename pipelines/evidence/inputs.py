"""The inputs of an evidence bundle: from a home's archive into it, from there into a fresh home.

answers.csv    the raw answers: SHA-256, address, when fetched, source segments.csv   the segments
of telemetry: SHA-256, kind, what time they speak of; only where the figure rests on the inference
tier tier.json      what the tier file said and when, without addresses; only there too raw/
answers and segments themselves, as the raw archive keeps them
"""

import csv
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.archive import Archive, utc_now
from pipelines.errors import QueryFailed
from pipelines.loading.answers import load_answers
from pipelines.loading.telemetry.segment_files import KINDS, Segment, SegmentKind, SpoolFolders
from pipelines.loading.telemetry.segments import load_segments
from pipelines.loading.telemetry.tier_file import record_entries
from pipelines.publish.query import records
from pipelines.settings import Settings
from pipelines.transform.lineage import Origins
from warehouse.connection import session

ANSWERS, SEGMENTS, TIER = "answers.csv", "segments.csv", "tier.json"
ANSWER = ("answer_id", "sha256", "url", "fetched_at", "source")
SEGMENT = ("segment_id", "sha256", "kind", "rows", "first_at", "last_at")
USED = ("loaded", "partial", "unchanged")
InputRow = Mapping[str, Any]


@dataclass(frozen=True)
class EvidenceInputs:
    """Answers and segments, oldest first, as rows of their files, and the tier file's entries.

    `segments` and `tier` are None where the tier plays no part.
    """

    answers: Sequence[InputRow]
    segments: Sequence[InputRow] | None = None
    tier: Sequence[InputRow] | None = None


def inputs_of(path: Path, origins: Origins) -> EvidenceInputs:
    """Return the answers, segments and tier file entries of these origins in a published file."""
    answers = [
        {name: row[name] for name in ANSWER}
        for row in records(path, "from marts.ingest_log order by answer_id")
        if row["source"] in origins.sources and (origins.is_of_any or row["outcome"] in USED)
    ]
    if not origins.has_tier_file:
        return EvidenceInputs(answers)
    segments = [
        {name: row[name] for name in SEGMENT}
        for row in records(
            path, "from marts.telemetry_log where outcome = 'loaded' order by segment_id"
        )
        if row["kind"] in origins.kinds
    ]
    return EvidenceInputs(
        answers,
        segments,
        records(path, "from marts.tier_file order by all"),
    )


def count_bytes(basis: EvidenceInputs, archive: Path, waiting: SpoolFolders) -> int:
    """Return the bytes that a bundle's answers and segments take in the archive."""
    bodies = Archive(archive)
    folders = SpoolFolders(waiting.spools, archive / "telemetry", waiting.store)
    answers = sum(bodies.size(digest) for digest in {row["sha256"] for row in basis.answers})
    paths = (folders.find(*_named(row)) for row in basis.segments or ())
    return answers + sum(path.stat().st_size for path in paths if path)


def write(folder: Path, basis: EvidenceInputs) -> None:
    """List the inputs in a bundle."""
    _write_rows(folder / ANSWERS, ANSWER, basis.answers)
    if basis.segments is not None:
        _write_rows(folder / SEGMENTS, SEGMENT, basis.segments)
    if basis.tier is not None:
        (folder / TIER).write_text(f"{json.dumps(basis.tier, indent=1, ensure_ascii=False)}\n")


def read(folder: Path) -> EvidenceInputs:
    """Read the inputs that a bundle lists."""
    segments, tier = folder / SEGMENTS, folder / TIER
    return EvidenceInputs(
        _read_rows(folder / ANSWERS),
        _read_rows(segments) if segments.exists() else None,
        json.loads(tier.read_text()) if tier.exists() else None,
    )


def copy(
    basis: EvidenceInputs, source: Path, target: Path, waiting: SpoolFolders | None = None
) -> None:
    """Copy the answers and segments from one raw archive to another. Raise where one is missing."""
    _copy_answers(Archive(source), Archive(target), {row["answer_id"] for row in basis.answers})
    # Loaded, and not moved to the archive yet, a segment still lies in the spool.
    nowhere: dict[SegmentKind, Path] = dict.fromkeys(KINDS, source)
    spools = waiting.spools if waiting else nowhere
    _copy_segments(
        SpoolFolders(spools, source / "telemetry", waiting.store if waiting else None),
        SpoolFolders(nowhere, target / "telemetry"),
        basis.segments or (),
    )


def load(settings: Settings, basis: EvidenceInputs) -> None:
    """Load what lies in the raw archive of a fresh home."""
    with session(settings.warehouse) as con:
        load_answers(con, Archive(settings.archive))
        if basis.tier is not None:
            record_entries(con, [dict(row) for row in basis.tier], utc_now())
            load_segments(con, SpoolFolders.of(settings))


def _copy_answers(source: Archive, target: Archive, wanted: set[str]) -> None:
    found = set()
    for answer in (answer for answer in source.answers() if answer.answer_id in wanted):
        target.keep(answer, source.read(answer.sha256))
        found.add(answer.answer_id)
    _must_have_all("answers", wanted - found)


def _copy_segments(source: SpoolFolders, target: SpoolFolders, wanted: Sequence[InputRow]) -> None:
    missing = set()
    for row in wanted:
        kind, name = _named(row)
        if not (path := source.find(kind, name)):
            missing.add(name)
            continue
        if Segment(kind, path, is_archived=True).digest() != row["sha256"]:
            raise QueryFailed(
                f"The segment {name} does not hold the bytes that were loaded. "
                "Restore it from a copy of the archive."
            )
        kept = target.archive_path(kind, name)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept)
    _must_have_all("segments", missing)


def _named(row: InputRow) -> tuple[SegmentKind, str]:
    """Return kind and name of a segment.

    A bundle may come from anybody: no name leaves the archive.
    """
    name = row["segment_id"]
    for kind in KINDS:
        if kind == row["kind"] and Path(name).name == name:
            return kind, name
    raise QueryFailed(f"{name!r} of kind {row['kind']!r} is no segment.")


def _must_have_all(things: str, missing: set[str]) -> None:
    if missing:
        raise QueryFailed(
            f"{len(missing)} {things} are not in the raw archive, such as {min(missing)}. "
            "A bundle without raw/ needs --archive."
        )


def _write_rows(path: Path, columns: Sequence[str], rows: Iterable[InputRow]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _read_rows(path: Path) -> list[InputRow]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
