"""The live panel: how old its newest sample is, what does not answer, and what to do where nothing is collected."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import polars as pl
import pytest
from support.browser import browser, dashboard, settled
from support.published import published

from dashboards.components.theme import Look
from dashboards.pages.tier import live
from dashboards.pages.tier import live_figures as figures
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.live import reader
from pipelines.telemetry.metrics.vocabulary import Series

LIGHT = Look("light")
NOW = datetime(2026, 6, 18, 10, tzinfo=UTC)
UP = Series("up", "gauge")
TOKENS = Series("generation_tokens", "counter", model_name="m")


def rows(*samples: tuple[str, str | None, str, float, float | None]) -> pl.DataFrame:
    """Samples as (target, model, metric, seconds ago, value)."""
    made = [
        (target, model, metric, NOW - timedelta(seconds=ago), value)
        for target, model, metric, ago, value in samples
    ]
    return pl.DataFrame(made, schema=live.EMPTY.schema, orient="row")


def text_of(component: Any) -> str:
    """All that a component says."""
    if isinstance(component, str | int | float):
        return str(component)
    children = getattr(
        component, "children", component if isinstance(component, list | tuple) else None
    )
    return (
        " ".join(text_of(child) for child in children)
        if isinstance(children, list | tuple)
        else text_of(children)
        if children
        else ""
    )


def test_nothing_collected_says_how_to_start() -> None:
    """An empty panel is no quiet tier."""
    told = text_of(live.said(live.EMPTY, NOW))
    assert "Nothing was collected" in told
    assert "tokentide collect" in told


def test_the_age_of_the_newest_sample_is_told_and_an_old_one_is_a_failure() -> None:
    """4 seconds are fine; 2 minutes mean that the collector ended, and its old figures are not shown as those of now."""
    sample = ("a", "m", "requests_running", 4.0, 3.0)
    assert "Newest sample 4 s old" in text_of(live.said(rows(sample), NOW))
    old = live.said(rows((*sample[:3], 120.0, 3.0)), NOW)
    assert "120 seconds old" in text_of(old)
    assert "failed" in old.className
    assert "Requests running" not in text_of(old)


def test_a_gap_is_unknown_in_the_tiles_and_a_silent_target_is_named() -> None:
    """A sum with an unknown part is unknown."""
    shown = live.said(
        rows(
            ("a", "m", "requests_running", 4.0, 3.0),
            ("b", "m", "requests_running", 4.0, None),
            ("b", None, "up", 4.0, 0.0),
        ),
        NOW,
    )
    assert "Requests running unknown in a gap" in text_of(shown)
    assert "Not answering: b" in text_of(shown)


def test_a_mean_of_several_targets_is_not_made_up() -> None:
    """Two means have no mean without their counts."""
    both = rows(("a", "m", "ttft_seconds", 4.0, 0.2), ("b", "m", "ttft_seconds", 4.0, 0.4))
    assert "choose one target and model" in text_of(live.said(both, NOW))
    assert "0.200 s" in text_of(live.said(live.chosen(both, "?target=a"), NOW))


def test_a_null_breaks_the_line() -> None:
    """And what nobody reports is told as that."""
    found = rows(
        *(
            ("a", "m", "requests_running", ago, value)
            for ago, value in ((15.0, 1.0), (10.0, None), (5.0, 2.0))
        )
    )
    made: go.Figure = figures.panel(found, LIGHT, figures.LOADS, "requests", NOW)
    (line,) = made.data
    assert line.y == (1.0, None, 2.0)
    assert line.connectgaps is False
    assert (
        figures.panel(found, LIGHT, figures.POWER, "watts", NOW).layout.annotations[0].text
        == "nothing is reported"
    )


def kept(spool: Spool, ago: float) -> None:
    """Two scrapes 5 seconds apart, the newer so many seconds ago: 10 tokens a second."""
    for place in (1, 0):
        at = round((datetime.now(UTC) - timedelta(seconds=ago + 5 * place)).timestamp() * 1e6)
        spool.keep(Scrape("ours", "vllm", at, None, (UP, TOKENS), (1.0, 50.0 * (1 - place))))
    spool.show()


@pytest.mark.slow
def test_the_panel_shows_a_scrape_within_ten_seconds_and_says_when_they_end(tmp_path: Path) -> None:
    """From a real spool whose segment is still open; then from one that nobody writes to any more."""
    settings = Settings(home=tmp_path / "home")
    published(settings)
    spools = {name: Spool(tmp_path / name) for name in ("fresh", "left")}
    kept(spools["left"], 90)
    readers = {name: reader(tmp_path / name, tmp_path / "archive") for name in spools}
    collected = ["fresh"]

    def current() -> pl.DataFrame:
        return readers[collected[-1]]()

    with dashboard(settings.published / NEWEST, live=current) as url, browser() as chromium:
        page = chromium.new_page()
        page.goto(f"{url}/tier")
        settled(page).get_by_text(live.NEVER).wait_for()
        kept(spools["fresh"], 1)
        age = page.locator("#live-age")
        age.wait_for(timeout=10_000)
        assert float(age.get_attribute("data-age") or "99") <= 10
        assert "10.0" in page.locator(".live .tile-value").first.inner_text()
        collected.append("left")
        page.get_by_text("The collector seems not to run").wait_for(timeout=10_000)
        assert not age.is_visible()
        page.locator("#live-pause").click()
        page.get_by_role("button", name="Go on").wait_for()
