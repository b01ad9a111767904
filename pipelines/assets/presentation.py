"""Assets and checks of dbt as Dagster's page shows them: groups, owners, kinds, words.

A group is a part of the product and a layer, such as `market_staging`, so that the page shows the
flow of each half and the tables in which they meet. Nothing here changes what is built.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pipelines.transform.lineage import DataHalf

Node = Mapping[str, Any]
Part = DataHalf | Literal["joint"]
Layer = Literal["sources", "staging", "intermediate", "marts"]

CLAIMS, PUBLISHED_GROUP = "claims", "published"
# The first word of a claim's key: `price` alone says nothing beside the names of tables.
CLAIM_PREFIX = "claim"
# Teams, which a deployment maps to its people.
OWNERS: dict[Part, str] = {"market": "team:market", "tier": "team:tier", "joint": "team:analysis"}
MARKET_SOURCES, TIER_SOURCES = "market_sources", "tier_sources"
# Kinds of an asset that requests and loads.
REQUESTED = {"python", "duckdb"}
# Folders of the project that name a part, whatever a table in them reads besides.
PARTS_OF_FOLDERS: dict[str, Part] = {
    "openrouter": "market",
    "huggingface": "market",
    "downloads": "market",
    "price_archives": "market",
    "prices": "market",
    "references": "market",
    "quality": "market",
    "quality_sources": "market",
    "telemetry": "tier",
    "gateways": "tier",
    "market": "market",
    "tier": "tier",
    "joint": "joint",
}
LAYERS_OF_FOLDERS: dict[str, Layer] = {
    "seeds": "sources",
    "staging": "staging",
    "intermediate": "intermediate",
    "marts": "marts",
}
# Tests that dbt names after all their arguments, and names that can be read.
CHECK_NAMES = {
    "unique_key": "key_is_unique",
    "known_values": "values_are_known",
    "not_null": "{column}_is_not_null",
    "unique": "{column}_is_unique",
    "accepted_values": "{column}_is_an_accepted_value",
    "relationships": "{column}_is_in_{other}",
}
CHECK_DESCRIPTIONS = {
    "unique_key": "No two rows have the same {columns}, and none of these is null.",
    "known_values": "Null or a known value: {values}.",
    "not_null": "{column} is never null.",
    "unique": "No two rows have the same {column}.",
    "accepted_values": "{column} is one of {accepted}.",
    "relationships": "Each {column} is {field} of a row of {other}.",
}
LEADING_COMMENT = re.compile(r"(?:[ \t]*--[^\n]*\n)+")
NO_WORD = re.compile(r"\W+")


def group_of(node: Node, halves: Iterable[DataHalf]) -> str:
    """Return the group of a table: its part and its layer; all claims are one group."""
    folder = _folders(node)[0]
    return CLAIMS if folder == CLAIMS else f"{part_of(node, halves)}_{LAYERS_OF_FOLDERS[folder]}"


def part_of(node: Node, halves: Iterable[DataHalf]) -> Part:
    """Return the part that a table's folder names, or else the one whose data it reads."""
    named = (PARTS_OF_FOLDERS.get(folder) for folder in _folders(node)[1:])
    read = [*halves]
    return next(filter(None, named), read[0] if len(read) == 1 else "joint")


def owners_of(node: Node, halves: Iterable[DataHalf]) -> list[str]:
    """Return the team that a table belongs to; claims and what joins the halves are analysis."""
    part = "joint" if _folders(node)[0] == CLAIMS else part_of(node, halves)
    return [OWNERS[part]]


def kinds_of(node: Node) -> set[str]:
    """Return the kinds of a table: dbt makes it in DuckDB, as a table or view, or from a CSV."""
    made = node["config"]["materialized"]
    return {"dbt", "duckdb", "csv" if made == "seed" else made}


def key_of(node: Node) -> list[str]:
    """Return the words of an asset's key: a table's name, or `claim` and the claim's."""
    return [CLAIM_PREFIX, node["name"]] if _folders(node)[0] == CLAIMS else [node["name"]]


def describe_asset(node: Node) -> str:
    """Return a description: of a claim its sentence, who said it, and of what it speaks."""
    meta = node["config"]["meta"]
    if "claim_id" not in meta:
        return str(node["description"])
    source = f"\n\n[Source]({meta['source_url']})" if meta.get("source_url") else ""
    said = ", ".join(filter(None, [meta["said_by"], meta.get("said_on")]))
    return (
        f"“{meta['statement']}”\n\nSaid by: {said}. "
        f"Population: {meta['population']}.{source}\n\n"
        f"{leading_comment(node)}\n\n`tokentide claims show {meta['claim_id']}` has the verdict."
    )


def check_name(node: Node) -> str:
    """Return a name that can be read: that of its file or `.yml`, or one for dbt's own."""
    kind, name = _generic_kind(node), str(node["name"])
    if kind in CHECK_NAMES and name.startswith(f"{kind}_"):
        return CHECK_NAMES[kind].format(**_identifiers(node))
    return name


def describe_check(node: Node) -> str:
    """Return what a test states: its description or comment, or its arguments in words."""
    said = str(node["description"]) or leading_comment(node)
    if (kind := _generic_kind(node)) in CHECK_DESCRIPTIONS and not node["description"]:
        said = CHECK_DESCRIPTIONS[kind].format(**_words(node))
    return f"{said} It only warns, and stops nothing." if _is_warning(node) else said


def leading_comment(node: Node) -> str:
    """Return the comment at the top of a file of SQL, as one paragraph."""
    found = LEADING_COMMENT.match(node["raw_code"].lstrip())
    lines = found[0].splitlines() if found else []
    return " ".join(line.strip().removeprefix("--").strip() for line in lines).strip()


def _folders(node: Node) -> tuple[str, ...]:
    return Path(node["original_file_path"]).parent.parts


def _is_warning(node: Node) -> bool:
    return str(node["config"]["severity"]).lower() == "warn"


def _generic_kind(node: Node) -> str:
    """Return the kind of a test that a `.yml` asks for; nothing of one that is a file."""
    return str((node.get("test_metadata") or {}).get("name", ""))


def _words(node: Node) -> dict[str, str]:
    """Return the arguments of a generic test as a sentence has them."""
    arguments = node["test_metadata"]["kwargs"]
    columns = arguments.get("columns", [])
    known = columns.items() if isinstance(columns, Mapping) else ()
    return {
        "columns": ", ".join(columns),
        "values": "; ".join(f"{name} is one of {', '.join(values)}" for name, values in known),
        "column": arguments.get("column_name", ""),
        "accepted": ", ".join(map(str, arguments.get("values", []))),
        "field": arguments.get("field", ""),
        "other": re.sub(r"^ref\('(\w+)'\)$", r"\1", arguments.get("to", "")),
    }


def _identifiers(node: Node) -> dict[str, str]:
    """Return the same as parts of a name, which has letters, digits and underscores."""
    return {name: NO_WORD.sub("_", text).strip("_") for name, text in _words(node).items()}
