"""Entries of the feed: an id for what is said, so that a flip is a new entry."""

from datetime import UTC, datetime
from pathlib import Path

from support.dashboard.browser import context_of
from support.published import MARTS, NOW, published, warehouse_of

from dashboards.api.feed_entries import MAX_ENTRIES, FeedEntry, entries
from dashboards.generations import GenerationStore, OpenGeneration
from pipelines.publish.generations import NEWEST, publish
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


def test_a_verdict_names_its_bases_and_its_day(small_generation: OpenGeneration) -> None:
    [entry] = of_kind(small_generation, "verdict")
    assert entry.title == "five-weeks: depends on basis"
    assert "is depends on basis since 2026-06-20. " in entry.text
    assert "platform supported, top9 contradicted" in entry.text
    assert entry.updated_at == NOW
    assert entry.path == "claims?claim=five-weeks"


def test_a_flip_is_a_new_entry_and_the_verdict_before_stays(tmp_path: Path) -> None:
    """Also a flip back, which has the same words as the entry before the last."""
    flips = "update marts.claim_verdicts set verdict = '{}'"
    first = of_kind(opened(tmp_path, ""), "verdict")
    second = of_kind(published_again(tmp_path, 21, flips.format("supported")), "verdict")
    third = of_kind(published_again(tmp_path, 22, flips.format("depends_on_basis")), "verdict")
    assert [entry.title for entry in third] == [
        "five-weeks: depends on basis",
        "five-weeks: supported until 2026-06-22",
        "five-weeks: depends on basis until 2026-06-21",
    ]
    assert "is depends on basis since 2026-06-22, before supported." in third[0].text
    assert [entry.id for entry in third[1:]] == [entry.id for entry in second]
    assert second[-1].id == first[0].id
    assert len({entry.id for entry in third}) == 3


def test_a_flip_on_any_basis_is_a_new_entry(tmp_path: Path) -> None:
    [before] = of_kind(opened(tmp_path, TOP9.format("contradicted")), "verdict")
    change = "update marts.claim_verdicts set verdict = 'supported' where basis = 'top9'"
    [after] = of_kind(published_again(tmp_path, 21, change), "verdict")
    assert before.id != after.id
    assert after.updated_at == datetime(2026, 6, 21, tzinfo=UTC)


def test_fresh_data_with_the_same_verdict_is_no_new_entry(tmp_path: Path) -> None:
    before = of_kind(opened(tmp_path, ""), "verdict")
    change = "update marts.claim_verdicts set measured_text = 'in other words'"
    after = of_kind(published_again(tmp_path, 21, change), "verdict")
    assert [entry.id for entry in after] == [entry.id for entry in before]


TOP9 = (
    "insert into marts.claim_verdicts "
    "select * replace ('top9' as basis, '{}' as verdict) from marts.claim_verdicts"
)


def published_again(home: Path, day: int, change: str) -> OpenGeneration:
    """Change the marts and publish them on a day of June."""
    settings = Settings(home=home)
    with warehouse_of(settings) as con:
        con.execute(change)
    publish(settings, datetime(2026, 6, day, tzinfo=UTC))
    found = GenerationStore(context_of(settings.published / NEWEST)).newest()
    assert found
    return found


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
