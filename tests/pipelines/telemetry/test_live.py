"""The last minutes for the live panel: shown before a segment closes, right after restarts.

Gaps stay gaps.
"""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from support.telemetry_facts import TelemetryHome

from pipelines.telemetry.collector.segments import (
    OPEN_NAME,
    Scrape,
    build_table,
    closed_segments,
)
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.gaps import GAP_INTERVALS, MIN_GAP, START_TOLERANCE
from pipelines.telemetry.live import figures, growths, reader
from pipelines.telemetry.metrics.vocabulary import Series

TEN = datetime(2026, 6, 18, 10, tzinfo=UTC)
UP = Series("up", "gauge")
TOKENS = Series("generation_tokens", "counter", model_name="m")
RUNNING = Series("requests_running", "gauge", model_name="m")
CACHE = Series("cache_usage", "gauge", model_name="m")
TTFT_SUM = Series("ttft_seconds", "histogram", "sum", model_name="m")
TTFT_COUNT = Series("ttft_seconds", "histogram", "count", model_name="m")
BUCKET = Series("ttft_seconds", "histogram", "bucket", 0.1, "m")
ONE, TWO = (Series("power_watts", "gauge", device=name) for name in ("0", "1"))
SPEED = "generation_tokens_per_second"


def scrape(
    seconds: float, *pairs: tuple[Series, float], since: datetime = TEN, started: float = -60
) -> Scrape:
    at, started_at = (
        round((since + timedelta(seconds=each)).timestamp() * 1e6) for each in (seconds, started)
    )
    series, values = tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
    return Scrape("t", "vllm", at, started_at, series, values)


def samples_of(scrapes: list[Scrape]) -> pl.DataFrame:
    samples = pl.from_arrow(build_table(scrapes))
    assert isinstance(samples, pl.DataFrame)
    return samples


def values(scrapes: list[Scrape], metric: str) -> list[float | None]:
    found = figures(samples_of(scrapes))
    return found.filter(pl.col("metric") == metric)["value"].to_list()


def test_a_speed_is_growth_over_the_time_in_which_it_came() -> None:
    """100 tokens in 5 seconds are 20 a second; of the first scrape nothing is known."""
    scrapes = [scrape(0, (TOKENS, 50)), scrape(5, (TOKENS, 150)), scrape(10, (TOKENS, 150))]
    assert values(scrapes, SPEED) == [20, 0]


def test_a_restart_is_no_negative_speed() -> None:
    """The counter then has the tokens since the restart."""
    scrapes = [scrape(0, (TOKENS, 900)), scrape(5, (TOKENS, 10), started=1)]
    assert values(scrapes, SPEED) == [2]


def test_a_failed_scrape_is_a_gap_and_not_a_zero() -> None:
    """Growth until the next good scrape belongs to a time of which nothing is known."""
    scrapes = [
        scrape(0, (UP, 1), (TOKENS, 0)),
        scrape(5, (UP, 1), (TOKENS, 10)),
        scrape(10, (UP, 0)),
        scrape(15, (UP, 1), (TOKENS, 90)),
    ]
    assert values(scrapes, SPEED) == [2, None]
    assert values(scrapes, "up") == [1, 1, 0, 1]


def test_a_gap_in_a_level_has_an_empty_row() -> None:
    """It breaks the line between two samples that are a minute apart."""
    scrapes = [scrape(at, (RUNNING, 3)) for at in (0, 5, 10, 70)]
    assert values(scrapes, "requests_running") == [3, 3, 3, None, 3]


def test_engines_of_a_server_are_added_and_their_caches_averaged() -> None:
    """A share of two caches is not the sum of both."""
    engines = [
        (Series(each.metric, "gauge", model_name="m", labels=f'engine="{number}"'), value)
        for each, number, value in (
            (RUNNING, 0, 3.0),
            (RUNNING, 1, 4.0),
            (CACHE, 0, 0.2),
            (CACHE, 1, 0.6),
        )
    ]
    scrapes = [scrape(0, *engines)]
    assert values(scrapes, "requests_running") == [7]
    assert values(scrapes, "cache_usage") == [0.4]


def test_without_a_first_token_there_is_no_mean() -> None:
    """Two requests in 3 seconds are 1.5 each; a step without a request has no mean, not 0."""
    scrapes = [
        scrape(5 * number, (TTFT_SUM, seconds), (TTFT_COUNT, requests))
        for number, (seconds, requests) in enumerate(((0.0, 0.0), (3.0, 2.0), (3.0, 2.0)))
    ]
    assert [value for value in values(scrapes, "ttft_seconds") if value is not None] == [1.5]
    assert values(scrapes, "ttft_seconds")[-1] is None


