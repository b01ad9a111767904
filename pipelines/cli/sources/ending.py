"""The end of every verb that ingests one source: what came, what failed, what is published."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, Protocol

import typer
from rich.markup import escape

from pipelines.cli.console import stderr, stdout


class Failed(Protocol):
    """Request that was not answered, and why."""

    @property
    def what(self) -> str:
        """Words for the request."""
        ...

    @property
    def reason(self) -> str:
        """Words for the cause."""
        ...


def end_ingest(
    found: Mapping[str, Any],
    failures: Iterable[Failed],
    generation: int,
    lines: Sequence[str],
    *,
    as_json: bool,
) -> NoReturn:
    """Print what was found, as JSON or in these lines, and exit: 0 where nothing failed, else 1."""
    texts = [f"{each.what}: {each.reason}" for each in failures]
    if as_json:
        typer.echo(json.dumps({**found, "failures": texts, "generation": generation}, indent=1))
    for text in texts:
        stderr.print(f"[red]failed[/red] {escape(text)}", highlight=False)
    if not as_json:
        for line in lines:
            stdout.print(line)
        stdout.print(f"Generation {generation} is published.")
    raise typer.Exit(1 if texts else 0)
