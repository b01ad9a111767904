"""Runs dbt on the warehouse: seeds, tables, then the audit. What the audit finds wrong is never published."""

import fcntl
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import warehouse
from pipelines.errors import AuditFailed, BuildFailed
from pipelines.settings import Settings
from warehouse.connection import open_warehouse

log = logging.getLogger(__name__)

PROJECT = Path(warehouse.__file__).parent
# Unit tests speak of the SQL, not of the data; `make test` runs them.
SHOWN = 3
ARGUMENTS = ("build", "--exclude-resource-type", "unit_test")

Progress = Callable[[str, int, int], None]
"""Told the name of what was just built or checked, how many are done, and how many there are."""


@dataclass(frozen=True)
class BuildResult:
    """How many tables were built, how many checks held, and what those that only warn have to say."""

    tables: int
    checks: int
    warnings: list[str]


def build(
    settings: Settings,
    path: Path | None = None,
    progress: Progress | None = None,
    as_of: datetime | None = None,
) -> BuildResult:
    """Build and audit the warehouse (or the one at `path`), from what was known at `as_of` if that is given.

    Raises BuildFailed where dbt could not build, AuditFailed where rows are wrong; the message shows them.
    """
    path = path or settings.warehouse
    # Builds of the past wait for each other, never for those of the present, which have a folder of their own.
    folder = settings.home / "dbt" / "as-of" if as_of else settings.home / "dbt"
    target = folder / "target"
    places = {
        "project-dir": PROJECT,
        "profiles-dir": PROJECT,
        "target-path": target,
        "log-path": folder / "logs",
    }
    options = [word for name, place in places.items() for word in (f"--{name}", str(place))]
    variables = ["--vars", json.dumps({"as_of": as_of.isoformat()})] if as_of else []
    command = [
        sys.executable,
        "-c",
        "from dbt.cli.main import cli; cli()",
        "--log-format",
        "json",
        *ARGUMENTS,
        *options,
        *variables,
    ]
    with build_lock(settings, "building-as-of.lock" if as_of else "building.lock"):
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, env=dbt_environment(path), stdout=pipe, stderr=subprocess.STDOUT, text=True
        ) as process:
            said = _follow(process, progress or (lambda name, done, whole: None))
        results = _results(target, said) if process.returncode in (0, 1) else None
        if results is None:
            raise BuildFailed("dbt could not start:\n" + "\n".join(said[-20:]))
        return _judge(results, path)


@contextmanager
def build_lock(settings: Settings, name: str = "building.lock") -> Iterator[None]:
    """Wait until no other process builds in this home; dbt itself would fail instead of waiting."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / name).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("Waiting for another build of %s to end.", settings.home)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def dbt_environment(path: Path) -> dict[str, str]:
    """The environment that dbt needs: which warehouse, and no word to anyone."""
    return {**os.environ, **dbt_variables(path), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}


def dbt_variables(path: Path) -> dict[str, str]:
    """Variables that the project itself reads: where its warehouse is."""
    return {"DBT_WAREHOUSE": str(path)}


def _follow(process: "subprocess.Popen[str]", progress: Progress) -> list[str]:
    """Read dbt's log to its end, telling of each node that ended; returns what it said."""
    said = []
    for line in process.stdout or ():
        try:
            event = json.loads(line)
        except ValueError:
            said.append(line.rstrip())
            continue
        data: dict[str, Any] = event.get("data", {})
        if event["info"]["name"] in ("LogModelResult", "LogTestResult", "LogSeedResult"):
            progress(
                data["node_info"]["node_name"],
                int(data.get("index", 0)),
                int(data.get("total", data.get("num_models", 0))),
            )
        said.append(str(event["info"]["msg"]))
    return said


def _results(target: Path, said: list[str]) -> list[dict[str, Any]] | None:
    path = target / "run_results.json"
    if not path.exists() or not any("Finished running" in line for line in said):
        return None
    results: list[dict[str, Any]] = json.loads(path.read_text())["results"]
    return results


def must_have_passed(
    results: Sequence[dict[str, Any]],
    rows: Callable[[Sequence[dict[str, Any]]], str] = lambda wrong: "",
) -> None:
    """Raise BuildFailed or AuditFailed where dbt's results have errors or failed checks; `rows` tells what the latter found."""
    errors = [result for result in results if result["status"] == "error"]
    if errors:
        raise BuildFailed("\n".join(f"{name_of(result)}: {result['message']}" for result in errors))
    wrong = [result for result in results if result["status"] == "fail"]
    if wrong:
        found = "\n".join(f"{name_of(result)}: {result['failures']} rows" for result in wrong)
        raise AuditFailed(
            f"The audit found rows that are wrong, so nothing is published; the last generation stays.\n{found}\n{rows(wrong)}"
        )


def name_of(result: dict[str, Any]) -> str:
    """What a node of dbt is called."""
    return str(result["unique_id"]).split(".")[2]


def _judge(results: list[dict[str, Any]], path: Path) -> BuildResult:
    must_have_passed(results, lambda wrong: "\n".join(_rows(wrong, path)))
    checks = [result for result in results if result["unique_id"].startswith("test.")]
    warnings = list(_rows([result for result in checks if result["status"] == "warn"], path))
    nodes = [result for result in results if result["unique_id"].startswith(("model.", "seed."))]
    return BuildResult(len(nodes), len(checks), warnings)


def _rows(found: Sequence[dict[str, Any]], path: Path) -> Iterator[str]:
    """What checks found, each on a line with the first of its rows."""
    if not found:
        return
    con = open_warehouse(path)
    try:
        for result in found:
            rows = con.sql(f"from {result['relation_name']} limit {SHOWN}").pl().to_dicts()
            examples = "; ".join(
                ", ".join(f"{name} {value}" for name, value in row.items()) for row in rows
            )
            yield f"{name_of(result)}: {result['failures']} rows, such as {examples}"
    finally:
        con.close()
