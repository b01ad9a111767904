"""Statements on engines take their figures from results of benchmarks, and say of which run."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import duckdb
import pytest
from jinja2 import Template

from benchmarks.reporting.result_file import read_evidence
from pipelines.transform.dbt_process import PROJECT

READ = re.compile(r"ref\('own_measurements'\)")
CLAIMS = [
    path
    for path in sorted((PROJECT / "claims").rglob("*.sql"))
    if READ.search(path.read_text(encoding="utf-8"))
]
# Ends of bases by the figure that they have; the first of results before confidence.
SPECULATION_ENDINGS = {
    "ratio": "",
    "ratio, 3 guesses": "",
    "ratio by confidence": "_by_confidence",
}
# The tier has served nothing.
TIER = """
    create schema marts;
    create table expert_overlap_hourly (hour_at timestamptz, schedule varchar, speedup double);
    create table speculation_hourly
        (hour_at timestamptz, target varchar, model_name varchar, drafts bigint);
    create table local_efficiency_hourly (
        hour_at timestamptz, target varchar, model_name varchar,
        tokens_per_second double, busy_share double
    );
    create table prefix_cache_hourly
        (hour_at timestamptz, target varchar, model_name varchar, total_hit_share double);
    create table served_latency_hourly (
        hour_at timestamptz, target varchar, model_name varchar, metric varchar, p50_seconds double
    );
"""


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Make the table from the seed, as dbt does, beside empty tables of the tier."""
    with closing(duckdb.connect()) as con:
        con.execute(TIER)
        con.execute(
            f"create table benchmark_results as from '{PROJECT}/seeds/benchmark_results.csv'"
        )
        sql = (PROJECT / "marts/meta/own_measurements.sql").read_text(encoding="utf-8")
        con.execute(f"create table own_measurements as {render(sql)[0]}")
        yield con


def render(sql: str) -> tuple[str, str]:
    """Return the SQL of a model, and that of its evidence, without dbt."""
    evidence: list[str] = []

    def keep(text: str) -> str:
        evidence.append(text)
        return "'evidence'"

    words = {
        "ref": lambda name: name,
        "config": lambda **options: "",
        "evidence_text": keep,
        # Documents are no measurements of ours.
        "claim_documents_of": lambda claim_id: "",
        "document_verdicts": lambda expected, documents: "select null as basis where false",
    }
    return Template(sql).render(words), "".join(evidence)


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    """Return the rows of a query by name."""
    found = con.sql(sql)
    return [dict(zip(found.columns, each, strict=True)) for each in found.fetchall()]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda path: path.stem)
def test_every_basis_of_a_benchmark_names_its_run(
    con: duckdb.DuckDBPyConnection, claim: Any
) -> None:
    """Command, machine and commit; where the commit is not known, the reason."""
    verdicts, evidence = render(claim.read_text(encoding="utf-8"))
    runs = {each["basis"]: each for each in rows(con, evidence)}
    measured = [each for each in rows(con, verdicts) if each["basis"] not in {"report", "tier"}]
    assert measured
    for each in measured:
        run = runs[each["basis"]]
        assert run["command"].startswith("python benchmarks/")
        assert run["machine"]
        assert re.match(r"[0-9a-f]{40}$|not known: ", run["commit"])
        assert each["measured"] is not None
        assert each["as_of"] is not None


def test_the_statements_that_read_it_are_these() -> None:
    expected = ["ep_speedup", "deep_cache", "efficiency", "speculation"]
    assert [path.stem for path in CLAIMS] == expected


def test_verdicts_are_those_of_the_files(con: duckdb.DuckDBPyConnection) -> None:
    [speculation] = [path for path in CLAIMS if path.stem == "speculation"]
    found = {each["basis"]: each for each in rows(con, render(speculation.read_text())[0])}
    kept = {
        f"benchmark_{row.setting}{SPECULATION_ENDINGS[row.figure]}": row.value
        for result in read_evidence()
        if result.suite.startswith("speculation")
        for row in result.rows
        if row.variant == "async-draft" and row.figure in SPECULATION_ENDINGS
    }
    assert kept.keys() > {"benchmark_1_request", "benchmark_32_random_requests_by_confidence"}
    assert {basis: each["measured"] for basis, each in found.items()} == kept | {"tier": None}
    [gains] = [path for path in CLAIMS if path.stem == "ep_speedup"]
    bases = rows(con, render(gains.read_text())[0])
    best: dict[str, float] = {}
    for result in read_evidence():
        for row in result.rows if result.suite == "overlap" else ():
            if row.figure == "gain" and row.value is not None:
                basis = f"benchmark_{row.setting.replace('.', '_')}"
                best[basis] = max(row.value, best.get(basis, 0.0))
    # Named by the ratio that was asked for, so that another run has the same bases.
    assert best.keys() == {"benchmark_0_25", "benchmark_0_5", "benchmark_1", "benchmark_2"}
    measured = {each["basis"]: each["measured"] for each in bases if each["basis"] in best}
    assert measured == best
    predicted = {each["basis"] for each in bases if each["layer"] == "predicted"}
    assert predicted > {"predicted_gb300_nvlink", "predicted_ascend_950dt_ub"}


def test_what_is_not_known_of_a_run_has_its_reason(con: duckdb.DuckDBPyConnection) -> None:
    pairs = {
        "measured_on": "measured_on_reason",
        "hardware": "hardware_reason",
        "commit_sha": "commit_reason",
        "versions": "versions_reason",
        "load_low": "load_reason",
    }
    for column, reason in pairs.items():
        wrong = f"select * from own_measurements where ({column} is null) <> ({reason} is not null)"
        assert rows(con, wrong) == [], column
    assert rows(con, "from own_measurements where value is null and value_high is null") == []
    assert rows(con, "from own_measurements where (aim is null) <> (is_met is null)") == []
