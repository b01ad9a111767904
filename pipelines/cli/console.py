"""What a person sees: messages and progress on standard error, answers on standard output."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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

# Progress and messages go beside the answer, so that an answer can be piped.
# Without emoji: `:free` is the end of a model's name.
stderr = Console(stderr=True, soft_wrap=True, emoji=False)
stdout = Console(emoji=False)


def show_log() -> None:
    """Show what the pipeline logs; libraries only where they warn."""
    handler = RichHandler(console=stderr, show_time=False, show_path=False, markup=False)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler], force=True)
    logging.getLogger("pipelines").setLevel(logging.INFO)
    # Its messages repeat what ours say, without the reason.
    logging.getLogger("stamina").setLevel(logging.ERROR)


@contextmanager
def steps() -> Iterator[tuple[Callable[[str], None], Callable[[str, int, int], None]]]:
    """Two callables that show progress: one told what is being asked for, one told which table was built, of how many."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=stderr, transient=True, disable=not sys.stderr.isatty()
    ) as progress:
        asking = progress.add_task("asking", total=None)
        building = progress.add_task("building", total=None, visible=False)

        def say(what: str) -> None:
            progress.update(asking, description=what, advance=1)

        def built(name: str, done: int, whole: int) -> None:
            progress.update(asking, visible=False)
            progress.update(
                building,
                description=f"building {name}",
                completed=done,
                total=whole or None,
                visible=True,
            )

        try:
            yield say, built
        except (KeyboardInterrupt, RuntimeError) as error:
            # A RuntimeError is DuckDB's way to say that Ctrl-C came while it was at work.
            if isinstance(error, RuntimeError) and "interrupted" not in str(error).lower():
                raise
            stderr.print(
                "Stopped. What was fetched is kept in the raw archive, and the next run goes on from there."
            )
            raise KeyboardInterrupt from error
