"""The last minutes as the dashboard draws them: shown before a segment closes, speeds that survive restarts, gaps that stay gaps."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipelines.telemetry.collector.open_segment import newest
from pipelines.telemetry.collector.segments import OPEN_NAME, Scrape, closed_segments, table_of
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.live import figures, reader
from pipelines.telemetry.metrics.vocabulary import Series

TEN = datetime(2026, 6, 18, 10, tzinfo=UTC)
UP = Series("up", "gauge")
TOKENS = Series("generation_tokens", "counter", model_name="m")
RUNNING = Series("requests_running", "gauge", model_name="m")
TTFT_SUM = Series("ttft_seconds", "histogram", "sum", model_name="m")
TTFT_COUNT = Series("ttft_seconds", "histogram", "count", model_name="m")
BUCKET = Series("ttft_seconds", "histogram", "bucket", 0.1, "m")
ONE, TWO = (Series("power_watts", "gauge", device=name) for name in ("0", "1"))


def scrape(
    seconds: float, *pairs: tuple[Series, float], since: datetime = TEN, started: float = -60
) -> Scrape:
    at, began = (
        round((since + timedelta(seconds=each)).timestamp() * 1e6) for each in (seconds, started)
    )
    return Scrape(
        "t", "vllm", at, began, tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
    )


def values(scrapes: list[Scrape], metric: str) -> list[float | None]:
    samples = pl.from_arrow(table_of(scrapes))
    assert isinstance(samples, pl.DataFrame)
    return figures(samples).filter(pl.col("metric") == metric)["value"].to_list()


def test_a_speed_is_what_grew_over_the_time_in_which_it_grew() -> None:
    """100 tokens in 5 seconds are 20 a second; of the first scrape nothing is known."""
    assert values(
        [scrape(0, (TOKENS, 50)), scrape(5, (TOKENS, 150)), scrape(10, (TOKENS, 150))],
        "generation_tokens_per_second",
    ) == [20, 0]


def test_a_restart_is_no_negative_speed() -> None:
    """After it the counter holds what was made since."""
    found = values(
        [scrape(0, (TOKENS, 900)), scrape(5, (TOKENS, 10), started=1)],
        "generation_tokens_per_second",
    )
    assert found == [2]


def test_a_failed_scrape_is_a_gap_and_not_a_zero() -> None:
    """What happened before the next good scrape is spread over time of which nothing is known."""
    scrapes = [
        scrape(0, (UP, 1), (TOKENS, 0)),
        scrape(5, (UP, 1), (TOKENS, 10)),
        scrape(10, (UP, 0)),
        scrape(15, (UP, 1), (TOKENS, 90)),
    ]
    assert values(scrapes, "generation_tokens_per_second") == [2, None]
    assert values(scrapes, "up") == [1, 1, 0, 1]


def test_a_hole_in_a_level_is_drawn_as_one() -> None:
    """Between two samples a minute apart there is an empty row, which breaks the line."""
    assert values([scrape(at, (RUNNING, 3)) for at in (0, 5, 10, 70)], "requests_running") == [
        3,
        3,
        3,
        None,
        3,
    ]


def test_no_first_token_has_no_mean() -> None:
    """Two requests in 3 seconds are 1.5 each; in the next step nobody got one, which is not a mean of 0."""
    counts = ((0.0, 0.0), (3.0, 2.0), (3.0, 2.0))
    scrapes = [
        scrape(5 * place, (TTFT_SUM, summed), (TTFT_COUNT, count))
        for place, (summed, count) in enumerate(counts)
    ]
    assert [value for value in values(scrapes, "ttft_seconds") if value is not None] == [1.5]
    assert values(scrapes, "ttft_seconds")[-1] is None


def test_power_is_of_all_devices_or_unknown() -> None:
    """A device that fell silent makes the sum unknown, not smaller."""
    scrapes = [scrape(at, (ONE, 100), (TWO, 50)) for at in (0, 5)] + [
        scrape(at, (ONE, 100)) for at in (10, 15, 20, 25, 30, 35)
    ]
    found = values(scrapes, "power_watts")
    assert found[:2] == [150, 150]
    assert found[-1] is None
    assert 100 not in found


def test_the_open_segment_is_seen_before_it_closes_and_never_taken_for_one(tmp_path: Path) -> None:
    """The file beside the segments has what is drawn only; it goes when the segment is there."""
    spool, live = Spool(tmp_path / "spool"), reader(tmp_path / "spool", tmp_path / "archive")
    since = datetime.now(UTC) - timedelta(seconds=6)
    for at in (0, 5):
        spool.keep(scrape(at, (UP, 1), (TOKENS, 10 * at), (BUCKET, 1), since=since))
    spool.show()
    assert closed_segments(tmp_path / "spool") == []
    assert "bucket" not in pl.read_parquet(tmp_path / "spool" / OPEN_NAME)["part"].to_list()
    assert live().filter(pl.col("metric") == "generation_tokens_per_second")["value"].to_list() == [
        10
    ]
    assert spool.close(spool.take())
    assert not (tmp_path / "spool" / OPEN_NAME).exists()
    assert reader(tmp_path / "spool", tmp_path / "archive")().equals(live())


def test_what_was_loaded_meanwhile_is_found_in_the_archive(tmp_path: Path) -> None:
    """Loading moves a segment away; the panel does not lose those minutes."""
    spool = Spool(tmp_path / "spool")
    spool.keep(scrape(0, (RUNNING, 3), since=datetime.now(UTC)))
    path = spool.close(spool.take())
    assert path
    day = tmp_path / "archive" / path.name[:8]
    day.mkdir(parents=True)
    path.rename(day / path.name)
    assert reader(tmp_path / "spool", tmp_path / "archive")()["value"].to_list() == [3]


@pytest.mark.parametrize(("most", "kept"), [(4, [2, 3]), (5, [2, 3]), (100, [0, 1, 2, 3]), (1, [])])
def test_of_too_many_rows_the_newest_are_shown(most: int, kept: list[int]) -> None:
    """Whole scrapes only."""
    scrapes = [scrape(at, (UP, 1), (RUNNING, 1)) for at in range(4)]
    assert newest(scrapes, most) == [scrapes[place] for place in kept]


def test_a_damaged_file_is_left_out(tmp_path: Path) -> None:
    """Looking is no reason to fail: the loader says what is wrong with it."""
    spool = Spool(tmp_path)
    (tmp_path / OPEN_NAME).write_bytes(b"PAR1 half")
    assert reader(tmp_path, tmp_path / "archive")().is_empty()
    assert spool.open.rows == 0
