"""Consent to the commands of a tier file that nobody named, but that lies in the current folder.

A folder may come from anybody, and its tier.toml names commands to run as device sources. Whoever
gives the file's path, by an option or in the environment, has decided already; otherwise a person
is asked once. The answer is kept in the person's folder of state, never in the home, which may lie
in the same folder.
"""

import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from platformdirs import user_state_path
from rich.markup import escape

from pipelines.cli.console import stderr
from pipelines.errors import BadTier
from pipelines.files import append_durably
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.telemetry.config.tier import Tier

FILE = "trusted-commands"


def check_commands(path: Path, tier: "Tier", *, is_named: bool, trust: bool = False) -> None:
    """Ask a person whether the commands of a tier file may run, unless that is known.

    Raise BadTier where they may not, or where there is nobody to ask.
    """
    commands = sorted({" ".join(each.command) for each in tier.device_sources if each.command})
    if is_named or not commands:
        return
    # Another file, or other commands, is another question; other targets are none.
    digest = sha256("\n".join([str(path.resolve()), *commands]).encode()).hexdigest()
    kept = user_state_path("tokentide") / FILE
    if kept.exists() and digest in kept.read_text().splitlines():
        return
    listed = "\n".join(f"    {command}" for command in commands)
    if not (trust or _ask(path, listed)):
        raise BadTier(
            f"{path} lies in the current folder and runs commands:\n{listed}\n"
            "Nobody has allowed them. `tokentide collect --trust` does for good; so does naming "
            f"the file, with --tier or with TOKENTIDE_TIER={path} in the environment."
        )
    append_durably(kept, digest)


def check_commands_of(settings: Settings) -> None:
    """Ask before a collector is started where nobody can be asked; it reports what is invalid."""
    from pipelines.telemetry.config.tier import read_tier

    try:
        tier = read_tier(settings.tier)
    except BadTier:
        return
    check_commands(settings.tier, tier, is_named=settings.is_tier_named)


def _ask(path: Path, listed: str) -> bool:
    if not (sys.stdin.isatty() and stderr.is_terminal):
        return False
    question = f"{escape(str(path))} runs commands on this machine:\n{escape(listed)}"
    stderr.print(question, highlight=False, soft_wrap=True)
    return typer.confirm("May they run? You are asked once.", err=True)
