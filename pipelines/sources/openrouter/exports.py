"""OpenRouter's keyless daily exports: rankings in dated, immutable files of 30 trailing days.

The manifest comes first; it names the day, the size and the SHA-256 of the file, and a file that
differs is not used. Each file stands alone: one that cannot be had is reported with its days, and
the one before it is requested. The oldest file is that of 2026-09-19, so days before 2026-08-20
need a key. Source: OpenRouter (openrouter.ai/rankings), CC BY 4.0.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar

import polars as pl

from pipelines.archive import Answer, utc_now
from pipelines.errors import BadAnswer, SourceError, SourceRefused, SourceUnreachable
from pipelines.sources.client.http import SourceClient
from pipelines.sources.failure import Failure
from pipelines.sources.openrouter.rankings_table import COLUMNS, RankingsTable
from pipelines.sources.parsing import (
    ParsedTables,
    Payload,
    a_day,
    an_instant,
    decode_json,
    need,
    rows_of,
    text,
    unknown_keys,
)
from pipelines.sources.source import Source

PATH = "/datasets/exports/rankings-daily"
FIRST_FILE = date(2026, 9, 19)
DAYS_IN_FILE = timedelta(days=30)
# The newest days of a file are still restated, so files overlap and each day is taken from one in
# which it had settled.
STEP = timedelta(days=27)
# The file of the day before a lost one holds all its days but the newest. This many are tried one
# day apart.
SINGLE_STEPS = 3
ONE_DAY = timedelta(days=1)

T = TypeVar("T")

HEADER = ("date", "model_permaslug", "rank", "total_tokens", "share_of_daily_tokens")


@dataclass(frozen=True)
class Manifest:
    """A manifest: what one dated file must be.

    `retrieved_at` is the instant of its figures.
    """

    snapshot: date
    retrieved_at: datetime
    kind: str
    bytes: int
    sha256: str


def fetch(client: SourceClient, start: date, end: date) -> Iterator[Answer | Failure]:
    """Yield the files that together hold the days from start to end, newest first.

    A Failure in the place of one that is lost.

    Raise SourceUnreachable, since then no other file can be had either.
    """
    wanted = end + DAYS_IN_FILE
    snapshot, lost = min(wanted, utc_now().date()), 0
    newest = _or_failure("newest file", snapshot, partial(_manifest, client, "latest"))
    if isinstance(newest, Failure):
        yield newest
    else:
        snapshot = min(wanted, newest.snapshot)
    while snapshot > start:
        file = _or_failure(
            f"file {snapshot}", snapshot, partial(_file_of, client, snapshot, newest)
        )
        if file is None:
            return
        yield file
        lost = lost + 1 if isinstance(file, Failure) else 0
        if not lost and snapshot - DAYS_IN_FILE <= start:
            return
        snapshot = _step_back(snapshot, ONE_DAY if 0 < lost <= SINGLE_STEPS else STEP)


def decode(answer: Answer, body: bytes) -> pl.DataFrame | Payload:
    """Decode one file, CSV or JSON.

    Raise BadAnswer on one that is not what its manifest promises.
    """
    _must_fit(answer)
    return _read_csv(body) if answer.url.endswith(".csv") else decode_json(answer, body)


def parse(answer: Answer, payload: pl.DataFrame | Payload) -> RankingsTable:
    """Parse one file as rankings; day and instant come from its manifest."""
    snapshot = a_day(answer.context.get("snapshot_date"), "the manifest's snapshot_date")
    rows, notes = _columns(payload) if isinstance(payload, pl.DataFrame) else _rows(payload)
    return RankingsTable(
        rows=rows,
        start=snapshot - DAYS_IN_FILE,
        end=snapshot - timedelta(days=1),
        as_of=an_instant(answer.context.get("as_of"), "the manifest's retrieved_at"),
        origin="export",
        notes=notes,
    )


def decode_manifest(answer: Answer, body: bytes) -> Manifest:
    """Decode a manifest. Raise BadAnswer on one of another day than was requested."""
    return read_manifest(decode_json(answer, body), answer.url.rsplit("/", 1)[-1].split(".")[0])


def parse_manifest(answer: Answer, manifest: Manifest) -> ParsedTables:
    """Return no tables: a manifest only says what the file that it names must be."""
    return ParsedTables({}, {})


def read_manifest(payload: Payload, requested: str) -> Manifest:
    """Validate a manifest, requested as `latest` or by day.

    Raise BadAnswer on one of another day.
    """
    snapshot = a_day(need(payload, "snapshot_date"), "snapshot_date")
    retrieved_at = an_instant(need(payload, "retrieved_at"), "retrieved_at")
    files = need(payload, "files")
    kind = _kind(files)
    if kind is None:
        raise BadAnswer(f"The manifest {requested} names neither a CSV nor a JSON file.")
    name = str(files[kind].get("url", f"{snapshot}.{kind}"))
    is_of_day = requested in ("latest", snapshot.isoformat())
    if not is_of_day or not name.endswith(f"{snapshot}.{kind}") or retrieved_at.date() < snapshot:
        raise BadAnswer(
            f"The manifest {requested} names another day: snapshot {snapshot}, file {name!r}, "
            f"retrieved {retrieved_at.isoformat()}."
        )
    size = str(need(payload, "files", kind, "bytes"))
    digest = str(need(payload, "files", kind, "sha256"))
    if not size.isdecimal():
        raise BadAnswer(f"The manifest {requested} says that the file has {size!r} bytes.")
    return Manifest(snapshot, retrieved_at, kind, int(size), digest)


def _kind(files: object) -> str | None:
    """Return the format to fetch; CSV comes first, it is smaller."""
    named = files if isinstance(files, dict) else {}
    return next((kind for kind in ("csv", "json") if isinstance(named.get(kind), dict)), None)


def _or_failure(what: str, snapshot: date, request: Callable[[], T]) -> T | Failure:
    """Make a request; where it fails, return the days of that file as lost."""
    try:
        return request()
    except SourceUnreachable:
        raise
    except SourceError as error:
        first, last = snapshot - DAYS_IN_FILE, snapshot - ONE_DAY
        return Failure(f"rankings, {what} of the keyless exports", str(error), first, last)


def _file_of(client: SourceClient, snapshot: date, newest: Manifest | Failure) -> Answer | None:
    """Fetch the file of one day by its manifest, which is at hand for the newest.

    None before the oldest file.
    """
    if isinstance(newest, Manifest) and newest.snapshot == snapshot:
        return _file(client, newest)
    manifest = _dated_manifest(client, snapshot)
    return _file(client, manifest) if manifest else None


def _manifest(client: SourceClient, requested: str) -> Manifest:
    answer = client.ask(MANIFEST, f"{PATH}/{requested}.manifest.json")
    manifest: Manifest = client.payloads[answer.answer_id]
    return manifest


def _dated_manifest(client: SourceClient, day: date) -> Manifest | None:
    """Fetch a day's manifest.

    None before the oldest file, where a refusal is no fault: those days need a key.
    """
    try:
        return _manifest(client, day.isoformat())
    except SourceRefused:
        if day >= FIRST_FILE:
            raise
        return None


def file_context(manifest: Manifest) -> dict[str, str]:
    """Return what a file must be, kept with its answer, since only the manifest says it."""
    return {
        "snapshot_date": manifest.snapshot.isoformat(),
        "as_of": manifest.retrieved_at.isoformat(),
        "bytes": str(manifest.bytes),
        "sha256": manifest.sha256,
    }


def _file(client: SourceClient, manifest: Manifest) -> Answer:
    context = file_context(manifest)
    # The address is built from the day, never taken from the manifest, which could name another
    # host.
    return client.ask(SOURCE, f"{PATH}/{manifest.snapshot}.{manifest.kind}", context=context)


def _must_fit(answer: Answer) -> None:
    """Raise BadAnswer on a file that is not the one that its manifest promises.

    Checked whenever a file is read.
    """
    found, promised = {"bytes": str(answer.bytes), "sha256": answer.sha256}, answer.context
    for name, value in found.items():
        if value != promised.get(name):
            raise BadAnswer(
                f"The export of {promised.get('snapshot_date')} is not what its manifest promises: "
                f"{name} is {value}, "
                f"not {promised.get(name)}. It is kept, but not used; the next run asks again."
            )


def _step_back(snapshot: date, step: timedelta) -> date:
    earlier = snapshot - step
    return FIRST_FILE if earlier < FIRST_FILE < snapshot else earlier


def _read_csv(body: bytes) -> pl.DataFrame:
    try:
        return pl.read_csv(io.BytesIO(body), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise BadAnswer(f"The export is no CSV ({error}).") from error


def _columns(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    names = frame.columns
    if missing := [name for name in COLUMNS if name not in names]:
        raise BadAnswer(f"The export has no column {missing[0]!r}; it has {', '.join(names[:8])}.")
    notes = [f"unknown key {name!r} in rankings export" for name in names if name not in HEADER]
    return frame.select(*COLUMNS), notes


def _rows(payload: Payload) -> tuple[pl.DataFrame, list[str]]:
    rows = rows_of(payload, "data" if "data" in payload else "rows")
    frame = pl.DataFrame([text(rows, name) for name in COLUMNS])
    return frame, unknown_keys("rankings export", rows, frozenset(HEADER))


SOURCE = Source(
    "rankings_export", parse, ("ranking_days", "ranking_rows"), ("raw_answers",), decode
)
MANIFEST = Source("rankings_export_manifest", parse_manifest, (), ("raw_answers",), decode_manifest)
