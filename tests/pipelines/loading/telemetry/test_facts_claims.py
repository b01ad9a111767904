"""Growth that samples do not prove is claimed by nobody, and said to be unknown."""

import json
from datetime import timedelta

import pytest
from support.telemetry_facts import PROCESS_START, START, TOKENS, TelemetryHome, scrape

from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.config.tier import parse_tier
from pipelines.telemetry.metrics.vocabulary import Series

OTHER_START = PROCESS_START - timedelta(hours=9)
PROMPT = Series("prompt_tokens", "counter", model_name="m")
JOULES = Series("energy_joules", "counter", device="0", labels='provenance="measured"')
WATTS = Series("power_watts", "gauge", device="0", labels='provenance="measured"')


def reasons(home: TelemetryHome) -> list[str]:
    """Return why minutes are unknown."""
    query = "select distinct unknown_reason from ledger.counter_minutes where unknown_reason"
    return [reason for (reason,) in home.rows(f"{query} is not null order by all")]


def contradictions(home: TelemetryHome) -> int:
    """Count the scrapes that contradict those before them."""
    [(count,)] = home.rows("select count(*) from ledger.scrapes where contradiction is not null")
    return int(count)


def test_a_fall_while_the_process_runs_is_no_restart(home: TelemetryHome) -> None:
    """The minute is unknown, and what it grew by altogether is still counted once."""
    home.load([scrape(0, 1e6), scrape(10, 1e6 + 50), scrape(20, 0), scrape(70, 1e6 + 80)])
    assert home.growth() == 80
    assert home.rows("select sum(resets) from ledger.counter_minutes") == [(0,)]
    assert reasons(home) == ["the counter fell, though its process did not start again"]


