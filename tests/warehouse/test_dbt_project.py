"""The dbt project: its unit tests, and documentation that is complete."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from support.homes.home_of_unknowns import make_home

from pipelines.publish.as_of import copy_raw
from pipelines.settings import Settings
from pipelines.transform.build import build
from pipelines.transform.dbt_process import PROJECT, run_dbt
from pipelines.transform.graph import Table, read_graph
from warehouse.connection import open_warehouse, session

# Rows that are worth a warning are data; all that dbt says of the project is an error.
STRICT = ("--warn-error-options", json.dumps({"error": "all", "warn": ["LogTestResult"]}))
DATABASES = ("warehouse", "ours")


@pytest.fixture(
    scope="module",
    params=[
        "test_type:unit,path:marts/tier",
        pytest.param("test_type:unit", marks=pytest.mark.long),
    ],
)
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a home of both halves that we built, in which dbt ran unit tests."""
    folder = tmp_path_factory.mktemp("dbt")
    path = folder / "warehouse.duckdb"
    make_home(folder).warehouse.rename(path)
    done = run_dbt([*STRICT, "test", "--select", request.param], path, folder)
    assert done.exit_code == 0, "\n".join(done.lines[-60:])
    return folder


@pytest.fixture(scope="module")
def built_by_dbt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of such a home that dbt's own runner built, with its unit tests.

    The same home as our build made it lies beside it.
    """
    folder = tmp_path_factory.mktemp("dbt")
    (folder / "ours").mkdir()
    path = folder / "warehouse.duckdb"
    copy_raw(make_home(folder / "ours").warehouse, path)
    done = run_dbt([*STRICT, "build"], path, folder)
    assert done.exit_code == 0, "\n".join(done.lines[-60:])
    return folder


def read(target: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((target / name).read_text())
    return found


def test_every_claim_is_listed() -> None:
    """dbt cannot list a folder, so dbt_project.yml does; the two agree, in order."""
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    files = sorted(path.stem for path in (PROJECT / "claims").rglob("*.sql"))
    assert project["vars"]["claims"] == files


@pytest.mark.slow
def test_every_unit_test_holds(request: pytest.FixtureRequest, target: Path) -> None:
    """An exposure is no table, so there is nothing to do for it."""
    least = 15 if "path:" in request.node.callspec.params["target"] else 30
    results = read(target, "run_results.json")["results"]
    assert {result["status"] for result in results} <= {"success", "pass", "warn", "no-op"}
    assert sum(result["unique_id"].startswith("unit_test.") for result in results) >= least


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_our_build_gives_the_rows_of_dbts_own(built_by_dbt: Path) -> None:
    """Every table has the same columns, types and rows; a view has no rows but those of tables."""
    target = built_by_dbt
    nodes = read_graph(read(target, "manifest.json"))
    tables = [node for node in nodes if isinstance(node, Table) and not node.is_view]
    rows = 0
    with closing(duckdb.connect(target / "warehouse.duckdb")) as con:
        con.execute(f"attach '{target / 'ours' / 'home' / 'warehouse.duckdb'}' as ours (read_only)")
        for table in tables:
            described = con.sql(f"describe warehouse.{table.relation}").fetchall()
            assert con.sql(f"describe ours.{table.relation}").fetchall() == described
            # Sums over several threads differ in their last digits.
            digits = ", ".join(
                f'format(\'{{:.9e}}\', "{name}") as "{name}"'
                for name, kind, *_ in described
                if kind in ("DOUBLE", "FLOAT")
            )
            columns = f"* replace ({digits})" if digits else "*"
            one, other = (f"select {columns} from {name}.{table.relation}" for name in DATABASES)
            for query in (f"{one} except all {other}", f"{other} except all {one}"):
                assert con.sql(query).fetchall() == [], table.relation
            rows += con.sql(f"from {table.relation}").shape[0]
    assert rows > 10_000


def test_an_empty_warehouse_builds(tmp_path: Path) -> None:
    """A first run has no answers at all, and nothing is wrong or worth a warning."""
    settings = Settings(home=tmp_path)
    with session(settings.warehouse):
        pass
    built = build(settings)
    assert built.tables >= 100
    assert built.checks >= 150
    assert built.warnings == []


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
                [node["schema"], node["alias"]],
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
