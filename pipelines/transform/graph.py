"""The tables and checks of the project, in an order in which they can be made."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Literal

from pipelines.transform.dbt_process import PROJECT
from pipelines.transform.manifest import DbtManifest

# The file that is built has its own name, and is the only one of its connection.
SOURCE = "source.tokentide."
# Tests of rows, one by one.
ROW_TESTS = frozenset({"not_null", "known_values"})
DATABASE = '"warehouse".'
Severity = Literal["error", "warn"]


@dataclass(frozen=True)
class ModelColumn:
    """A column that the project describes; its type is None where no contract binds it."""

    name: str
    type: str | None
    description: str


@dataclass(frozen=True)
class Table:
    """A table or view of the project and the query behind it."""

    unique_id: str
    parents: tuple[str, ...]
    schema: str
    name: str
    is_view: bool
    query: str
    description: str
    columns: tuple[ModelColumn, ...]
    has_contract: bool
    # Of a seed: the hash of its file.
    file_hash: str = ""
    # The columns that name a slice: a target or model, and instants whose UTC days count. Only a
    # view has several of these: its row belongs to the slices of all.
    slice: tuple[str, ...] = ()
    # Each row rests on rows of the same slice alone.
    is_local: bool = False
    # Each row rests on rows of the same day, of any target: it groups targets under another name.
    is_by_day: bool = False
    # Of a view: whatever changes its rows is listed with the slices of the raw table that it reads,
    # also what comes from its other parents.
    is_listed: bool = False

    @property
    def has_slices(self) -> bool:
        """Tell whether changes of the table are known by target and day."""
        return bool(self.slice)

    @property
    def relation(self) -> str:
        """The quoted name."""
        return f'"{self.schema}"."{self.name}"'


@dataclass(frozen=True)
class Check:
    """A test of the project: each row that its query returns is wrong."""

    unique_id: str
    parents: tuple[str, ...]
    name: str
    query: str
    severity: Severity
    # Each row rests on rows of one slice alone.
    is_local: bool = False

    @property
    def relation(self) -> str:
        """The quoted name of the table that keeps the wrong rows."""
        return f'"audit"."{self.name}"'


Node = Table | Check


def read_graph(manifest: DbtManifest) -> list[Node]:
    """Return every node after the ones that it reads; a check comes as early as it can.

    So what stands on wrong rows is not made.
    """
    nodes = {node.unique_id: node for node in _nodes(manifest["nodes"])}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, node in nodes.items():
        sorter.add(name, *(parent for parent in node.parents if parent in nodes))
    sorter.prepare()
    ordered: list[Node] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=lambda name: (isinstance(nodes[name], Table), name))
        ordered += [nodes[name] for name in ready]
        sorter.done(*ready)
    return ordered


def upstream(nodes: Sequence[Node], names: Iterable[str]) -> list[Node]:
    """Return the tables of these names, all that they read, and the checks of these alone."""
    known = {node.unique_id: node for node in nodes}
    wanted = set(names)
    waiting: list[Node] = [
        node for node in nodes if isinstance(node, Table) and node.name in wanted
    ]
    found: set[str] = set()
    while waiting:
        node = waiting.pop()
        found.add(node.unique_id)
        waiting += [known[name] for name in node.parents if name in known and name not in found]
    return [
        node
        for node in nodes
        if node.unique_id in found or (isinstance(node, Check) and found.issuperset(node.parents))
    ]


def source_relation(unique_id: str) -> str | None:
    """Return the name of a raw table, such as raw.answers, by its id; None where it is none."""
    return unique_id.removeprefix(SOURCE) if unique_id.startswith(SOURCE) else None


def _nodes(found: dict[str, dict[str, Any]]) -> Iterator[Node]:
    for name, node in found.items():
        parents = tuple(node.get("depends_on", {}).get("nodes", ()))
        if node["resource_type"] == "test":
            query = node["compiled_code"].replace(DATABASE, "")
            severity: Severity = "warn" if node["config"]["severity"].lower() == "warn" else "error"
            is_local = _is_local_check(node, found)
            yield Check(name, parents, node["alias"], query, severity, is_local)
        elif node["resource_type"] in ("model", "seed"):
            yield Table(
                unique_id=name,
                parents=parents,
                schema=node["schema"],
                name=node["alias"],
                is_view=node["config"]["materialized"] == "view",
                query=_query(node),
                description=node["description"],
                columns=tuple(_columns(node["columns"])),
                has_contract=node["config"].get("contract", {}).get("enforced", False),
                file_hash=node["checksum"]["checksum"] if node["resource_type"] == "seed" else "",
                slice=_slice(node),
                is_local=_meta(node).get("slice", {"is_local": False}).get("is_local", True),
                is_by_day=_meta(node).get("slice", {}).get("is_by_day", False),
                is_listed=_meta(node).get("slice", {}).get("is_listed", False),
            )


def _meta(node: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = node["config"].get("meta", {})
    return found


def _slice(node: dict[str, Any]) -> tuple[str, ...]:
    found = _meta(node).get("slice")
    if not found:
        return ()
    instants = found["at"] if isinstance(found["at"], list) else [found["at"]]
    return (found["target"], *instants)


def _is_local_check(node: dict[str, Any], found: dict[str, dict[str, Any]]) -> bool:
    """Tell whether a test looks at rows of one slice at a time: it says so, or its kind does."""
    if _meta(node).get("is_local"):
        return True
    kind = (node.get("test_metadata") or {}).get("name")
    if kind != "unique_key":
        return kind in ROW_TESTS
    # Rows of one key are of one target, and but for a faulty load of one day. A whole build, each
    # night, looks across days too.
    [table] = (found[name] for name in node["depends_on"]["nodes"])
    columns = node["test_metadata"]["kwargs"]["columns"]
    return bool(_slice(table)) and _slice(table)[0] in columns


def _query(node: dict[str, Any]) -> str:
    if node["resource_type"] == "model":
        return str(node["compiled_code"]).replace(DATABASE, "")
    types = node["config"]["column_types"]
    listed = ", ".join(f"'{column}': '{kind}'" for column, kind in types.items())
    path = str(PROJECT / Path(node["original_file_path"])).replace("'", "''")
    return f"from read_csv('{path}', header = true, nullstr = '', columns = {{{listed}}})"


def _columns(columns: dict[str, dict[str, Any]]) -> Iterator[ModelColumn]:
    for column in columns.values():
        yield ModelColumn(column["name"], column["data_type"], column["description"])
