"""The verbs of prices, as a person calls them."""

import json
from pathlib import Path

import pytest
from support.published import published
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.settings import Settings

SQL = Path(__file__).parents[1] / "repricing" / "prices.sql"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish a few prices. Tests only read them."""
    home = tmp_path_factory.mktemp("prices") / "home"
    ready = (
        "create table main.last_build as select 'passed' as outcome, 0 as wrong_nodes;"
        "create table marts.market_days as select '2026-01-01'::date as date, "
        "now() as as_of, 'archive' as origin, false as is_missing, 1::bigint as platform_tokens;"
    )
    published(Settings(home=home), SQL.read_text() + ready)
    return home


def run(home: Path, *words: str) -> tuple[int, str]:
    """Run the command in this home; return its exit code and what it printed."""
    done = CliRunner(env={"TOKENTIDE_HOME": str(home)}).invoke(app, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout


def test_a_price_says_whose_it_is(home: Path) -> None:
    code, text = run(home, "price", "l/x", "--at", "2025-11-01")
    assert code == 0
    assert "1.000000000 USD" in text or "1.0 USD" in text
    assert "(1.0 to 2.0)" in text
    assert "openrouterlist" in text


def test_a_price_that_is_not_known_exits_with_one(home: Path) -> None:
    """A program reads the reason from JSON."""
    code, text = run(home, "price", "l/x", "--at", "2020-01-01", "--json")
    assert code == 1
    assert "no price of l/x on that day is known" in json.loads(text)["reason"]


def test_a_file_is_summed_up_by_model(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("date,model,input_tokens,output_tokens\n2025-11-01,l/twin,1000000,1000000\n")
    code, text = run(home, "reprice", str(path))
    assert code == 0
    assert "l/twin" in text
    assert "2.00" in text
    code, text = run(home, "reprice", str(path), "--json")
    found = json.loads(text)
    assert found["totals"]["usd_high"] == 2.0
    assert found["rows"][0]["citation"] == "openrouterlist"
    assert found["prices"]["generation"] == 1


def test_an_unknown_row_exits_with_one(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("date,model,input_tokens,output_tokens\n2025-11-01,nobody,1,1\n")
    code, text = run(home, "reprice", str(path))
    assert code == 1
    assert "not known" in text
