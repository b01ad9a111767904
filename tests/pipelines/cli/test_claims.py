"""`tokentide claims` as a person runs it: the list, one claim, and an unknown one."""

import json

import pytest
from support.cli.command import Command

from pipelines.settings import Settings


@pytest.fixture
def command(claims: Settings) -> Command:
    """Return the command on a home with one published claim."""
    return Command(claims.home)


def test_the_list_has_a_line_for_each_claim(command: Command) -> None:
    """The verdict, the statement letter by letter, and the number of bases by verdict."""
    output = command("claims")
    for part in (
        "five-weeks",
        "depends_on_basis",
        "Five [weeks] straight.",
        "1 contradicted, 1 supported",
    ):
        assert part in output


def test_the_list_for_a_program_has_every_row(command: Command) -> None:
    """One object for each claim and basis, as the table has them."""
    rows = json.loads(command("claims", "--json"))
    assert [row["basis"] for row in rows] == ["all", "top50", "top9"]
    assert rows[2]["missing_days"] == ["2026-03-02..2026-03-08"]
    assert rows[0]["measured"] is None


def test_one_claim_shows_figures_reasons_and_the_query(command: Command) -> None:
    """The source, every basis with its figure and reason, the query, and its rows."""
    output = command("claims", "show", "five-weeks")
    for part in (
        "Said by: somebody, 2026-04-06",
        "Because of top50.",
        "select count(*) as days from marts.market_days",
        "weeks in a row",
    ):
        assert part in output
    claim = json.loads(command("claims", "show", "five-weeks", "--json"))
    verdicts = [row["verdict"] for row in claim["verdicts"]]
    assert verdicts == ["depends_on_basis", "contradicted", "supported"]
    assert claim["evidence"] == [
        {"evidence_sql": "select count(*) as days from marts.market_days", "rows": [{"days": 1}]}
    ]


def test_an_unknown_claim_is_an_error_with_its_neighbour(command: Command) -> None:
    """Exit code 1, one line, the claim that was probably meant."""
    output = command("claims", "show", "five_week", code=1)
    assert "Did you mean five-weeks?" in output
    assert "Traceback" not in output


def test_a_generation_of_an_older_version_has_no_claims(market: Settings) -> None:
    """An empty list is no error; an unknown claim is."""
    command = Command(market.home)
    assert "no claims" in command("claims")
    assert command("claims", "--json").strip() == "[]"
    assert "There is no claim" in command("claims", "show", "five-weeks", code=1)
