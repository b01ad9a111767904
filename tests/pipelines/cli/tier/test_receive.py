"""`tokentide receive` as a process: taking in until a signal, a kill, and what it refuses."""

import random
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from support.cli.command import Command
from support.collecting import of_metric, read_rows
from support.receiver.receiving import V1, tokens_page, write_request
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.cli.tier.receive import receiver_line

NOW_MS = round(time.time() * 1000)
TARGET = '[[target]]\nname = "{}"\nurl = "http://10.0.0.1:8000/metrics"\nengine = "vllm"\n'


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Return the command with a fresh home and no tier file."""
    return Command(tmp_path / "home")


@contextmanager
def receiving_process(command: Command, *options: str) -> Iterator[tuple[Any, str]]:
    """Run the verb while the `with` lasts; yield the process and its address."""
    with command.start("receive", "--port", "0", *options) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line
        try:
            yield process, found[0]
        finally:
            process.kill()


def push(url: str, body: bytes) -> int:
    """Send a remote write; return the status."""
    response = httpx.post(f"{url}/api/v1/write", content=body, headers=V1, trust_env=False)
    return response.status_code


def values(command: Command) -> list[float]:
    """Return the values of all samples of tokens in segments."""
    rows = read_rows(command.home / "spool/telemetry")
    return sorted(row["value"] for row in of_metric(rows, "generation_tokens"))


def push_until(url: str, confirmed: set[int], first: int, number: int) -> ThreadPoolExecutor:
    """Push samples from several threads until a number of them is confirmed; return the pool."""

    def send(each: int) -> None:
        try:
            if push(url, write_request(tokens_page(each, NOW_MS + each))) == 204:
                confirmed.add(each)
        except httpx.TransportError:
            pass

    pool, wanted = ThreadPoolExecutor(8), len(confirmed) + number
    for each in range(first, first + 4 * number):
        pool.submit(send, each)
    while len(confirmed) < wanted:
        time.sleep(0.001)
    return pool


def test_what_was_confirmed_is_in_a_segment(command: Command) -> None:
    """After a kill and another start, and after Ctrl-C; a second one in one home is refused."""
    confirmed: set[int] = set()
    with receiving_process(command, "--segment-seconds", "0.3") as (process, url):
        assert "Another receiver takes in for this home" in command("receive", code=1)
        pool = push_until(url, confirmed, 0, 40)
        process.kill()
        pool.shutdown(cancel_futures=True)
    with receiving_process(command) as (process, url):
        assert push(url, write_request(tokens_page(1000, NOW_MS + 1000))) == 204
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0, rest
    assert "samples in" in rest
    assert "Traceback" not in rest
    assert confirmed | {1000} <= set(values(command))
    assert not list((command.home / "spool/received").glob("*.journal"))


def test_a_change_of_the_tier_file_counts_while_it_runs(command: Command, tmp_path: Path) -> None:
    """A server that pushes is the target that the file names now; a file that is wrong is said."""
    path = tmp_path / "tier.toml"
    path.write_text(TARGET.format("before"))
    with receiving_process(command, "--tier", str(path)) as (process, url):
        for text, said in (
            ("[[target]]\nname = 7\n", "tier.toml is used as it was before"),
            (TARGET.format("after"), "tier.toml has changed: 1 targets in it now"),
        ):
            path.write_text(text)
            while said not in process.stdout.readline():
                assert process.poll() is None
        assert push(url, write_request(tokens_page(1))) == 204
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    rows = read_rows(command.home / "spool/telemetry")
    assert {row["target"] for row in rows} == {"after"}


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)
def test_no_kill_loses_what_was_confirmed(command: Command) -> None:
    """Ten kills at seeded moments, some of them while a journal is being taken over."""
    chance, confirmed = random.Random(19), set[int]()
    for number in range(10):
        with receiving_process(command, "--segment-seconds", "0.2") as (process, url):
            if number % 3:
                pool = push_until(url, confirmed, 1000 * number, chance.randrange(1, 120))
                process.kill()
                pool.shutdown(cancel_futures=True)
            else:
                time.sleep(chance.random() / 5)
                process.kill()
    with receiving_process(command) as (process, _):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert confirmed <= set(values(command))
    assert len(confirmed) > 200


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--host", "0.0.0.0"), "On 0.0.0.0 others could write, too: set TOKENTIDE_RECEIVE_KEY"),
        (("--api-key", "short"), "at least 12 printable ASCII"),
        (("--api-key", "with a space in it"), "no spaces"),
        (("--tier", "missing.toml"), "missing.toml does not exist"),
    ],
)
def test_options_that_cannot_be_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], sentence: str
) -> None:
    """Each sentence says what to do, and none repeats a key."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["receive", *options], env={"TOKENTIDE_HOME": str(tmp_path)})
    assert result.exit_code != 0
    assert sentence in str(result.exception)
    assert "with a space" not in str(result.exception)


def test_the_status_line_says_what_is_not_kept() -> None:
    """Servers, samples, what is left out or refused, and why senders wait."""
    tally = SimpleNamespace(
        requests=5, segments=2, refused=3, histograms=1, exemplars=0, left_out=7, refused_requests=1
    )
    receiver = SimpleNamespace(
        servers=2,
        tally=tally,
        pages=SimpleNamespace(samples=10, homeless=4),
        held=SimpleNamespace(rows=5),
        problem=lambda: "The spool is full.",
    )
    assert receiver_line(cast("Any", receiver)) == (
        "2 servers, 5 requests, 15 samples open, 2 segments; 11 left out; 4 refused; "
        "1 requests refused; senders wait: The spool is full."
    )


def test_help_has_examples() -> None:
    """They can be copied."""
    text = CliRunner().invoke(app, ["receive", "--help"]).output
    assert "tokentide receive" in text
    assert "TOKENTIDE_RECEIVE_KEY" in text
