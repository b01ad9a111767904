"""Entries of the feed: an id for what is said, so that a flip is a new entry."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.dashboard.browser import context_of
from support.published import MARTS, published

from dashboards.api.feed_entries import MAX_ENTRIES, FeedEntry, entries
from dashboards.generations import GenerationStore, OpenGeneration
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

TABLES = Path(__file__).with_name("tier_and_news.sql").read_text()


def opened(home: Path, sql: str) -> OpenGeneration:
    settings = Settings(home=home)
    published(settings, f"{MARTS}; {TABLES}; {sql}")
    found = GenerationStore(context_of(settings.published / NEWEST)).newest()
    assert found
    return found


def of_kind(generation: OpenGeneration, kind: str) -> list[FeedEntry]:
    return [entry for entry in entries(generation) if entry.kind == kind]


def test_a_verdict_names_its_bases(small_generation: OpenGeneration) -> None:
    [entry] = of_kind(small_generation, "verdict")
    assert entry.title == "five-weeks: depends on basis"
    assert "platform supported, top9 contradicted" in entry.text
    assert entry.updated_at == datetime(2026, 6, 20, 8, tzinfo=UTC)
    assert entry.path == "claims?claim=five-weeks"


@pytest.mark.parametrize(
    "change",
    [
        "update marts.claims set verdict = 'supported'",
        "update marts.claims set measured_text = 'platform contradicted, top9 contradicted'",
    ],
)
def test_a_flip_on_any_basis_is_a_new_entry(
    tmp_path: Path, small_generation: OpenGeneration, change: str
) -> None:
    [before] = of_kind(small_generation, "verdict")
    [after] = of_kind(opened(tmp_path, change), "verdict")
    assert before.id != after.id


def test_fresh_data_with_the_same_verdict_is_no_new_entry(
    tmp_path: Path, small_generation: OpenGeneration
) -> None:
    changed = opened(tmp_path, "update marts.claims set as_of = as_of + interval 1 day")
    assert [entry.id for entry in of_kind(changed, "verdict")] == [
        entry.id for entry in of_kind(small_generation, "verdict")
    ]


def test_a_price_change_has_both_prices_and_its_label(small_generation: OpenGeneration) -> None:
    """An unknown price is named so, and a simulated one is labelled."""
    titles = {entry.title for entry in of_kind(small_generation, "price")}
    assert titles == {
        "lab/model: list price -50%",
        "Simulated: lab/model: most common price -50%",
    }
    text = of_kind(small_generation, "price")[0].text
    assert "Prompt tokens: 1.5 to 0.75" in text
    assert "generated tokens: unknown to 3 USD" in text


def test_only_a_restatement_that_matters_is_news(small_generation: OpenGeneration) -> None:
    [entry] = of_kind(small_generation, "restatement")
    assert entry.title == "tokens of 2026-06-17 restated by +2.0%"
    assert "was 1,000 tokens at first and is 1,020 now" in entry.text


def test_verdicts_are_not_crowded_out(generation: OpenGeneration) -> None:
    """All of them stay, since a flip is seen by an entry that was not there."""
    found = entries(generation)
    assert len(found) <= MAX_ENTRIES
    assert len({entry.id for entry in found}) == len(found)
    assert [entry.updated_at for entry in found] == sorted(
        (entry.updated_at for entry in found), reverse=True
    )
    claims = generation.tables >= {"claims"}
    assert claims
    assert sum(entry.kind == "verdict" for entry in found) > 10


def test_a_generation_without_the_tables_has_no_entries(bare: OpenGeneration) -> None:
    assert entries(bare) == []
