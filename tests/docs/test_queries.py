"""Every query of the documents runs on the published tables as dbt describes them."""

import re
from collections.abc import Iterator

import duckdb
import pytest
import yaml
from support.rules.documents import documents
from support.rules.source_files import ROOT, Place

BLOCK = re.compile(r"^```sql\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"tokentide (?:sql|evidence)(?: --?[\w-]+(?: \d\S*)?)* \"([^\"]+)\"")
# Templates of dbt, and a claim's file, are no queries.
NO_QUERY = ("{{", "{%")


@pytest.fixture(scope="module")
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables with the names and types that contracts hold dbt to."""
    with duckdb.connect() as con:
        con.execute("create schema marts")
        for path in (ROOT / "warehouse/marts").rglob("*.yml"):
            for table in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
                columns = ", ".join(f'"{c["name"]}" {c["data_type"]}' for c in table["columns"])
                name = table["name"].removeprefix("published_")
                con.execute(f"create table marts.{name} ({columns})")
        con.execute("use memory.marts")
        yield con


def queries() -> Iterator[tuple[Place, str]]:
    """Yield each query of the documents with its place."""
    for path in documents():
        text = path.read_text(encoding="utf-8")
        for pattern in (BLOCK, COMMAND):
            for found in pattern.finditer(text):
                place = Place(path, text.count("\n", 0, found.start()) + 1)
                for query in found[1].split(";"):
                    if query.strip() and not any(mark in query for mark in NO_QUERY):
                        yield place, query


def test_queries_of_documents_run(marts: duckdb.DuckDBPyConnection) -> None:
    wrong = []
    found = list(queries())
    assert len(found) > 10
    for place, query in found:
        try:
            marts.execute(query).fetchall()
        except duckdb.Error as error:
            wrong.append(f"{place}: {error}")
    assert not wrong, "\n" + "\n".join(wrong)
