"""Retention drops samples and no facts; late segments still find what they need."""

from contextlib import closing
from datetime import datetime, timedelta

import pytest
from support.telemetry_facts import START, STRETCHES, TelemetryHome, scrape, tier

from pipelines.loading.telemetry.retention import drop_old_samples

SAMPLES = "select count(*) from raw.telemetry_samples"


def test_a_late_segment_finds_the_samples_that_were_dropped(home: TelemetryHome) -> None:
    """They are restored from the archive, so that the hour is counted from all of its samples."""
    home.load(*STRETCHES[:1], *STRETCHES[2:])
    before = home.facts()
    # Of the 13 samples before the fourth hour the last one of each series stays: tokens, power,
    # good scrapes and failed ones.
    assert drop_old_samples(home.con, 1, START + timedelta(hours=28)) == 9
    assert home.facts() == before
    home.load(STRETCHES[1])
    once = TelemetryHome(home.settings.home / "once")
    with closing(once.con):
        once.load(*STRETCHES)
        assert home.facts() == once.facts()


def test_hours_that_the_archive_lost_stay_as_they_were_counted(
    home: TelemetryHome, caplog: pytest.LogCaptureFixture
) -> None:
    """Facts without a late sample are better than facts of the remaining ones only."""
    home.load(*STRETCHES[:1], *STRETCHES[2:])
    before = home.facts()
    drop_old_samples(home.con, 0, START + timedelta(hours=3))
    for path in home.settings.telemetry_archive.rglob("*.parquet"):
        path.unlink()
    home.load(STRETCHES[1])
    assert home.facts() == before
    assert "the facts of those hours stay" in caplog.text


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (START + timedelta(days=1, minutes=59), 5),
        (START + timedelta(days=1, hours=1), 3),
        (START + timedelta(days=9), 1),
    ],
)
def test_samples_are_dropped_by_whole_hours(home: TelemetryHome, now: datetime, left: int) -> None:
    """The last sample of a series stays, whatever its age."""
    home.load([scrape(at, 100 + at) for at in (0, 10, 20, 3610, 3620)])
    drop_old_samples(home.con, 1, now)
    assert home.rows(f"{SAMPLES} where metric = 'generation_tokens'") == [(left,)]


def test_each_drop_is_recorded(home: TelemetryHome) -> None:
    """Loading must know from when on samples may be missing."""
    home.load([scrape(0, 100), scrape(10, 110)])
    now = START + timedelta(days=2, minutes=7)
    dropped = drop_old_samples(home.con, 1, now)
    assert home.rows("from raw.telemetry_retention") == [(START + timedelta(days=1), now, dropped)]


def test_series_that_have_ended_leave_nothing(home: TelemetryHome) -> None:
    """An ended process, and a target that is gone: else short-lived replicas would pile up."""
    with_t = tier()
    home.load([scrape(0, 100, target="gone")], [scrape(0, 100)], tier=with_t)
    home.con.execute(
        "insert into raw.tier_file by name select section, 'gone' as name, entry, read_at, origin, "
        "valid_from, timestamptz '2026-08-22 08:00:00+00' as valid_to, is_correction "
        "from raw.tier_file"
    )
    home.load([scrape(100, 5, START + timedelta(seconds=50))], tier=with_t)
    drop_old_samples(home.con, 1, START + timedelta(days=3))
    left = "select target, value from {} where metric = 'generation_tokens'"
    assert home.rows(left.format("raw.telemetry_samples")) == [("t", 5)]
    assert home.rows(left.format("ledger.series_state")) == [("t", 5)]
    assert home.rows("select target from ledger.target_state") == [("t",)]
    home.load([scrape(4 * 86400, 45, START + timedelta(seconds=50))])
    assert home.growth() == 45
