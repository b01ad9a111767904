"""Requirements of tests on the machine: a browser, recorded answers, a Prometheus.

In continuous integration (`CI=true`) a missing one fails the test, so that nothing goes untested
unnoticed. Elsewhere the test skips and names what is missing.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")
# The first one draws the same pages without a window's work, in two thirds of the CPU.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def require(found: T | None, missing: str, env: Mapping[str, str] = os.environ) -> T:
    """Return what was found. Where it is None, fail in CI and skip elsewhere.

    `missing` says what is not there and how to get it.
    """
    if found is not None:
        return found
    if env.get("CI", "").lower() == "true":
        pytest.fail(f"CI must have what its tests need: {missing}", pytrace=False)
    pytest.skip(missing)


def require_file(path: Path, what: str) -> Path:
    """Return a file's path if it exists."""
    return require(path if path.exists() else None, f"{what} is not at {path}")


def require_browser() -> str:
    """Return the path of Debian's Chromium, or of the browser that CHROMIUM names."""
    installed = (shutil.which(name) for name in BROWSERS)
    found = os.environ.get("CHROMIUM") or next(filter(None, installed), None)
    return require(found, "no Chromium: install Debian's chromium, or name one in CHROMIUM")


def require_program(name: str) -> str:
    """Return the path of a program, such as a Prometheus server, by its name."""
    return require(shutil.which(name), f"no {name}: install Debian's {name}")


def require_recordings() -> Path:
    """Return the folder of recorded answers that TOKENTIDE_RECORDINGS names."""
    named = os.environ.get("TOKENTIDE_RECORDINGS")
    return Path(require(named or None, "no recorded answers: TOKENTIDE_RECORDINGS is not set"))
