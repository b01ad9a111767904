"""Samples that were taken back are gone from every fact, and stay away."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from support.loading import fresh_warehouse
from support.telemetry_facts import START, TelemetryHome, read_facts, scrape

from pipelines.errors import BadSetting
from pipelines.loading.telemetry.forgetting import Forgotten, record_forgotten
from pipelines.loading.telemetry.segments import load_segments

NOW = datetime(2026, 9, 1, tzinfo=UTC)


def test_a_segment_is_taken_back_and_its_facts_are_made_without_it(home: TelemetryHome) -> None:
    """The result is that of a home that never had it."""
    good = [[scrape(0, 100), scrape(10, 110)], [scrape(30, 150), scrape(40, 160)]]
    home.load(*good)
    expected = home.facts()
    wrong = home.close([scrape(15, 9_000_000), scrape(20, 9_000_100)])
    home.load()
    assert home.facts() != expected
    record_forgotten(home.folders, Forgotten(NOW, segment_id=wrong.name))
    assert home.load().forgotten == 4
    assert home.facts() == expected


def test_a_span_of_a_target_is_taken_back(home: TelemetryHome) -> None:
    """Other targets keep theirs, and a rebuild knows of it."""
    first, last = START + timedelta(seconds=10), START + timedelta(seconds=20)
    home.load([scrape(at, 10 * at) for at in (0, 10, 20, 30)])
    home.load([scrape(at, 10 * at, target="other") for at in (0, 10, 20, 30)])
    record_forgotten(home.folders, Forgotten(NOW, target="t", first_at=first, last_at=last))
    assert home.load().forgotten == 4
    assert home.load().forgotten == 0
    by_target = "select target, count(*) from ledger.scrapes group by all order by all"
    assert home.rows(by_target) == [("other", 4), ("t", 2)]
    assert home.growth("target = 't'") == 300
    with closing(fresh_warehouse()) as again:
        load_segments(again, home.folders)
        assert read_facts(again) == home.facts()


def test_not_everything_is_forgotten_by_mistake(home: TelemetryHome) -> None:
    """A record without a segment or a target selects all."""
    with pytest.raises(BadSetting, match="Name a segment or a target"):
        record_forgotten(home.folders, Forgotten(NOW))
