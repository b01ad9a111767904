"""The verb `migrate-to-lake`: a home into the distributed form, and back."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from pipelines.cli.console import Json, stderr, stdout
from pipelines.cli.upkeep.progress import show_steps
from pipelines.settings import read_settings

if TYPE_CHECKING:
    from pipelines.lake.moving import MoveResult

MAX_LISTED = 20


def migrate_to_lake(
    back: Annotated[
        bool, typer.Option("--back", help="Fetch everything of the lake into this home instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Move a home into the lake that TOKENTIDE_LAKE names, compare it row for row, or move it back.

    Answers and segments go to S3, the rows of segments into the lake, which is created if need be.
    Of each table the number of rows and a hash of all of them are printed for both sides. Nothing
    is removed where it came from. Stopped or killed, the same command goes on; once all is moved it
    changes nothing.

    Exit code 0 means that every table has the same rows on both sides.

    Examples:

        tokentide migrate-to-lake

        tokentide migrate-to-lake --back
    """
    from pipelines.lake.moving import move_back, move_to_lake

    settings = read_settings()
    try:
        with show_steps() as on_moved:
            moved = (move_back if back else move_to_lake)(settings, on_moved)
    except KeyboardInterrupt:
        stderr.print("Stopped. What was moved stays; the same command goes on there.")
        raise
    if as_json:
        typer.echo(json.dumps(_as_json(moved), indent=1))
    else:
        _show(moved, back=back)
    for problem in moved.problems[:MAX_LISTED]:
        stderr.print(f"[red]not moved[/red] {escape(problem)}", highlight=False, soft_wrap=True)
    if (more := len(moved.problems) - MAX_LISTED) > 0:
        stderr.print(f"[red]not moved[/red] {more} more", highlight=False)
    raise typer.Exit(0 if moved.is_whole else 1)


def _show(moved: "MoveResult", *, back: bool) -> None:
    answers = moved.answers
    stdout.print(
        f"{moved.segments} segments moved, {moved.known} were there; {answers.bodies} answers and "
        f"{answers.logs} logs moved.",
        highlight=False,
    )
    for each in moved.tables:
        verdict = "the same" if each.is_same else "NOT the same"
        stdout.print(
            f"{each.table}: files {each.files.rows} rows {each.files.shown}, lake "
            f"{each.lake.rows} rows {each.lake.shown}: {verdict}",
            highlight=False,
            soft_wrap=True,
        )
        for name in each.differing[:MAX_LISTED]:
            stderr.print(f"  {name} has other rows", markup=False, highlight=False)
    if moved.busy:
        stderr.print(f"{moved.busy} segments are with other loaders; run this again.")
    if moved.waiting:
        step = "tokentide lake load" if back else "tokentide lake ship"
        stderr.print(f"{moved.waiting} segments still wait to be loaded: `{step}`", markup=False)
    if moved.is_whole:
        stdout.print(_next_step(back=back), markup=False, soft_wrap=True)


def _next_step(*, back: bool) -> str:
    if back:
        return (
            "Next: unset TOKENTIDE_LAKE, TOKENTIDE_SPOOL and TOKENTIDE_PUBLISHED, then "
            "`tokentide ingest telemetry`; without a warehouse `tokentide rebuild`."
        )
    return "Next: `tokentide lake build` in this home, which is the builder's now."


def _as_json(moved: "MoveResult") -> dict[str, Any]:
    tables = [
        {
            "table": each.table,
            "rows": {"files": each.files.rows, "lake": each.lake.rows},
            "hash": {"files": each.files.shown, "lake": each.lake.shown},
            "is_same": each.is_same,
            "differing": each.differing,
        }
        for each in moved.tables
    ]
    return asdict(moved) | {"tables": tables, "is_whole": moved.is_whole}
