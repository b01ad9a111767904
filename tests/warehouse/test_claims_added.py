"""A claim that is added: one file and one line, and never left out in silence."""

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import BuildFailed
from pipelines.transform.build import check_results
from pipelines.transform.dbt_process import PROJECT
from pipelines.transform.graph import read_graph, upstream
from pipelines.transform.manifest import read_manifest
from pipelines.transform.runner import run_nodes
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the packages, to be changed, with an empty warehouse beside it."""
    for name in ("pipelines", "warehouse"):
        skipped = shutil.ignore_patterns("target", "logs", "__pycache__")
        shutil.copytree(PROJECT.parent / name, tmp_path / name, ignore=skipped)
    with closing(open_warehouse(tmp_path / "warehouse.duckdb")) as con:
        migrate(con)
    return tmp_path


def list_claim(project: Path, name: str) -> None:
    """Add a name to `claims` in the project's variables."""
    path = project / "warehouse" / "dbt_project.yml"
    text = path.read_text()
    assert text.count("  claims:\n") == 1
    path.write_text(text.replace("  claims:\n", f"  claims:\n    - {name}\n"))


@pytest.mark.long
def test_adding_a_claim_is_one_file_and_one_line(project: Path) -> None:
    """The example of docs/claims.md joins the ledger at the next build, after one without it."""
    guide = (PROJECT.parent / "docs" / "claims.md").read_text()
    example = guide.split("```sql\n")[1].split("```")[0]

    def claims() -> list[tuple[Any, ...]]:
        nodes = read_graph(read_manifest(project, project=project / "warehouse"))
        with closing(open_warehouse(project / "warehouse.duckdb")) as con:
            check_results(list(run_nodes(con, upstream(nodes, ["claims"]))))
            return con.sql(
                "select basis, statement, verdict from marts.claims "
                "where claim_id = 'trillion-a-day' order by basis"
            ).fetchall()

    assert claims() == []
    (project / "warehouse" / "claims" / "trillion_a_day.sql").write_text(example)
    list_claim(project, "trillion_a_day")
    statement = "A trillion tokens, every day of March."
    assert claims() == [("all", statement, "unverifiable"), ("platform", statement, "unverifiable")]


@pytest.mark.long
def test_a_claim_is_never_left_out_in_silence(project: Path) -> None:
    """A file that is not listed stops the build; the message says where to list it."""
    five_weeks = project / "warehouse" / "claims" / "tokens" / "five_weeks.sql"
    shutil.copy(five_weeks, five_weeks.with_name("six_weeks.sql"))
    with pytest.raises(BuildFailed) as raised:
        read_manifest(project, project=project / "warehouse")
    assert "The claim six_weeks is not listed" in str(raised.value)
    assert "dbt_project.yml" in str(raised.value)
