"""The page of a new claim: a form whose address shows the claim again, and what can be kept."""

from pathlib import Path
from typing import Any

import pytest
from support.dashboard.components import find_all, rows_of, text_of
from support.statements.pages import KeptClaims, china_above_us, open_shares

from dashboards.components.filters import href
from dashboards.components.page import Card, Heading, Listed, PageView
from dashboards.components.theme import Theme
from dashboards.generations import OpenGeneration
from dashboards.pages.claims.comparison import NEW_CLAIM, PATH, judge_claim
from dashboards.pages.claims.page import CLAIMS

CLAIM = china_above_us()
ADDRESS = href(PATH, **CLAIM.comparison.choices)


@pytest.fixture
def kept() -> KeptClaims:
    return KeptClaims()


@pytest.fixture
def generation(tmp_path: Path, kept: KeptClaims) -> OpenGeneration:
    return open_shares(tmp_path / "home", kept)


def listed(generation: OpenGeneration, address: str) -> list[Listed]:
    path, _, search = address.partition("?")
    page = NEW_CLAIM if path == PATH else CLAIMS
    return list(PageView(page, generation, Theme(), search).cards())


def drawn(generation: OpenGeneration, address: str) -> dict[str, Any]:
    """Return the drawings of the cards at an address, by key."""
    return {
        card.key: card.draw(generation.frame(card.query), Theme())
        for card in listed(generation, address)
        if isinstance(card, Card)
    }


def test_an_address_shows_the_claim_with_its_sentence_and_verdicts(
    generation: OpenGeneration,
) -> None:
    made = drawn(generation, ADDRESS)
    text = text_of(made["statement"])
    assert CLAIM.text in text
    assert (
        "Only if you count the nine models on OpenRouter's chart; not if you count all traffic of "
        "the platform. If you count the named models of each day, it cannot be known."
    ) in text
    assert [row[:2] for row in rows_of(made["statement"])] == [
        ["over all bases", "≠ depends on basis"],
        ["all traffic of the platform", "✗ contradicted"],
        ["the named models of each day", "? unverifiable"],
        ["the nine models on OpenRouter's chart", "✓ supported"],
    ]
    assert [row[1] for row in rows_of(made["true-weeks"])] == [
        "2026-03-02 to 2026-03-08 (1 week)",
        "2026-03-02 to 2026-03-08 (1 week); 2026-03-16 to 2026-03-22 (1 week)",
        "2026-03-02 to 2026-03-22 (3 weeks)",
    ]
    assert {"sides-platform", "sides-top50", "sides-top9", "evidence-1"} <= made.keys()


def test_the_form_offers_members_weeks_and_bases(generation: OpenGeneration) -> None:
    """Weeks that are not loaded can be named too, since a link may come from another home."""
    controls = {control.name: control for control in NEW_CLAIM.controls(generation)}
    assert controls["above"].default == "country:CN"
    assert ("country:CN", "labs of China (country)") in controls["above"].options
    assert controls["to"].default == "2026-03-09"
    weeks = dict(controls["from"].options)
    assert (weeks["2026-03-02"], weeks["2026-01-05"]) == ("2026-03-02", "2026-01-05 (not loaded)")
    assert len(controls["basis"].options) == 7


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"below": "country:CN"}, "cannot be above itself"),
        ({"from": "2026-03-16", "to": "2026-03-02"}, "are not 1 to 520 weeks"),
    ],
)
def test_choices_that_make_no_claim_say_why(
    generation: OpenGeneration, changes: dict[str, str], reason: str
) -> None:
    [heading] = listed(generation, href(PATH, **{**CLAIM.comparison.choices, **changes}))
    assert isinstance(heading, Heading)
    assert reason in heading.below


def test_a_text_that_is_no_choice_shows_nothing_in_its_place(generation: OpenGeneration) -> None:
    address = href(PATH, **{**CLAIM.comparison.choices, "above": "country:'; drop table x"})
    assert listed(generation, address) == []


def test_only_where_there_is_a_home_a_claim_can_be_kept(
    generation: OpenGeneration, tmp_path: Path
) -> None:
    """A claim that is kept has its evidence, and no second button."""
    [form] = find_all(drawn(generation, ADDRESS)["statement"], "Form")
    assert form.method == "POST"
    assert form.action == href("/claims/save", **CLAIM.comparison.choices)
    assert "tokentide claims new 'country:CN' 'country:US'" in text_of(
        drawn(generation, ADDRESS)["take-along"]
    )
    bare = open_shares(tmp_path / "bare")
    assert find_all(drawn(bare, ADDRESS)["statement"], "Form") == []
    assert "own" not in drawn(bare, "/claims")


def test_a_claim_that_is_kept_is_among_the_claims(
    generation: OpenGeneration, kept: KeptClaims
) -> None:
    assert "None is kept yet." in text_of(drawn(generation, "/claims")["own"])
    kept.save(china_above_us("mine", statement="China leads."))
    assert rows_of(drawn(generation, "/claims")["own"])[0][0] == "China leads."
    made = drawn(generation, "/claims?claim=mine")
    assert find_all(made["statement"], "Form") == []
    [link] = find_all(made["take-along"], "A")
    assert link.href.startswith("/download/evidence.zip?claim=mine%3A")
    assert rows_of(made["statement"]) == rows_of(drawn(generation, ADDRESS)["statement"])


def test_a_published_claim_can_be_taken_along_too(generation: OpenGeneration) -> None:
    made = drawn(generation, "/claims?claim=five-weeks")
    assert "Only if you count the nine models on OpenRouter's chart" in text_of(made["statement"])
    assert "@misc{tokentide-five-weeks" in text_of(made["take-along"])


def test_a_claim_whose_member_is_gone_is_open_with_the_reason(
    generation: OpenGeneration, kept: KeptClaims
) -> None:
    gone = china_above_us("gone")
    object.__setattr__(gone.comparison, "above", "KR")
    kept.save(gone)
    [row] = judge_claim(gone, generation)
    assert (row["verdict"], "no country 'KR'" in row["reason"]) == ("unverifiable", True)
    [heading] = listed(generation, "/claims?claim=gone")
    assert isinstance(heading, Heading)


def test_without_a_market_there_is_nothing_to_compare(tmp_path: Path) -> None:
    sql = (
        "create schema marts; "
        "create table main.last_build as select 'passed' as outcome, 0 as wrong_nodes; "
        "create table marts.market_days as select null::date as date, "
        "null::timestamptz as as_of, 'none' as origin, true as is_missing"
    )
    [card] = listed(open_shares(tmp_path / "home", sql=sql), PATH)
    assert isinstance(card, Card)
    assert card.needs == ("market_share_weekly",)
    assert "`tokentide ingest market`" in card.empty
