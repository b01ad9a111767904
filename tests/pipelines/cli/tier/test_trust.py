"""Commands of a tier file that nobody named: asked about once, refused where nobody can answer."""

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.cli.command import Command

from pipelines.settings import read_settings

TIER = """
[[target]]
name = "ours"
url = "http://127.0.0.1:9/metrics"
engine = "vllm"
device_kind = "card"
devices = 1

[[device_source]]
target = "ours"
kind = "npu-smi"
command = ["{folder}/hostile", "info"]
"""


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Return the command in a folder whose tier.toml runs a program of that folder."""
    (tmp_path / "tier.toml").write_text(TIER.format(folder=tmp_path))
    (tmp_path / "hostile").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (tmp_path / "hostile").chmod(0o755)
    return Command(tmp_path / "home", XDG_STATE_HOME=str(tmp_path / "state"))


def collect(command: Command, *options: str, until: Path | None = None) -> str:
    """Collect until a file is there, or until it is refused; return what it printed."""
    with command.start("collect", "--port", "0", *options) as process:
        assert process.stdout
        first, end = process.stdout.readline(), time.monotonic() + 30
        while until and not until.exists() and time.monotonic() < end:
            time.sleep(0.05)
        process.terminate()
        return first + process.communicate()[0]


def test_without_a_terminal_nothing_runs(command: Command) -> None:
    """The message lists the commands and how to allow them; a `.env` of the folder does not."""
    folder = command.home.parent
    (folder / ".env").write_text(f"TOKENTIDE_TIER={folder}/tier.toml\n")
    done = command.run("collect", "--port", "0")
    assert done.returncode == 1
    assert "collect --trust" in done.stderr
    assert "hostile info" in done.stderr.replace("\n", "")
    assert not (folder / "ran").exists()


def test_an_answer_is_remembered_for_these_commands(command: Command) -> None:
    """Others are asked about again; other targets are not."""
    folder = command.home.parent
    assert "Collecting from 1 targets" in collect(command, "--trust", until=folder / "ran")
    assert (folder / "ran").exists()
    tier = folder / "tier.toml"
    tier.write_text(tier.read_text().replace("127.0.0.1:9", "127.0.0.1:10"))
    assert "Collecting from 1 targets" in collect(command)
    tier.write_text(tier.read_text().replace('"info"', '"other"'))
    assert "Nobody has allowed them" in collect(command)


@pytest.mark.parametrize("way", ["option", "environment"])
def test_a_file_that_is_named_is_allowed(command: Command, way: str) -> None:
    """A person who gives its path has decided."""
    options = ["--tier", "tier.toml"] if way == "option" else []
    if way == "environment":
        command.environment["TOKENTIDE_TIER"] = "tier.toml"
    assert "Collecting from 1 targets" in collect(command, *options)


@pytest.mark.parametrize(("answer", "is_kept"), [(b"y\n", True), (b"n\n", False)])
def test_a_person_is_asked_once(tmp_path: Path, answer: bytes, is_kept: bool) -> None:
    """On a terminal, with the commands."""
    (tmp_path / "tier.toml").write_text(TIER.format(folder=tmp_path))
    main, other = pty.openpty()
    code = (
        "from pipelines.cli.tier.trust import check_commands_of\n"
        "from pipelines.settings import read_settings\n"
        "check_commands_of(read_settings())"
    )
    root = str(Path(__file__).resolve().parents[4])
    env = {**os.environ, "PYTHONPATH": root, "XDG_STATE_HOME": str(tmp_path / "state")}
    env.pop("TOKENTIDE_TIER", None)
    os.write(main, answer)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=other, stdout=other, stderr=other, cwd=tmp_path, env=env
    ) as process:
        code_found = process.wait(60)
    asked = os.read(main, 10_000).decode()
    assert "May they run?" in asked
    assert f"{tmp_path}/hostile info" in asked.replace("\r\n", "")
    assert (code_found == 0) is is_kept
    kept = tmp_path / "state" / "tokentide" / "trusted-commands"
    assert kept.exists() is is_kept
    os.close(main)
    os.close(other)


def test_only_the_environment_of_the_process_names_a_file(tmp_path: Path) -> None:
    """A `.env` comes with the folder."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("TOKENTIDE_TIER=tier.toml\n")
    assert not read_settings(env={}, dotenv=dotenv).is_tier_named
    assert read_settings(env={"TOKENTIDE_TIER": "tier.toml"}, dotenv=dotenv).is_tier_named
