"""Messages, errors and progress go to standard error, and Ctrl-C ends with a sentence."""

import signal
import subprocess
import sys
from typing import Any

import pytest
from support.cli.paper import Paper

from pipelines.cli.console import (
    ProgressLines,
    obey_ctrl_c,
    show_error,
    show_progress,
    stderr,
    stdout,
)
from pipelines.errors import BadSetting

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


def test_progress_is_lines_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    """A log file of a schedule holds no bars: the start of each stage, and its end."""
    with show_progress() as (on_request, on_built):
        for day in range(1, 9):
            on_request(f"[rankings] of 2026-06-0{day}")
        for number in range(1, 81):
            on_built(f"table {number}", number, 80)
        on_built("a table of unknown many", 1, 0)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "request 1: [rankings] of 2026-06-01",
        "built 1 of 80: table 1",
        "built 80 of 80: table 80",
    ]


def test_a_long_stage_says_now_and_then_where_it_is(paper: Paper) -> None:
    """At most every five seconds."""
    times = iter([0.0, 3.0, 5.0, 9.0, 10.5])
    lines = ProgressLines(paper, lambda: next(times))
    for number in range(1, 6):
        lines.on_request(f"day {number}")
    assert paper.text.splitlines() == ["request 1: day 1", "request 3: day 3", "request 5: day 5"]


def test_an_error_is_words_without_the_name_of_its_class(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Brackets are a part of the message."""
    show_error(BadSetting("[x] is no port."), " Choose another.")
    assert capsys.readouterr().err == "Error: [x] is no port. Choose another.\n"


def test_ctrl_c_says_what_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """It stays a Ctrl-C for whoever called."""
    with pytest.raises(KeyboardInterrupt), show_progress():
        raise KeyboardInterrupt
    assert "Stopped. What was fetched is kept" in capsys.readouterr().err


@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.SIG_DFL, signal.default_int_handler])
def test_ctrl_c_is_obeyed_where_it_was_ignored(before: Any) -> None:
    """A handler that somebody else has set stays."""
    earlier = signal.signal(signal.SIGINT, before)
    try:
        obey_ctrl_c()
        found = signal.getsignal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, earlier)
    assert found == (signal.default_int_handler if before is signal.SIG_IGN else before)


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
