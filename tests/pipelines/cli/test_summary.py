"""The report after an ingest: days by status, failed requests, totals, and how to query."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.cli.command import Command
from support.cli.markets import MARKET
from support.cli.paper import Paper
from support.published import published

from pipelines.cli import summary
from pipelines.cli.summary import format_tokens, runs_of, show_days, show_summary
from pipelines.ingest.days import DayStatus, Failure
from pipelines.ingest.market import MarketExtract, MarketIngest
from pipelines.publish.generations import Generation
from pipelines.settings import Settings
from pipelines.transform.build import BuildResult

FIRST = date(2025, 3, 1)
LOADED = DayStatus(FIRST, "loaded")
NO_DAYS = """
    delete from marts.market_days;
    delete from marts.market_tokens_daily;
"""


def ingested(
    days: list[DayStatus], failures: list[Failure] | None = None, warnings: list[str] | None = None
) -> MarketIngest:
    """Return the result of an ingest with these days and failures."""
    return MarketIngest(
        MarketExtract("run", days, failures or []),
        BuildResult(80, 500, warnings or []),
        Generation(7, Path("generation-000007.duckdb")),
    )


def test_neighbours_with_one_reason_are_one_line() -> None:
    """Thirty-one bad days are one run; a gap or another reason begins another."""
    month = [DayStatus(FIRST + timedelta(days=n), "failed", "negative count") for n in range(31)]
    later = [
        DayStatus(date(2025, 4, 3), "failed", "negative count"),
        DayStatus(date(2025, 4, 4), "failed", "short day"),
    ]
    assert runs_of([*month, *later]) == [month, [later[0]], [later[1]]]


def test_days_that_the_source_does_not_have_are_no_failure() -> None:
    """Exit code 0 needs a loaded or missing day, and none that failed."""
    missing = DayStatus(FIRST, "missing", "the source has no such day")
    assert MarketExtract("run", [missing], []).is_complete
    failed = replace(missing, status="failed")
    assert not MarketExtract("run", [missing, failed], []).is_complete
    assert not MarketExtract("run", [DayStatus(FIRST, "not offered", "")], []).is_complete


def test_days_that_are_not_loaded_are_printed_with_their_reason(paper: Paper) -> None:
    """Loaded days are not. A reason is printed letter by letter."""
    days = [
        LOADED,
        DayStatus(FIRST + timedelta(days=1), "failed", "[short] day"),
        DayStatus(FIRST + timedelta(days=2), "failed", "[short] day"),
        DayStatus(FIRST + timedelta(days=3), "missing", "the source has no such day"),
    ]
    show_days(paper, ingested(days))
    assert paper.text.splitlines() == [
        "failed  2025-03-02 to 2025-03-03, 2 days:  [short] day",
        "missing  2025-03-04  the source has no such day",
    ]


def test_failed_requests_are_named_up_to_six(paper: Paper) -> None:
    """A request that cost a day is its reason already. The log has all of them."""
    failures = [Failure(f"endpoints {n}", "404") for n in range(8)]
    of_a_day = Failure("rankings", "500", FIRST, FIRST)
    show_days(paper, ingested([LOADED], [of_a_day, *failures]))
    lines = paper.text.splitlines()
    assert lines[0] == "not got endpoints 0: 404"
    assert lines[5] == "not got endpoints 5: 404"
    assert lines[6] == "not got 2 more; marts.ingest_log lists them all"
    assert len(lines) == 7


def test_warnings_of_the_audit_are_printed(paper: Paper) -> None:
    """They do not stop a generation, so only here a person learns of them."""
    show_days(paper, ingested([LOADED], warnings=["prices: 2 rows, such as [a]"]))
    assert paper.text == "audit warns prices: 2 rows, such as [a]\n"


def test_the_summary_has_totals_and_leaders(market: Settings, paper: Paper) -> None:
    """Days, models, a week's tokens; labs by share, with the most that unknown tokens could add."""
    show_summary(paper, market)
    assert (
        "Generation 1: 9 days from 2026-06-10 to 2026-06-19, 1 missing at the source, "
        "3 models, 7.00 T tokens in the last seven days."
    ) in paper.words
    rows = [[cell.strip() for cell in line.split("│")] for line in paper.text.splitlines()]
    assert [row[1:-1] for row in rows if len(row) > 2] == [
        ["1", "lab", "4.20 T", "60.0%", "to 90.0%"],
        ["2", "small", "700.00 G", "10.0%", "to 40.0%"],
    ]
    assert "SIMULATED" not in paper.text
    assert "Source: OpenRouter" in paper.text


def test_simulated_figures_are_labelled_first(tmp_path: Path, paper: Paper) -> None:
    """Nobody takes them for real ones."""
    settings = Settings(home=tmp_path / "home")
    published(settings, MARKET.replace("'data_api'", "'simulated'"))
    show_summary(paper, settings)
    assert paper.text.startswith("SIMULATED figures: they come from the simulated market")


def test_a_market_without_days_points_to_the_log(tmp_path: Path, paper: Paper) -> None:
    """No day was loaded, so there is nothing to sum up or to query."""
    settings = Settings(home=tmp_path / "home")
    published(settings, MARKET + NO_DAYS)
    show_summary(paper, settings)
    assert 'tokentide sql "from ingest_log"' in paper.words
    assert "Query it" not in paper.text


def test_the_printed_python_works(market: Settings, paper: Paper) -> None:
    """A person copies the line as it is."""
    summary.show_how_to_query(paper, market)
    [line] = [line for line in paper.text.splitlines() if "python -c" in line]
    code = line.split('python -c "', 1)[1].removesuffix('"')
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "2026-06-19" in done.stdout


def test_the_printed_query_works_in_this_home(market: Settings, paper: Paper) -> None:
    """It names the home where it is not the default one."""
    summary.show_how_to_query(paper, market)
    [line] = [line for line in paper.text.splitlines() if "tokentide sql" in line]
    home, _, query = line.strip().partition(" tokentide sql ")
    assert home == f"TOKENTIDE_HOME={market.home}"
    # The small market has no shares by country; what is tested is how the query arrives.
    done = Command(market.home).run("sql", query.strip('"'))
    assert "market_share_weekly does not exist" in done.stderr


def test_a_program_gets_every_day_and_failure() -> None:
    """Also those that a person is not shown."""
    failed = DayStatus(FIRST, "failed", "short day")
    report = summary.as_json(ingested([failed], [Failure("models", "500")], ["w"]))
    assert json.loads(json.dumps(report)) == {
        "run_id": "run",
        "generation": 7,
        "is_complete": False,
        "days": [{"date": "2025-03-01", "status": "failed", "reason": "short day"}],
        "failures": [{"what": "models", "reason": "500"}],
        "not_got": ["models"],
        "damaged": [],
        "warnings": ["w"],
    }


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "no"),
        (0, "0"),
        (999_999, "999999"),
        (1_000_000, "1.00 M"),
        (2_345_678_901, "2.35 G"),
        (7_000_000_000_000, "7.00 T"),
    ],
)
def test_tokens_have_three_digits_and_a_unit(count: int | None, text: str) -> None:
    """Below a million every token is written out."""
    assert format_tokens(count) == text
