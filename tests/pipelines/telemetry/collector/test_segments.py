"""Segments on a real disk: what goes in comes out, small, and nothing half or double is ever seen."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.errors import CollectorBusy
from pipelines.telemetry.collector.segments import (
    SCHEMA,
    Scrape,
    SegmentWriter,
    closed_segments,
    read_segment,
    table_of,
)
from pipelines.telemetry.collector.spool import Claim, OpenSegment, Spool
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, up
from pipelines.telemetry.metrics.vocabulary import Series

AT = 1795295500_000_000
BUCKET = Series("ttft_seconds", "histogram", "bucket", 0.1, "served", 'engine="0"')
WHOLE = Series("ttft_seconds", "histogram", "bucket", float("inf"), "served", 'engine="0"')
RUNNING = Series("requests_running", "gauge")
POWER = Series("power_watts", "gauge", device="3")
# Writes segments of ten samples for ever, each sample with a number of its own, and says which are closed.
WRITER = """
import sys
from pathlib import Path
from pipelines.telemetry.collector.segments import Scrape, Segments
from pipelines.telemetry.metrics.vocabulary import Series
segments, number = Segments(Path(sys.argv[1])), 0
running = Series("requests_running", "gauge")
print("ready", flush=True)
while True:
    scrapes = [Scrape("t", "vllm", number + each, None, (running,), (1.0,)) for each in range(10)]
    segments.write(scrapes)
    number += 10
    print(number, flush=True)
"""


def scrape(*pairs: tuple[Series, float], at: int = AT, **more: str) -> Scrape:
    return Scrape(
        more.pop("target", "t"),
        "vllm",
        at,
        AT - 60_000_000,
        tuple(pair[0] for pair in pairs),
        tuple(pair[1] for pair in pairs),
        **more,
    )


def test_a_row_says_what_a_sample_is(tmp_path: Path) -> None:
    """Every column, of a bucket, a gauge without a model and a device."""
    path = SegmentWriter(tmp_path).write(
        [scrape((WHOLE, 5.0), (BUCKET, 4.0), (POWER, 91.5), (RUNNING, 2.0))]
    )
    assert path
    found = read_segment(path)
    assert found.schema == SCHEMA
    at, started = (
        datetime(2026, 11, 21, 21, 11, 40, tzinfo=UTC),
        datetime(2026, 11, 21, 21, 10, 40, tzinfo=UTC),
    )
    common = {"target": "t", "engine": "vllm", "scraped_at": at, "started_at": started}
    plain = {"part": "", "le": None, "labels": "", "model_name": None, "device": None}
    bucket = {
        "metric": "ttft_seconds",
        "kind": "histogram",
        "part": "bucket",
        "model_name": "served",
        "labels": 'engine="0"',
        "device": None,
    }
    assert found.to_pylist() == [
        {**common, **plain, "metric": "power_watts", "kind": "gauge", "device": "3", "value": 91.5},
        {**common, **plain, "metric": "requests_running", "kind": "gauge", "value": 2.0},
        {**common, **bucket, "le": 0.1, "value": 4.0},
        {**common, **bucket, "le": float("inf"), "value": 5.0},
    ]


def test_the_only_model_of_a_target_stands_for_a_missing_one() -> None:
    """Of what the server did; not of its devices, nor of whether it answered."""
    rows = table_of(
        [scrape((RUNNING, 1.0), (POWER, 2.0), (up("up"), 1.0), (BUCKET, 3.0), only_model="mine")]
    )
    assert dict(zip(rows["metric"].to_pylist(), rows["model_name"].to_pylist(), strict=True)) == {
        "requests_running": "mine",
        "power_watts": None,
        "up": None,
        "ttft_seconds": "served",
    }


def test_devices_of_two_machines_are_told_apart() -> None:
    """Both count their devices from 0."""
    rows = table_of(
        [
            scrape((POWER, 1.0), device_prefix="one:8082/"),
            scrape((POWER, 2.0), device_prefix="two:8082/"),
        ]
    )
    assert rows["device"].to_pylist() == ["one:8082/3", "two:8082/3"]


def test_rows_are_sorted_by_target_series_and_time() -> None:
    """In whatever order scrapes come."""
    rows = table_of(
        [
            scrape((RUNNING, 3.0), at=AT + 2, target="z"),
            scrape((RUNNING, 1.0), (BUCKET, 9.0), at=AT),
            scrape((RUNNING, 2.0), at=AT + 1),
        ]
    )
    assert rows["value"].to_pylist() == [1.0, 2.0, 9.0, 3.0]


def test_two_hundred_scrapes_of_a_busy_server_take_two_bytes_a_sample(
    recordings: Path, tmp_path: Path
) -> None:
    """Counters that grow by a random hundredth each time, gauges that jump."""
    reading = MetricsNormaliser("vllm").read(
        (recordings / "vllm/vllm_0.32_cpu_loaded.txt").read_bytes(), 0.0
    )
    chance = random.Random(7)
    values = dict(reading.samples)
    scrapes = []
    for number in range(240):
        for series, start in reading.samples.items():
            if series.kind == "gauge":
                values[series] = float(chance.randrange(64))
            elif series.part == "sum" and series.metric.endswith("_seconds"):
                values[series] += start / 100 * chance.random()
            elif start >= 1:
                values[series] += chance.randrange(int(start / 100) + 1)
        at = AT + number * 5_000_000 + chance.randrange(20_000)
        scrapes.append(Scrape("t", "vllm", at, AT, tuple(values), tuple(values.values())))
    path = SegmentWriter(tmp_path).write(scrapes)
    assert path
    assert path.stat().st_size / read_segment(path).num_rows < 2


def test_segments_come_in_the_order_of_their_closing(tmp_path: Path) -> None:
    """Two writers, as after a restart, never share a name."""
    first, second = SegmentWriter(tmp_path), SegmentWriter(tmp_path)
    written = [writer.write([scrape((RUNNING, 1.0))]) for writer in (first, second, first)]
    assert closed_segments(tmp_path) == written
    assert len({path.name for path in written if path}) == 3


def test_nothing_to_write_is_no_file(tmp_path: Path) -> None:
    """Nor is a scrape without samples."""
    assert SegmentWriter(tmp_path).write([]) is None
    assert SegmentWriter(tmp_path).write([scrape()]) is None
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_whole_segments_and_no_sample_twice(tmp_path: Path) -> None:
    """Killed at random instants, again and again; what it said was closed is there."""
    chance = random.Random(3)
    for round_ in range(4):
        folder = tmp_path / str(round_)
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.05 + chance.random() / 5)
        process.send_signal(signal.SIGKILL)
        said = [
            int(line)
            for line in process.stdout.read().splitlines(keepends=True)
            if line.endswith("\n")
        ]
        process.stdout.close()
        process.wait()
        tables = [read_segment(path) for path in closed_segments(folder)]
        assert all(table.num_rows == 10 for table in tables)
        numbers = (
            pa.concat_tables(tables)["scraped_at"].cast(pa.int64()).to_pylist() if tables else []
        )
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= max(said, default=0)


def test_what_a_killed_writer_left_is_swept_up_later(tmp_path: Path) -> None:
    """Not at once: another writer may be at work on it."""
    young, old = tmp_path / ".a.tmp", tmp_path / ".b.tmp"
    for left in (young, old):
        left.write_bytes(b"half")

    os.utime(old, (0, 0))
    SegmentWriter(tmp_path)
    assert (young.exists(), old.exists()) == (True, False)
    assert closed_segments(tmp_path) == []


def filled(folder: Path, count: int, max_mib: int = 1) -> Spool:
    """A spool with segments of half a MiB each; noise does not compress."""
    spool, chance = Spool(folder, max_mib=max_mib), random.Random(1)
    for _ in range(count):
        spool.close(
            OpenSegment(
                [
                    Scrape("t", "vllm", number, None, (RUNNING,), (chance.random(),))
                    for number in range(50_000)
                ],
                50_000,
            )
        )
    return spool


def test_the_oldest_segments_go_when_the_room_is_used_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said and counted, and the newest stays whatever its size."""
    spool = filled(tmp_path, 4)
    left = closed_segments(tmp_path)
    assert 1 <= len(left) < 4
    assert spool.tally.dropped_segments == 4 - len(left)
    assert sum(path.stat().st_size for path in left) <= 1024 * 1024
    assert "which nobody loaded" in caplog.text


