"""Defects and outcomes that are stated in files beside this one."""

import tomllib
from pathlib import Path
from typing import Any

Stated = dict[str, dict[str, Any]]


def read_stated(name: str) -> Stated:
    """Read one of the files, such as `defects` or `upstream`."""
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text())
