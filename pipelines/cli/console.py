"""The terminal: results on standard output, messages and progress on standard error."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

# Emoji are off: `:free` is the end of a model's name.
stdout = Console(emoji=False)
stderr = Console(stderr=True, soft_wrap=True, emoji=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program.")]

OnRequest = Callable[[str], None]
"""Takes the name of the request that is made now."""
OnBuilt = Callable[[str, int, int], None]
"""Takes the name of the table or check that is done, how many are done, and how many there are."""


def show_log() -> None:
    """Print the log of the pipeline, and warnings of libraries."""
    handler = RichHandler(console=stderr, show_time=False, show_path=False, markup=False)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler], force=True)
    logging.getLogger("pipelines").setLevel(logging.INFO)
    # Its messages repeat ours, without the reason.
    logging.getLogger("stamina").setLevel(logging.ERROR)


@contextmanager
def show_progress() -> Iterator[tuple[OnRequest, OnBuilt]]:
    """Show a progress bar while the `with` lasts; yield the two callbacks that move it."""
    with _progress_bar() as progress:
        requests = progress.add_task("requests", total=None)
        building = progress.add_task("building", total=None, visible=False)

        def on_request(name: str) -> None:
            progress.update(requests, description=name, advance=1)

        def on_built(name: str, done: int, total: int) -> None:
            progress.update(requests, visible=False)
            progress.update(
                building,
                description=f"building {name}",
                completed=done,
                total=total or None,
                visible=True,
            )

        try:
            yield on_request, on_built
        except (KeyboardInterrupt, RuntimeError) as error:
            # DuckDB raises a RuntimeError where Ctrl-C interrupts a query.
            if isinstance(error, RuntimeError) and "interrupted" not in str(error).lower():
                raise
            stderr.print(
                "Stopped. What was fetched is kept in the raw archive; the next run goes on there."
            )
            raise KeyboardInterrupt from error


def _progress_bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=stderr,
        transient=True,
        disable=not sys.stderr.isatty(),
    )
