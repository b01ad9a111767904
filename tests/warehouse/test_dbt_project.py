"""The dbt project: its unit tests, and documentation that is complete."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.transform.dbt import PROJECT, dbt_environment
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the project on a warehouse without a single answer, unit tests included."""
    folder = tmp_path_factory.mktemp("dbt")
    with closing(open_warehouse(folder / "warehouse.duckdb")) as con:
        migrate(con)
    options = [
        "--project-dir",
        str(PROJECT),
        "--profiles-dir",
        str(PROJECT),
        "--target-path",
        str(folder),
        "--log-path",
        str(folder),
    ]
    command = [
        sys.executable,
        "-c",
        "from dbt.cli.main import cli; cli()",
        "--warn-error",
        "build",
        *options,
    ]
    environment = dbt_environment(folder / "warehouse.duckdb")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    return folder


def read(target: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((target / name).read_text())
    return found


def test_every_claim_is_listed() -> None:
    """dbt cannot list a folder, so dbt_project.yml does; the two agree, in order."""
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    files = sorted(path.stem for path in (PROJECT / "claims").glob("*.sql"))
    assert project["vars"]["claims"] == files


@pytest.mark.slow
def test_an_empty_warehouse_builds_and_every_unit_test_holds(target: Path) -> None:
    """A first run has no answers at all, and dbt has nothing to warn of."""
    results = read(target, "run_results.json")["results"]
    assert {result["status"] for result in results} <= {"success", "pass"}
    assert sum(result["unique_id"].startswith("unit_test.") for result in results) >= 30


@pytest.mark.slow
def test_every_table_and_column_is_documented(target: Path) -> None:
    """Described columns are those that DuckDB has, and no description is empty."""
    nodes = [
        node
        for node in read(target, "manifest.json")["nodes"].values()
        if node["resource_type"] in ("model", "seed")
    ]
    # A claim is one file; the table of them all describes their columns.
    nodes = [node for node in nodes if node["schema"] != "claims"]
    with closing(open_warehouse(target / "warehouse.duckdb")) as con:
        for node in nodes:
            columns = con.execute(
                "select column_name, comment from duckdb_columns() where schema_name = ? and "
                "table_name = ?",
                [node["schema"], node["name"]],
            ).fetchall()
            assert node["description"], node["name"]
            assert {name for name, _ in columns} == set(node["columns"]), node["name"]
            assert all(comment for _, comment in columns), node["name"]


@pytest.mark.slow
def test_every_table_has_a_tested_key(target: Path) -> None:
    """The first line of a table says what one row is, and its key is tested."""
    manifest = read(target, "manifest.json")
    tested = {
        parent
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and node.get("test_metadata")
        and node["test_metadata"]["name"] in ("unique", "unique_key")
        for parent in node["depends_on"]["nodes"]
    }
    models = {
        name
        for name, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "seed")
    }
    # A claim's key is tested with that of marts.claims, which has all rows of every claim.
    claims = {name for name in models if manifest["nodes"][name]["schema"] == "claims"}
    assert claims == {
        name
        for name in manifest["nodes"]["model.tokentide.stated_claims"]["depends_on"]["nodes"]
        if name in models
    }
    assert models - claims - tested == set()
    for name in models:
        node = manifest["nodes"][name]
        if node["resource_type"] == "model":
            assert node["raw_code"].lstrip().lower().startswith(("-- one row", "-- one line")), name
