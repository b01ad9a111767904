"""Durable segments: Parquet files in the spool, one row a sample, each whole or not there.

    20260822T071016123456Z-9f2c61d0-000004.parquet    closed; named by time, writer and number
    .20260822T071016123456Z-9f2c61d0-000004.….tmp     being written, or left by a killed writer
    open.parquet, open-received.parquet               a live view's copies of open segments

A file gets its name after its bytes are on disk, so a reader needs no lock. Rows are sorted by
series and then by time: equal values lie together, and a sample takes one or two bytes.
"""

import secrets
import time
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.files import durable_file, make_private
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
INSTANT = SCHEMA.field("scraped_at").type
# Metrics that concern no model, not even on a server with one model.
OF_NO_MODEL = frozenset({"up", "device_up", "build_info"})
ABANDONED_SECONDS = 3600.0
# Of the collector and of the receiver, which may write into one folder.
OPEN_NAME, OPEN_RECEIVED_NAME = "open.parquet", "open-received.parquet"
OPEN_NAMES = (OPEN_NAME, OPEN_RECEIVED_NAME)


@dataclass(frozen=True)
class Scrape:
    """Samples of one scrape: series and values in the same order, microseconds since 1970."""

    target: str
    engine: str
    scraped_at: int
    started_at: int | None
    series: Sequence[Series]
    values: Sequence[float]
    only_model: str | None = None  # for series that name no model
    device_prefix: str = ""  # tells the devices of several sources of a target apart


class SegmentWriter:
    """Writes segments into a folder. The caller gathers samples; each `write` makes one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer = secrets.token_hex(4)
        self._number = 0
        make_private(folder)
        for left in folder.glob(".*.tmp"):
            # Another writer may be at work on a young one, and rename it at this moment.
            with suppress(FileNotFoundError):
                if left.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                    left.unlink()

    def write(self, scrapes: Sequence[Scrape]) -> Path | None:
        """Write these samples into one segment, durably; None if there are none."""
        rows = build_table(scrapes)
        if not rows.num_rows:
            return None
        self._number += 1
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{self._writer}-{self._number:06d}.parquet"
        with durable_file(self.folder / name) as file:
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
        return self.folder / name


def closed_segments(folder: Path) -> list[Path]:
    """List the complete segments of a folder, oldest first."""
    return sorted(folder.glob("[0-9]*.parquet"))


def read_segment(path: Path) -> pa.Table:
    """Read the rows of one segment."""
    return pq.read_table(path).cast(SCHEMA)


def build_table(scrapes: Sequence[Scrape]) -> pa.Table:
    """Build the rows of these scrapes, sorted by target, series and time."""
    scrapes = [scrape for scrape in scrapes if scrape.series]
    keys, series_ids = _number_series(scrapes)
    scrape_ids, values = array("i"), array("d")
    for number, scrape in enumerate(scrapes):
        scrape_ids.extend([number] * len(scrape.series))
        values.extend(scrape.values)
    rows = pa.table(
        {
            "series": _to_arrow(series_ids),
            "value": pa.array(values, pa.float64()),
            "scrape": _to_arrow(scrape_ids),
        }
    )
    by_scrape = _scrape_columns(scrapes)
    for name in ("origin", "scraped_at"):
        rows = rows.append_column(name, pc.take(by_scrape[name], rows["scrape"]))
    sort_keys = [(name, "ascending") for name in ("origin", "series", "scraped_at")]
    rows = rows.take(pc.sort_indices(rows, sort_keys=sort_keys))
    columns = {name: pc.take(each, rows["scrape"]) for name, each in by_scrape.items()}
    for name, each in _series_columns(keys).items():
        columns[name] = pc.take(each, rows["series"])
    columns["value"] = rows["value"]
    _fill_in(columns)
    return pa.table({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA)


def _fill_in(columns: dict[str, pa.ChunkedArray]) -> None:
    """Add what a page leaves out: the model where there is only one, the machine of a device."""
    columns["model_name"] = pc.coalesce(
        columns["model_name"], pc.if_else(columns["is_of_model"], columns["only_model"], None)
    )
    columns["device"] = pc.binary_join_element_wise(columns["device_prefix"], columns["device"], "")


def _number_series(scrapes: Sequence[Scrape]) -> tuple[list[Key], "array[int]"]:
    """Return the keys of all series in the order of rows, and each sample's number in that list."""
    # Most scrapes of a source share one tuple of series, so each tuple is searched once.
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


def _series_columns(keys: list[Key]) -> dict[str, pa.Array]:
    names = ("metric", "kind", "part", "model_name", "device", "labels")
    columns = {
        name: pa.array([key[index] for key in keys], pa.string())
        for index, name in enumerate(names)
    }
    for name in ("model_name", "device"):
        columns[name] = pc.if_else(pc.equal(columns[name], ""), None, columns[name])
    bounds = [key[-1] if key[2] == "bucket" else None for key in keys]
    columns["le"] = pa.array(bounds, pa.float64())
    are_of_model = [not key[4] and key[0] not in OF_NO_MODEL for key in keys]
    columns["is_of_model"] = pa.array(are_of_model, pa.bool_())
    return columns


def _scrape_columns(scrapes: Sequence[Scrape]) -> dict[str, pa.Array]:
    """Return the columns of scrapes; `origin` numbers sources in the order of rows."""
    origins = [(scrape.target, scrape.engine, scrape.device_prefix) for scrape in scrapes]
    rank = {origin: number for number, origin in enumerate(sorted(set(origins)))}
    columns = {"origin": pa.array([rank[origin] for origin in origins], pa.int32())}
    for name in ("target", "engine", "only_model", "device_prefix"):
        columns[name] = pa.array([getattr(scrape, name) for scrape in scrapes], pa.string())
    for name in ("scraped_at", "started_at"):
        instants = pa.array([getattr(scrape, name) for scrape in scrapes], pa.int64())
        columns[name] = instants.cast(INSTANT)
    return columns


def _to_arrow(numbers: "array[int]") -> pa.Array:
    return pa.Array.from_buffers(pa.int32(), len(numbers), [None, pa.py_buffer(numbers)])
