"""Tables of the claims page: a verdict in words for every basis, unknown for what is not known."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from support.dashboard.components import find_all, rows_of, text_of, tiles_of

from dashboards.components.theme import Theme
from dashboards.pages.claims.tables import (
    claim,
    claims,
    counts,
    evidence,
    format_figure,
    own_claims,
)
from dashboards.pages.claims.verdicts import VERDICTS, format_verdict


def lines(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """Return rows of claims: (claim, basis, verdict)."""
    said = {"said_by": None, "said_on": date(2026, 4, 6)}
    return pl.DataFrame(
        [
            {"claim_id": name, "statement": name, "basis": basis, "verdict": verdict, **said}
            for name, basis, verdict in rows
        ]
    )


CLAIMS = lines(
    ("first", "all", "depends_on_basis"),
    ("first", "top50_without_free", "supported"),
    ("first", "platform", "contradicted"),
    ("second", "report", "unverifiable"),
)


def test_a_claim_counts_once_by_its_own_verdict() -> None:
    """The verdict over all bases, or on its only basis; a verdict of no claim is 0."""
    made = tiles_of(counts(CLAIMS))
    assert {name: value for name, (value, _) in made.items()} == {
        "✓ supported": "0",
        "✗ contradicted": "0",
        "◇ wrong population": "0",
        "△ wrong baseline": "0",
        "≠ depends on basis": "1",
        "? unverifiable": "1",
        "⊘ not judged: simulated market": "0",
    }


def test_each_claim_is_a_line_with_each_basis() -> None:
    """A basis without a verdict is not listed, and who said it may be unknown."""
    assert rows_of(claims(CLAIMS)) == [
        [
            "first Only if you count the named models without free listings; "
            "not if you count all traffic of the platform.",
            "unknown",
            "2026-04-06",
            "≠ depends on basis",
            "all traffic of the platform:  ✗ contradicted "
            "the named models without free listings:  ✓ supported",
        ],
        [
            "second It cannot be known on any basis.",
            "unknown",
            "2026-04-06",
            "one basis only",
            "the report itself:  ? unverifiable",
        ],
    ]


def test_a_claim_leads_to_its_figures() -> None:
    links = [link.href for link in find_all(claims(CLAIMS), "Link")]
    assert links == ["/claims?claim=first", "/claims?claim=second"]


def test_the_meaning_of_each_verdict_is_said() -> None:
    text = text_of(claims(CLAIMS))
    assert all(meaning in text for _, meaning in VERDICTS.values())


ONE: dict[str, Any] = {
    "statement": "Chinese models lead.",
    "said_by": "A newspaper",
    "said_on": date(2026, 4, 6),
    "population": "all models",
    "source_url": "https://example.org/a",
    "basis": "all",
    "verdict": "supported",
    "expected": 0.5,
    "measured": 0.61234,
    "measured_text": None,
    "unit": "share",
    "reason": "five weeks",
    "missing_days": None,
}


def one(**changes: Any) -> Any:
    return claim(pl.DataFrame([ONE | changes], infer_schema_length=None))


def test_one_claim_has_its_source_and_both_figures() -> None:
    made = one()
    assert rows_of(made) == [
        ["over all bases", "✓ supported", "0.5", "0.6123", "share", "five weeks"]
    ]
    assert "A newspaper, 2026-04-06. Population: all models." in text_of(made)
    assert [link.href for link in find_all(made, "A")] == ["https://example.org/a"]


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "file:///etc/passwd"])
def test_only_an_address_of_the_web_is_a_link(url: str | None) -> None:
    assert find_all(one(source_url=url), "A") == []


def test_a_figure_in_words_stands_for_the_number() -> None:
    """Over all bases the words would list the rows below, so there are none."""
    [[_, _, _, measured, *_]] = rows_of(one(basis="top9", measured=None, measured_text="no week"))
    assert measured == "no week"
    [[_, _, _, measured, *_]] = rows_of(one(measured=None, measured_text="top9 supported"))
    assert measured == ""


def test_one_claim_begins_with_a_plain_sentence() -> None:
    assert "True over all bases." in text_of(one())
    assert "Not true if you count all traffic of the platform." in text_of(
        one(basis="platform", verdict="contradicted")
    )


def test_own_claims_lead_to_their_figures_and_to_a_new_one() -> None:
    made = own_claims([("mine", "A above B.", "True by day.", date(2026, 6, 20))])
    assert rows_of(made) == [["A above B.", "True by day.", "2026-06-20"]]
    assert [link.href for link in find_all(made, "Link")] == ["/claims?claim=mine", "/claims/new"]
    assert "None is kept yet." in text_of(own_claims([]))


def test_a_verdict_says_since_when_and_what_it_was_before() -> None:
    """A file that answers from the past knows neither."""
    began_at = datetime(2026, 6, 20, 9, tzinfo=UTC)
    assert "since 2026-06-20" in text_of(one(began_at=began_at))
    changed = one(began_at=began_at, previous_verdict="wrong_baseline")
    assert "since 2026-06-20, before wrong baseline" in text_of(changed)
    assert "since" not in text_of(one())


def test_missing_days_fold_away() -> None:
    made = one(missing_days=["2026-04-01", "2026-04-02"])
    [details] = find_all(made, "Details")
    assert text_of(details) == "Days that are missing 2026-04-01, 2026-04-02"


def test_an_unknown_speaker_is_said() -> None:
    text = text_of(one(said_by=None, said_on=None, population=None))
    assert "Nobody named, on an unknown day. Population: none named." in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (0.0, "0"),
        (0.123456, "0.1235"),
        (1234.5, "1,234"),
        (140e12, "140,000,000,000,000"),
    ],
)
def test_an_unknown_figure_is_not_zero(value: float | None, text: str) -> None:
    assert format_figure(value) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [(None, "not checked"), ("wrong_baseline", "△ wrong baseline"), ("new", "· new")],
)
def test_a_verdict_is_a_sign_and_words(name: str | None, text: str) -> None:
    assert format_verdict(name) == text


def test_evidence_is_a_chart_over_a_table() -> None:
    rows = pl.DataFrame({"week": [date(2026, 4, 6), date(2026, 4, 13)], "share": [0.5, 0.6]})
    made = evidence(1)(rows, Theme())
    assert [graph.id["key"] for graph in find_all(made, "Graph")] == ["evidence-rows-1"]
    assert [grid.id for grid in find_all(made, "AgGrid")] == ["evidence-grid-1"]


def test_evidence_without_a_known_figure_says_so() -> None:
    """An empty chart would not say whether the figure is 0."""
    rows = pl.DataFrame(
        {"basis": ["a", "b"], "measured": [None, None], "expected": [5.0, 5.0]},
        schema_overrides={"measured": pl.Float64},
    )
    made = evidence(1)(rows, Theme())
    assert find_all(made, "Graph") == []
    assert "measured is unknown in every row" in text_of(made)


@pytest.mark.parametrize(
    "rows", [pl.DataFrame({"name": ["a", "b"]}), pl.DataFrame({"x": [1], "y": [2]})]
)
def test_evidence_with_nothing_to_draw_is_a_table(rows: pl.DataFrame) -> None:
    assert find_all(evidence(1)(rows, Theme()), "Graph") == []


def test_the_same_evidence_is_drawn_by_the_same_function() -> None:
    assert evidence(1) is evidence(1)
    assert evidence(1) is not evidence(2)
