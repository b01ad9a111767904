"""`tokentide describe`: published tables, their columns, types and comments."""

import json

import pytest
from support.cli.command import Command
from support.cli.paper import Paper

from pipelines.cli.shell.describe import find_table, read_tables, show_columns, show_tables
from pipelines.errors import QueryFailed
from pipelines.publish.generations import newest
from pipelines.settings import Settings


def test_every_table_is_listed_with_what_a_row_is(market: Settings, paper: Paper) -> None:
    """Its rows, its columns, and the first sentence of its comment."""
    tables = read_tables(newest(market))
    show_tables(paper, tables)
    assert [table["name"] for table in tables] == sorted(table["name"] for table in tables)
    assert "market_days 10 5" in paper.words
    assert "One row: the number of this file" in paper.words


def test_a_table_has_its_columns_in_order(market: Settings, paper: Paper) -> None:
    """With types and comments; the schema may be given."""
    tables = read_tables(newest(market))
    meta = find_table(tables, "marts.META")
    assert meta == find_table(tables, "meta")
    show_columns(paper, meta)
    assert paper.words.startswith("meta, 1 rows One row: the number of this file")
    [first, second, *_] = meta["columns"]
    assert (first["name"], second["name"]) == ("generation", "published_at")
    assert second["type"] == "TIMESTAMP WITH TIME ZONE"
    assert second["comment"] in paper.words


def test_a_misspelt_table_has_the_nearest(market: Settings) -> None:
    with pytest.raises(QueryFailed, match="Did you mean market_days"):
        find_table(read_tables(newest(market)), "market_day")


def test_the_verb_prints_for_people_and_programs(market: Settings) -> None:
    """All tables, or one; one that is not there is an error."""
    command = Command(market.home)
    assert "ingest_log" in command("describe")
    assert "platform_tokens" in command("describe", "market_days")
    [*names] = (table["name"] for table in json.loads(command("describe", "--json")))
    assert "market_days" in names
    assert json.loads(command("describe", "--json", "meta"))["rows"] == 1
    assert "There is no published table 'x'" in command("describe", "x", code=1)
