"""Hashes of what each node was made from: only changed inputs or SQL make it again.

The state of a raw table is its version, which loading counts up (warehouse/changes.py). The state
of a built table is a hash of its rows, so that a table that was made again and came out the same
changes nothing that reads it; a large one has the hash of what it reads instead. A view has the
states of what it reads.
"""

from dataclasses import asdict
from hashlib import sha256

import duckdb

from pipelines.sql import read_sql
from pipelines.transform.graph import Node, Table
from warehouse.changes import table_versions

SOURCE = "source.tokentide."
# Hashing the rows of a larger table would cost more than it saves.
MAX_HASHED_ROWS = 2_000_000
RECORD = read_sql(__file__, "record_made")


class Made:
    """Record of the nodes that are in the warehouse as they would be made now."""

    def __init__(self, con: duckdb.DuckDBPyConnection, *, is_whole: bool = False) -> None:
        self._con = con
        if is_whole:
            con.execute("delete from main.made")
        rows = con.sql("select node, inputs, content from main.made").fetchall()
        self._made = {node: (inputs, content) for node, inputs, content in rows}
        self._states: dict[str, str] = {
            SOURCE + name: str(version) for name, version in table_versions(con).items()
        }

    def inputs(self, node: Node) -> str:
        """Return a hash of the node's definition and of the states of all that it reads."""
        states = [f"{parent} {self._states.get(parent)}" for parent in node.parents]
        return _digest(repr(asdict(node)), *sorted(states))

    def is_current(self, node: Node, inputs: str) -> bool:
        """Tell whether the node was made from these inputs; its state is then known too."""
        made = self._made.get(node.unique_id)
        if made is None or made[0] != inputs:
            return False
        self._states[node.unique_id] = made[1]
        return True

    def record(self, node: Node, inputs: str) -> None:
        """Remember a node that was just made, or a check that held, in the open transaction."""
        content = self._content(node, inputs) if isinstance(node, Table) else inputs
        self._states[node.unique_id] = content
        row = {"node": node.unique_id, "relation": node.relation, "inputs": inputs}
        self._con.execute(RECORD, {**row, "content": content})

    def forget(self, node: Node) -> None:
        """Forget a node, so that it is made or checked again."""
        self._con.execute("delete from main.made where node = ?", [node.unique_id])

    def _content(self, table: Table, inputs: str) -> str:
        if table.is_view:
            return inputs
        rows = self._con.table(f"{table.schema}.{table.name}")
        if len(rows) > MAX_HASHED_ROWS:
            return inputs
        [hashed] = rows.aggregate(f'count(*), sum(hash("{table.name}"))').fetchall()
        return _digest(repr((hashed, table.description, table.columns)))


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:24]
