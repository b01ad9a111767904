"""Retention drops samples and no facts; late segments still find what they need."""

from contextlib import closing
from datetime import datetime, timedelta

import pytest
from support.telemetry_facts import START, STRETCHES, TelemetryHome, scrape

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
