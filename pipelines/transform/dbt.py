"""The only place that starts dbt: for a build with its audit, and for parsing the project.

dbt runs in another process, since it keeps the warehouse open for as long as its process lives.
Dagster's builds are started by dagster_build beside it.
"""

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
from typing import Any, Final

import warehouse
from pipelines.errors import AuditFailed, BuildFailed
from pipelines.locks import file_lock
from pipelines.settings import Settings
from warehouse.connection import open_warehouse

log = logging.getLogger(__name__)

PROJECT = Path(warehouse.__file__).parent
# Unit tests are about the SQL, not about the data; `make test` runs them.
BUILD = ("build", "--exclude-resource-type", "unit_test")
MAX_SHOWN = 3
RESULTS: Final = "run_results.json"
BACKGROUND = 10  # niceness of builds and publishing

Progress = Callable[[str, int, int], None]
"""Called with the name of what just ended, how many have ended, and how many there are."""
OnLine = Callable[[str], None]


@dataclass(frozen=True)
class BuildResult:
    """Numbers of built tables and passed checks, and the findings of checks that only warn."""

    tables: int
    checks: int
    warnings: list[str]


@dataclass(frozen=True)
class DbtRun:
    """A finished dbt command: its exit code, and the lines that it printed."""

    exit_code: int
    lines: list[str]


def run_dbt(
    command: Sequence[str],
    warehouse: Path,
    target: Path,
    logs: Path,
    on_line: OnLine = lambda line: None,
) -> DbtRun:
    """Run a dbt command on our project and this warehouse.

    `on_line` gets each line of its log (JSON) as it comes.
    """
    places = {
        "project-dir": PROJECT,
        "profiles-dir": PROJECT,
        "target-path": target,
        "log-path": logs,
    }
    options = [word for name, place in places.items() for word in (f"--{name}", str(place))]
    start = [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--log-format", "json"]
    lines = []
    log.debug("Starting dbt %s.", command[0])
    with subprocess.Popen(
        [*start, *command, *options],
        env=dbt_environment(warehouse),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            on_line(line)
            lines.append(_message(line))
    return DbtRun(process.returncode, lines)


def dbt_environment(warehouse: Path) -> dict[str, str]:
    """Return our environment with the variables of dbt."""
    return {**os.environ, **dbt_variables(warehouse)}


def dbt_variables(warehouse: Path) -> dict[str, str]:
    """Return the variables that dbt reads: the path of its warehouse, and no usage reports."""
    return {"DBT_WAREHOUSE": str(warehouse), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}


def build(
    settings: Settings,
    path: Path | None = None,
    progress: Progress | None = None,
    as_of: datetime | None = None,
) -> BuildResult:
    """Build and audit the warehouse (or the one at `path`), or its state of `as_of`.

    Raise BuildFailed where dbt could not build, AuditFailed where rows are wrong, which it shows.
    """
    path = path or settings.warehouse
    # Builds of the past wait for each other, never for those of the present, which have another
    # folder.
    folder = settings.home / "dbt" / "as-of" if as_of else settings.home / "dbt"
    target = folder / "target"
    variables = ["--vars", json.dumps({"as_of": as_of.isoformat()})] if as_of else []
    with build_lock(settings, "building-as-of.lock" if as_of else "building.lock"):
        show = progress or (lambda name, done, whole: None)
        done = run_dbt(
            [*BUILD, *variables], path, target, folder / "logs", lambda line: _show(line, show)
        )
        results = _results(target, done) if done.exit_code in (0, 1) else None
        if results is None:
            raise BuildFailed("dbt could not start:\n" + "\n".join(done.lines[-20:]))
        return _build_result(results, path)


@contextmanager
def build_lock(settings: Settings, name: str = "building.lock") -> Iterator[None]:
    """Wait until no other process builds in this home; dbt itself would fail instead of waiting."""
    with file_lock(settings.home / name):
        yield


def lower_priority() -> None:
    """Give way, with all that this process starts, to people who look at what was published before.

    It cannot be undone.
    """
    if hasattr(os, "setpriority") and os.getpriority(os.PRIO_PROCESS, 0) < BACKGROUND:
        os.setpriority(os.PRIO_PROCESS, 0, BACKGROUND)


def check_results(
    results: Sequence[dict[str, Any]],
    rows: Callable[[Sequence[dict[str, Any]]], str] = lambda wrong: "",
) -> None:
    """Raise BuildFailed or AuditFailed where dbt's results have errors or failed checks.

    `rows` shows what the latter found.
    """
    errors = [result for result in results if result["status"] == "error"]
    if errors:
        raise BuildFailed("\n".join(f"{name_of(result)}: {result['message']}" for result in errors))
    wrong = [result for result in results if result["status"] == "fail"]
    if wrong:
        found = "\n".join(f"{name_of(result)}: {result['failures']} rows" for result in wrong)
        raise AuditFailed(
            "The audit found rows that are wrong, so nothing is published; "
            "the last generation stays.\n"
            f"{found}\n{rows(wrong)}"
        )


def name_of(result: dict[str, Any]) -> str:
    """Return the name of a dbt node."""
    return str(result["unique_id"]).split(".")[2]


def _message(line: str) -> str:
    try:
        return str(json.loads(line)["info"]["msg"])
    except ValueError:
        return line.rstrip()


def _show(line: str, progress: Progress) -> None:
    """Pass each node that ended on to `progress`."""
    try:
        event = json.loads(line)
    except ValueError:
        return
    data: dict[str, Any] = event.get("data", {})
    if event["info"]["name"] in ("LogModelResult", "LogTestResult", "LogSeedResult"):
        total = int(data.get("total", data.get("num_models", 0)))
        progress(data["node_info"]["node_name"], int(data.get("index", 0)), total)


def _results(target: Path, done: DbtRun) -> list[dict[str, Any]] | None:
    path = target / RESULTS
    if not path.exists() or not any("Finished running" in line for line in done.lines):
        return None
    results: list[dict[str, Any]] = json.loads(path.read_text())["results"]
    return results


def _build_result(results: list[dict[str, Any]], path: Path) -> BuildResult:
    check_results(results, lambda wrong: "\n".join(_wrong_rows(wrong, path)))
    checks = [result for result in results if result["unique_id"].startswith("test.")]
    warnings = [result for result in checks if result["status"] == "warn"]
    nodes = [result for result in results if result["unique_id"].startswith(("model.", "seed."))]
    return BuildResult(len(nodes), len(checks), list(_wrong_rows(warnings, path)))


def _wrong_rows(found: Sequence[dict[str, Any]], path: Path) -> Iterator[str]:
    """Yield what checks found, each on a line with the first of its rows."""
    if not found:
        return
    con = open_warehouse(path)
    try:
        for result in found:
            rows = con.sql(f"from {result['relation_name']} limit {MAX_SHOWN}").pl().to_dicts()
            examples = "; ".join(
                ", ".join(f"{name} {value}" for name, value in row.items()) for row in rows
            )
            yield f"{name_of(result)}: {result['failures']} rows, such as {examples}"
    finally:
        con.close()
