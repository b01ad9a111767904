"""Hashes of what each node was made from: only changed inputs or SQL make it again.

The state of a raw table is its version, which loading counts up (warehouse/changes.py). The state
of a built table is a hash of its rows, so that a table that was made again and came out the same
changes nothing that reads it. A view has the states of what it reads.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

import duckdb

from pipelines.sql import quote_text
from pipelines.transform.graph import SOURCE, Node, Table
from pipelines.transform.slices import Slices, raw_slices
from warehouse.changes import next_change, table_versions

RECORD = "insert or replace into main.made (node, relation, inputs, base, content, seen, slice)"


@dataclass(frozen=True)
class Inputs:
    """Hashes of what a node is made from: all of it, and that part which no slice tells apart."""

    whole: str
    base: str


class Made:
    """Record of the nodes that are in the warehouse as they would be made now."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        nodes: Sequence[Node],
        *,
        is_whole: bool = False,
    ) -> None:
        self._con = con
        self._change = next_change(con)
        self.slices = Slices(con, nodes, self._change)
        if is_whole:
            con.execute("delete from main.made")
        rows = con.sql("select node, inputs, base, content, seen from main.made").fetchall()
        self._made = {
            node: (Inputs(whole, base), content, seen) for node, whole, base, content, seen in rows
        }
        # Of what this run leaves out, the state is that in which it was last made.
        self._states: dict[str, str] = {node: made[1] for node, made in self._made.items()}
        for name, version in table_versions(con).items():
            self._states[SOURCE + name] = str(version)
        self._bases: dict[str, str] = {}
        self._unwritten: list[str] = []

    def inputs(self, node: Node) -> Inputs:
        """Return hashes of the node's definition and of the states of all that it reads."""
        definition = repr(asdict(node))
        states = sorted(f"{parent} {self._states.get(parent)}" for parent in node.parents)
        is_listed = isinstance(node, Table) and node.is_listed
        read = () if is_listed else node.parents
        bases = sorted(f"{parent} {self._base_of(parent)}" for parent in read)
        inputs = Inputs(_digest(definition, *states), _digest(definition, *bases))
        if isinstance(node, Table) and node.has_slices:
            # A table says itself which slices changed, for whatever reason; a view cannot.
            self._bases[node.unique_id] = inputs.base if node.is_view else ""
        return inputs

    def is_current(self, node: Node, inputs: Inputs) -> bool:
        """Tell whether the node was made from these inputs; its state is then known too."""
        made = self._made.get(node.unique_id)
        if made is None or made[0] != inputs:
            return False
        self._states[node.unique_id] = made[1]
        return True

    def seen(self, node: Node, inputs: Inputs) -> int | None:
        """Return up to which change of slices a node was made, None where it must be made whole."""
        made = self._made.get(node.unique_id)
        if not node.is_local or made is None or made[0].base != inputs.base:
            return None
        return made[2] if self.slices.parents(node) else None

    def record(self, node: Node, inputs: Inputs, *, is_whole: bool = True) -> None:
        """Remember a table that was just made, in the open transaction, or a check that held.

        Checks are written with the next table, or by `flush`: one that is lost is made again.
        """
        content = inputs.whole
        if isinstance(node, Table):
            content = self._content(node, inputs, is_whole=is_whole)
        self._states[node.unique_id] = content
        texts = (node.unique_id, node.relation, inputs.whole, inputs.base, content)
        columns = map(quote_text, node.slice if isinstance(node, Table) else ())
        row = f"{', '.join(map(quote_text, texts))}, {self._change}, [{', '.join(columns)}]"
        self._unwritten.append(f"({row})")
        if isinstance(node, Table):
            self.flush()

    def flush(self) -> None:
        """Write down what was made and checked since."""
        if self._unwritten:
            # Not as parameters, for each of which DuckDB looks for libraries of data frames.
            self._con.execute(f"{RECORD} values {', '.join(self._unwritten)}")
            self._unwritten.clear()

    def forget(self, node: Node) -> None:
        """Forget a node, so that it is made or checked again."""
        self._con.execute("delete from main.made where node = ?", [node.unique_id])

    def _base_of(self, parent: str) -> str | None:
        """Return the state of a parent, or of one with slices what no slice tells apart."""
        if raw_slices(parent):
            return ""
        return self._bases.get(parent, self._states.get(parent))

    def _content(self, table: Table, inputs: Inputs, *, is_whole: bool) -> str:
        if table.is_view:
            return inputs.whole
        comments = repr((table.description, table.columns))
        if table.has_slices:
            return _digest(self.slices.record(table, is_whole=is_whole), comments)
        rows = self._con.table(f"{table.schema}.{table.name}")
        [hashed] = rows.aggregate(f'count(*), sum(hash("{table.name}"))').fetchall()
        return _digest(repr(hashed), comments)


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:24]
