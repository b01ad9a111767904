"""Version, help and completion of `tokentide`, as its own process and as `python -m pipelines`."""

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from support.cli.command import Command
from typer.main import get_command
from typer.testing import CliRunner

from pipelines.cli import app

PYPROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"
ROOT: Any = get_command(app)
VERBS = [
    *((name,) for name in ROOT.commands),
    ("ingest", "market"),
    ("ingest", "prices"),
    ("ingest", "references"),
    ("ingest", "quality"),
    ("ingest", "downloads"),
    ("ingest", "telemetry"),
    ("ingest", "spend"),
    ("claims", "show"),
    ("lake", "create"),
    ("lake", "ship"),
    ("lake", "load"),
    ("lake", "build"),
    ("lake", "maintain"),
    ("lake", "fetch"),
    ("lake", "status"),
]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Return the command with a fresh home."""
    return Command(tmp_path / "home")


def test_the_verbs_are_those_of_the_contract() -> None:
    """People and programs rely on the names."""
    assert set(ROOT.commands) == {
        "alerts",
        "backup",
        "build",
        "claims",
        "collect",
        "curate",
        "dashboard",
        "describe",
        "doctor",
        "evidence",
        "ingest",
        "lake",
        "load",
        "migrate-to-lake",
        "pilot",
        "plan",
        "price",
        "publish",
        "rebuild",
        "receive",
        "report",
        "reprice",
        "restore",
        "serve",
        "simulate",
        "sql",
        "status",
        "tier",
        "up",
        "verify",
    }


def test_the_version_is_that_of_the_package(command: Command) -> None:
    """`python -m pipelines` prints it, and so does the script that pip makes of pyproject.toml."""
    line = f"tokentide {version('tokentide')}\n"
    assert command("--version") == line
    module, function = tomllib.loads(PYPROJECT.read_text())["project"]["scripts"][
        "tokentide"
    ].split(":")
    script = f"import sys; from {module} import {function}; sys.exit({function}())"
    done = subprocess.run(
        [sys.executable, "-c", script, "--version"],
        env=command.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == line


def test_without_a_verb_the_help_is_printed(command: Command) -> None:
    """It calls the command by its name, whichever way it was started."""
    done = command.run()
    output = done.stdout + done.stderr
    assert "Usage: tokentide [OPTIONS] COMMAND [ARGS]..." in output
    for name in ROOT.commands:
        assert f" {name} " in output


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_has_help_with_examples(verb: tuple[str, ...]) -> None:
    """An example starts with the verb itself, so that it can be copied."""
    done = CliRunner().invoke(app, [*verb, "--help"], prog_name="tokentide")
    assert done.exit_code == 0, done.output
    assert "examples:" in done.output.lower()
    _, examples = done.output.lower().split("examples:", 1)
    assert " ".join(verb) in examples or verb[0] in {"serve", "load"}


@pytest.mark.parametrize("verb", ["serve", "load"])
def test_the_tiers_verbs_call_themselves_tokentide(verb: str) -> None:
    """Their parsers are those of `python -m models...`, and their help is that of `tokentide`."""
    done = CliRunner().invoke(app, [verb, "--help"], prog_name="tokentide")
    assert done.output.startswith(f"usage: tokentide {verb} ")


def test_the_shell_completes_verbs(command: Command) -> None:
    """Bash asks the command itself, with these variables."""
    command.environment |= {
        "_TOKENTIDE_COMPLETE": "complete_bash",
        "COMP_WORDS": "tokentide re",
        "COMP_CWORD": "1",
    }
    assert set(command.run().stdout.split()) == {
        "rebuild",
        "receive",
        "report",
        "reprice",
        "restore",
    }


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_given_its_completion(command: Command, shell: str) -> None:
    """The script that a shell sources names the command and the variable that it sets."""
    command.environment |= {"_TOKENTIDE_COMPLETE": f"source_{shell}"}
    script = command.run().stdout
    assert "tokentide" in script
    assert "_TOKENTIDE_COMPLETE" in script


def test_a_misspelt_verb_is_an_error_with_the_one_that_was_meant(command: Command) -> None:
    """Exit code 2, as of every wrong use."""
    done = command.run("ingset", "market")
    assert done.returncode == 2
    assert "Did you mean 'ingest'?" in done.stderr
