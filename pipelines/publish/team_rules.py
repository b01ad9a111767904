"""The rows of one team: what is left of each raw table in its copy of the warehouse.

The rule for tables of the marts: one that is made of shared raw tables alone is everybody's. Every
other one is made again from the team's rows, totals too, so nothing in it rests on those of others.
A raw table that no rule names is empty in the copy. Its rows are then missing, never shown.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from models.server.access.callers import NameKind, Pseudonyms
from pipelines.archive import utc_now
from pipelines.errors import BadTier
from pipelines.loading.telemetry.tables import FACTS
from pipelines.loading.telemetry.tier_file import add_entries
from pipelines.sql import read_sql
from pipelines.telemetry.config.tier import Tier, read_costs
from pipelines.telemetry.config.tier_groups import Team
from pipelines.telemetry.config.tier_records import tier_entries
from pipelines.transform.graph import SOURCE, Node, Table
from pipelines.transform.runner import RELATIONS
from warehouse.changes import LEDGER, REQUESTS, SPEND, mark_changed
from warehouse.connection import transaction

# What anybody can fetch from its source: nothing of the tier is in it.
SHARED = frozenset(
    f"raw.{name}"
    for name in (
        "answers", "apps", "arena_ratings", "benchmarks", "endpoints", "epoch_scores", "hub_counts",
        "hub_history", "hub_history_files", "hub_models", "model_parameters", "models",
        "notable_models", "notes", "organisation_regions", "price_archives", "price_points",
        "price_series", "providers", "quarantine", "ranking_days", "ranking_rows", "session_costs",
        "task_models", "tasks",
    )
)  # fmt: skip
# Rows that name a target are left where it is the team's.
BY_TARGET = frozenset(f"ledger.{name}" for name in FACTS)
# Filtered by one statement each.
FILTERED = {
    REQUESTS: read_sql(__file__, "team_requests"),
    SPEND: read_sql(__file__, "team_spend"),
    "raw.tier_file": read_sql(__file__, "team_tier"),
}
# Rows of which nobody can say whose they are: segments hold many targets, pilots two servers that
# no tier file names, and lines of a gateway's log that are no requests name nobody.
LEFT_OUT = frozenset({"raw.telemetry_segments", "raw.pilots", "raw.spend_rejects"})
TARGETS = read_sql(__file__, "team_targets")
RAW_TABLES = (
    "select schema_name || '.' || table_name from duckdb_tables() "
    "where database_name = current_database() and schema_name in ('raw', 'ledger') order by all"
)
# Schemas that no build fills.
NOT_BUILT = ('"raw".', '"ledger".', '"main".')
SENDERS = pa.schema([(name, pa.string()) for name in ("kind", "label", "team")])


@dataclass(frozen=True)
class TeamScope:
    """A team, and the labels by which requests of all teams are known."""

    team: Team
    senders: pa.Table


def teams_of(tier: Tier, found: Collection[str] = ()) -> list[Team]:
    """Return every team that the tier file, a target of it, or a target on a list names."""
    listed = {team.name: team for team in tier.teams}
    named = {target.team for target in tier.targets if target.team} | set(found)
    labels = {label: team.name for team in tier.teams for label in team.labels}
    for name in sorted(named):
        if labels.get(name, name) != name:
            raise BadTier(
                f"The team {name} of a target is among the labels of team {labels[name]}. "
                "Name one of both otherwise in the tier file."
            )
    return [listed.get(name) or Team(name=name) for name in sorted(listed.keys() | named)]


def scope_of(team: Team, teams: Sequence[Team], pseudonyms: Pseudonyms) -> TeamScope:
    """Return the scope of a team among all."""
    rows = [
        {"kind": kind, "label": label, "team": each.name}
        for each in teams
        for kind, names in _names(each)
        for name in names
        for label in {name, pseudonyms.hide(kind, name)}
    ]
    return TeamScope(team, pa.Table.from_pylist(rows, SENDERS))


def shared_nodes(nodes: Sequence[Node]) -> set[str]:
    """Return the ids of tables and checks that rest on shared raw tables alone.

    `nodes` come after the ones that they read.
    """
    shared: set[str] = set()
    for node in nodes:
        if all(
            parent.removeprefix(SOURCE) in SHARED if parent.startswith(SOURCE) else parent in shared
            for parent in node.parents
        ):
            shared.add(node.unique_id)
    return shared


def keep_rows_of(con: duckdb.DuckDBPyConnection, scope: TeamScope, nodes: Sequence[Node]) -> None:
    """Leave in a copy of the warehouse only what is shared and what is the team's.

    Tables that are made of anything else are dropped, for the next build to make again.
    """
    shared = shared_nodes(nodes)
    values = {"team": scope.team.name}
    with transaction(con):
        _forget(con, nodes, shared)
        con.register("new_senders", scope.senders)
        con.execute("create or replace temp table team_senders as from new_senders")
        con.unregister("new_senders")
        con.execute(TARGETS)
        changed = []
        for (table,) in con.sql(RAW_TABLES).fetchall():
            if table in SHARED or table in FILTERED:
                continue
            theirs = "target not in (select target from team_targets where team = $team)"
            if table in BY_TARGET:
                con.execute(f"delete from {table} where {theirs}", values)  # noqa: S608
            else:
                con.execute(f"delete from {table}")  # noqa: S608
            changed.append(table)
        for statement in FILTERED.values():
            has_costs = {"has_costs": scope.team.cost_file is not None}
            con.execute(statement, values | (has_costs if "$has_costs" in statement else {}))
        if scope.team.cost_file is not None:
            add_entries(con, tier_entries(read_costs(scope.team.cost_file)), utc_now())
        mark_changed(con, [*changed, *FILTERED])


def _forget(con: duckdb.DuckDBPyConnection, nodes: Sequence[Node], shared: set[str]) -> None:
    """Drop every table that is not known to be shared, and all that is remembered of it."""
    kept = [node.relation for node in nodes if isinstance(node, Table) and node.unique_id in shared]
    kinds: list[tuple[str, str]] = con.sql(RELATIONS).fetchall()
    for relation, kind in kinds:
        if relation not in kept and not relation.startswith(NOT_BUILT):
            con.execute(f"drop {kind} {relation}")
    con.execute(
        "delete from main.made where not list_contains($known, node)", {"known": sorted(shared)}
    )
    con.execute(
        "delete from main.slices where relation in ($ledger, $requests, $spend) or "
        "(starts_with(relation, '\"') and not list_contains($kept, relation))",
        {"ledger": LEDGER, "requests": REQUESTS, "spend": SPEND, "kept": kept},
    )


def _names(team: Team) -> Iterator[tuple[NameKind, Collection[str]]]:
    yield "team", {team.name, *team.labels}
    yield "key", set(team.keys)
    yield "caller", set(team.callers)
