"""A claim that is added: one file and one line, and never left out in silence."""

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.transform.dbt import PROJECT, dbt_environment
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


def dbt(
    project: Path, environment: dict[str, str], *arguments: str
) -> "subprocess.CompletedProcess[str]":
    folders = [
        "--project-dir",
        "warehouse",
        "--profiles-dir",
        "warehouse",
        "--target-path",
        str(project / "target"),
    ]
    command = [
        sys.executable,
        "-c",
        "from dbt.cli.main import cli; cli()",
        *arguments,
        *folders,
        "--log-path",
        str(project / "logs"),
    ]
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def list_claim(project: Path, name: str) -> None:
    """Add a name to `claims` in the project's variables."""
    path = project / "warehouse" / "dbt_project.yml"
    text = path.read_text()
    assert text.count("  claims:\n") == 1
    path.write_text(text.replace("  claims:\n", f"  claims:\n    - {name}\n"))


def test_adding_a_claim_is_one_file_and_one_line(project: Path) -> None:
    """The example of docs/claims.md joins the ledger at the next build, after one without it."""
    guide = (PROJECT.parent / "docs" / "claims.md").read_text()
    example = guide.split("```sql\n")[1].split("```")[0]
    environment = dbt_environment(project / "warehouse.duckdb")
    selected = ("--select", "+claims", "--exclude-resource-types", "unit_test", "test")

    def claims() -> list[tuple[Any, ...]]:
        done = dbt(project, environment, "build", *selected)
        assert done.returncode == 0, done.stdout[-3000:]
        with closing(duckdb.connect(project / "warehouse.duckdb", read_only=True)) as con:
            return con.sql(
                "select basis, statement, verdict from marts.claims "
                "where claim_id = 'trillion-a-day' order by basis"
            ).fetchall()

    assert claims() == []
    (project / "warehouse" / "claims" / "trillion_a_day.sql").write_text(example)
    list_claim(project, "trillion_a_day")
    statement = "A trillion tokens, every day of March."
    assert claims() == [("all", statement, "unverifiable"), ("platform", statement, "unverifiable")]


def test_a_claim_is_never_left_out_in_silence(project: Path) -> None:
    """A file that is not listed stops the build; the message says where to list it."""
    five_weeks = project / "warehouse" / "claims" / "five_weeks.sql"
    shutil.copy(five_weeks, five_weeks.with_name("six_weeks.sql"))
    environment = dbt_environment(project / "warehouse.duckdb")
    done = dbt(project, environment, "compile", "--select", "stated_claims")
    assert done.returncode != 0
    assert "The claim six_weeks is not listed" in done.stdout
    assert "dbt_project.yml" in done.stdout
