"""Archived metrics of a target as scrapes: a folder of pages, or a table of a run's counters.

The instant of a page is in its name (`…20260822T071016Z…`, or seconds or milliseconds since 1970),
or else it is the file's modification time.
"""

import csv
import gzip
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.config.tier import Target
from pipelines.telemetry.metrics.exposition import MAX_BYTES
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, NormalisedPage, up_series

STAMP = re.compile(r"(?<!\d)(\d{8})[T-](\d{6})(?!\d)")
UNIX = re.compile(r"(?<!\d)(\d{10}|\d{13})(?!\d)")
PREFIXES = {"vllm": "vllm:", "tokentide": "vllm:", "sglang": "sglang:", "llamacpp": "llamacpp:"}


def make_normaliser(target: Target) -> MetricsNormaliser:
    """Make the reader of a target's pages; our own server's page has its device's figures too."""
    devices = ("tokentide device",) if target.engine == "tokentide" else ()
    return MetricsNormaliser(target.engine, *devices, families=target.families)


def read_pages(folder: Path, target: Target) -> Iterator[Scrape]:
    """Yield every `.txt` page of a folder, oldest first."""
    reader = make_normaliser(target)
    pages = sorted((find_instant(path), path) for path in folder.glob("*.txt"))
    for instant, path in pages:
        with path.open("rb") as file:
            # One byte more than is parsed, so that a page that is too large counts as cut.
            page = file.read(MAX_BYTES + 1)
        yield make_scrape(target, instant, reader.read(page, instant.timestamp()))


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


def find_instant(path: Path) -> datetime:
    """Find the instant of a page in its name, or else return the file's modification time."""
    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if stamp := STAMP.search(path.stem):
        try:
            return datetime.strptime("".join(stamp.groups()), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return modified
    if unix := UNIX.search(path.stem):
        digits = unix.group(1)
        return datetime.fromtimestamp(int(digits) / (1000 if len(digits) == 13 else 1), UTC)
    return modified


def make_scrape(target: Target, instant: datetime, page: NormalisedPage) -> Scrape:
    """Make a successful scrape of a page."""
    samples, problems = page.samples, page.counts.problems
    up = up_series("up", samples=str(len(samples)), problems=str(problems))
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
