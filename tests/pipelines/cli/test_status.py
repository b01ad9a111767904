"""`tokentide status`: the generation, its freshness, and totals by source and service."""

import json
from datetime import date
from pathlib import Path

import pytest
from support.cli.command import Command
from support.cli.paper import Paper

from pipelines.cli.status import read_status, show_status
from pipelines.errors import NothingPublished
from pipelines.settings import Settings

# The newest day of the market that the fixtures publish is 2026-06-19.
FRESH, STALE = date(2026, 6, 20), date(2026, 6, 21)


def test_the_status_is_that_of_the_newest_generation(market: Settings) -> None:
    """Its number, its file, the days it covers, and how to cite it."""
    status = read_status(market, FRESH)
    assert status["generation"] == 1
    assert status["path"] == str(market.published / "generation-000001.duckdb")
    assert status["home"] == str(market.home)
    assert (status["first_date"], status["last_date"]) == ("2026-06-10", "2026-06-19")
    assert status["published_at"] == "2026-06-20T09:30:00Z"
    assert status["citation"].startswith("Source: OpenRouter")


@pytest.mark.parametrize(
    ("today", "is_fresh", "yesterday"),
    [(FRESH, True, "2026-06-19"), (STALE, False, "2026-06-20")],
)
def test_it_is_fresh_if_yesterday_is_in(
    market: Settings, today: date, is_fresh: bool, yesterday: str
) -> None:
    """The running day is not over, so nobody waits for it."""
    status = read_status(market, today)
    assert (status["is_fresh"], status["newest_completed_day"]) == (is_fresh, yesterday)


def test_each_source_has_its_totals(market: Settings) -> None:
    """The outcome is that of its last answer; answers that were not used are counted."""
    assert read_status(market, FRESH)["sources"] == [
        {
            "source": "models",
            "answers": 1,
            "last_asked": "2026-06-20T08:17:00.500Z",
            "last_outcome": "loaded",
            "rows": 3,
            "set_aside": 0,
        },
        {
            "source": "providers",
            "answers": 1,
            "last_asked": "2026-06-20T08:17:01Z",
            "last_outcome": "damaged",
            "rows": 0,
            "set_aside": 1,
        },
        {
            "source": "rankings_daily",
            "answers": 2,
            "last_asked": "2026-06-20T08:00:00Z",
            "last_outcome": "quarantined",
            "rows": 400,
            "set_aside": 1,
        },
    ]


def test_what_the_archive_has_lost_is_said(market: Settings, paper: Paper) -> None:
    """Answers whose bytes are gone, and lines of the log that name none, with file and line."""
    status = read_status(market, FRESH)
    assert [lost["what"] for lost in status["lost"]] == ["answer d of providers", "log"]
    show_status(paper, status)
    assert "not in the archive log: line 2 of 2026-06-20.jsonl: it is damaged" in paper.words


def test_each_target_has_its_totals(market_with_tier: Settings) -> None:
    """Tokens over all minutes, and minutes that are gaps."""
    assert read_status(market_with_tier, FRESH)["targets"] == [
        {
            "target": "ours",
            "service": "ours",
            "first_minute": "2026-06-19T10:00:00Z",
            "last_minute": "2026-06-19T10:01:00Z",
            "prompt_tokens": 1200,
            "generation_tokens": 400,
            "gap_minutes": 1,
            "gone_at": None,
        }
    ]


def test_a_person_sees_services_and_opens_them_into_targets(
    market_with_tier: Settings, paper: Paper
) -> None:
    """A service has its replicas; one whose last replica went is gone and not missing."""
    status = read_status(market_with_tier, FRESH)
    assert [
        (each["service"], each["replicas_now"], each["replicas_gone"], each["generation_tokens"])
        for each in status["services"]
    ] == [("ours", 2, 1, 400), ("old", 0, 3, None)]
    show_status(paper, status)
    assert "2, and 1 gone" in paper.words
    assert "gone since" in paper.words
    assert "│ more" not in paper.text
    show_status(paper, status, with_targets=True)
    assert "│ more" in paper.text


def test_four_sentences_are_about_the_tier(market_with_tier: Settings, paper: Paper) -> None:
    """Targets up, the last token, market names, cost: each unknown with its reason."""
    status = read_status(market_with_tier, FRESH)
    show_status(paper, status)
    for sentence in (
        "Tier, targets: 1 up, 0 down, 1 not known at the last published scrape, "
        "2026-06-19T10:50:00Z (more: no scrape of it is published).",
        "Tier, last token: in the minute of 2026-06-19T10:01:00Z.",
        "Tier, market names: 2 of 3 served models have one "
        "(ours: chat: the market has no [such] name).",
        "Tier, cost: known of 1 of 2 targets (more: it has no hour with tokens).",
    ):
        assert sentence in paper.words
    assert [each["target"] for each in status["tier"]] == ["more", "ours"]


def test_without_a_tier_nothing_is_said_of_it(market: Settings, paper: Paper) -> None:
    status = read_status(market, FRESH)
    show_status(paper, status)
    assert status["tier"] == []
    assert "Tier" not in paper.text


def test_a_target_that_is_gone_has_no_failed_scrapes(market_with_tier: Settings) -> None:
    scrapes = read_status(market_with_tier, FRESH)["scrapes"]
    assert {each["target"] for each in scrapes} == {"ours"}


def test_a_generation_without_telemetry_has_no_targets(market: Settings) -> None:
    """One that was published before there was telemetry has no such table."""
    assert read_status(market, FRESH)["targets"] == []


def test_each_source_has_the_outcomes_of_its_last_hour(
    market_with_tier: Settings, paper: Paper
) -> None:
    """A person sees those that failed, and models that are mapped to another one."""
    status = read_status(market_with_tier, FRESH)
    assert [(each["outcome"], each["scrapes"]) for each in status["scrapes"]] == [
        ("no_known_metrics", 20),
        ("up", 700),
    ]
    assert [each["target"] for each in status["mappings"]] == ["more", "ours"]
    show_status(paper, status)
    assert "no_known_metrics" in paper.text
    assert "timeout" not in paper.text
    assert "Qwen3-8B" in paper.text


def test_a_person_sees_days_freshness_and_tables(market_with_tier: Settings, paper: Paper) -> None:
    """Headings say quarantined, and the market's citation comes last."""
    show_status(paper, read_status(market_with_tier, FRESH))
    assert "Generation 1, published 2026-06-20T09:30:00Z: " in paper.words
    assert (
        "Days 2026-06-10 to 2026-06-19; 2026-06-19, the newest completed day, is in." in paper.words
    )
    assert "quarantined" in paper.text
    assert "generation tokens" in paper.text
    assert paper.text.rstrip().endswith("Licensed under CC BY 4.0.")


def test_a_stale_market_says_what_to_do(market: Settings, paper: Paper) -> None:
    """Yesterday is missing, so an ingest is due."""
    show_status(paper, read_status(market, STALE))
    assert "is not in; run `tokentide ingest market`." in paper.words


def test_nothing_published_is_an_error(tmp_path: Path) -> None:
    """Its text says how to publish."""
    with pytest.raises(NothingPublished, match="tokentide ingest market"):
        read_status(Settings(home=tmp_path))


def test_a_program_reads_json(market: Settings) -> None:
    """The same object as a function returns."""
    status = json.loads(Command(market.home)("status", "--json"))
    today = read_status(market)
    assert status == today