def test_a_segment_is_due_by_rows_or_by_age(tmp_path: Path) -> None:
    """Whichever comes first; an empty one never is."""
    by_rows = Spool(tmp_path, max_rows=2, max_seconds=3600)
    by_rows.keep(scrape((RUNNING, 1.0)))
    assert not by_rows.is_due
    by_rows.keep(scrape((RUNNING, 1.0)))
    assert by_rows.is_due
    by_age = Spool(tmp_path, max_seconds=0)
    assert not by_age.is_due
    by_age.keep(scrape((RUNNING, 1.0)))
    assert by_age.is_due


def test_a_disk_that_cannot_be_written_costs_samples_not_the_collector(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, counted, and over as soon as there is room again."""
    folder = tmp_path / "spool"
    spool = Spool(folder)
    folder.rmdir()
    for _ in range(2):
        assert spool.close(OpenSegment([scrape((RUNNING, 1.0))], 1)) is None
    assert (spool.tally.lost_rows, spool.tally.is_writing_well) == (2, False)
    assert caplog.text.count("samples are lost until then") == 1
    folder.mkdir()
    assert spool.close(OpenSegment([scrape((RUNNING, 1.0))], 1))
    assert spool.tally.is_writing_well


def test_a_folder_has_one_collector(tmp_path: Path) -> None:
    """A second one is refused until the first is gone."""
    claim = Claim(tmp_path)
    with pytest.raises(CollectorBusy, match="Another collector writes"):
        Claim(tmp_path)
    claim.release()
    Claim(tmp_path).release()
