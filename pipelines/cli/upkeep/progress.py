"""Progress of verbs that go through many files: a bar on a terminal, a line now and then else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipelines.cli.console import LINE_SECONDS, stderr

OnStep = Callable[[str, int, int], None]
"""Takes the name of a part, how many of its things are done, and how many there are."""


@contextmanager
def show_steps() -> Iterator[OnStep]:
    """Show how far each part is while the `with` lasts; yield the callback that moves it."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeElapsedColumn(), console=stderr, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda name, done, total: progress.update(
            task, description=name, completed=done, total=total
        )


def _lines() -> OnStep:
    printed_at = time.monotonic()

    def on_step(name: str, done: int, total: int) -> None:
        nonlocal printed_at
        if time.monotonic() - printed_at >= LINE_SECONDS:
            printed_at = time.monotonic()
            stderr.print(f"{name}: {done} of {total}", highlight=False)

    return on_step
