"""Every `tokentide …` in documents and texts is a command that exists, with options that it has."""

import contextlib
import io
import re
from collections.abc import Iterator

import click
import pytest
import typer
from support.documents import commands, documents
from support.source_files import PACKAGES, Place, files

from models.loadgen.__main__ import main as load
from models.server.__main__ import main as serve
from pipelines.cli import app

QUOTED = re.compile(r"`(tokentide [a-z][^`\"'{]*)")
# These verbs hand their options on to the commands of the inference tier.
PASSED_ON = {"serve": serve, "load": load}


@pytest.fixture(scope="module")
def root() -> click.Group:
    """Return the command with all of its verbs."""
    command = typer.main.get_command(app)
    assert isinstance(command, click.Group)
    return command


def test_commands_of_documents_exist(root: click.Group, capsys: pytest.CaptureFixture[str]) -> None:
    found = [each for document in documents() for each in commands(document)]
    assert len(found) > 30
    wrong = [f"{place}: {problem}" for place, words in found for problem in problems(root, words)]
    capsys.readouterr()
    assert not wrong, "\n" + "\n".join(wrong)


def test_commands_named_in_messages_exist(root: click.Group) -> None:
    """Messages, help and pages name the next step between backticks; it must be one."""
    wrong = []
    for path in files(".py", PACKAGES):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for quoted in QUOTED.findall(line):
                words = [word for word in quoted.split() if re.fullmatch(r"[a-z]+", word)]
                wrong += [f"{Place(path, number)}: {found}" for found in problems(root, words)]
    assert not wrong, "\n" + "\n".join(wrong)


def problems(root: click.Group, words: list[str]) -> Iterator[str]:
    """Yield what a command line has that the command has not."""
    command, names = resolve(root, words[1:])
    if isinstance(command, click.Group) and names and not names[0].startswith("-"):
        yield f"tokentide has no {' '.join(words[1:])}"
        return
    given = {word.split("=")[0] for word in names if re.match(r"--?[a-z]", word)}
    known = options_of(command)
    yield from (f"{' '.join(words[:2])} has no {option}" for option in sorted(given - known))


def resolve(command: click.Command, words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the verb that words name, and the words after it."""
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    return command, words


def options_of(command: click.Command) -> set[str]:
    """Return all spellings of a verb's options."""
    if command.name in PASSED_ON:
        return set(re.findall(r"--?[a-z][\w-]*", help_of(command.name)))
    spelled = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    return {*spelled, "--help"}


def help_of(verb: str) -> str:
    """Return the help of a verb of the inference tier."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        PASSED_ON[verb](["--help"])
    return printed.getvalue()


def test_every_verb_is_in_the_documents(root: click.Group) -> None:
    """Whoever reads the documents meets each verb once."""
    named = {tuple(words[1:3]) for document in documents() for _, words in commands(document)}
    first = {words[0] for words in named if words}
    assert set(root.commands) <= first, sorted(set(root.commands) - first)
