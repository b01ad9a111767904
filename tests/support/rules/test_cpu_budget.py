"""A test above five seconds of CPU fails unless it is marked slow."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

PLUGIN = Path(__file__).with_name("cpu_budget.py")
# The budget of the plugin under test is small, so that these tests are quick.
CONFTEST = f"""
from importlib.util import module_from_spec, spec_from_file_location

spec = spec_from_file_location("budget_under_test", {str(PLUGIN)!r})
budget = module_from_spec(spec)
spec.loader.exec_module(budget)
budget.MAX_CPU_SECONDS, budget.TOLERANCE = 0.2, 1.0

def pytest_configure(config):
    config.addinivalue_line("markers", "slow: slow")
    config.pluginmanager.register(budget)
"""
BURN = """
import subprocess, sys, time, pytest

BUSY = "import time\\nwhile time.process_time() < 0.4: pass"

def burn():
    end = time.process_time() + 0.4
    while time.process_time() < end:
        pass

"""


class Run(Protocol):
    """A call that runs the body of a test file with the plugin and returns what pytest printed."""

    def __call__(self, body: str) -> str: ...


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a test file in a pytest that has this plugin and no other."""

    def run(body: str) -> str:
        (tmp_path / "conftest.py").write_text(CONFTEST)
        (tmp_path / "test_it.py").write_text(BURN + body)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        return done.stdout

    return run


def test_an_unmarked_test_above_the_limit_fails(run: Run) -> None:
    printed = run("def test_it(): burn()")
    assert "s of CPU, more than 0.2 s. Make it smaller, or mark it" in printed
    assert "1 failed" in printed


def test_cpu_of_children_counts(run: Run) -> None:
    assert "1 failed" in run("def test_it(): subprocess.run([sys.executable, '-c', BUSY])")


def test_cpu_of_a_fixture_made_for_the_test_counts(run: Run) -> None:
    fixture = "@pytest.fixture\ndef made(): burn()\n\n"
    assert "1 failed" in run(fixture + "def test_it(made): pass")


def test_cpu_of_a_shared_fixture_does_not_count(run: Run) -> None:
    fixture = "@pytest.fixture(scope='module')\ndef made(): burn()\n\n"
    assert "1 passed" in run(fixture + "def test_it(made): pass")


def test_a_marked_test_may_take_longer(run: Run) -> None:
    assert "1 passed" in run("@pytest.mark.slow\ndef test_it(): burn()")


def test_waiting_is_free(run: Run) -> None:
    assert "1 passed" in run("def test_it(): time.sleep(0.5)")


def test_a_test_that_fails_by_itself_keeps_its_own_message(run: Run) -> None:
    printed = run("def test_it():\n    burn()\n    raise ValueError('the reason')")
    assert "ValueError: the reason" in printed
    assert "s of CPU" not in printed
