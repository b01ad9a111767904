"""Archived metrics of a target as scrapes: a folder of pages, or a table of a run's counters.

The instant of a page is in its name; `file_names` has the forms.
"""

import csv
import gzip
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pipelines.errors import BadSetting
from pipelines.telemetry.backfill.file_names import FORMS, find_instant
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.config.device_pick import DevicePick
from pipelines.telemetry.config.tier import Target
from pipelines.telemetry.metrics.exposition import MAX_BYTES
from pipelines.telemetry.metrics.nearest_engine import find_nearest_engine
from pipelines.telemetry.metrics.normalise import (
    MetricsNormaliser,
    NormalisedPage,
    outcome_series,
    up_series,
)

MAX_NAMED = 3  # files that an error names
PREFIXES = {"vllm": "vllm:", "tokentide": "vllm:", "sglang": "sglang:", "llamacpp": "llamacpp:"}


def make_normaliser(target: Target, pick: DevicePick | None = None) -> MetricsNormaliser:
    """Make the reader of a target's pages; our own server's page has its device's figures too."""
    devices = ("tokentide device",) if target.engine == "tokentide" else ()
    chosen = pick or DevicePick(devices=target.devices)
    return MetricsNormaliser(target.engine, *devices, families=target.families, pick=chosen)


def read_pages(
    folder: Path, target: Target, pick: DevicePick | None = None, use_file_time: bool = False
) -> Iterator[Scrape]:
    """Yield every `.txt` page of a folder, oldest first.

    Raise BadSetting if a name has no instant, unless the files' own times are asked for.
    """
    reader = make_normaliser(target, pick)
    for instant, path in _list_pages(folder, use_file_time):
        with path.open("rb") as file:
            # One byte more than is parsed, so that a page that is too large counts as cut.
            content = file.read(MAX_BYTES + 1)
        page = reader.read(content, instant.timestamp())
        if page.samples or page.withheld:
            yield make_scrape(target, instant, page)
        else:
            yield _make_failure(target, instant, page, content)


def _list_pages(folder: Path, use_file_time: bool) -> list[tuple[datetime, Path]]:
    paths = sorted(folder.glob("*.txt"))
    instants = {path: find_instant(path) for path in paths}
    unnamed = [path.name for path, instant in instants.items() if instant is None]
    if unnamed and not use_file_time:
        some = ", ".join(unnamed[:MAX_NAMED]) + (" …" if len(unnamed) > MAX_NAMED else "")
        raise BadSetting(
            f"{len(unnamed)} of {len(paths)} pages in {folder} have no instant in their names "
            f"({some}). Name them in one of these forms: {', '.join(FORMS)}; "
            "or let --use-file-time take the files' own times."
        )
    return sorted(
        (instant or datetime.fromtimestamp(path.stat().st_mtime, UTC), path)
        for path, instant in instants.items()
    )


def _make_failure(
    target: Target, instant: datetime, page: NormalisedPage, content: bytes
) -> Scrape:
    up = up_series(
        "up",
        reason="no_known_metrics",
        nearest_engine=find_nearest_engine(content),
        read=str(page.counts.lines),
        unknown_families=str(page.counts.unknown_families),
    )
    at = round(instant.timestamp() * 1e6)
    return Scrape(target.name, target.engine, at, None, (up,), (0.0,), target.only_model)


def read_run(path: Path, target: Target, started: datetime) -> Iterator[Scrape]:
    """Yield the rows of a run's table.

    Its columns are `time [s]` since the start, and each family's name without its prefix.
    """
    reader = make_normaliser(target)
    prefix = PREFIXES.get(target.engine, "")
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        for row in csv.DictReader(file):
            seconds = started.timestamp() + float(row.pop("time [s]"))
            page = "\n".join(f"{prefix}{name} {value}" for name, value in row.items())
            instant = datetime.fromtimestamp(seconds, UTC)
            yield make_scrape(target, instant, reader.read(page.encode(), seconds))


def make_scrape(target: Target, instant: datetime, page: NormalisedPage) -> Scrape:
    """Make a successful scrape of a page."""
    samples, up = page.samples, outcome_series("up", page)
    return Scrape(
        target.name,
        target.engine,
        round(instant.timestamp() * 1e6),
        None if page.started_at is None else round(page.started_at * 1e6),
        (*samples, up),
        (*samples.values(), 1.0),
        target.only_model,
    )


def store(scrapes: Iterable[Scrape], spool: Spool) -> int:
    """Write scrapes into segments and return their number."""
    count = 0
    for scrape in scrapes:
        spool.keep(scrape)
        count += 1
        if spool.is_due:
            spool.close(spool.take())
    spool.close(spool.take())
    return count
