"""The verb `curate`, as a person calls it: rows as CSV, everything else behind a #."""

import csv
import json
from pathlib import Path

import pytest
from support.published import published
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.settings import Settings

SQL = Path(__file__).parents[2] / "curation" / "curation.sql"
SEEDS = Path(__file__).parents[4] / "warehouse" / "seeds"
LABS, NAMESPACES = SEEDS / "labs.csv", SEEDS / "hub_namespaces.csv"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish a market with unknowns. Tests only read it."""
    home = tmp_path_factory.mktemp("curate") / "home"
    published(Settings(home=home), SQL.read_text())
    return home


def run(home: Path, *words: str) -> str:
    done = CliRunner(env={"TOKENTIDE_HOME": str(home)}).invoke(app, ["curate", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_rows_can_be_put_into_the_file_that_is_named(home: Path) -> None:
    lines = run(home).splitlines()
    first = lines.index("# warehouse/seeds/labs.csv: 2 rows to add or replace") + 1
    [row, *_] = csv.reader(lines[first:])
    assert len(row) == len(next(csv.reader(LABS.read_text().splitlines())))
    assert row[:4] == ["new-lab", "New Lab", "CN", "open"]
    first = lines.index("# warehouse/seeds/hub_namespaces.csv: 2 rows to add or replace") + 1
    accounts = list(csv.reader(lines[first : first + 2]))
    assert {len(row) for row in accounts} == {
        len(next(csv.reader(NAMESPACES.read_text().splitlines())))
    }
    rows = [line for line in lines if line and not line.startswith("#")]
    assert len(rows) == 5


def test_what_differs_and_what_is_unknown_is_no_row(home: Path) -> None:
    text = run(home)
    assert "# known, country: US by OpenRouter: headquarters of Known; ours is CA (press)" in text
    assert "# stealth/x: weights (1.00% of named tokens; cloaked)" in text


def test_a_program_reads_the_same_as_json(home: Path) -> None:
    found = json.loads(run(home, "--json"))
    assert found["labs"][0]["author_slug"] == "new-lab"
    rows = {"labs", "model_attribution", "hub_namespaces"}
    assert {*found} == {*rows, "disagreements", "open_questions"}
