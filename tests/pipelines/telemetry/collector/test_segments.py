"""Segments on a real disk: what goes in comes out, small; nothing half or double is ever seen."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.full_disk import full_disk

from pipelines.telemetry.collector.segments import (
    SCHEMA,
    Scrape,
    SegmentWriter,
    build_table,
    closed_segments,
    read_segment,
)
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, up_series
from pipelines.telemetry.metrics.vocabulary import Series

AT = 1795295500_000_000
BUCKET = Series("ttft_seconds", "histogram", "bucket", 0.1, "served", 'engine="0"')
WHOLE = Series("ttft_seconds", "histogram", "bucket", float("inf"), "served", 'engine="0"')
RUNNING = Series("requests_running", "gauge")
POWER = Series("power_watts", "gauge", device="3")
# Writes segments of ten samples for ever, numbers the samples, and prints how many are closed.
WRITER = """
import sys
from pathlib import Path
from pipelines.telemetry.collector.segments import Scrape, SegmentWriter
from pipelines.telemetry.metrics.vocabulary import Series
writer, number = SegmentWriter(Path(sys.argv[1])), 0
running = Series("requests_running", "gauge")
print("ready", flush=True)
while True:
    scrapes = [Scrape("t", "vllm", number + each, None, (running,), (1.0,)) for each in range(10)]
    writer.write(scrapes)
    number += 10
    print(number, flush=True)
