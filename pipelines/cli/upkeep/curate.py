"""The verbs of who is who: `ingest references` and `curate`."""

import csv
import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from pipelines.cli.console import Json, show_progress
from pipelines.cli.query import AsOf, open_generation
from pipelines.cli.sources.ending import end_ingest
from pipelines.settings import read_settings

if TYPE_CHECKING:
    from pipelines.curation.proposed_rows import ProposedRows

FOLDER = "warehouse/seeds"


def ingest_references(as_json: Json = False) -> None:
    """Fetch what others list about labs and models; load, build, audit and publish.

    No key is needed. The lists are ATOM's regions of organisations and Epoch AI's notable models.
    They are evidence for curation and attribute nothing by themselves. Exit code 0 means that every
    list was answered.

    Examples:

        tokentide ingest references

        tokentide ingest references --json
    """
    from pipelines.ingest.references import ingest_references as ingest
    from pipelines.transform.build import lower_priority

    lower_priority()
    with show_progress() as (on_request, on_built):
        ingested = ingest(read_settings(), say=on_request, progress=on_built)
    extract = ingested.extract
    end_ingest(
        {"run_id": extract.run_id, "answers": extract.answers},
        extract.failures,
        ingested.generation.number,
        [f"{extract.answers} lists answered."],
        as_json=as_json,
    )


def curate(as_of: AsOf = None, as_json: Json = False) -> None:
    """Print the rows to add to the curated seeds, each with its evidence, and what nobody knows.

    A row is proposed where a lab, its country or a model's openness is unknown and another list
    says what it is, and where ATOM places an account of the Hub that we do not. Nothing is added:
    look at the evidence, then put the row into the file that the line above it names. Lines that
    begin with # are no rows.

    Examples:

        tokentide curate

        tokentide curate --json
    """
    from pipelines.curation.proposed_rows import propose_rows

    found = propose_rows(open_generation(as_of))
    typer.echo(json.dumps(vars(found), indent=1) if as_json else "\n".join(_lines(found)))


def _lines(found: "ProposedRows") -> list[str]:
    return [
        *_rows(f"{FOLDER}/labs.csv", found.labs),
        *_rows(f"{FOLDER}/model_attribution.csv", found.model_attribution),
        *_rows(f"{FOLDER}/hub_namespaces.csv", found.hub_namespaces),
        "",
        f"# To check: {_count(found.disagreements, 'statement')} of other lists contradict ours.",
        *(_disagreement(row) for row in found.disagreements),
        "",
        f"# Still unknown: {_count(found.open_questions, 'field')} of which no list says anything.",
        *(
            f"# {row['subject']}: {row['field']} ({row['share_of_named']:.2%} of named tokens; "
            f"{row['reason']})"
            for row in found.open_questions
        ),
    ]


def _rows(path: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(list(row.values()) for row in rows)
    return [f"# {path}: {_count(rows, 'row')} to add or replace", *text.getvalue().splitlines()]


def _disagreement(row: dict[str, Any]) -> str:
    ours = f"{row['current_value']}" + (
        f" ({row['current_evidence']})" if row["current_evidence"] else ""
    )
    return (
        f"# {row['subject']}, {row['field']}: {row['proposed_value']} by {row['citation']}: "
        f"{row['evidence']}; ours is {ours}"
    )


def _count(rows: Sequence[object], word: str) -> str:
    return f"{len(rows)} {word}" if len(rows) == 1 else f"{len(rows)} {word}s"
