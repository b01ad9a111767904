"""Ingestion of quality: each measure is loaded or listed, a history once."""

from dataclasses import replace

import pytest
from support.simulator import FAST_RETRIES, SimulatedMarket, sql

from pipelines.ingest.quality import extract_quality, known_histories
from pipelines.settings import Settings

HELD = (
    "select leaderboard, count(distinct published_date) from raw.arena_ratings group by all "
    "order by all"
)


def asked(simulator: SimulatedMarket) -> list[str]:
    """Return the files that were asked for, without the addresses that only name another."""
    return [
        "/".join(request["path"].split("/")[-2:])
        for request in simulator.requests()
        if "/resolve/" not in request["path"]
    ]


def test_each_measure_is_loaded_and_a_history_once(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    """The second run asks for what may be new."""
    first = extract_quality(settings, retry_policy=FAST_RETRIES)
    assert not first.failures
    assert [(each.source, each.as_of) for each in first.sources][:2] == [
        ("arena text", "2026-06-15"),
        ("arena text_style_control", "2026-06-15"),
    ]
    assert len(first.sources) == 3
    assert sql(settings, HELD) == [("text", 76), ("text_style_control", 76)]
    assert known_histories(settings) == {"text", "text_style_control"}
    before = len(asked(simulator))
    assert not extract_quality(settings, retry_policy=FAST_RETRIES).failures
    assert asked(simulator)[before:] == [
        "text/latest-00000-of-00001.parquet",
        "text_style_control/latest-00000-of-00001.parquet",
        "data/eci_scores.csv",
    ]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("renamed_score", "has no column"),
        ("server_error", "failed at the source"),
        ("html", "no Parquet file"),
    ],
)
def test_a_measure_that_fails_holds_back_no_other(
    settings: Settings, simulator: SimulatedMarket, kind: str, reason: str
) -> None:
    """A leaderboard fails; the index is loaded all the same."""
    simulator.set_faults({"kind": kind, "path": "storage"})
    extract = extract_quality(settings, retry_policy=FAST_RETRIES)
    assert {failure.what for failure in extract.failures} >= {
        "newest publication of the leaderboard text"
    }
    assert all(reason in failure.reason for failure in extract.failures)
    assert [each.source for each in extract.sources] == ["epoch"]


def test_a_list_that_lost_most_of_its_models_is_withheld(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    """The one before stays the newest."""
    extract_quality(settings, retry_policy=FAST_RETRIES)
    simulator.set_faults({"kind": "lost_ratings"})
    extract = extract_quality(settings, retry_policy=FAST_RETRIES)
    assert {failure.what for failure in extract.failures} == {
        "newest publication of the leaderboard text",
        "newest publication of the leaderboard text_style_control",
        "index of Epoch AI",
    }
    assert all("the list shrank" in failure.reason for failure in extract.failures)


def test_a_host_that_is_away_says_nothing_of_the_other(settings: Settings) -> None:
    away = replace(settings, arena_url="http://127.0.0.1:9")
    extract = extract_quality(away, retry_policy=FAST_RETRIES)
    assert [each.source for each in extract.sources] == ["epoch"]
    assert len(extract.failures) == 4
