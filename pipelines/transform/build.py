"""A build of the warehouse with its audit, from the project that dbt compiled."""

import os
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.errors import AuditFailed, BuildFailed
from pipelines.locks import file_lock
from pipelines.settings import Settings
from pipelines.sql import read_sql
from pipelines.transform.graph import Node, Table, read_graph
from pipelines.transform.manifest import read_manifest
from pipelines.transform.runner import NodeResult, run_nodes
from warehouse.connection import session

MAX_SHOWN = 3
BACKGROUND = 10  # niceness of builds and publishing
BUILD_STARTS, BUILD_ENDS = (read_sql(__file__, name) for name in ("build_starts", "build_ends"))

Progress = Callable[[str, int, int], None]
"""Called with the name of what just ended, how many have ended, and how many there are."""


@dataclass(frozen=True)
class BuildResult:
    """Numbers of tables and checks, and the findings of checks that only warn."""

    tables: int
    checks: int
    warnings: list[str]
    results: tuple[NodeResult, ...] = ()

    @property
    def made(self) -> int:
        """The number of tables that were made, the others being as they would be."""
        return sum(result.status == "success" for result in self.results)


def build(
    settings: Settings,
    path: Path | None = None,
    progress: Progress | None = None,
    as_of: datetime | None = None,
    memory: str | None = None,
    *,
    is_whole: bool = False,
) -> BuildResult:
    """Build and audit the warehouse (or the one at `path`), or its state of `as_of`.

    Only what changed since the last build is made and checked, unless the build `is_whole`.
    `memory` is DuckDB's limit, such as 4GB; without it four fifths of the machine's.

    Raise BuildFailed where a table could not be made, AuditFailed where rows are wrong, which it
    shows.
    """
    results = list(build_results(settings, path, progress, as_of, memory, is_whole=is_whole))
    check_results(results)
    tables = [result for result in results if isinstance(result.node, Table)]
    warnings = [_finding(result) for result in results if result.status == "warn"]
    return BuildResult(len(tables), len(results) - len(tables), warnings, tuple(results))


def build_results(
    settings: Settings,
    path: Path | None = None,
    progress: Progress | None = None,
    as_of: datetime | None = None,
    memory: str | None = None,
    *,
    is_whole: bool = False,
    selected: Container[str] | None = None,
) -> Iterator[NodeResult]:
    """Build and audit as `build` does, and yield each table and check as it ends.

    `selected` has the ids of dbt's nodes that are built; without it all are.
    """
    # Builds of the past wait for each other, never for those of the present.
    with build_lock(settings, "building-as-of.lock" if as_of else "building.lock"):
        graph = read_graph(read_manifest(settings.home, is_as_of=as_of is not None))
        with session(path or settings.warehouse) as con:
            nodes = list(graph if selected is None else _selected(con, graph, selected))
            if memory:
                con.execute("set memory_limit = $memory", {"memory": memory})
            if as_of:
                con.execute("set variable as_of = $as_of::timestamptz", {"as_of": as_of})
            con.execute(BUILD_STARTS)
            wrong = 0
            for done, result in enumerate(run_nodes(con, nodes, is_whole=is_whole), start=1):
                wrong += result.is_wrong
                if progress:
                    progress(result.node.name, done, len(nodes))
                yield result
            con.execute(BUILD_ENDS, {"wrong": wrong})


def _selected(
    con: duckdb.DuckDBPyConnection, graph: Sequence[Node], selected: Container[str]
) -> Iterator[Node]:
    """Yield the nodes that are selected, and those that no selection leaves out.

    A view shows what was loaded since, whoever selects it. A table that was never made is made, as
    others may read it, and a check that did not hold is made again.
    """
    known = {node for (node,) in con.sql("select node from main.made").fetchall()}
    for node in graph:
        is_view = isinstance(node, Table) and node.is_view
        if is_view or node.unique_id in selected or node.unique_id not in known:
            yield node


@contextmanager
def build_lock(settings: Settings, name: str = "building.lock") -> Iterator[None]:
    """Wait until no other process builds in this home."""
    with file_lock(settings.home / name):
        yield


def lower_priority() -> None:
    """Give way, with all that this process starts, to people who look at what was published before.

    It cannot be undone.
    """
    if hasattr(os, "setpriority") and os.getpriority(os.PRIO_PROCESS, 0) < BACKGROUND:
        os.setpriority(os.PRIO_PROCESS, 0, BACKGROUND)


def check_results(results: Sequence[NodeResult]) -> None:
    """Raise BuildFailed or AuditFailed where a node has an error or a check found wrong rows."""
    errors = [result for result in results if result.status == "error"]
    if errors:
        raise BuildFailed("\n".join(f"{result.node.name}: {result.message}" for result in errors))
    wrong = [result for result in results if result.status == "fail"]
    if wrong:
        found = "\n".join(_finding(result) for result in wrong)
        raise AuditFailed(
            "The audit found rows that are wrong, so nothing is published; "
            f"the last generation stays.\n{found}"
        )


def _finding(result: NodeResult) -> str:
    """Return what a check found: the number of rows, and the first of them."""
    examples = "; ".join(
        ", ".join(f"{name} {value}" for name, value in row.items())
        for row in result.rows[:MAX_SHOWN]
    )
    return f"{result.node.name}: {result.failures} rows, such as {examples}"
