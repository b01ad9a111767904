"""ATOM's regions beside ours: each namespace once, and no difference is taken over."""

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.marts.compiled_sql import Marts, Row

pytestmark = pytest.mark.slow

SEEDS = Path(__file__).resolve().parents[5] / "warehouse" / "seeds"
AT = datetime(2026, 9, 5, 8, tzinfo=UTC)
SEED_TABLES = ("labs", "hub_namespaces", "reference_countries", "reference_sources")
LISTED = "hugging_face_author varchar, region varchar, notes varchar, answer_sha256 varchar"
NEWEST = "source varchar, answer_sha256 varchar, as_of timestamptz, origin varchar"
HUB = "publisher varchar, downloads_all_time bigint"


def seed(name: str) -> tuple[str, list[Row]]:
    """Return the columns and rows of a seed as it stands; an empty cell is null."""
    with (SEEDS / f"{name}.csv").open() as file:
        rows = [{key: value or None for key, value in row.items()} for row in csv.DictReader(file)]
    kinds = {"valid_from": "date", "is_in_europe": "boolean"}
    columns = ", ".join(f"{column} {kinds.get(column, 'varchar')}" for column in rows[0])
    return columns, rows


def compared(
    compiled: Marts,
    listed: list[tuple[str, str, str | None]],
    hub: list[Row],
    lab_names: list[Row],
    **seeds: tuple[str, list[Row]],
) -> dict[str, Row]:
    """Return the rows by namespace, of a list and of the seeds as they stand unless given."""
    rows: list[dict[str, Any]] = [
        {"hugging_face_author": name, "region": region, "notes": notes, "answer_sha256": "s"}
        for name, region, notes in listed
    ]
    newest = [{"source": "atom_regions", "answer_sha256": "s", "as_of": AT, "origin": "data_api"}]
    tables = {
        **{f"seeds.{name}": seeds.get(name) or seed(name) for name in SEED_TABLES},
        "staging.stg_references__organisation_regions": (LISTED, rows),
        "intermediate.newest_references": (NEWEST, newest if listed else []),
        "intermediate.lab_names": ("author_slug varchar, hugging_face_author varchar", lab_names),
        "marts.hub_models": (HUB, hub),
    }
    found = compiled.rows("namespace_regions", tables, ("hub_owners",))
    assert len({row["namespace"] for row in found}) == len(found)
    return {row["namespace"]: row for row in found}


OWN = (
    "namespace varchar, author_slug varchar, lab varchar, country varchar, evidence varchar",
    [
        {"namespace": name, "lab": name, "country": country, "evidence": "seat"}
        for name, country in (("a", "US"), ("b", "FR"), ("c", "IL"), ("d", "unknown"), ("e", "CN"))
    ],
)


@pytest.mark.parametrize(
    ("namespace", "region", "comparison"),
    [
        ("a", "us", "agrees"),
        ("b", "eu", "agrees"),
        ("c", "other", "agrees"),
        ("c", "us", "differs"),
        ("e", "eu", "differs"),
        ("d", "china", "unknown to us"),
        ("a", "unknown", "unknown to them"),
        ("a", "somewhere new", "unknown to them"),
        ("new", "china", "not in ours"),
    ],
)
def test_a_namespace_is_compared_by_region(
    compiled: Marts, namespace: str, region: str, comparison: str
) -> None:
    """A region that we do not know the word of says nothing."""
    found = compared(compiled, [(namespace, region, None)], [], [], hub_namespaces=OWN)
    assert found[namespace]["comparison"] == comparison
    others = {row["comparison"] for name, row in found.items() if name != namespace}
    assert others == {"not in their list"}


def test_an_author_of_the_market_has_the_country_of_its_lab(compiled: Marts) -> None:
    """By the namespace that its models name, where hub_namespaces does not have it."""
    names = [
        {"author_slug": "ai21", "hugging_face_author": "shared"},
        {"author_slug": "shared", "hugging_face_author": "shared"},
        {"author_slug": "mistralai", "hugging_face_author": "not-listed"},
    ]
    labs = (
        "author_slug varchar, lab varchar, country varchar, valid_from date, evidence varchar",
        [
            {
                "author_slug": name,
                "lab": name,
                "country": country,
                "valid_from": AT.date(),
                "evidence": "press",
            }
            for name, country in (("ai21", "IL"), ("shared", "CN"), ("mistralai", "FR"))
        ],
    )
    hub = [{"publisher": "Shared", "downloads_all_time": count} for count in (5, None)]
    found = compared(
        compiled, [("shared", "us", "note")], hub, names, labs=labs, hub_namespaces=OWN
    )
    row = found["shared"]
    assert (row["seed"], row["country"], row["comparison"]) == ("labs", "CN", "differs")
    assert (row["models"], row["downloads_all_time"], row["atom_notes"]) == (2, 5, "note")
    assert "not-listed" not in found


def test_without_their_list_nothing_is_compared(compiled: Marts) -> None:
    assert compared(compiled, [], [], []) == {}


def test_the_recorded_list_differs_where_it_is_known_to(compiled: Marts, recordings: Path) -> None:
    """A change of a seed, or a newer recording, shows here which differences come and go."""
    path = recordings / "huggingface" / "atom" / "organization_regions.csv"
    with path.open() as file:
        listed = [
            (row["hf_org"].lower(), row["region"], row["notes"] or None)
            for row in csv.DictReader(file)
        ]
    found = compared(compiled, listed, [], [])
    kinds = Counter(row["comparison"] for row in found.values())
    assert len(listed) == kinds.total() - kinds.pop("not in their list")
    assert kinds == {
        **{"agrees": 69, "not in ours": 45},
        **{"differs": 1, "unknown to us": 1, "unknown to them": 2},
    }
    assert found["tinyllama"]["comparison"] == "unknown to us"
    assert found["ai21labs"]["comparison"] == "differs"
    assert found["ai21labs"]["evidence"].startswith("Epoch AI")