def test_power_is_of_all_devices_or_unknown() -> None:
    """A device without a reading makes the sum unknown, not smaller."""
    scrapes = [scrape(at, (ONE, 100), (TWO, 50)) for at in (0, 5)]
    scrapes += [scrape(at, (ONE, 100)) for at in (10, 15, 20, 25, 30, 35)]
    found = values(scrapes, "power_watts")
    assert found[:2] == [150, 150]
    assert found[-1] is None
    assert 100 not in found


def test_without_samples_there_is_an_empty_frame() -> None:
    """It has all columns, so the panel draws it."""
    assert figures(pl.DataFrame()).columns == ["target", "model_name", "metric", "at", "value"]


# Seconds, tokens, start of the process: a wavering start, a fall that is no restart, a restart, a
# gap.
TOLERATED = START_TOLERANCE.total_seconds()
LIMIT = MIN_GAP.total_seconds()
HISTORY = [
    (0.0, 100.0, -60.0),
    (5.0, 130.0, -60.0 + TOLERATED),
    (10.0, 20.0, -60.0),
    (15.0, 50.0, 12.0),
    (15.0 + LIMIT, 60.0, 12.0),
    (30.0 + 2 * LIMIT, 90.0, 12.0),
    (35.0 + 2 * LIMIT, 91.0, 12.0),
]


def test_the_live_view_and_the_loader_agree_on_restarts_and_gaps(tmp_path: Path) -> None:
    """They compute growth in Polars and in SQL; the limits are the same."""
    assert GAP_INTERVALS * 5 == LIMIT, "The usual interval of these scrapes is 5 seconds."
    scrapes = [
        scrape(seconds, (TOKENS, tokens), (UP, 1), started=started)
        for seconds, tokens, started in HISTORY
    ]
    live = growths(samples_of(scrapes)).sort("scraped_at")
    assert live["growth"].to_list() == [None, 30, None, 50, 10, None, 1]
    home = TelemetryHome(tmp_path)
    with closing(home.con):
        home.load(scrapes)
        # The loader keeps growth across a gap, since tokens are conserved, and marks the gap.
        assert home.growth() == live["growth"].sum() + 30
        assert home.rows("select sum(resets) from ledger.counter_minutes") == [(1,)]
        gaps = home.rows("select is_gap from ledger.scrapes order by scraped_at")
    assert [is_gap for (is_gap,) in gaps][1:] == live["is_gap"].to_list()[1:]


def test_the_open_segment_is_shown_before_it_closes(tmp_path: Path) -> None:
    """Its file has only drawn samples, is no segment, and goes when the segment is there."""
    spool, live = Spool(tmp_path / "spool"), reader(tmp_path / "spool", tmp_path / "archive")
    since = datetime.now(UTC) - timedelta(seconds=6)
    for at in (0, 5):
        spool.keep(scrape(at, (UP, 1), (TOKENS, 10 * at), (BUCKET, 1), since=since))
    spool.show()
    assert closed_segments(tmp_path / "spool") == []
    assert "bucket" not in pl.read_parquet(tmp_path / "spool" / OPEN_NAME)["part"].to_list()
    assert live().filter(pl.col("metric") == SPEED)["value"].to_list() == [10]
    assert spool.close(spool.take())
    assert not (tmp_path / "spool" / OPEN_NAME).exists()
    assert reader(tmp_path / "spool", tmp_path / "archive")().equals(live())


def test_a_segment_that_was_loaded_meanwhile_is_found_in_the_archive(tmp_path: Path) -> None:
    """Loading moves it, and the panel does not lose its minutes."""
    spool = Spool(tmp_path / "spool")
    spool.keep(scrape(0, (RUNNING, 3), since=datetime.now(UTC)))
    path = spool.close(spool.take())
    assert path
    day = tmp_path / "archive" / path.name[:8]
    day.mkdir(parents=True)
    path.rename(day / path.name)
    assert reader(tmp_path / "spool", tmp_path / "archive")()["value"].to_list() == [3]


def test_older_samples_are_left_out(tmp_path: Path) -> None:
    """The panel shows the last minutes, whatever waits in the spool."""
    spool = Spool(tmp_path)
    spool.keep(scrape(0, (RUNNING, 3), since=datetime.now(UTC) - timedelta(minutes=3)))
    assert spool.close(spool.take())
    assert reader(tmp_path, tmp_path / "archive", minutes=2)().is_empty()
    assert reader(tmp_path, tmp_path / "archive", minutes=5)()["value"].to_list() == [3]


def test_a_damaged_file_is_left_out(tmp_path: Path) -> None:
    """The loader will report it."""
    spool = Spool(tmp_path)
    (tmp_path / OPEN_NAME).write_bytes(b"PAR1 half")
    assert reader(tmp_path, tmp_path / "archive")().is_empty()
    assert spool.open.rows == 0
