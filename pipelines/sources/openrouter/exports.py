"""OpenRouter's keyless daily exports: the same board as `rankings-daily` in dated, immutable files of 30 trailing days.

The manifest comes first; it names the day, the size and the SHA-256 of the file, and the file is believed only if they fit.
Each file stands for itself: one that cannot be had is reported with its days, and the one before it is asked for.
The oldest file is that of 2026-09-19, so days before 2026-08-20 need a key. Source: OpenRouter (openrouter.ai/rankings), CC BY 4.0.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import TypeVar

import polars as pl

from pipelines.archive import Answer, utc_now
from pipelines.errors import BadAnswer, SourceError, SourceRefused, SourceUnreachable
from pipelines.ingest.days import Failure
from pipelines.sources.http import SourceClient
from pipelines.sources.openrouter.rankings_table import COLUMNS, RankingsTable
from pipelines.sources.parsing import (
    ParsedTables,
    a_day,
    an_instant,
    need,
    read_object,
    rows_of,
    text,
    unknown_keys,
)

SOURCE = "rankings_export"
MANIFEST = "rankings_export_manifest"
PATH = "/datasets/exports/rankings-daily"
FIRST_FILE = date(2026, 9, 19)
DAYS_IN_FILE = timedelta(days=30)
# The newest days of a file are still restated, so files overlap and each day is taken from one that saw it settled.
STEP = timedelta(days=27)
# The file of the day before a lost one holds all its days but the newest. So often it is asked for, until one is had again.
SINGLE_STEPS = 3
ONE_DAY = timedelta(days=1)

T = TypeVar("T")

HEADER = ("date", "model_permaslug", "rank", "total_tokens", "share_of_daily_tokens")


@dataclass(frozen=True)
class Manifest:
    """What a manifest promises about one dated file. `retrieved_at` is the instant that its figures speak from."""

    snapshot: date
    retrieved_at: datetime
    kind: str
    bytes: int
    sha256: str


def fetch(client: SourceClient, start: date, end: date) -> Iterator[Answer | Failure]:
    """The files that together hold the days from start to end, newest first; in the place of one that cannot be had, what was lost.

    Raises Unreachable, since then no other file can be had either.
    """
    wanted = end + DAYS_IN_FILE
    snapshot, lost = min(wanted, utc_now().date()), 0
    newest = _had("newest file", snapshot, partial(_manifest, client, "latest"))
    if isinstance(newest, Failure):
        yield newest
    else:
        snapshot = min(wanted, newest.snapshot)
    while snapshot > start:
        brought = _had(f"file {snapshot}", snapshot, partial(_file_of, client, snapshot, newest))
        if brought is None:
            return
        yield brought
        lost = lost + 1 if isinstance(brought, Failure) else 0
        if not lost and snapshot - DAYS_IN_FILE <= start:
            return
        snapshot = _step_back(snapshot, ONE_DAY if 0 < lost <= SINGLE_STEPS else STEP)


def parse(answer: Answer, body: bytes) -> RankingsTable:
    """One file, CSV or JSON, as a board; day and instant come from its manifest."""
    snapshot = a_day(answer.context.get("snapshot_date"), "the manifest's snapshot_date")
    _must_fit(body, answer.context)
    kind = answer.url.rsplit(".", 1)[-1]
    rows, notes = _csv(body) if kind == "csv" else _json(body)
    return RankingsTable(
        rows=rows,
        start=snapshot - DAYS_IN_FILE,
        end=snapshot - timedelta(days=1),
        as_of=an_instant(answer.context.get("as_of"), "the manifest's retrieved_at"),
        origin="export",
        notes=notes,
    )


def parse_manifest(answer: Answer, body: bytes) -> ParsedTables:
    """Nothing to load: a manifest only says what to believe of the file that it names."""
    read_manifest(body, answer.url.rsplit("/", 1)[-1].split(".")[0])
    return ParsedTables({}, {})


def read_manifest(body: bytes, asked: str) -> Manifest:
    """The manifest in these bytes; one that speaks of another day than it was asked for is not believed."""
    payload = read_object(body)
    snapshot = a_day(need(payload, "snapshot_date"), "snapshot_date")
    retrieved_at = an_instant(need(payload, "retrieved_at"), "retrieved_at")
    files = need(payload, "files")
    kind = next(
        (
            kind
            for kind in ("csv", "json")
            if isinstance(files, dict) and isinstance(files.get(kind), dict)
        ),
        None,
    )
    if kind is None:
        raise BadAnswer(f"The manifest {asked} names neither a CSV nor a JSON file.")
    named = str(files[kind].get("url", f"{snapshot}.{kind}"))
    if (
        asked not in ("latest", snapshot.isoformat())
        or not named.endswith(f"{snapshot}.{kind}")
        or retrieved_at.date() < snapshot
    ):
        raise BadAnswer(
            f"The manifest {asked} names another day: snapshot {snapshot}, file {named!r}, retrieved {retrieved_at.isoformat()}."
        )
    size, digest = (
        str(need(payload, "files", kind, "bytes")),
        need(payload, "files", kind, "sha256"),
    )
    if not size.isdecimal():
        raise BadAnswer(f"The manifest {asked} says that the file has {size!r} bytes.")
    return Manifest(snapshot, retrieved_at, kind, int(size), str(digest))


def _had(what: str, snapshot: date, ask: Callable[[], T]) -> T | Failure:
    """What asking brings, or else the days of that file as lost."""
    try:
        return ask()
    except SourceUnreachable:
        raise
    except SourceError as error:
        return Failure(
            f"rankings, {what} of the keyless exports",
            str(error),
            snapshot - DAYS_IN_FILE,
            snapshot - ONE_DAY,
        )


def _file_of(client: SourceClient, snapshot: date, newest: Manifest | Failure) -> Answer | None:
    """The file of one day with its manifest, which for the newest is there already; None before the oldest file."""
    if isinstance(newest, Manifest) and newest.snapshot == snapshot:
        return _file(client, newest)
    manifest = _dated_manifest(client, snapshot)
    return _file(client, manifest) if manifest else None


def _manifest(client: SourceClient, asked: str) -> Manifest:
    answer = client.ask(
        MANIFEST, f"{PATH}/{asked}.manifest.json", check=lambda body: _must_be_manifest(body, asked)
    )
    return read_manifest(client.archive.read(answer.sha256), asked)


def _dated_manifest(client: SourceClient, day: date) -> Manifest | None:
    """None before the oldest file: earlier days are not offered without a key. Any other refusal is a fault."""
    try:
        return _manifest(client, day.isoformat())
    except SourceRefused:
        if day >= FIRST_FILE:
            raise
        return None


def _must_be_manifest(body: bytes, asked: str) -> None:
    read_manifest(body, asked)


def _file(client: SourceClient, manifest: Manifest) -> Answer:
    context = {
        "snapshot_date": manifest.snapshot.isoformat(),
        "as_of": manifest.retrieved_at.isoformat(),
        "bytes": str(manifest.bytes),
        "sha256": manifest.sha256,
    }
    # The address is built from the day, never taken from the manifest, which could name another host.
    path = f"{PATH}/{manifest.snapshot}.{manifest.kind}"
    return client.ask(SOURCE, path, context=context, check=lambda body: _must_fit(body, context))


def _must_fit(body: bytes, promised: Mapping[str, str]) -> None:
    """Raise BadAnswer on a file that is not the one that its manifest promises; asked again whenever the file is read."""
    found = {"bytes": str(len(body)), "sha256": sha256(body).hexdigest()}
    for name, value in found.items():
        if value != promised.get(name):
            raise BadAnswer(
                f"The export of {promised.get('snapshot_date')} is not what its manifest promises: {name} is {value}, "
                f"not {promised.get(name)}. It is kept, but not used; the next run asks again."
            )


def _step_back(snapshot: date, step: timedelta) -> date:
    earlier = snapshot - step
    return FIRST_FILE if earlier < FIRST_FILE < snapshot else earlier


def _csv(body: bytes) -> tuple[pl.DataFrame, list[str]]:
    try:
        frame = pl.read_csv(io.BytesIO(body), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise BadAnswer(f"The export is no CSV ({error}).") from error
    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise BadAnswer(
            f"The export has no column {missing[0]!r}; it has {', '.join(frame.columns[:8])}."
        )
    notes = [
        f"unknown key {name!r} in rankings export" for name in frame.columns if name not in HEADER
    ]
    return frame.select(*COLUMNS), notes


def _json(body: bytes) -> tuple[pl.DataFrame, list[str]]:
    payload = read_object(body)
    rows = rows_of(payload, "data" if "data" in payload else "rows")
    return pl.DataFrame([text(rows, name) for name in COLUMNS]), unknown_keys(
        "rankings export", rows, frozenset(HEADER)
    )
