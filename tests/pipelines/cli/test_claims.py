"""`tokentide claims` as a person runs it: the list, one claim, and an unknown one."""

import json
from pathlib import Path

import pytest
from support.cli.command import Command
from support.published import published
from support.statements.shares import SHARES

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


NEW = ("claims", "new", "country:CN", "country:US", "--from", "2026-03-02", "--to", "2026-03-22")


@pytest.fixture
def own(tmp_path: Path) -> Command:
    """Return the command on a home with three weeks of shares."""
    settings = Settings(home=tmp_path / "home")
    published(settings, SHARES)
    return Command(settings.home)


def test_a_new_claim_is_judged_and_kept(own: Command) -> None:
    """It says where the dashboard shows it, and the list has it."""
    output = own(*NEW, "--said-by", "a reader")
    for part in (
        "Only if you count the nine models on OpenRouter's chart",
        "Said by: a reader",
        "True counting the nine models on OpenRouter's chart: 2026-03-02 to 2026-03-22 (3 weeks).",
        "On the dashboard: /claims/new?above=country%3ACN&below=country%3AUS&from=2026-03-02",
        "claims/cn-above-us-2026-03-02-3.toml",
    ):
        assert part in output
    assert "cn-above-us-2026-03" in own("claims")
    found = json.loads(own("claims", "show", "cn-above-us-2026-03-02-3", "--json"))
    assert found["true_weeks"]["top9"] == [["2026-03-02", "2026-03-22"]]
    assert "There is a claim" in own(*NEW, code=1)


def test_a_dry_run_keeps_no_file(own: Command) -> None:
    shown = json.loads(own(*NEW, "--basis", "top9", "--dry-run", "--json"))
    assert [row["verdict"] for row in shown["verdicts"]] == ["supported", "supported"]
    assert not (own.home / "claims").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("country:CM", "country:US"), "Did you mean CN?"),
        (("country:CN", "weights:open"), "are not of one kind"),
        (("country:CN", "country:US", "--basis", "world"), "There is no basis 'world'"),
        (("country:CN", "country:US", "--id", "../x"), "is no id"),
    ],
)
def test_a_claim_that_cannot_be_made_says_why(
    own: Command, options: tuple[str, ...], reason: str
) -> None:
    """Exit code 1, and no file."""
    output = own("claims", "new", *options, *NEW[4:], code=1)
    assert reason in " ".join(output.split())
    assert not (own.home / "claims").exists()


def test_a_damaged_file_is_named_and_hides_nothing(own: Command) -> None:
    own(*NEW)
    (own.home / "claims" / "bad.toml").write_text("above =")
    output = own("claims")
    assert "bad.toml is no claim" in " ".join(output.split())
    assert "cn-above-us-2026-03" in output
