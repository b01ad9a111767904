"""Rules of the tier file that concern several keys or tables; those of one key are its type.

They read the TOML as it was given and not the checked values, so that they are reported together
with wrong values elsewhere in the file.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from pipelines.telemetry.config.discover_rules import discover_problems

UNIQUE_BY = {
    "target": ("name",),
    "cost": ("device_kind",),
    "peak": ("device_kind", "dtype"),
    "device_source": ("target", "url", "command", "query"),
    "discover": ("name",),
    "team": ("name",),
    "cluster": ("name",),
}
PAGES = ("npu-exporter", "dcgm", "amd", "trtllm-energy", "prometheus", "kepler")
COMMANDS = {
    "npu-smi": '["npu-smi", "info"]',
    "nvidia-smi": '["nvidia-smi", "--query-gpu=index,uuid,name,power.draw,utilization.gpu,'
    'memory.used,memory.total,temperature.gpu", "--format=csv"]',
}


@dataclass(frozen=True)
class TierProblem:
    """A sentence about a key of the n-th table of a name."""

    table: str
    index: int
    key: str
    sentence: str


def find_problems(given: Mapping[str, Any]) -> Iterator[TierProblem]:
    """Yield the problems between keys and between tables."""
    rows = {table: find_rows(given, table) for table in UNIQUE_BY}
    if not (given.get("target") or given.get("discover")):
        text = "no [[target]] is given; add one with name, url and engine."
        yield TierProblem("", 0, "", text)
    for table, keys in UNIQUE_BY.items():
        yield from _duplicates(rows[table], table, keys)
    names = [row.get("name") for row in rows["target"]]
    for index, row in enumerate(rows["device_source"]):
        for key, text in _device_source_problems(row, names):
            yield TierProblem("device_source", index, key, text)
    for index, row in enumerate(rows["discover"]):
        for key, text in discover_problems(row):
            yield TierProblem("discover", index, key, text)
    for index, row in enumerate(rows["team"]):
        for key, text in _team_problems(row, rows["team"][:index]):
            yield TierProblem("team", index, key, text)
    yield from find_cost_problems(given, is_listed=True)
    yield from _cluster_problems(rows["cluster"], names, has_lists=bool(rows["discover"]))


def find_cost_problems(
    given: Mapping[str, Any], *, is_listed: bool = False
) -> Iterator[TierProblem]:
    """Yield the problems between keys of costs; `is_listed` if those between tables are known."""
    rows = find_rows(given, "cost")
    if not is_listed:
        yield from _duplicates(rows, "cost", UNIQUE_BY["cost"])
    for index, row in enumerate(rows):
        for key, text in _cost_problems(row):
            yield TierProblem("cost", index, key, text)


def find_rows(given: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the rows of a table. A row that is no table is empty here and reported by its type."""
    table = given.get(name)
    rows = table if isinstance(table, list) else []
    return [row if isinstance(row, dict) else {} for row in rows]


def _duplicates(
    rows: list[dict[str, Any]], table: str, keys: tuple[str, ...]
) -> Iterator[TierProblem]:
    seen: set[str] = set()
    for index, row in enumerate(rows):
        values = [row.get(key) for key in keys]
        if repr(values) in seen and any(values):
            name = " ".join(str(value) for value in values if value)
            text = f"{table} {name!r} is there already; give each its own {' and '.join(keys)}."
            yield TierProblem(table, index, keys[0], text)
        seen.add(repr(values))


def _device_source_problems(row: dict[str, Any], names: list[Any]) -> Iterator[tuple[str, str]]:
    if "target" in row and row["target"] not in names:
        yield (
            "target",
            f"device_source names the target {row['target']!r}, which is not in this file; "
            "add it or correct the name.",
        )
    if "url" in row and "command" in row:
        yield "command", "device_source has both url and command; keep one."
    kind = row.get("kind")
    if kind in PAGES and "url" not in row:
        yield "kind", f"device_source of kind {kind} needs url, the address of the exporter's page."
    if kind in COMMANDS and "command" not in row:
        yield "kind", f"device_source of kind {kind} needs command, such as {COMMANDS[kind]}."
    if (kind == "prometheus") != ("query" in row):
        yield (
            "query",
            "device_source of kind prometheus needs query, the PromQL of the power in watts, and "
            "no other kind has it.",
        )
    if kind == "tokentide" and "command" in row:
        yield (
            "command",
            "device_source of kind tokentide is read from a page; "
            "give url, or neither for the target's own.",
        )


def _team_problems(row: dict[str, Any], before: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield what a team before has too: a request would be of both."""
    for key in ("labels", "keys", "callers"):
        taken = {name for other in before for name in _senders(other, key)}
        for name in sorted(_senders(row, key) & taken - {row.get("name")}):
            yield key, f"{key} of team has {name!r}, which is another team's; keep one."
        if key == "labels" and row.get("name") in taken - {each.get("name") for each in before}:
            yield "name", f"team {row['name']!r} is among the labels of another team; keep one."


def _senders(row: dict[str, Any], key: str) -> set[str]:
    """Return the texts of a list of senders; the name of a team is one of its labels."""
    given = row.get(key)
    listed = [*given] if isinstance(given, list) else []
    if key == "labels":
        listed.append(row.get("name"))
    return {each for each in listed if isinstance(each, str)}


def _cost_problems(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if ("capex_usd" in row) != ("amortisation_years" in row):
        yield "device_kind", "cost needs capex_usd and amortisation_years together."
    if "capex_usd" not in row and "opex_usd_per_hour" not in row:
        yield (
            "device_kind",
            "cost needs capex_usd with amortisation_years, "
            "or opex_usd_per_hour for what is rented.",
        )
    if _watts(row.get("idle_watts"), 0) > _watts(row.get("rated_watts"), math.inf):
        yield "idle_watts", "idle_watts of cost is above rated_watts; they may be swapped."


def _cluster_problems(
    rows: list[dict[str, Any]], names: list[Any], *, has_lists: bool
) -> Iterator[TierProblem]:
    """Yield members that are in no file, and those of two clusters, which would count twice."""
    cluster_of: dict[str, Any] = {}
    for index, row in enumerate(rows):
        for pattern in filter(_is_text, row.get("targets") or ()):
            members = [name for name in names if _is_text(name) and fnmatchcase(name, pattern)]
            if not (members or has_lists):
                text = f"cluster names the target {pattern!r}, which is not in this file; add it."
                yield TierProblem("cluster", index, "targets", text)
            for name in members:
                other = cluster_of.setdefault(name, row.get("name"))
                if other != row.get("name"):
                    text = f"target {name!r} is in the cluster {other!r} already; keep one of them."
                    yield TierProblem("cluster", index, "targets", text)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _watts(value: Any, otherwise: float) -> float:
    return float(value) if isinstance(value, int | Decimal) else otherwise
