"""The verbs `tier` and `tier correct`: what of the tier file held when, and what should have."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from pipelines.cli.console import Json, show_progress, stderr, stdout
from pipelines.settings import read_settings

EVER, NOW = "ever", "now"
# A generation of an older version knows only what holds.
OLDER = {"version": 1, "origin": "file", "valid_from": None, "valid_to": None}


class Section(StrEnum):
    """Sections of the tier file that figures rest on."""

    target = "target"
    cost = "cost"
    peak = "peak"
    energy = "energy"
    slo = "slo"
    cluster = "cluster"


Sections = Annotated[
    list[Section] | None,
    typer.Option("--section", help="Only this section; may be given several times."),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from", help="UTC instant from which the file as it is now held; without it since ever."
    ),
]


def list_versions(context: typer.Context, section: Sections = None, as_json: Json = False) -> None:
    """List what of the tier file held when, by the newest generation.

    What changed or left tier.toml stays for the hours in which it held: they keep their costs.

    Examples:

        tokentide tier

        tokentide tier --section cost --json

        tokentide tier correct --from 2026-11-01 --section cost
    """
    if context.invoked_subcommand:
        return
    from pipelines.publish.generations import newest
    from pipelines.publish.query import records

    rows = records(newest(read_settings()), "from marts.tier_file")
    wanted = set(section or Section)
    versions = list(describe(row for row in rows if row["section"] in wanted))
    if as_json:
        typer.echo(json.dumps(versions, indent=1, ensure_ascii=False))
        return
    table = Table("section", "name", "from", "to", "said by", "what changed")
    for each in versions:
        begin, end = each["valid_from"] or EVER, each["valid_to"] or NOW
        cells = (each["section"], each["name"], begin, end, each["origin"], each["changed"])
        table.add_row(*map(escape, cells))
    stdout.print(table)


def correct(holds_from: From = None, section: Sections = None, as_json: Json = False) -> None:
    """Say that the tier file as it is now held in the past too; build, audit, publish.

    A changed price counts from the hour of its change on. This is for one that was wrong before:
    past hours are computed again with what the file says now. What the file no longer has is left
    as it was. The correction is recorded, listed as one, and made again by a rebuild.

    Examples:

        tokentide tier correct --section energy

        tokentide tier correct --from 2026-11-01T08:00 --section cost --section target
    """
    from pipelines.ingest.telemetry import correct_tier, ingest_telemetry
    from pipelines.publish.as_of import parse_instant
    from pipelines.transform.build import lower_priority

    settings = read_settings()
    start = parse_instant(holds_from) if holds_from else None
    record = correct_tier(settings, start, section or ())
    lower_priority()
    with show_progress() as (on_request, on_built):
        ingested = ingest_telemetry(settings, on_request, on_built)
    if as_json:
        result = {
            "corrected": len(record.entries),
            "holds_from": record.holds_from and record.holds_from.isoformat(),
            "generation": ingested.generation.number,
        }
        typer.echo(json.dumps(result, indent=1))
    else:
        since = f"from {record.holds_from.isoformat()}" if record.holds_from else "since ever"
        stderr.print(f"{len(record.entries)} entries of the tier file hold {since}.")
        stdout.print(f"Generation {ingested.generation.number}: {ingested.generation.path}")
    raise typer.Exit(0 if ingested.is_complete else 1)


def describe(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield versions with the entry as an object, and how each differs from the one before it."""
    versions = [{**OLDER, **row, "entry": json.loads(row["entry"])} for row in rows]
    versions.sort(key=lambda row: (*_key(row), row["version"]))
    for _, group in groupby(versions, key=_key):
        before: Mapping[str, Any] | None = None
        for version in group:
            yield {**version, "changed": _changed(before, version)}
            before = version


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["section"], row["name"], row["entry"].get("dtype") or ""


def _changed(before: Mapping[str, Any] | None, version: Mapping[str, Any]) -> str:
    new = version["entry"]
    if before is None:
        return ", ".join(f"{key} {_text(value)}" for key, value in new.items() if _is_given(value))
    old = before["entry"]
    keys: Sequence[str] = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    changes = [f"{key} {_text(old.get(key))} → {_text(new.get(key))}" for key in keys]
    if before["valid_to"] != version["valid_from"]:
        changes.insert(0, "is back")
    return ", ".join(changes) or "nothing that a figure rests on"


def _is_given(value: Any) -> bool:
    return value not in (None, [], {})


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
