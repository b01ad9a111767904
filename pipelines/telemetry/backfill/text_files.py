"""Pages that somebody archived become the same segments as those that were scraped: a folder of pages, or a table of a run's counters.

When a page was taken is in its name (`…20260822T071016Z…`, or seconds or milliseconds since 1970), or else it is the file's own time.
"""

import csv
import gzip
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.config.tier import Target
from pipelines.telemetry.metrics.exposition import MAX_BYTES
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, NormalisedPage, up

STAMP = re.compile(r"(?<!\d)(\d{8})[T-](\d{6})(?!\d)")
UNIX = re.compile(r"(?<!\d)(\d{10}|\d{13})(?!\d)")
PREFIXES = {"vllm": "vllm:", "tokentide": "vllm:", "sglang": "sglang:", "llamacpp": "llamacpp:"}


def reader_of(target: Target) -> MetricsNormaliser:
    """What reads the pages of this target; our own server's page has its device's figures too."""
    more = ("tokentide device",) if target.engine == "tokentide" else ()
    return MetricsNormaliser(target.engine, *more, families=target.families)


def read_pages(folder: Path, target: Target) -> Iterator[Scrape]:
    """Every `.txt` page of a folder, oldest first."""
    reader = reader_of(target)
    found = [(instant_of(path), path) for path in folder.glob("*.txt")]
    for instant, path in sorted(found):
        with path.open("rb") as file:
            # One byte more than is read, so that a page that is too large is counted as cut.
            page = file.read(MAX_BYTES + 1)
        yield scrape_of(target, instant, reader.read(page, instant.timestamp()))


def read_run(path: Path, target: Target, started: datetime) -> Iterator[Scrape]:
    """A table of a run, one row a second or so: `time [s]` since the start, and a column for each family without its prefix."""
    reader = reader_of(target)
    prefix = PREFIXES.get(target.engine, "")
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        for row in csv.DictReader(file):
            instant = started.timestamp() + float(row.pop("time [s]"))
            page = "\n".join(f"{prefix}{name} {value}" for name, value in row.items())
            yield scrape_of(
                target, datetime.fromtimestamp(instant, UTC), reader.read(page.encode(), instant)
            )


def instant_of(path: Path) -> datetime:
    """When a page was taken."""
    if stamp := STAMP.search(path.stem):
        try:
            return datetime.strptime("".join(stamp.groups()), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if unix := UNIX.search(path.stem):
        digits = unix.group(1)
        return datetime.fromtimestamp(int(digits) / (1000 if len(digits) == 13 else 1), UTC)
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def scrape_of(target: Target, instant: datetime, reading: NormalisedPage) -> Scrape:
    """A reading as one scrape that worked."""
    said = up("up", samples=str(len(reading.samples)), problems=str(reading.counts.problems))
    empty = Scrape(
        target.name,
        target.engine,
        round(instant.timestamp() * 1e6),
        None,
        (),
        (),
        target.only_model,
    )
    started_at = None if reading.started_at is None else round(reading.started_at * 1e6)
    return replace(
        empty,
        started_at=started_at,
        series=(*reading.samples, said),
        values=(*reading.samples.values(), 1.0),
    )


def store(scrapes: Iterable[Scrape], spool: Spool) -> int:
    """Put scrapes of the past into segments; how many there were."""
    count = 0
    for scrape in scrapes:
        spool.keep(scrape)
        count += 1
        if spool.is_due:
            spool.close(spool.take())
    spool.close(spool.take())
    return count
