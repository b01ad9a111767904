"""The terminal: results on standard output, messages and progress on standard error."""

import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
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


def obey_ctrl_c() -> None:
    """Let SIGINT end this process, for verbs that run until then.

    A shell without job control starts its jobs in the background with SIGINT ignored, and Python
    leaves it so: whoever sends it would wait for ever. Verbs that end by themselves stay ignorant,
    as other commands in the background do.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def show_log() -> None:
    """Print the log of the pipeline, and warnings of libraries."""
    handler = RichHandler(console=stderr, show_time=False, show_path=False, markup=False)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler], force=True)
    logging.getLogger("pipelines").setLevel(logging.INFO)
    # Its messages repeat ours, without the reason.
    logging.getLogger("stamina").setLevel(logging.ERROR)


# Where nobody watches, a line at most this often: a log tells what goes on, and not each request.
LINE_SECONDS = 5.0


def show_error(error: Exception, advice: str = "") -> None:
    """Print what an error says, without the name of its class."""
    stderr.print(f"[red]Error[/red]: {escape(str(error))}{advice}", highlight=False)


class ProgressLines:
    """Progress as plain lines, for a log: the first of each stage, one now and then, the last."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._requests = 0
        self._stage = ""
        self._printed_at = 0.0

    def on_request(self, name: str) -> None:
        """Take the name of the request that is made now."""
        self._requests += 1
        self._print("requests", f"request {self._requests}: {name}")

    def on_built(self, name: str, done: int, total: int) -> None:
        """Take the name of the table or check that is done, with the counts."""
        is_last = done == total > 0
        self._print("building", f"built {done} of {total or '?'}: {name}", is_last=is_last)

    def _print(self, stage: str, line: str, *, is_last: bool = False) -> None:
        now = self._clock()
        if is_last or stage != self._stage or now - self._printed_at >= LINE_SECONDS:
            self._stage, self._printed_at = stage, now
            self._console.print(line, markup=False, highlight=False)


@contextmanager
def show_progress() -> Iterator[tuple[OnRequest, OnBuilt]]:
    """Show progress while the `with` lasts; yield the two callbacks that move it.

    On a terminal it is a bar, elsewhere plain lines.
    """
    try:
        if sys.stderr.isatty():
            with _progress_bar() as progress:
                yield _bar_callbacks(progress)
        else:
            lines = ProgressLines(stderr)
            yield lines.on_request, lines.on_built
    except (KeyboardInterrupt, RuntimeError) as error:
        # DuckDB raises a RuntimeError where Ctrl-C interrupts a query.
        if isinstance(error, RuntimeError) and "interrupted" not in str(error).lower():
            raise
        stderr.print(
            "Stopped. What was fetched is kept in the raw archive; the next run goes on there."
        )
        raise KeyboardInterrupt from error


def _bar_callbacks(progress: Progress) -> tuple[OnRequest, OnBuilt]:
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

    return on_request, on_built


def _progress_bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=stderr,
        transient=True,
    )
