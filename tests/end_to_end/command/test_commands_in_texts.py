"""Each `tokentide …` and `make …` in documents, messages and pages exists, with its options."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.cli.mentions import Mention, commands_of, mentions_in
from typer.main import get_command
from typer.testing import CliRunner

from pipelines.cli import app

ROOT = Path(__file__).resolve().parents[3]
TEXTS = (
    "*.md",
    "docs/**/*.md",
    "benchmarks/*.md",
    ".env.example",
    "tier.toml.example",
    "alerts.toml.example",
    "Makefile",
    "deploy/**/*",
    ".github/**/*",
    ".devcontainer/*",
    *(
        f"{package}/**/*{suffix}"
        for package in ("pipelines", "models", "warehouse", "dashboards", "benchmarks")
        for suffix in (".py", ".sql", ".yml", ".js", ".html")
    ),
)
# Folders of files that others made.
FOREIGN = {"target", "logs", "vendor"}
MAKEFILE = (ROOT / "Makefile").read_text()
DEFAULTS = dict(re.findall(r"^(\w+) [?:]= (.+)$", MAKEFILE, re.M))
TARGETS = {
    re.sub(r"\$\((\w+)\)", lambda match: DEFAULTS[match[1]], target)
    for target in re.findall(r"^([^\s:#]+):", MAKEFILE, re.M)
}
# Verbs that pass their options on to a command of `models`.
PASSED_ON = {"models.server": "serve", "models.loadgen": "load"}


@cache
def all_mentions() -> list[Mention]:
    """Return the commands that the repository's texts name. Reading them takes seconds."""
    paths = {path for pattern in TEXTS for path in ROOT.glob(pattern) if path.is_file()}
    return [
        mention
        for path in sorted(paths)
        if FOREIGN.isdisjoint(path.relative_to(ROOT).parts)
        for mention in mentions_in(path, ROOT)
    ]


@cache
def passed_on_options(verb: str) -> frozenset[str]:
    """Return the options in the usage that a verb prints. Examples below it prove nothing."""
    usage, _, _ = CliRunner().invoke(app, [verb, "--help"]).output.partition("\n\n")
    return frozenset(re.findall(r"(?<![\w-])--?[a-z][\w-]*", usage))


def problem_with(mention: Mention) -> str | None:
    """Return what does not exist of a command, None if all of it does."""
    name, *words = mention.words
    if name == "make":
        return problem_with_make(words)
    if name in PASSED_ON:
        words.insert(0, PASSED_ON[name])
    command: Any = get_command(app)
    verbs: list[str] = []
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        verb = words.pop(0)
        if verb not in command.commands:
            return f"no verb {verb}"
        command = command.commands[verb]
        verbs.append(verb)
    if len(verbs) == 1 and verbs[0] in PASSED_ON.values():
        known = passed_on_options(verbs[0]) | {"--help", "-h"}
    else:
        options = [[*each.opts, *each.secondary_opts] for each in command.params]
        known = frozenset({"--help"}.union(*options))
    given = [word.partition("=")[0] for word in words if re.match("--?[a-z]", word)]
    unknown = [option for option in given if option not in known]
    return f"no option {', '.join(unknown)}" if unknown else None


def problem_with_make(words: list[str]) -> str | None:
    """Return the target or variable that the Makefile lacks."""
    options = {index for index, word in enumerate(words) if word.startswith("-")}
    values = {index + 1 for index in options if words[index] in {"-C", "--directory", "-f"}}
    for index, word in enumerate(words):
        if index in options | values:
            continue
        variable, is_set, _ = word.partition("=")
        if is_set and f"$({variable})" not in MAKEFILE:
            return f"no variable {variable}"
        if not is_set and word not in TARGETS:
            return f"no target {word}"
    return None


@pytest.mark.slow
def test_every_command_in_a_text_exists() -> None:
    """A person who follows a text reaches what it promises."""
    problems = {
        mention.place: problem
        for mention in all_mentions()
        if (problem := problem_with(mention)) is not None
    }
    assert problems == {}


def test_texts_name_most_verbs() -> None:
    """The search finds commands in documents, messages, SQL, the Makefile and settings."""
    mentions = all_mentions()
    files = {mention.place.partition(":")[0] for mention in mentions}
    assert len(mentions) > 100
    assert {"README.md", "Makefile", ".env.example", "pipelines/publish/generations.py"} <= files
    assert any(file.startswith("dashboards/") for file in files)
    assert any(file.endswith(".sql") for file in files)
    verbs = {mention.words[1] for mention in mentions if mention.words[0] == "tokentide"}
    assert set(get_command(app).commands) <= verbs


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tokentide scrape", "no verb scrape"),
        ("tokentide ingest markets --start 2026-01-01", "no verb markets"),
        ("tokentide ingest market --begin 2026-01-01", "no option --begin"),
        ("$ tokentide status --jsn   # for a program", "no option --jsn"),
        ("TOKENTIDE_HOME=/srv tokentide sql --parquet=x -q 'select 1'", "no option -q"),
        ("tokentide serve --no-such", "no option --no-such"),
        ("python -m models.loadgen --poison 5", "no option --poison"),
        ("make tset", "no target tset"),
        ("make up PROT=1", "no variable PROT"),
        ("tokentide ingest market [--start --end] [--slices]", None),
        ("tokentide load --poisson 4 \\\n  --requests 10 | tee --append log", None),
        ("tokentide claims && tokentide claims show five-weeks --json", None),
        ("python -m pipelines up --once  # the market's", None),
        ("make up PORT=3001", None),
        ("make -C /opt/tokentide .venv/.installed-run", None),
        ("/opt/tokentide/.venv/bin/tokentide scrape", "no verb scrape"),
    ],
)
def test_what_does_not_exist_is_found(text: str, problem: str | None) -> None:
    """A verb, a verb of a verb, an option, an option of the tier, a target, a variable."""
    problems = [problem_with(Mention("", words)) for words in commands_of(text)]
    assert set(problems) == {problem}