"""


def scrape(*pairs: tuple[Series, float], at: int = AT, target: str = "t", **more: str) -> Scrape:
    series, values = tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
    return Scrape(target, "vllm", at, AT - 60_000_000, series, values, **more)


def test_a_row_has_all_of_a_sample(tmp_path: Path) -> None:
    """Every column, of a bucket, a gauge without a model, and a device."""
    path = SegmentWriter(tmp_path).write(
        [scrape((WHOLE, 5.0), (BUCKET, 4.0), (POWER, 91.5), (RUNNING, 2.0))]
    )
    assert path
    found = read_segment(path)
    assert found.schema == SCHEMA
    common: dict[str, Any] = {
        "target": "t",
        "engine": "vllm",
        "scraped_at": datetime(2026, 11, 21, 21, 11, 40, tzinfo=UTC),
        "started_at": datetime(2026, 11, 21, 21, 10, 40, tzinfo=UTC),
        "device": None,
    }
    gauge = {**common, "kind": "gauge", "part": "", "le": None, "labels": "", "model_name": None}
    bucket = {
        **common,
        "metric": "ttft_seconds",
        "kind": "histogram",
        "part": "bucket",
        "model_name": "served",
        "labels": 'engine="0"',
    }
    assert found.to_pylist() == [
        {**gauge, "metric": "power_watts", "device": "3", "value": 91.5},
        {**gauge, "metric": "requests_running", "value": 2.0},
        {**bucket, "le": 0.1, "value": 4.0},
        {**bucket, "le": float("inf"), "value": 5.0},
    ]


def test_the_only_model_of_a_target_replaces_a_missing_one() -> None:
    """This concerns what the server did, but neither its devices nor the outcome of a scrape."""
    samples = [(RUNNING, 1.0), (POWER, 2.0), (up_series("up"), 1.0), (BUCKET, 3.0)]
    rows = build_table([scrape(*samples, only_model="mine")])
    assert dict(zip(rows["metric"].to_pylist(), rows["model_name"].to_pylist(), strict=True)) == {
        "requests_running": "mine",
        "power_watts": None,
        "up": None,
        "ttft_seconds": "served",
    }


def test_devices_of_two_machines_have_different_names() -> None:
    """Both count their devices from 0."""
    rows = build_table(
        [
            scrape((POWER, 1.0), device_prefix="one:8082/"),
            scrape((POWER, 2.0), device_prefix="two:8082/"),
        ]
    )
    assert rows["device"].to_pylist() == ["one:8082/3", "two:8082/3"]


def test_rows_are_sorted_by_target_series_and_time() -> None:
    """The order of the scrapes does not matter."""
    rows = build_table(
        [
            scrape((RUNNING, 3.0), at=AT + 2, target="z"),
            scrape((RUNNING, 1.0), (BUCKET, 9.0), at=AT),
            scrape((RUNNING, 2.0), at=AT + 1),
        ]
    )
    assert rows["value"].to_pylist() == [1.0, 2.0, 9.0, 3.0]


def busy_scrapes(page: bytes, count: int) -> list[Scrape]:
    """Make scrapes of a busy server: counters that grow at random, gauges that jump."""
    samples = MetricsNormaliser("vllm").read(page, 0.0).samples
    chance = random.Random(7)
    values = dict(samples)
    scrapes = []
    for number in range(count):
        for series, start in samples.items():
            if series.kind == "gauge":
                values[series] = float(chance.randrange(64))
            elif series.part == "sum" and series.metric.endswith("_seconds"):
                values[series] += start / 100 * chance.random()
            elif start >= 1:
                values[series] += chance.randrange(int(start / 100) + 1)
        at = AT + number * 5_000_000 + chance.randrange(20_000)
        scrapes.append(Scrape("t", "vllm", at, AT, tuple(values), tuple(values.values())))
    return scrapes


def test_scrapes_of_a_busy_server_take_two_bytes_a_sample(recordings: Path, tmp_path: Path) -> None:
    page = (recordings / "vllm/vllm_0.32_cpu_loaded.txt").read_bytes()
    path = SegmentWriter(tmp_path).write(busy_scrapes(page, 240))
    assert path
    assert path.stat().st_size / read_segment(path).num_rows < 2


def test_segments_are_listed_in_the_order_in_which_they_were_closed(tmp_path: Path) -> None:
    """Two writers, as after a restart, never share a name."""
    first, second = SegmentWriter(tmp_path), SegmentWriter(tmp_path)
    written = [writer.write([scrape((RUNNING, 1.0))]) for writer in (first, second, first)]
    assert closed_segments(tmp_path) == written
    assert len({path.name for path in written if path}) == 3


def test_without_samples_there_is_no_file(tmp_path: Path) -> None:
    """A scrape without samples makes none either."""
    assert SegmentWriter(tmp_path).write([]) is None
    assert SegmentWriter(tmp_path).write([scrape()]) is None
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_whole_segments_and_no_sample_twice(tmp_path: Path) -> None:
    """It is killed at random instants, again and again; every segment that it reported is there."""
    chance = random.Random(3)
    for attempt in range(4):
        folder = tmp_path / str(attempt)
        command = [sys.executable, "-c", WRITER, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.05 + chance.random() / 5)
            process.send_signal(signal.SIGKILL)
            lines = process.stdout.read().splitlines(keepends=True)
        # The last line may have been printed in part.
        reported = [int(line) for line in lines if line.endswith("\n")]
        tables = [read_segment(path) for path in closed_segments(folder)]
        assert all(table.num_rows == 10 for table in tables)
        rows = pa.concat_tables(tables) if tables else SCHEMA.empty_table()
        numbers = rows["scraped_at"].cast(pa.int64()).to_pylist()
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= max(reported, default=0)


def test_files_of_a_killed_writer_are_removed_later(tmp_path: Path) -> None:
    """A young one stays: another writer may be at work on it."""
    young, old = tmp_path / ".a.tmp", tmp_path / ".b.tmp"
    for left in (young, old):
        left.write_bytes(b"half")
    os.utime(old, (0, 0))
    SegmentWriter(tmp_path)
    assert (young.exists(), old.exists()) == (True, False)
    assert closed_segments(tmp_path) == []


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    """Half a file would make it only fuller. The next segment is whole."""
    writer = SegmentWriter(tmp_path)
    with full_disk(), pytest.raises(OSError, match="File too large"):
        writer.write([scrape((RUNNING, 1.0))])
    assert list(tmp_path.iterdir()) == []
    assert writer.write([scrape((RUNNING, 1.0))])
    assert len(closed_segments(tmp_path)) == 1


def test_many_writers_may_begin_while_others_write(tmp_path: Path) -> None:
    """One that looks for abandoned files meets those that another one renames."""

    def write(number: int) -> Path | None:
        return SegmentWriter(tmp_path).write(
            [Scrape("t", "vllm", AT + number, None, (RUNNING,), (1.0,))]
        )

    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(write, range(200)))
    assert len({path for path in paths if path}) == 200
