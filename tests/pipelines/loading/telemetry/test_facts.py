"""Facts of samples: growth, coverage, gauges, energy, versions. Each rule avoids a trap."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from support.telemetry_facts import PROCESS_START, START, TOKENS, TelemetryHome, scrape, tier

from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.metrics.vocabulary import Series

# After the first scrape of a test, and before the next one.
LATER = START + timedelta(seconds=5)


def minutes(home: TelemetryHome) -> list[tuple[int, float, int]]:
    """Return minute after START, growth and resets of the only counter."""
    rows = home.rows("select minute_at, growth, resets from ledger.counter_minutes order by all")
    return [
        (round((minute - START).total_seconds() / 60), growth, resets)
        for minute, growth, resets in rows
    ]


def test_growth_belongs_to_the_later_samples_minute(home: TelemetryHome) -> None:
    """Tokens from before the first scrape are not claimed."""
    home.load([scrape(0, 1000), scrape(50, 1100), scrape(60, 1105)])
    assert minutes(home) == [(0, 100, 0), (1, 5, 0)]


def test_a_restart_loses_nothing_that_could_be_seen(home: TelemetryHome) -> None:
    """The new process counts from 0, so its first value is what it served."""
    home.load([scrape(0, 1000), scrape(4, 1250), scrape(20, 30, LATER), scrape(30, 90, LATER)])
    assert minutes(home) == [(0, 250 + 30 + 60, 1)]


def test_a_restart_is_seen_by_its_start_too(home: TelemetryHome) -> None:
    """The new process may overtake the old value before the first scrape."""
    home.load([scrape(0, 100), scrape(10, 130, LATER)])
    assert minutes(home) == [(0, 130, 1)]


def test_a_start_that_wavers_is_no_restart(home: TelemetryHome) -> None:
    """Some exporters compute it for each page; a second more or less must not claim all again."""
    home.load(
        [
            scrape(0, 1000),
            scrape(10, 1010, PROCESS_START + timedelta(seconds=1)),
            scrape(20, 1030, None),
            scrape(30, 1060),
        ]
    )
    assert minutes(home) == [(0, 60, 0)]


def test_a_series_that_appears_late_claims_nothing_of_before(home: TelemetryHome) -> None:
    """Its process may have counted for months before the page showed it."""
    stopped = Series("requests_finished", "counter", model_name="m", labels='reason="stop"')
    home.load(
        [
            scrape(0, {TOKENS: 5}),
            scrape(10, {TOKENS: 7, stopped: 80_010_000}),
            scrape(20, {TOKENS: 7, stopped: 80_019_000}),
        ]
    )
    assert home.growth("metric = 'requests_finished'") == 9000


def test_a_series_of_a_process_that_was_watched_from_its_start_began_at_zero(
    home: TelemetryHome,
) -> None:
    """A reason for which requests end first appears with its first request."""
    stopped = Series("requests_finished", "counter", model_name="m", labels='reason="stop"')
    started = START + timedelta(seconds=4)
    home.load(
        [
            scrape(0, {TOKENS: 5}),
            scrape(10, {TOKENS: 2}, started),
            scrape(20, {TOKENS: 7, stopped: 3}, started),
        ]
    )
    assert home.growth("metric = 'requests_finished'") == 3
    assert home.growth("metric = 'generation_tokens'") == 7


def test_a_device_counts_from_long_before_its_first_scrape(home: TelemetryHome) -> None:
    """A second source of device figures must not claim all joules since the driver was loaded."""
    joules = Series("energy_joules", "counter", device="0")
    home.load(
        [
            scrape(0, 5),
            scrape(10, {joules: 1e9}, up_metric="device_up"),
            scrape(20, {joules: 1e9 + 70}, up_metric="device_up"),
        ]
    )
    assert home.growth("metric = 'energy_joules'") == 70


def test_tokens_survive_a_gap_and_the_gap_is_marked(home: TelemetryHome) -> None:
    """Growth across it belongs to the minute that ends it; no second of it is covered."""
    home.load(
        [scrape(0, 100), scrape(10, 110), scrape(20, None), scrape(300, 900), scrape(310, 905)]
    )
    assert minutes(home) == [(0, 10, 0), (5, 795, 0)]
    columns = "minute_at, covered_seconds, scrapes, failed_scrapes"
    assert home.rows(f"select {columns} from ledger.coverage_minutes order by all") == [
        (START, 10, 3, 1),
        (START + timedelta(minutes=5), 10, 2, 0),
    ]
    columns = "is_up, reason, seconds_since_last, is_gap"
    assert home.rows(f"select {columns} from ledger.scrapes order by scraped_at") == [
        (True, None, None, False),
        (True, None, 10, False),
        (False, "timeout", 10, True),
        (True, None, 290, True),
        (True, None, 10, False),
    ]


def test_one_failed_scrape_between_two_close_ones_costs_no_coverage(home: TelemetryHome) -> None:
    """The second one has the figures of all the time since the first."""
    home.load([scrape(0, 100), scrape(5, None), scrape(10, 110)])
    covered = home.rows("select covered_seconds, failed_scrapes from ledger.coverage_minutes")
    assert covered == [(10, 1)]


def test_the_interval_of_the_tier_file_decides_what_a_gap_is(home: TelemetryHome) -> None:
    """It is three intervals without a scrape, and never less than 15 seconds."""
    home.load([scrape(0, 1), scrape(90, 2), scrape(181, 3)], tier=tier(scrape_seconds=30))
    assert home.rows("select sum(covered_seconds) from ledger.coverage_minutes") == [(90,)]


def test_a_target_that_is_in_no_tier_file_has_the_usual_interval(home: TelemetryHome) -> None:
    """Its segments may come from another machine."""
    home.load([scrape(0, 1), scrape(15, 2), scrape(31, 3)])
    assert home.rows("select sum(covered_seconds) from ledger.coverage_minutes") == [(15,)]


def test_a_histogram_that_restarts_restarts_whole(home: TelemetryHome) -> None:
    """Without a start of the process, a fallen count shows it.

    One of its buckets may have overtaken its old value since.
    """
    parts = [Series("ttft_seconds", "histogram", "bucket", le, "m") for le in (0.1, float("inf"))]
    count = Series("ttft_seconds", "histogram", "count", None, "m")

    def page(small: float, both: float) -> dict[Series, float]:
        return {parts[0]: small, parts[1]: both, count: both}

    home.load(
        [
            scrape(0, page(1, 100), None),
            scrape(10, page(3, 104), None),
            scrape(20, page(5, 50), None),
        ]
    )
    growth = "select part, le, growth from ledger.histogram_hours order by all"
    assert home.rows(growth) == [
        ("bucket", 0.1, 2 + 5),
        ("bucket", float("inf"), 4 + 50),
        ("count", None, 4 + 50),
    ]


def test_gauges_are_summarised_by_minute(home: TelemetryHome) -> None:
    """They have mean, least, most and last value; outcomes of scrapes are no gauges."""
    running = Series("requests_running", "gauge", model_name="m")
    home.load(
        [scrape(second, {running: value}) for second, value in ((0, 4), (20, 1), (40, 1), (60, 9))]
    )
    columns = "metric, mean_value, least_value, most_value, last_value, samples"
    assert home.rows(f"select {columns} from ledger.gauge_minutes order by minute_at") == [
        ("requests_running", 2, 1, 4, 1, 3),
        ("requests_running", 9, 9, 9, 9, 1),
    ]


def power(
    watts: float, labels: str = 'provenance="measured"', device: str = "0"
) -> Mapping[Series, float]:
    return {Series("power_watts", "gauge", device=device, labels=labels): watts}


def energy(home: TelemetryHome) -> list[tuple[object, ...]]:
    """Return hour after START, joules, covered seconds, largest gap, samples, provenance."""
    columns = "hour_at, joules, covered_seconds, largest_gap_seconds, power_samples, provenance"
    rows = home.rows(f"select {columns} from ledger.energy_hours order by all")
    return [(round((hour - START).total_seconds() / 3600), *rest) for hour, *rest in rows]


def test_energy_is_cut_at_the_edge_of_the_hour(home: TelemetryHome) -> None:
    """Each hour gets its part of the line between two readings."""
    readings = ((3590, 100), (3596, 100), (3604, 180))
    home.load([scrape(at, power(watts)) for at, watts in readings])
    # Four seconds into the last span the line is at 140 W.
    assert energy(home) == [
        (0, pytest.approx(600 + 4 * 120), 10, 6, 2, "measured"),
        (1, pytest.approx(4 * 160), 4, 8, 1, "measured"),
    ]


def test_gaps_in_power_are_not_bridged(home: TelemetryHome) -> None:
    """They are reported, and cover nothing."""
    home.load([scrape(at, power(100)) for at in (0, 10, 30, 40)])
    assert energy(home) == [(0, pytest.approx(2000), 20, 20, 4, "measured")]


def test_a_counter_of_joules_is_preferred(home: TelemetryHome) -> None:
    """It misses nothing between readings. Rated power is a separate row, never mixed in."""
    joules = Series("energy_joules", "counter", device="0", labels='provenance="measured"')
    rated = 'provenance="rated"'
    home.load(
        [
            scrape(at, {**power(100), joules: total, **power(300, rated)})
            for at, total in ((0, 50), (10, 1075), (20, 2100))
        ]
    )
    assert energy(home) == [(0, 2050, 20, 10, 3, "measured"), (0, 6000, 20, 10, 3, "rated")]


def test_the_chips_of_a_device_are_added(home: TelemetryHome) -> None:
    """Each has its own meter; a time counts as covered if all of them cover it."""
    chips = {**power(100, 'chip="a"'), **power(50, 'chip="b"')}
    home.load([scrape(at, chips) for at in (0, 10)])
    assert energy(home) == [(0, 1500, 10, 10, 4, "measured")]


def test_versions_of_the_stack_are_runs_of_hours(home: TelemetryHome) -> None:
    """A version that comes back after another one is a new row."""

    def scrapes_of(version: str, hour: float) -> list[Scrape]:
        info = Series("build_info", "info", labels=f'version="{version}"')
        return [scrape(hour * 3600 + second, {info: 1}) for second in (0, 5)]

    versions = (("1", 0), ("1", 1), ("2", 2), ("1", 3))
    home.load([each for version, hour in versions for each in scrapes_of(version, hour)])
    rows = home.rows("select first_at, last_at from ledger.stack_versions order by first_at")
    assert [
        ((first - START) / timedelta(hours=1), (last - START) / timedelta(seconds=1))
        for first, last in rows
    ] == [(0, 3605), (2, 7205), (3, 10805)]


def test_loading_leaves_no_temporary_table(home: TelemetryHome) -> None:
    """A later load would otherwise find the samples of this one."""
    home.load([scrape(0, 100), scrape(10, 110)])
    query = "select table_name from duckdb_tables() where temporary"
    views = "select view_name from duckdb_views() where temporary and not internal"
    assert home.rows(f"{query} union all {views}") == []
