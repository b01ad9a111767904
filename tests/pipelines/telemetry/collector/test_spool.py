"""The spool: segments by rows or age, room for the newest ones, one collector at a time."""

import logging
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.full_disk import full_disk

from pipelines.errors import CollectorBusy
from pipelines.telemetry.collector.segments import (
    OPEN_NAME,
    Scrape,
    closed_segments,
    read_segment,
)
from pipelines.telemetry.collector.spool import MAX_WAITING, OpenSegment, Spool, lock_spool
from pipelines.telemetry.metrics.normalise import up_series
from pipelines.telemetry.metrics.vocabulary import Series

RUNNING = Series("requests_running", "gauge")
LOCK = """
import sys, time
from pathlib import Path
from pipelines.telemetry.collector.spool import lock_spool
with lock_spool(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


def scrape(at: int = 1, value: float = 1.0) -> Scrape:
    return Scrape("t", "vllm", at, None, (RUNNING,), (value,))


def fill(folder: Path, count: int, max_mib: int = 1) -> Spool:
    """Close segments of half a MiB each; noise does not compress."""
    spool, chance = Spool(folder, max_mib=max_mib), random.Random(1)
    for _ in range(count):
        scrapes = [scrape(number, chance.random()) for number in range(50_000)]
        spool.close(OpenSegment(scrapes, len(scrapes)))
    return spool


@pytest.mark.slow
def test_the_oldest_segments_are_dropped_to_make_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is logged and counted, and the newest stays whatever its size."""
    spool = fill(tmp_path, 4)
    left = closed_segments(tmp_path)
    assert 1 <= len(left) < 4
    assert spool.tally.dropped_segments == 4 - len(left)
    assert sum(path.stat().st_size for path in left) <= 1024 * 1024
    assert caplog.text.count("which is not loaded yet") == 4 - len(left)


def test_the_newest_segment_stays_whatever_its_size(tmp_path: Path) -> None:
    spool = fill(tmp_path, 2, max_mib=0)
    [left] = closed_segments(tmp_path)
    assert read_segment(left).num_rows == 50_000
    assert (spool.tally.dropped_segments, spool.tally.segments) == (1, 2)
    assert spool.tally.segment_bytes == spool.tally.dropped_bytes + left.stat().st_size


def test_a_segment_is_due_by_rows_or_by_age(tmp_path: Path) -> None:
    """The first of both counts; an empty one is never due."""
    by_rows = Spool(tmp_path, max_rows=2, max_seconds=3600)
    by_rows.keep(scrape())
    assert not by_rows.is_due
    by_rows.keep(scrape())
    assert by_rows.is_due
    by_age = Spool(tmp_path, max_seconds=0)
    assert not by_age.is_due
    by_age.keep(scrape())
    assert by_age.is_due


def test_taking_the_open_segment_begins_another_one(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.keep(scrape(1))
    taken = spool.take()
    spool.keep(scrape(2))
    assert ([each.scraped_at for each in taken.scrapes], taken.rows) == ([1], 1)
    assert ([each.scraped_at for each in spool.open.scrapes], spool.open.rows) == ([2], 1)


def test_samples_that_wait_are_bounded(tmp_path: Path) -> None:
    """A disk may be slow for longer than memory lasts."""
    spool = Spool(tmp_path, max_rows=2)
    for number in range(20):
        spool.keep(scrape(number))
    assert spool.open.rows == MAX_WAITING * 2 + 1
    assert spool.tally.lost_rows == 20 - spool.open.rows


def test_a_full_disk_costs_samples_not_the_collector(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, counted, and over as soon as there is room again."""
    spool = Spool(tmp_path)
    with full_disk():
        for _ in range(2):
            assert spool.close(OpenSegment([scrape()], 1)) is None
    assert list(tmp_path.iterdir()) == []
    assert (spool.tally.lost_rows, spool.tally.is_writing_well) == (2, False)
    assert caplog.text.count("samples are lost until then") == 1
    assert spool.close(OpenSegment([scrape()], 1))
    assert spool.tally.is_writing_well
    assert spool.tally.rows == 1


def test_a_spool_that_cannot_write_tries_again_soon(tmp_path: Path) -> None:
    """It does not wait for the next segment to be full."""
    spool = Spool(tmp_path)
    spool.keep(scrape())
    assert not spool.is_due
    spool.tally.is_writing_well = False
    assert spool.is_due


def test_closing_nothing_makes_no_segment(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    assert spool.close(spool.take()) is None
    assert (closed_segments(tmp_path), spool.tally.segments) == ([], 0)


def test_the_open_segment_is_shown_until_it_is_closed(tmp_path: Path) -> None:
    """A reader finds its samples in one file or the other at every moment."""
    spool = Spool(tmp_path)
    spool.keep(Scrape("t", "vllm", 1, None, (up_series("up"),), (1.0,)))
    spool.show()
    assert read_segment(tmp_path / OPEN_NAME).num_rows == 1
    assert not spool.is_due_to_show
    assert spool.close(spool.take())
    assert not (tmp_path / OPEN_NAME).exists()


def test_a_spool_has_one_collector(tmp_path: Path) -> None:
    """A second one is refused, and named the first, until that one has ended."""
    folder = tmp_path / "spool"
    with lock_spool(folder), pytest.raises(CollectorBusy) as raised, lock_spool(folder):
        pass
    assert f"Another collector writes to {folder}" in str(raised.value)
    assert f"process {os.getpid()}" in str(raised.value)
    with lock_spool(folder):
        pass


def test_a_killed_collector_leaves_the_spool_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOCK, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "locked\n"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with lock_spool(tmp_path):
        pass


def test_the_lock_is_no_segment(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with lock_spool(tmp_path):
        assert closed_segments(tmp_path) == []
    assert caplog.text == ""
