"""Files of deploy/ as data: compose files with their variables filled in, commands, settings."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values
from support.rules.source_files import ROOT
from typer.main import get_command

from pipelines.cli import app
from pipelines.settings import Settings, read_settings

DEPLOY = ROOT / "deploy"
PROGRAM = "/opt/tokentide/.venv/bin/tokentide"
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::[?-])?\}")
SECRET = "a-secret-of-a-test"
# Variables of the services' own programs that our settings read, too.
SECRETS = ("PGPASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# Services of the distributed form that a verb cannot do without.
NEEDED = {
    ("lake", "create"): {"lake"},
    ("lake", "ship"): {"spool"},
    ("lake", "load"): {"lake", "spool"},
    ("lake", "build"): {"lake", "published"},
    ("lake", "fetch"): {"published"},
    ("collect",): set(),
    ("receive",): set(),
    ("dashboard",): set(),
    ("ingest", "market"): set(),
    ("up",): set(),
}


def read_compose(path: Path) -> dict[str, Any]:
    """Return a compose file, with the variables that `.env.example` beside it has filled in.

    Raise KeyError where it uses one that is not there.
    """
    example = path.with_name(".env.example")
    known = set(re.findall(r"^#?(\w+)=", example.read_text(), re.M)) if example.exists() else set()
    given = dotenv_values(example) if known else {}
    values = {name: given.get(name) or SECRET for name in known}
    text = VARIABLE.sub(lambda found: values[found[1]], path.read_text())
    data: dict[str, Any] = yaml.safe_load(text.replace("$$", "$"))
    return data


@cache
def _tokentide() -> object:
    return get_command(app)


def check_command(words: Sequence[str]) -> tuple[str, ...]:
    """Parse a command as `tokentide` itself does, without running it; return its verbs.

    Raise an error of the parser where a verb, an option or a value does not exist.
    """
    program, *rest = words
    assert program in {"tokentide", PROGRAM}, words
    command: Any = _tokentide()
    verbs = []
    while hasattr(command, "commands") and rest:
        verbs.append(rest[0])
        command = command.commands[rest.pop(0)]
    command.make_context(verbs[-1], rest)
    return tuple(verbs)


def check_settings(verbs: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Return the settings of an environment; raise BadSetting where one is unknown or wrong.

    Fail where a service that the verb needs is not set.
    """
    settings = read_settings(env=environment, dotenv=Path("/nonexistent/.env"))
    services = settings.services
    found = {name for name in ("lake", "spool", "published") if getattr(services, name)}
    assert NEEDED[tuple(verbs)] <= found, (verbs, found)
    return settings
