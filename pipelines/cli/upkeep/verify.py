"""The verb `verify`."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from pipelines.cli.console import Json, stdout
from pipelines.cli.upkeep.progress import show_steps
from pipelines.settings import read_settings

if TYPE_CHECKING:
    from pipelines.verification.verify import Verification

MAX_LISTED = 20


def verify(
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Look for every file and open it; do not read it whole."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Check that all of a home is whole: answers, segments, warehouse, generations, state, claims.

    Every answer and loaded segment is compared with its hash, every table is read, every key must
    be unique. What is damaged is printed with what is lost by it and what to do. Nothing but the
    record of this check is written. It may run while everything else does.

    Exit code 1 means that something is damaged.

    Examples:

        tokentide verify

        tokentide verify --quick

        tokentide verify --json
    """
    from pipelines.transform.build import lower_priority
    from pipelines.verification import verify as verification

    lower_priority()
    with show_steps() as on_step:
        found = verification.verify(read_settings(), on_step, is_quick=quick)
    if as_json:
        typer.echo(json.dumps(verification.as_json(found), indent=1))
    else:
        show(found)
    raise typer.Exit(1 if found.damages else 0)


def show(found: "Verification") -> None:
    """Print each part, and what is damaged of it."""
    for part in found.parts:
        mark = "[red]damaged[/red]" if part.damages else "[green]whole[/green]"
        stdout.print(f"{part.name}: {part.checked} checked, {mark}", highlight=False)
        for note in part.notes:
            stdout.print(f"  {escape(note)}", highlight=False, soft_wrap=True)
        for damage in part.damages[:MAX_LISTED]:
            text = f"{damage.what}: {damage.reason}. Lost: {damage.lost}. {damage.next_step}"
            stdout.print(f"  [red]{escape(text)}[/red]", highlight=False, soft_wrap=True)
        if (more := len(part.damages) - MAX_LISTED) > 0:
            stdout.print(f"  and {more} more; `--json` lists all", highlight=False)
