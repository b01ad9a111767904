"""Messages and progress go to standard error, and Ctrl-C ends with a sentence."""

import subprocess
import sys

import pytest

from pipelines.cli.console import show_progress, stderr, stdout

LOGGING = """
import logging
from pipelines.cli.console import show_log
show_log()
logging.getLogger("pipelines.ingest").info("Waiting for [another] build.")
logging.getLogger("pipelines.ingest").debug("not shown")
logging.getLogger("httpx").info("not shown")
logging.getLogger("httpx").warning("A library warns.")
logging.getLogger("stamina").warning("not shown")
"""
INTERRUPTED_QUERY = """
import os, signal, threading
import duckdb
from pipelines.cli.console import show_progress
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    with show_progress():
        duckdb.sql("select count(*) from range(10_000_000) a, range(10_000_000) b").fetchall()
except KeyboardInterrupt as error:
    print("KeyboardInterrupt after", type(error.__cause__).__name__)
"""


def test_the_log_goes_to_standard_error() -> None:
    """Messages of the pipeline are printed as they are. Libraries only warn; retries are silent."""
    done = subprocess.run(
        [sys.executable, "-c", LOGGING], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert "Waiting for [another] build." in done.stderr
    assert "A library warns." in done.stderr
    assert "not shown" not in done.stderr


def test_results_and_messages_are_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """A result can be piped while messages stay in the terminal. `:free` is no emoji."""
    stdout.print("lab/model:free")
    stderr.print("a message")
    captured = capsys.readouterr()
    assert captured.out == "lab/model:free\n"
    assert captured.err == "a message\n"


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    """A log file of a schedule holds no bars."""
    with show_progress() as (on_request, on_built):
        on_request("rankings of 2026-06-01 to 2026-06-14")
        on_built("market_days", 1, 80)
        on_built("market_days", 1, 0)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_ctrl_c_says_what_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """It stays a Ctrl-C for whoever called."""
    with pytest.raises(KeyboardInterrupt), show_progress():
        raise KeyboardInterrupt
    assert "Stopped. What was fetched is kept" in capsys.readouterr().err


def test_ctrl_c_within_a_query_is_a_ctrl_c() -> None:
    """DuckDB reports it as a RuntimeError."""
    done = subprocess.run(
        # A shell starts jobs in the background with Ctrl-C ignored, and processes inherit that.
        ["env", "--default-signal=INT", sys.executable, "-c", INTERRUPTED_QUERY],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "KeyboardInterrupt after RuntimeError\n", done.stderr
    assert "Stopped." in done.stderr


def test_another_error_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is said of an interrupt that did not happen."""
    with pytest.raises(RuntimeError, match="out of luck"), show_progress():
        raise RuntimeError("out of luck")
    assert capsys.readouterr().err == ""
