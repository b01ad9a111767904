"""Published claims as rows, as JSON and on a console."""

from pathlib import Path

import pytest
from support.cli.markets import CLAIM
from support.cli.paper import Paper
from support.published import published

from pipelines.claims.verdicts import published_rows
from pipelines.cli.claims_view import (
    as_json,
    find_claim,
    measured_by,
    run_evidence,
    show_claim,
    show_list,
)
from pipelines.errors import UnknownClaim
from pipelines.publish.generations import newest
from pipelines.settings import Settings

QUERY = "select count(*) as days from marts.market_days"


@pytest.fixture
def generation(claims: Settings) -> Path:
    """Return a generation with one claim on two bases; the queries of both are the same."""
    return newest(claims)


def test_the_sum_of_a_claim_comes_before_its_bases(generation: Path) -> None:
    """Values are those of JSON: days and instants are text, missing figures are null."""
    rows = published_rows(generation)
    assert [row["basis"] for row in rows] == ["all", "top50", "top9"]
    assert [row["measured"] for row in rows] == [None, 3.0, 5.0]
    assert rows[0]["said_on"] == "2026-04-06"
    assert rows[0]["as_of"] == "2026-06-01T08:00:00Z"
    assert rows[2]["missing_days"] == ["2026-03-02..2026-03-08"]


def test_a_generation_of_an_older_version_has_no_claims(market: Settings, paper: Paper) -> None:
    """Its list says how to make one that has."""
    rows = published_rows(newest(market))
    assert rows == []
    show_list(paper, rows)
    assert paper.words.startswith("This generation has no claims. `tokentide publish`")


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("five_week", "Did you mean five-weeks?"), ("zzz", "`tokentide claims` lists all claims.")],
)
def test_an_unknown_claim_names_its_neighbour(generation: Path, asked: str, hint: str) -> None:
    """The list is named if nothing is spelled alike."""
    with pytest.raises(UnknownClaim) as raised:
        find_claim(published_rows(generation), asked)
    assert str(raised.value) == f"There is no claim '{asked}'. {hint}"


def test_each_query_runs_once(generation: Path) -> None:
    """Both bases have the same query."""
    rows = find_claim(published_rows(generation), "five-weeks")
    assert run_evidence(generation, rows) == [{"evidence_sql": QUERY, "rows": [{"days": 1}]}]


def test_a_program_gets_the_statement_once(generation: Path) -> None:
    """Verdicts hold what differs between bases."""
    claim = as_json(generation, find_claim(published_rows(generation), "five-weeks"))
    assert list(claim) == [
        "claim_id",
        "statement",
        "said_by",
        "said_on",
        "population",
        "unit",
        "source_url",
        "article",
        "holds_if",
        "sentence",
        "true_weeks",
        "verdicts",
        "measured_by",
        "evidence",
    ]
    assert [verdict["basis"] for verdict in claim["verdicts"]] == ["all", "top50", "top9"]
    assert "statement" not in claim["verdicts"][0]
    assert claim["evidence"][0]["evidence_sql"] == QUERY


def test_the_list_counts_the_verdicts_of_bases(generation: Path, paper: Paper) -> None:
    """One line a claim; brackets in a statement are text."""
    show_list(paper, published_rows(generation))
    [line] = [line for line in paper.text.splitlines() if "five-weeks" in line]
    assert [cell.strip() for cell in line.split("│")[1:-1]] == [
        "five-weeks",
        "depends_on_basis",
        "Five [weeks] straight.",
        "1 contradicted, 1 supported",
        "others",
    ]


def test_one_claim_is_shown_in_full(generation: Path, paper: Paper) -> None:
    """The source, the population, every basis with figures and reason, the query, its rows."""
    show_claim(paper, generation, find_claim(published_rows(generation), "five-weeks"))
    lines = [line.rstrip() for line in paper.text.splitlines()]
    assert lines[:6] == [
        "Five [weeks] straight.",
        "Only if you count the nine models on OpenRouter's chart; "
        "not if you count the named models of each day.",
        "Said by: somebody, 2026-04-06",
        "About: the platform",
        "Source: not known",
        "Verdict: depends_on_basis",
    ]
    assert "measured (weeks in a row)" in paper.text
    assert "top50: 3 weeks. Because of top50." in lines
    assert QUERY in lines
    assert "│    1 │" in paper.text


RUN = {"command": "python benchmarks/a.py", "machine": "two cores", "commit": "not known: old"}


def test_runs_of_benchmarks_are_named_once() -> None:
    """With the bases that rest on them; a row of another basis or without a command is none."""
    rows = [{"basis": basis, "evidence_sql": "x"} for basis in ("all", "w8", "w4", "tier")]
    found = [
        {"basis": "w8", **RUN},
        {"basis": "w4", **RUN},
        {"basis": "w8", **RUN},
        {"basis": "bfloat16", **RUN, "commit": "abc"},
        {"basis": "tier", **dict.fromkeys(RUN)},
        {"basis": "tier", "command": "python benchmarks/a.py"},
        {"days": 1},
    ]
    runs = measured_by(rows, [{"evidence_sql": "x", "rows": found}])
    assert runs == [{**RUN, "bases": ["w4", "w8"]}]


def test_a_claim_says_by_which_run_it_was_measured(tmp_path: Path, paper: Paper) -> None:
    settings = Settings(home=tmp_path / "home")
    evidence = (
        "select 'top9' as basis, 'python b.py' as command, 'a CPU' as machine, 'abc' as commit"
    )
    stated = CLAIM.replace(QUERY, evidence.replace("'", "''"))
    published(settings, stated)
    generation = newest(settings)
    rows = find_claim(published_rows(generation), "five-weeks")
    show_claim(paper, generation, rows)
    assert "Measured by `python b.py` on a CPU, commit abc: top9." in paper.text.splitlines()
    assert as_json(generation, rows)["measured_by"][0]["bases"] == ["top9"]
