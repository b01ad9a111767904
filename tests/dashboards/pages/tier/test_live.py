"""The live panel: the age of its newest sample, targets that are silent, and how to start."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser
from support.dashboard.browser import dashboard, wait_for_page
from support.dashboard.components import class_of, find_all, text_of, tiles_of
from support.published import published

from dashboards.components.theme import Theme
from dashboards.pages.tier import live
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.live import reader
from pipelines.telemetry.metrics.vocabulary import Series

NOW = datetime(2026, 6, 18, 10, tzinfo=UTC)
UP = Series("up", "gauge")
TOKENS = Series("generation_tokens", "counter", model_name="m")


def samples(*rows: tuple[str, str | None, str, float, float | None]) -> pl.DataFrame:
    """Return samples as (target, model, metric, seconds ago, value)."""
    made = [
        (target, model, metric, NOW - timedelta(seconds=ago), value)
        for target, model, metric, ago, value in rows
    ]
    return pl.DataFrame(made, schema=live.EMPTY.schema, orient="row")


def test_nothing_collected_says_how_to_start() -> None:
    """An empty panel is no quiet tier."""
    text = text_of(live.describe_samples(live.EMPTY, NOW))
    assert live.NOTHING in text
    assert "`tokentide collect`" in text


def test_the_newest_sample_has_its_age() -> None:
    found = samples(("a", "m", "requests_running", 4.0, 3.0))
    made = live.describe_samples(found, NOW)
    assert "Newest sample 4 s old (09:59:56 UTC)." in text_of(made)
    assert tiles_of(made)["Requests running"] == ("3.0", "")


def test_an_old_sample_is_a_failure_and_not_shown_as_current() -> None:
    """After two minutes the collector has ended."""
    old = live.describe_samples(samples(("a", "m", "requests_running", 120.0, 3.0)), NOW)
    assert "120 seconds old" in text_of(old)
    assert class_of(old) == "state failed"
    assert "Requests running" not in text_of(old)


def test_a_sum_with_an_unknown_part_is_unknown() -> None:
    found = samples(
        ("a", "m", "requests_running", 4.0, 3.0), ("b", "m", "requests_running", 4.0, None)
    )
    tiles = tiles_of(live.describe_samples(found, NOW))
    assert tiles["Requests running"] == ("unknown", "in a gap")
    assert tiles["Power, watts"] == ("unknown", "no server reports it")


def test_targets_are_added_up() -> None:
    found = samples(
        ("a", "m", "memory_used_bytes", 4.0, 2.0**30), ("b", "m", "memory_used_bytes", 4.0, 2.0**31)
    )
    tiles = tiles_of(live.describe_samples(found, NOW))
    assert tiles["Memory in use, GiB"] == ("3.00", "")


def test_a_silent_target_is_named() -> None:
    found = samples(("a", None, "up", 4.0, 1.0), ("b", None, "up", 4.0, 0.0))
    assert live.find_silent(found) == ["b"]
    assert "Not responding: b" in text_of(live.describe_samples(found, NOW))


def test_a_target_that_responds_again_is_not_silent() -> None:
    found = samples(("a", None, "up", 9.0, 0.0), ("a", None, "up", 4.0, 1.0))
    assert live.find_silent(found) == []


def test_two_means_have_no_mean() -> None:
    """Without their counts none can be made, so one target must be chosen."""
    both = samples(("a", "m", "ttft_seconds", 4.0, 0.2), ("b", "m", "ttft_seconds", 4.0, 0.4))
    name = "Mean time to first token"
    many = tiles_of(live.describe_samples(both, NOW))
    one = tiles_of(live.describe_samples(live.filter_rows(both, "?target=a"), NOW))
    assert many[name] == ("unknown", "choose one target and model")
    assert one[name] == ("0.200 s", "")


def test_a_quiet_moment_has_no_first_token() -> None:
    found = samples(("a", "m", "ttft_seconds", 4.0, None))
    tiles = tiles_of(live.describe_samples(found, NOW))
    assert tiles["Mean time to first token"][1] == "no request got a first token in the last 5 s"


def test_a_chosen_model_keeps_the_samples_of_its_devices() -> None:
    found = samples(
        ("a", "m", "requests_running", 4.0, 1.0),
        ("a", "other", "requests_running", 4.0, 1.0),
        ("a", None, "power_watts", 4.0, 90.0),
    )
    kept = live.filter_rows(found, "?target=a&model=m")
    assert kept["metric"].to_list() == ["requests_running", "power_watts"]


def test_without_a_home_the_panel_says_so_and_draws_empty_charts() -> None:
    text, *charts = live.fill_panel(None, "", Theme(), NOW)
    assert "No live samples here" in text_of(text)
    assert all(not chart.data for chart in charts)


def scrape(spool: Spool, ago: float) -> None:
    """Write two scrapes 5 seconds apart, the newer this long ago: 10 tokens per second."""
    for place in (1, 0):
        at = round((datetime.now(UTC) - timedelta(seconds=ago + 5 * place)).timestamp() * 1e6)
        spool.keep(Scrape("ours", "vllm", at, None, (UP, TOKENS), (1.0, 50.0 * (1 - place))))
    spool.show()


@pytest.mark.slow
def test_a_scrape_is_on_the_panel_within_ten_seconds(tmp_path: Path, chromium: Browser) -> None:
    """It comes from a spool whose segment is still open; then the collector ends."""
    settings = Settings(home=tmp_path / "home")
    published(settings)
    spools = {name: Spool(tmp_path / name) for name in ("fresh", "left")}
    scrape(spools["left"], 90)
    readers = {name: reader(tmp_path / name, tmp_path / "archive") for name in spools}
    current = ["fresh"]

    def read() -> pl.DataFrame:
        return readers[current[-1]]()

    with dashboard(settings.published / NEWEST, live=read) as url:
        page = chromium.new_page()
        page.goto(f"{url}/tier")
        wait_for_page(page).get_by_text(live.NOTHING).wait_for()
        scrape(spools["fresh"], 1)
        age = page.locator("#live-age")
        age.wait_for(timeout=10_000)
        assert float(age.get_attribute("data-age") or "99") <= 10
        assert "10.0" in page.locator(".live .tile-value").first.inner_text()
        current.append("left")
        page.get_by_text("The collector seems not to run").wait_for(timeout=10_000)
        assert not age.is_visible()
        page.locator("#live-pause").click()
        page.get_by_role("button", name="Go on").wait_for()


def test_while_it_loads_the_panel_does_not_say_that_nothing_is_there() -> None:
    """Nothing is known then; without a collector, nothing was collected."""
    words = [
        graph.figure.layout.annotations[0].text
        for graph in find_all(live.build_panel(Theme()), "Graph")
    ]
    assert set(words) == {"loading"}
    _, *unread = live.fill_panel(None, "", Theme(), NOW)
    assert {chart.layout.annotations[0].text for chart in unread} == {"no samples can be read"}
    _, *empty = live.fill_panel(lambda: live.EMPTY, "", Theme(), NOW)
    assert {chart.layout.annotations[0].text for chart in empty} == {"nothing was collected"}
