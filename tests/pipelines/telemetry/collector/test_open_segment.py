"""The open segment for a live view: only drawn samples, the newest ones, and never a segment."""

import math
from pathlib import Path

import pytest

from pipelines.telemetry.collector.open_segment import (
    MAX_ROWS,
    OpenSegmentFile,
    is_drawn,
    select_drawn,
    select_newest,
)
from pipelines.telemetry.collector.segments import (
    OPEN_NAME,
    Scrape,
    closed_segments,
    read_segment,
)
from pipelines.telemetry.metrics.normalise import up_series
from pipelines.telemetry.metrics.vocabulary import Series

UP = up_series("up")
RUNNING = Series("requests_running", "gauge")
COUNT = Series("ttft_seconds", "histogram", "count")
BUCKET = Series("ttft_seconds", "histogram", "bucket", math.inf)
UNKNOWN = Series("http_requests", "counter")


def scrape(at: int, *series: Series) -> Scrape:
    return Scrape("t", "vllm", at, None, series, tuple(float(at) for _ in series))


@pytest.mark.parametrize(
    ("series", "drawn"),
    [(UP, True), (RUNNING, True), (COUNT, True), (BUCKET, False), (UNKNOWN, False)],
)
def test_the_panel_draws_some_metrics_and_no_buckets(series: Series, drawn: bool) -> None:
    assert is_drawn(series) is drawn


def test_samples_that_are_not_drawn_are_left_out() -> None:
    """Values stay with their series, also where scrapes share a tuple of series."""
    series = (UNKNOWN, UP, BUCKET, COUNT)
    scrapes = [
        Scrape("t", "vllm", 1, None, series, (1.0, 2.0, 3.0, 4.0)),
        Scrape("t", "vllm", 2, None, series, (5.0, 6.0, 7.0, 8.0)),
        scrape(3, RUNNING),
    ]
    selected = select_drawn(scrapes)
    assert [each.series for each in selected] == [(UP, COUNT), (UP, COUNT), (RUNNING,)]
    assert [each.values for each in selected] == [(2.0, 4.0), (6.0, 8.0), (3.0,)]


@pytest.mark.parametrize(
    ("max_rows", "kept"), [(4, [2, 3]), (5, [2, 3]), (100, [0, 1, 2, 3]), (1, [])]
)
def test_of_too_many_rows_the_newest_scrapes_are_kept(max_rows: int, kept: list[int]) -> None:
    """Only whole scrapes are."""
    scrapes = [scrape(at, UP, RUNNING) for at in range(4)]
    assert select_newest(scrapes, max_rows) == [scrapes[index] for index in kept]


def test_the_file_is_replaced_and_is_no_segment(tmp_path: Path) -> None:
    file = OpenSegmentFile(tmp_path)
    for at in (1, 2):
        file.replace([scrape(at, UP, UNKNOWN)], rows=2)
        assert read_segment(tmp_path / OPEN_NAME)["value"].to_pylist() == [float(at)]
    assert [path.name for path in tmp_path.iterdir()] == [OPEN_NAME]
    assert closed_segments(tmp_path) == []


def test_it_is_due_only_with_new_rows_and_after_some_seconds(tmp_path: Path) -> None:
    """A file that is written all the time would cost more than the segments."""
    file = OpenSegmentFile(tmp_path)
    assert not file.is_due(5)
    file._shown_at -= 60
    assert file.is_due(5)
    assert not file.is_due(0)
    file.replace([scrape(1, UP)], rows=5)
    file._shown_at -= 60
    assert not file.is_due(5)
    assert file.is_due(6)
    file.remove()
    assert file.is_due(1)


def test_a_file_of_a_killed_collector_is_removed(tmp_path: Path) -> None:
    """Its samples would be drawn as if they were new."""
    (tmp_path / OPEN_NAME).write_bytes(b"PAR1 half")
    OpenSegmentFile(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_disk_is_ignored(tmp_path: Path) -> None:
    """The segment itself will report it."""
    folder = tmp_path / "spool"
    folder.mkdir()
    file = OpenSegmentFile(folder)
    folder.rmdir()
    file.replace([scrape(1, UP)], rows=1)
    assert not folder.exists()


def test_the_rows_of_the_file_are_bounded(tmp_path: Path) -> None:
    """A viewer reads it every second."""
    file = OpenSegmentFile(tmp_path)
    series = tuple(up_series("up", number=str(number)) for number in range(1000))
    file.replace([scrape(at, *series) for at in range(60)], rows=60_000)
    shown = read_segment(tmp_path / OPEN_NAME)
    assert shown.num_rows == MAX_ROWS
    assert shown["value"].to_pylist().count(9.0) == 0
    assert shown["value"].to_pylist().count(59.0) == 1000
