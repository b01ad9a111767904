"""The prompt: statements of one or several lines, answered one text at a time until Ctrl-D."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.text import Text

from pipelines.cli.console import show_error
from pipelines.cli.shell.completion import DELIMITERS, complete
from pipelines.cli.shell.describe import find_table, read_tables, show_columns, show_tables
from pipelines.cli.shell.result_view import ResultLayout
from pipelines.errors import TokentideError

PROMPT, CONTINUED = "tokentide> ", "       ..> "
MAX_HISTORY = 1_000
HELP = """\
A query ends with a semicolon and may take several lines; Tab completes names, Ctrl-C cancels what
runs or what is typed, Ctrl-D ends the shell.

.tables             list the published tables
.describe TABLE     list the columns of one, with types and comments
.layout LAYOUT      show results as auto (records where a table is too wide), wide or vertical
.quit               end the shell"""

AnswerText = Callable[[Path, str, ResultLayout], None]
"""Runs a text on a published file and prints its results in a layout."""


@dataclass
class SqlShell:
    """An interactive session: where it reads, how it answers, and what was typed so far."""

    find_file: Callable[[], Path]
    answer: AnswerText
    console: Console
    layout: ResultLayout = ResultLayout.auto
    typed: str = ""

    def run(self, history: Path) -> None:
        """Read and answer until Ctrl-D; an error or Ctrl-C ends a statement, not the shell."""
        file = self.find_file()
        self.console.print(f"{file.name}, read-only. .help explains, Ctrl-D ends.", highlight=False)
        with _line_editing(history, self._complete) as remember:
            while True:
                try:
                    line = input(CONTINUED if self.typed else PROMPT)
                    if not self._take(line, remember):
                        return
                except EOFError:
                    self.console.print()
                    return
                except KeyboardInterrupt:
                    self.typed = ""
                    self.console.print("\nCancelled.")
                except TokentideError as error:
                    show_error(error)

    def _take(self, line: str, remember: Callable[[str], None]) -> bool:
        """Take a line, and answer what is complete. Return False if it ends the shell."""
        if not self.typed and line.strip().lower().rstrip(";") in ("", "exit", "quit", ".quit"):
            return not line.strip()
        text = self.typed + line + "\n"
        if not line.startswith(".") and not sqlite3.complete_statement(text):
            self.typed = text
            return True
        self.typed = ""
        remember(text.strip())
        if line.startswith("."):
            self._obey(line)
        else:
            self.answer(self.find_file(), text, self.layout)
        return True

    def _obey(self, line: str) -> None:
        """Do what a line says that begins with a point."""
        command, _, rest = line.strip().partition(" ")
        if command == ".tables":
            show_tables(self.console, read_tables(self.find_file()))
        elif command == ".describe" and rest.strip():
            show_columns(self.console, find_table(read_tables(self.find_file()), rest))
        elif command == ".layout" and rest.strip() in {*ResultLayout}:
            self.layout = ResultLayout(rest.strip())
        else:
            self.console.print(Text(HELP))

    def _complete(self, line: str) -> list[str]:
        # Read each time, since another generation may have come.
        tables = {
            table["name"]: [column["name"] for column in table["columns"]]
            for table in read_tables(self.find_file())
        }
        return complete(self.typed + line, tables)


@contextlib.contextmanager
def _line_editing(
    history: Path, complete_line: Callable[[str], list[str]]
) -> Iterator[Callable[[str], None]]:
    """Turn on editing, completion and history; yield what remembers a statement."""
    try:
        import readline
    except ImportError:  # a Python built without it reads lines as they come
        yield lambda text: None
        return
    _read_history(readline, history)
    found: list[str] = []

    def next_word(word: str, state: int) -> str | None:
        if state == 0:
            found.clear()
            # readline would print an error into the line.
            with contextlib.suppress(TokentideError, OSError):
                found[:] = complete_line(readline.get_line_buffer()[: readline.get_endidx()])
        return found[state] if state < len(found) else None

    readline.set_completer(next_word)
    readline.set_completer_delims(DELIMITERS)
    is_libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
    readline.set_auto_history(False)
    try:
        # A statement of several lines comes back as one, unless a comment would hide the rest.
        yield lambda text: readline.add_history(
            text if "--" in text else " ".join(text.split("\n"))
        )
    finally:
        readline.set_completer(None)
        with contextlib.suppress(OSError):
            readline.write_history_file(history)


def _read_history(readline: ModuleType, history: Path) -> None:
    readline.clear_history()
    readline.set_history_length(MAX_HISTORY)
    with contextlib.suppress(OSError):
        # Only its owner may read what was asked.
        os.close(os.open(history, os.O_CREAT | os.O_RDONLY, 0o600))
        readline.read_history_file(history)
