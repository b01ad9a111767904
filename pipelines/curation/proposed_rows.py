"""Rows to add to `labs.csv`, `model_attribution.csv` and `hub_namespaces.csv`, from other lists.

A row is proposed with its evidence and never added: a person looks first. Sources that differ give
no value; the row then says unknown and has all of their words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import QueryFailed
from pipelines.publish import query
from pipelines.sql import read_sql

AUTHORS, MODELS, STATEMENTS, DISAGREEMENTS, NAMESPACES = (
    read_sql(__file__, name)
    for name in ("authors", "models", "statements", "disagreements", "namespaces")
)
HAS_TABLE = "select 1 from duckdb_tables() where table_name = 'namespace_regions'"
OLD_FILE = (
    "The published file does not list what is unknown. `tokentide publish` makes one that does, "
    "from the same data."
)
UNKNOWN = "unknown"
# ATOM's region; it says which countries it is not, and no more.
REGIONS = frozenset({"Europe"})
SINCE = "2020-01-01"  # from this day on a row holds where no change is known

Row = dict[str, Any]


@dataclass(frozen=True)
class ProposedRows:
    """Rows to add by seed, statements that contradict ours, and what nobody says anything of."""

    labs: Sequence[Row]
    model_attribution: Sequence[Row]
    hub_namespaces: Sequence[Row]
    disagreements: Sequence[Row]
    open_questions: Sequence[Row]


def propose_rows(path: Path) -> ProposedRows:
    """Return the rows that a published file gives reason to add, those with most tokens first."""
    if not query.records(path, HAS_TABLE):
        raise QueryFailed(OLD_FILE)
    said: dict[tuple[str, str], list[Row]] = {}
    for statement in query.records(path, STATEMENTS):
        said.setdefault((statement["subject"], statement["field"]), []).append(statement)
    labs, models, questions = [], [], []
    for author in query.records(path, AUTHORS):
        found = said.get((author["author_slug"], "country"), [])
        if found or (author["lab"] is None and author["display_name"]):
            labs.append(_lab(author, found))
        else:
            questions.append(_question(author["author_slug"], "country", author))
    for model in query.records(path, MODELS):
        if found := said.get((model["model_base"], "weights"), []):
            models.append(_model(model, found))
        else:
            questions.append(_question(model["model_base"], "weights", model))
    namespaces = query.records(path, NAMESPACES)
    differing = [_namespace_difference(row) for row in namespaces if row["comparison"] == "differs"]
    return ProposedRows(
        labs,
        models,
        [_namespace(row) for row in namespaces if row["comparison"] != "differs"],
        [*query.records(path, DISAGREEMENTS), *differing],
        questions,
    )


def agreed(statements: Iterable[Row]) -> str:
    """Return the value on which all statements agree; unknown where there is none."""
    values = {statement["value"] for statement in statements} - REGIONS
    return values.pop() if len(values) == 1 else UNKNOWN


def _lab(author: Row, statements: Sequence[Row]) -> Row:
    has_all = author["models"] and author["models"] == author["models_with_repository"]
    return {
        "author_slug": author["author_slug"],
        "lab": author["lab"] or author["display_name"] or UNKNOWN,
        "country": agreed(statements),
        # One model without a repository does not make a lab closed.
        "weights_policy": "open" if has_all else "mixed",
        "valid_from": SINCE,
        "evidence": _evidence(statements)
        or "OpenRouter's catalogue: name of the lab; no list has its seat",
    }


def _model(model: Row, statements: Sequence[Row]) -> Row:
    return {
        "model_prefix": model["model_base"],
        "base_author_slug": model["author_slug"],
        "weights": agreed(statements),
        "is_text_model": "true",
        "valid_from": SINCE,
        "evidence": _evidence(statements) + "; base model not looked up",
    }


def _namespace(row: Row) -> Row:
    value = row["proposed_value"]
    return {
        "namespace": row["namespace"],
        "author_slug": "",
        "lab": row["namespace"],
        "country": UNKNOWN if value in REGIONS else value,
        "evidence": f"{row['citation']}: {row['atom_evidence']}; name of the lab not looked up",
    }


def _namespace_difference(row: Row) -> Row:
    return {
        "seed": "hub_namespaces",
        "subject": row["namespace"],
        "field": "country",
        "current_value": row["country"],
        "current_evidence": row["evidence"],
        "proposed_value": row["proposed_value"],
        "source": "atom_regions",
        "evidence": row["atom_evidence"],
        **{name: row[name] for name in ("citation", "licence")},
        "tokens": 0,
    }


def _evidence(statements: Iterable[Row]) -> str:
    return "; ".join(statement["evidence"] for statement in statements)


def _question(subject: str, field: str, row: Row) -> Row:
    known = {name: row[name] for name in ("tokens", "share_of_named", "reason")}
    return {"subject": subject, "field": field, **known}
