"""The journal of events: no kill loses an event or writes one twice."""

import json
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.server.usage_journal import INSTANT_COLUMNS, SCHEMA, Journal, recover_journals

NOW = "2026-11-25T00:00:00+00:00"
CLIENTS = 4
# A process that appends events without end and prints each one that is confirmed.
WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from models.server.usage_log import UsageEvent, UsageLog
now = datetime.now(UTC)
log = UsageLog(Path(sys.argv[1]), rows=50)
number = 0
while True:
    name = f"{sys.argv[2]}-{number}"
    log.add(UsageEvent(name, "m", now, now, now, 1, 0, 1, 0, 0, "finished", "stop", "cpu"))
    print(name, flush=True)
    number += 1
    if not number % 20:
        log.flush()
"""


def row(name: str) -> dict[str, Any]:
    """Make the fields of an event."""
    return {each: 1 for each in SCHEMA.names if pa.types.is_integer(SCHEMA.field(each).type)} | {
        "request_id": name,
        "model": "tiny",
        **dict.fromkeys(INSTANT_COLUMNS, NOW),
        "outcome": "finished",
        "finish_reason": "stop",
        "device": "cpu",
    }


def read_names(folder: Path) -> list[str]:
    """Read the request ids of all segments."""
    tables = [pa.ipc.open_file(each).read_all() for each in sorted(folder.glob("*.arrow"))]
    return [name for table in tables for name in table["request_id"].to_pylist()]


def test_the_journal_of_a_living_server_is_left_alone(tmp_path: Path) -> None:
    """It is a segment only when its server says so."""
    journal = Journal(tmp_path / "a.journal")
    journal.append(row("one"))
    recover_journals(tmp_path)
    assert read_names(tmp_path) == []
    journal.append(row("two"))
    journal.seal()
    assert read_names(tmp_path) == ["one", "two"]
    assert [each.name for each in tmp_path.iterdir()] == ["a.arrow"]


def test_a_kill_between_both_names_loses_nothing(tmp_path: Path) -> None:
    """A segment that still has the journal's name is given its own, and not written again."""
    journal = Journal(tmp_path / "a.journal")
    journal.append(row("one"))
    journal.seal()
    (tmp_path / "a.arrow").rename(tmp_path / "a.journal")
    recover_journals(tmp_path)
    assert read_names(tmp_path) == ["one"]


@given(st.integers(min_value=0))
def test_a_loss_of_power_costs_only_what_was_not_synced(cut: int) -> None:
    """A journal that ends anywhere gives every event that is whole."""
    lines = [json.dumps(row(name)).encode() + b"\n" for name in ("one", "two", "three")]
    data = b"".join(lines)
    data = data[: cut % (len(data) + 1)]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.journal").write_bytes(data)
        recover_journals(Path(folder))
        whole = sum(len(data) >= end for end in (len(b"".join(lines[:n])) - 1 for n in (1, 2, 3)))
        assert read_names(Path(folder)) == ["one", "two", "three"][:whole]
        assert not list(Path(folder).glob("*.journal"))


def test_damaged_lines_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rest is a segment, and the number is printed."""
    lines = [json.dumps(row("one")), "\0\0", json.dumps({"request_id": "two"}), "[1]", "3"]
    (tmp_path / "a.journal").write_text("\n".join(lines))
    recover_journals(tmp_path)
    assert read_names(tmp_path) == ["one"]
    assert "4 events were cut off" in capsys.readouterr().err


def test_a_journal_of_wrong_types_is_set_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stops neither a server nor a load."""
    (tmp_path / "a.journal").write_text(json.dumps(row("one") | {"prompt_tokens": "many"}))
    recover_journals(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["a.damaged"]
    assert "a.damaged" in capsys.readouterr().err


def test_several_that_recover_write_nothing_twice(tmp_path: Path) -> None:
    """Servers that start and a load may meet at one journal."""
    for number in range(20):
        (tmp_path / f"{number:02}.journal").write_text(json.dumps(row(str(number))))
    threads = [Thread(target=recover_journals, args=(tmp_path,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recover_journals(tmp_path)
    assert read_names(tmp_path) == [str(number) for number in range(20)]


def test_killed_writers_lose_no_confirmed_event(tmp_path: Path) -> None:
    """Processes are killed while they append and seal; every event they confirmed is kept once."""

    def run(number: int) -> list[str]:
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            names = [process.stdout.readline().strip() for _ in range(140 + 35 * number)]
            process.send_signal(signal.SIGKILL)
            return names + process.stdout.read().split("\n")[:-1]

    with ThreadPoolExecutor(CLIENTS) as pool:
        confirmed = [name for names in pool.map(run, range(CLIENTS)) for name in names]
    recover_journals(tmp_path)
    written = read_names(tmp_path)
    assert len(written) == len(set(written))
    assert set(confirmed) <= set(written)
    assert len(written) <= len(confirmed) + CLIENTS  # the one at the kill may not be confirmed
