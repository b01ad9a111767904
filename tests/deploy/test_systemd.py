"""Units of systemd: verbs and settings that exist, hardening, and what systemd says of them."""

import shutil
import subprocess
from pathlib import Path
from shlex import split

import pytest
from support.deploy.files import (
    DEPLOY,
    NEEDED,
    PROGRAM,
    SECRET,
    SECRETS,
    check_command,
    check_settings,
)

UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]
HARDENED = {
    "NoNewPrivileges": "true",
    "PrivateTmp": "true",
    "ProtectHome": "true",
    "ProtectSystem": "strict",
    "StateDirectory": "tokentide",
    "User": "tokentide",
}
# What /etc/tokentide/env has on a host with all parts.
GIVEN = {
    "TOKENTIDE_LAKE": "postgresql://tokentide@db.example.org/lake s3://bucket/lake",
    "TOKENTIDE_SPOOL": "s3://bucket/spool",
    "TOKENTIDE_PUBLISHED": "s3://bucket/published",
    **dict.fromkeys(SECRETS, SECRET),
}


def read_unit(path: Path) -> list[tuple[str, str]]:
    """Return keys and values of a unit, in order; a key may stand there several times."""
    lines = path.read_text().splitlines()
    return [
        (key, value)
        for key, is_set, value in (line.partition("=") for line in lines)
        if is_set and not key.startswith("#")
    ]


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_a_unit_runs_a_verb_with_settings_that_exist(path: Path) -> None:
    unit = read_unit(path)
    values = dict(unit)
    assert HARDENED.items() <= values.items()
    command = split(values["ExecStart"])
    assert command[0] == PROGRAM
    settings = dict(value.split("=", 1) for key, value in unit if key == "Environment")
    home = check_settings(check_command(command), {**GIVEN, **settings}).home
    assert home == Path("/var/lib") / values["StateDirectory"]


def test_there_is_a_unit_for_every_part() -> None:
    verbs = {check_command(split(dict(read_unit(path))["ExecStart"])) for path in SERVICES}
    # A person creates the lake, once.
    assert verbs == NEEDED.keys() - {("lake", "create")}


def test_what_runs_once_has_a_timer() -> None:
    """All others are started again when they end."""
    for path in SERVICES:
        values = dict(read_unit(path))
        is_once = values.get("Type") == "oneshot"
        assert is_once == path.with_suffix(".timer").exists(), path.name
        assert is_once or values["Restart"] in {"always", "on-failure"}
        assert is_once or values["WantedBy"] == "multi-user.target"


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """Each unit as it is, but with a program that exists here; one with a fault is found."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze: it comes with systemd, which not every machine runs")
    true = shutil.which("true") or "/bin/true"
    for path in UNITS:
        (tmp_path / path.name).write_text(path.read_text().replace(PROGRAM, true))
    units = [str(tmp_path / path.name.replace("@.", "@1.")) for path in UNITS]
    done = subprocess.run([program, "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    fault = tmp_path / "fault.service"
    fault.write_text((tmp_path / "tokentide.service").read_text().replace("Restart=", "Restrat="))
    done = subprocess.run(
        [program, "verify", str(fault)], capture_output=True, text=True, check=False
    )
    assert "Restrat" in done.stderr
