"""`tokentide sql` and `tokentide evidence` on a small published market."""

import csv
import io
import json
import time
from pathlib import Path

import polars as pl
import pytest
from support.cli.command import Command

from pipelines.settings import Settings

QUERY = "select date, platform_tokens from market_days order by date limit 3"


@pytest.fixture
def command(market: Settings) -> Command:
    """Return the command on a home with ten published days."""
    return Command(market.home)


def test_a_person_reads_a_table(command: Command) -> None:
    """Numbers have separators, and a missing day has no figure."""
    output = command("sql", QUERY)
    assert "│ 2026-06-10 │ 1,000,000,000,000 │" in output
    assert "│ 2026-06-12 │                   │" in output


def test_a_program_reads_json(command: Command) -> None:
    """Days in ISO 8601, whole numbers as such, null where nothing is known."""
    assert json.loads(command("sql", "--json", QUERY)) == [
        {"date": "2026-06-10", "platform_tokens": 10**12},
        {"date": "2026-06-11", "platform_tokens": 10**12},
        {"date": "2026-06-12", "platform_tokens": None},
    ]


def test_a_spreadsheet_reads_csv(command: Command) -> None:
    """A header, then the rows; nothing else is on standard output."""
    done = command.run("sql", "--csv", QUERY)
    assert list(csv.reader(io.StringIO(done.stdout))) == [
        ["date", "platform_tokens"],
        ["2026-06-10", "1000000000000"],
        ["2026-06-11", "1000000000000"],
        ["2026-06-12", ""],
    ]
    assert done.stderr == ""


def test_a_result_is_written_to_parquet(command: Command, tmp_path: Path) -> None:
    """Standard output stays empty; types are those of the table."""
    file = tmp_path / "days.parquet"
    done = command.run("sql", "--parquet", str(file), QUERY)
    assert done.stdout == ""
    assert done.stderr.startswith("3 rows in ")
    frame = pl.read_parquet(file)
    assert frame.schema == {"date": pl.Date, "platform_tokens": pl.Int64}


def test_a_long_query_comes_from_standard_input(command: Command) -> None:
    """Its name is `-`."""
    done = command.run("sql", "--json", "-", stdin="select count(*) as days\nfrom market_days\n")
    assert json.loads(done.stdout) == [{"days": 10}]


def test_every_query_of_a_text_is_answered(command: Command, tmp_path: Path) -> None:
    """Each in its form; one file holds no two results, and nothing is written then."""
    text = "select 1 as a; select 2 as b"
    assert "│ 1 │" in command("sql", text)
    assert "│ 2 │" in command("sql", text)
    assert json.loads(command("sql", "--json", text)) == [[{"a": 1}], [{"b": 2}]]
    assert command.run("sql", "--csv", text).stdout == "a\n1\n\nb\n2\n"
    file = tmp_path / "two.parquet"
    assert "That is 2 queries" in command("sql", "--parquet", str(file), text, code=1)
    assert not file.exists()


def test_a_wide_result_is_records_unless_a_table_is_wanted(command: Command) -> None:
    """At 40 columns; the two layouts exclude each other."""
    command.environment["COLUMNS"] = "40"
    query = "from market_days limit 1"
    assert "platform_tokens  1,000,000,000,000" in command("sql", query)
    assert "│ 1,000,000,000,000 │" in command("sql", "--wide", query)
    assert "row 1 ─" in command("sql", "--vertical", "select 1 as a")
    assert "exclude each other" in command("sql", "--wide", "--vertical", query, code=1)


def test_without_a_query_standard_input_is_read(command: Command) -> None:
    """A program is at the other end; a person gets the shell."""
    done = command.run("sql", "--json", stdin="select 7 as a")
    assert json.loads(done.stdout) == [{"a": 7}]


def test_a_query_is_stopped_when_its_time_is_over(command: Command) -> None:
    """The message names the option that allows more."""
    endless = "select count(*) from range(10_000_000) a, range(10_000_000) b"
    assert "allow more with --timeout" in command("sql", "--timeout", "0.2", endless, code=1)


def test_a_huge_value_does_not_outlive_its_time(command: Command) -> None:
    """One that DuckDB has made takes a minute to print, in which nothing in the process ends it."""
    begin = time.monotonic()
    message = command.run("sql", "--timeout", "1", "select repeat('x', 2_000_000_000)").stderr
    assert "allow more with --timeout" in message
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("from no_such_table", "lists what there is"),
        ("drop table marts.market_days", "no query"),
        ("select 1 +", "syntax error"),
    ],
)
def test_a_query_that_fails_says_why(command: Command, query: str, message: str) -> None:
    """In one message, without a traceback."""
    output = command("sql", query, code=1)
    assert output.startswith("Error: ")
    assert message in output
    assert "Traceback" not in output


def test_an_instant_must_be_one(command: Command) -> None:
    """It is checked before anything is built."""
    assert "yesterday" in command("sql", "--as-of", "yesterday", QUERY, code=1)


def test_evidence_is_not_mixed_with_other_files(command: Command, tmp_path: Path) -> None:
    """A folder that holds something is left as it is."""
    (tmp_path / "notes.txt").write_text("mine")
    output = command("evidence", QUERY, "-o", str(tmp_path), code=1)
    assert "is not empty" in output
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_evidence_of_an_unknown_claim_is_an_error(claims: Settings, tmp_path: Path) -> None:
    """No folder is made."""
    folder = tmp_path / "evidence"
    output = Command(claims.home)("evidence", "six-weeks", "-o", str(folder), code=1)
    assert "There is no claim 'six-weeks'" in output
    assert not folder.exists()
