"""`tokentide claims` as a person runs it: the list, one claim with its figures and query, and what is said of an unknown one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.published import published

from pipelines.settings import Settings

LEDGER = """
    create schema marts;
    create table main.last_build as select 'passed' as outcome, 0 as wrong_nodes;
    create table marts.market_days (date date, as_of timestamptz, origin varchar, is_missing boolean);
    insert into marts.market_days values ('2026-03-02', '2026-03-03 08:00:00+00', 'data_api', false);
    create table marts.claims as
    select
        'five-weeks' as claim_id, basis, 'Five [weeks] straight.' as statement, 'somebody' as said_by, date '2026-04-06' as said_on,
        'the platform' as population, verdict, measured, 5.0::double as expected, 'weeks in a row' as unit, words as measured_text,
        'Because of ' || basis || '.' as reason, days as missing_days, timestamptz '2026-06-01 08:00:00+00' as as_of,
        'select count(*) as days from marts.market_days' as evidence_sql, null::varchar as source_url
    from (values
        ('all', 'depends_on_basis', null::double, 'top50 contradicted, top9 supported', null::varchar[]),
        ('top50', 'contradicted', 3.0, '3 weeks', null),
        ('top9', 'supported', 5.0, '5 weeks', ['2026-03-02..2026-03-08'])
    ) as rows (basis, verdict, measured, words, days)
"""
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def command(home: Path) -> Run:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TOKENTIDE_", "OPENROUTER_"))
    }
    environment = {**inherited, "TOKENTIDE_HOME": str(home), "COLUMNS": "120"}

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        asked = [sys.executable, "-m", "pipelines", "claims", *arguments]
        return subprocess.run(
            asked, env=environment, cwd=home.parent, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def claims(tmp_path: Path) -> Run:
    """The command on a home whose ledger has one claim."""
    settings = Settings(home=tmp_path / "home")
    published(settings, LEDGER)
    return command(settings.home)


def test_the_list_has_a_line_a_claim(claims: Run) -> None:
    """The verdict, the statement letter by letter, and how many bases came out how."""
    done = claims()
    assert done.returncode == 0, done.stderr
    assert "five-weeks" in done.stdout
    assert "depends_on_basis" in done.stdout
    assert "Five [weeks] straight." in done.stdout
    assert "1 contradicted, 1 supported" in done.stdout


def test_the_list_for_a_program_has_every_row(claims: Run) -> None:
    """One object a claim and basis, the sum first, as the table has them."""
    rows = json.loads(claims("--json").stdout)
    assert [row["basis"] for row in rows] == ["all", "top50", "top9"]
    assert rows[2]["missing_days"] == ["2026-03-02..2026-03-08"]
    assert rows[0]["measured"] is None


def test_one_claim_shows_figures_reasons_and_the_query(claims: Run) -> None:
    """Who said it, every basis with its figure and reason, the query, and what it finds."""
    done = claims("show", "five-weeks")
    assert done.returncode == 0, done.stderr
    for part in (
        "Said by: somebody, 2026-04-06",
        "Because of top50.",
        "select count(*) as days from marts.market_days",
        "weeks in a row",
    ):
        assert part in done.stdout
    found = json.loads(claims("show", "five-weeks", "--json").stdout)
    assert [row["verdict"] for row in found["verdicts"]] == [
        "depends_on_basis",
        "contradicted",
        "supported",
    ]
    assert found["evidence"] == [
        {"evidence_sql": "select count(*) as days from marts.market_days", "rows": [{"days": 1}]}
    ]


def test_an_unknown_claim_is_an_error_with_its_neighbour(claims: Run) -> None:
    """Exit code 1, one line, the claim that was probably meant."""
    done = claims("show", "five_week")
    assert done.returncode == 1
    assert "Did you mean five-weeks?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_generation_without_a_ledger_has_no_claims(tmp_path: Path) -> None:
    """One from before there was a ledger is no error; an unknown claim in it still is."""
    settings = Settings(home=tmp_path / "home")
    published(settings)
    run = command(settings.home)
    assert "no claims" in run().stdout
    assert run("--json").stdout.strip() == "[]"
    assert run("show", "five-weeks").returncode == 1
