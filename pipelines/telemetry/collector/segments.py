"""Durable segments: Parquet files in the spool, one row a sample, each whole or not there.

    20260822T071016123456Z-9f2c61d0-000004.parquet    closed; named by when it was closed, who wrote it and its number
    .20260822T071016123456Z-9f2c61d0-000004.tmp       being written, or left by a writer that was killed
    open.parquet                                      no segment: what a live view sees of the one that is still open

A file gets its name after its bytes are on disk, so a reader needs no lock. Rows are sorted by series and then by time: what repeats lies
together, and a sample takes one or two bytes.
"""

import os
import secrets
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.files import sync_folder
from pipelines.telemetry.metrics.vocabulary import Key, Series

SCHEMA = pa.schema(
    [
        pa.field("target", pa.string(), nullable=False),
        pa.field("engine", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("part", pa.string(), nullable=False),
        pa.field("le", pa.float64()),
        pa.field("model_name", pa.string()),
        pa.field("labels", pa.string(), nullable=False),
        pa.field("device", pa.string()),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("scraped_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("started_at", pa.timestamp("us", tz="UTC")),
    ]
)
OF_NO_MODEL = frozenset({"up", "device_up", "build_info"})
ABANDONED_SECONDS = 3600.0
OPEN_NAME = "open.parquet"


@dataclass(frozen=True)
class Scrape:
    """The samples that one scrape brought: series and values in the same order, instants in microseconds since 1970."""

    target: str
    engine: str
    scraped_at: int
    started_at: int | None
    series: Sequence[Series]
    values: Sequence[float]
    only_model: str | None = None  # for series that name no model
    device_prefix: str = ""  # tells the devices of several sources of a target apart


class SegmentWriter:
    """Writes segments into a folder. Samples are the caller's to gather; what is given to `write` becomes one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer = secrets.token_hex(4)
        self._number = 0
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(".*.tmp"):
            # Another writer may be at work on a young one.
            if left.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                left.unlink(missing_ok=True)

    def write(self, scrapes: Sequence[Scrape]) -> Path | None:
        """Put these samples in one segment, durably; None if there are none."""
        rows = table_of(scrapes)
        if not rows.num_rows:
            return None
        self._number += 1
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{self._writer}-{self._number:06d}"
        aside, path = self.folder / f".{name}.tmp", self.folder / f"{name}.parquet"
        try:
            _write(rows, aside)
            aside.rename(path)
        except OSError:
            # A full disk: half a file would only make it fuller.
            aside.unlink(missing_ok=True)
            raise
        sync_folder(self.folder)
        return path


def closed_segments(folder: Path) -> list[Path]:
    """The segments that are complete, oldest first."""
    return sorted(folder.glob("[0-9]*.parquet"))


def read_segment(path: Path) -> pa.Table:
    """One segment's rows."""
    return pq.read_table(path).cast(SCHEMA)


def table_of(scrapes: Sequence[Scrape]) -> pa.Table:
    """The rows of these scrapes, sorted by target, series and time."""
    scrapes = [scrape for scrape in scrapes if scrape.series]
    order, ids = _numbered(scrapes)
    scrape_of, values = array("i"), array("d")
    for number, scrape in enumerate(scrapes):
        scrape_of.extend([number] * len(scrape.series))
        values.extend(scrape.values)
    origins = _columns_of_scrapes(scrapes)
    rows = pa.table(
        {"series": _ints(ids), "value": pa.array(values, pa.float64()), "scrape": _ints(scrape_of)}
    )
    for name in ("origin", "scraped_at"):
        rows = rows.append_column(name, pc.take(origins[name], rows["scrape"]))
    keys = [(name, "ascending") for name in ("origin", "series", "scraped_at")]
    rows = rows.take(pc.sort_indices(rows, sort_keys=keys))
    columns = {
        name: pc.take(column, rows["series"]) for name, column in _columns_of_series(order).items()
    }
    columns |= {name: pc.take(column, rows["scrape"]) for name, column in origins.items()}
    # What a page leaves out: the model where there is only one, and which machine a device is in.
    columns["model_name"] = pc.coalesce(
        columns["model_name"], pc.if_else(columns["is_of_model"], columns["only_model"], None)
    )
    columns["device"] = pc.binary_join_element_wise(columns["device_prefix"], columns["device"], "")
    return pa.table(
        {
            field.name: rows["value"] if field.name == "value" else columns[field.name]
            for field in SCHEMA
        },
        schema=SCHEMA,
    )


def _numbered(scrapes: Sequence[Scrape]) -> tuple[list[Key], "array[int]"]:
    """What is measured, each once and in the order of the rows, and for each sample the number of its own."""
    # Most scrapes of a source share one tuple, so each is looked at once.
    shared = {id(scrape.series): scrape.series for scrape in scrapes}
    keys = {series: series.key for each in shared.values() for series in each}
    order = sorted(set(keys.values()))
    number = {key: index for index, key in enumerate(order)}
    numbers = {
        name: array("i", [number[keys[series]] for series in each]) for name, each in shared.items()
    }
    ids = array("i")
    for scrape in scrapes:
        ids.extend(numbers[id(scrape.series)])
    return order, ids


def _columns_of_series(order: list[Key]) -> dict[str, pa.Array]:
    names = ("metric", "kind", "part", "model_name", "device", "labels")
    columns = {
        name: pa.array([key[place] for key in order], pa.string())
        for place, name in enumerate(names)
    }
    for name in ("model_name", "device"):
        columns[name] = pc.if_else(pc.equal(columns[name], ""), None, columns[name])
    columns["le"] = pa.array(
        [key[-1] if key[2] == "bucket" else None for key in order], pa.float64()
    )
    columns["is_of_model"] = pa.array(
        [not key[4] and key[0] not in OF_NO_MODEL for key in order], pa.bool_()
    )
    return columns


def _columns_of_scrapes(scrapes: Sequence[Scrape]) -> dict[str, pa.Array]:
    """`origin` numbers the sources in the order of the rows."""
    instant = pa.timestamp("us", tz="UTC")
    origins = [(scrape.target, scrape.engine, scrape.device_prefix) for scrape in scrapes]
    rank = {origin: number for number, origin in enumerate(sorted(set(origins)))}
    return {
        "origin": pa.array([rank[origin] for origin in origins], pa.int32()),
        "target": pa.array([scrape.target for scrape in scrapes], pa.string()),
        "engine": pa.array([scrape.engine for scrape in scrapes], pa.string()),
        "only_model": pa.array([scrape.only_model for scrape in scrapes], pa.string()),
        "device_prefix": pa.array([scrape.device_prefix for scrape in scrapes], pa.string()),
        "scraped_at": pa.array([scrape.scraped_at for scrape in scrapes], pa.int64()).cast(instant),
        "started_at": pa.array([scrape.started_at for scrape in scrapes], pa.int64()).cast(instant),
    }


def _ints(numbers: "array[int]") -> pa.Array:
    return pa.Array.from_buffers(pa.int32(), len(numbers), [None, pa.py_buffer(numbers)])


def _write(rows: pa.Table, path: Path) -> None:
    with path.open("wb") as file:
        _encode(rows, file)
        file.flush()
        os.fsync(file.fileno())


def _encode(rows: pa.Table, file: BinaryIO) -> None:
    pq.write_table(
        rows,
        file,
        compression="zstd",
        compression_level=3,
        use_dictionary=[name for name in SCHEMA.names if name != "value"],
        column_encoding={"value": "BYTE_STREAM_SPLIT"},
        store_schema=False,
        write_statistics=["metric", "scraped_at"],
    )