@pytest.mark.parametrize("starts", [(PROCESS_START, OTHER_START), (OTHER_START, PROCESS_START)])
def test_two_servers_behind_one_address_are_counted_each(
    home: TelemetryHome, starts: tuple[object, object]
) -> None:
    """Their starts alternate. No restart, and only growth within each of them."""
    pages = [
        scrape(second, (9e6, 3e5)[which] + second * 2, starts[which])  # type: ignore[arg-type]
        for second in range(0, 600, 10)
        for which in [second // 10 % 2]
    ]
    home.load(pages)
    assert home.growth() == pages[-2].values[0] - 9e6 + pages[-1].values[0] - 3e5 - 20
    assert home.rows("select sum(resets) from ledger.counter_minutes") == [(0,)]
    assert contradictions(home) == len(pages) - 1


def test_two_servers_that_say_no_start_are_unknown_where_they_alternate(
    home: TelemetryHome,
) -> None:
    """A page that falls and comes back shows two servers, or a false reading."""
    turns = [0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0]
    home.load(
        [scrape(5 * place, (9e6, 3e5)[which] + place, None) for place, which in enumerate(turns)]
    )
    assert home.growth() == 4
    assert home.rows("select sum(resets) from ledger.counter_minutes") == [(0,)]
    assert len(reasons(home)) == 1


def test_a_page_without_start_that_falls_for_good_restarted(home: TelemetryHome) -> None:
    """The new process counts from zero."""
    both = [(500, 900), (510, 950), (3, 8), (9, 20)]
    home.load(
        [scrape(10 * place, {TOKENS: a, PROMPT: b}, None) for place, (a, b) in enumerate(both)]
    )
    assert home.growth("metric = 'generation_tokens'") == 10 + 9
    assert home.growth("metric = 'prompt_tokens'") == 50 + 20
    assert home.rows("select max(resets) from ledger.counter_minutes") == [(1,)]
    assert home.rows("select count(*) from ledger.scrapes where is_restart") == [(1,)]


def test_one_counter_that_falls_alone_did_not_restart(home: TelemetryHome) -> None:
    """The rest of its page went on."""
    both = [(500, 900), (510, 0), (520, 970)]
    home.load(
        [scrape(10 * place, {TOKENS: a, PROMPT: b}, None) for place, (a, b) in enumerate(both)]
    )
    assert home.growth("metric = 'generation_tokens'") == 20
    assert home.growth("metric = 'prompt_tokens'") <= 70
    assert len(reasons(home)) == 1


def test_a_corrected_name_claims_no_lifetime(home: TelemetryHome) -> None:
    """The same process under another name of its model goes on from where it is."""
    other = Series("generation_tokens", "counter", model_name="corrected")
    home.load([scrape(0, 5e6), scrape(10, 5e6 + 100)])
    home.load([scrape(20, {other: 5e6 + 200}), scrape(30, {other: 5e6 + 300})])
    assert home.growth() == 200


def test_a_process_that_began_before_the_last_scrape_claims_nothing(home: TelemetryHome) -> None:
    """It may be another server; what it counted before is not known to be new."""
    home.load([scrape(0, 1000), scrape(60, 70_000, START + timedelta(seconds=-30))])
    assert home.growth() == 0


def test_a_zero_of_a_counter_of_joules_is_no_energy(home: TelemetryHome) -> None:
    """The power gauge has what the hour drew."""

    def page(second: int) -> Scrape:
        total = 0.0 if second == 1800 else 9.5e6 + 300 * second
        return scrape(second, {WATTS: 300.0, JOULES: total}, up_metric="device_up")

    home.load([page(second) for second in range(0, 3600, 10)])
    [(joules, fault)] = home.rows("select joules, fault from ledger.energy_hours")
    assert (joules, fault) == (pytest.approx(300 * 3590), None)


def test_a_counter_of_joules_that_falls_alone_is_faulty(home: TelemetryHome) -> None:
    """Without a gauge there is nothing to take in its place."""
    home.load(
        [
            scrape(second, {JOULES: 0.0 if second == 30 else 1e6 + second}, up_metric="device_up")
            for second in range(0, 100, 10)
        ]
    )
    [(joules, fault)] = home.rows("select joules, fault from ledger.energy_hours")
    assert joules < 100
    assert "fell" in fault


def test_a_counter_of_joules_that_leaps_is_faulty(home: TelemetryHome) -> None:
    """No device draws twice what it is rated for."""
    rated = parse_tier(
        '[[target]]\nname = "t"\nurl = "http://h:1/metrics"\nengine = "vllm"\n'
        'device_kind = "K"\n[[cost]]\ndevice_kind = "K"\nidle_watts = 50\nrated_watts = 400\n'
        "opex_usd_per_hour = 1\n"
    )
    leap = [1e6 + second * 300 + (5e6 if second > 40 else 0) for second in range(0, 100, 10)]
    home.load([scrape(10 * place, {JOULES: value}) for place, value in enumerate(leap)], tier=rated)
    [(joules, fault)] = home.rows("select joules, fault from ledger.energy_hours")
    assert joules == pytest.approx(300 * 80)
    assert "faster" in fault


@pytest.mark.parametrize(
    ("seconds_before", "growth"), [(60, 700 + 40), (-60, 40)], ids=["began since", "was there"]
)
def test_a_replica_that_was_not_listed_before_has_counted_since(
    home: TelemetryHome, seconds_before: int, growth: int
) -> None:
    """Its process began after the last list without it: what it counted is of the time since."""
    unlisted = START - timedelta(seconds=seconds_before)
    entry = {"name": "t", "engine": "vllm", "not_listed_at": unlisted.isoformat()}
    home.con.execute(
        "insert into raw.tier_file (section, name, entry, read_at, origin, is_correction) "
        "values ('target', 't', $entry, now(), 'discovery pods', false)",
        {"entry": json.dumps(entry)},
    )
    began = START - timedelta(seconds=30)
    home.load([scrape(0, 700, began)])
    home.load([scrape(10, 740, began)])
    assert home.growth() == growth
    assert home.rows("select sum(resets) from ledger.counter_minutes") == [(0,)]
