"""Examples for other tools: their SQL and their code run on a large published home."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from support.rules.source_files import ROOT

from warehouse.connection import open_published

EXAMPLES = ROOT / "deploy" / "examples"
SOURCES = sorted((EXAMPLES / "evidence" / "sources" / "tokentide").glob("*.sql"))
QUESTIONS = sorted((EXAMPLES / "metabase").glob("*.sql"))
BLOCK = re.compile(r"^```sql (\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CHAINED = re.compile(r"\$\{(\w+)\}")
USE = re.compile(r"data=\{(\w+)\}")
COLUMN = re.compile(r"\b(?:x|y|series)=(\w+)|\"(\w+)\"(?=[,\]])")

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_of_metabase_has_an_answer(whole: Path, path: Path) -> None:
    with open_published(whole) as con:
        assert con.sql(path.read_text()).fetchall()


def test_pages_of_evidence_run_on_their_sources(whole: Path) -> None:
    """Sources become tables, and the queries of a page may name each other."""
    with duckdb.connect() as con, open_published(whole) as published:
        con.execute("create schema tokentide")
        for path in SOURCES:
            rows = published.sql(path.read_text()).to_arrow_table()
            assert rows.num_rows
            con.register("rows", rows)
            con.execute(f"create table tokentide.{path.stem} as from rows")
            con.unregister("rows")
        [page] = sorted((EXAMPLES / "evidence" / "pages").glob("*.md"))
        text, columns = page.read_text(), {}
        for name, query in BLOCK.findall(text):
            plain = CHAINED.sub(r"\1", query)
            con.execute(f"create view {name} as {plain}")
            found = con.sql(f"from {name}")
            assert found.fetchall(), name
            columns[name] = set(found.columns)
        for chart in re.findall(r"^<.*/>$", text, re.MULTILINE):
            [name] = USE.findall(chart)
            drawn = {one or other for one, other in COLUMN.findall(chart.partition("title=")[0])}
            assert drawn <= columns[name], chart


def test_evidence_opens_the_newest_generation() -> None:
    connection = (EXAMPLES / "evidence" / "sources" / "tokentide" / "connection.yaml").read_text()
    assert "type: duckdb" in connection
    assert "filename: tokentide.duckdb" in connection


def test_the_notebook_runs_from_its_first_cell_to_its_last(whole_url: str, tmp_path: Path) -> None:
    """As a separate program, against a dashboard."""
    notebook = json.loads((EXAMPLES / "jupyter" / "tokentide.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(not cell.get("outputs") for cell in notebook["cells"])
    program = tmp_path / "notebook.py"
    program.write_text("\n\n".join((*cells, "assert shares.height and costs.height")))
    done = subprocess.run(
        [sys.executable, str(program)],
        env=os.environ | {"DASHBOARD_URL": whole_url, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Simulated" in done.stdout
