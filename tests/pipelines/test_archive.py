"""The raw archive on a real disk: nothing is lost or half seen, real and simulated never mix."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support.loading import keep_answer

from pipelines.archive import Answer, Archive
from pipelines.errors import BadAnswer, MixedOrigins
from pipelines.files import append_durably, write_durably

KEY = "sk-or-v1-0123456789abcdef"
AT = datetime(2026, 6, 19, 8, 20, 44, 552000, UTC)
# Keeps answers for ever, or as many as it is reported, and prints the hash of each as soon as it is
# kept.
KEEPER = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from pipelines.archive import Answer, Archive, utc_now
folder, name, count, origin = sys.argv[1:]
archive, number = Archive(Path(folder)), 0
print("ready", flush=True)
sys.stdin.readline()
while number != int(count):
    url, params = f"http://h/{number}", {"number": str(number)}
    answer = Answer(name, url, utc_now(), 200, 0, "", "run", params, origin=origin)
    print(archive.keep(answer, f"{name} {number} ".encode() * 500).sha256, flush=True)
    number += 1
"""


def answer_at(at: datetime, url: str = "http://h/models", **more: object) -> Answer:
    return Answer("models", url, at, 200, 0, "", "run-1", **more)  # type: ignore[arg-type]


def log_of(archive: Archive) -> Path:
    return archive.folder / "answers" / "2026-06-19.jsonl"


def keeper(
    archive: Archive, name: str, count: int = -1, origin: str = "real"
) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", KEEPER, str(archive.folder), name, str(count), origin]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def started(*processes: subprocess.Popen[str]) -> None:
    """Wait until all are ready, then let them go at once."""
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "home" / "raw")


def test_what_was_kept_is_read_back(archive: Archive) -> None:
    """The bytes are as they came.

    The answer knows their size and hash and returns from the log as it was kept.
    """
    asked = answer_at(AT, params={"output_modalities": "all"}, etag='"e"', context={"model": "a/b"})
    kept = archive.keep(asked, b'{"data":[]}')
    assert (kept.bytes, kept.sha256) == (11, sha256(b'{"data":[]}').hexdigest())
    assert archive.read(kept.sha256) == b'{"data":[]}'
    assert list(archive.answers()) == [kept]
    assert (
        kept.answer_id
        == f"20260619T082044552000-{sha256(b'models http://h/models').hexdigest()[:8]}-{kept.sha256[:8]}"
    )


def test_the_same_bytes_are_stored_once(archive: Archive) -> None:
    """Two answers with the same bytes are two lines of the log and one file."""
    kept = [archive.keep(answer_at(AT + timedelta(seconds=n)), b"{}") for n in range(2)]
    assert len(list(archive.answers())) == 2
    assert [path.name for path in archive.folder.glob("bodies/*/*")] == [f"{kept[0].sha256}.zst"]


def test_answers_come_in_the_order_of_time(archive: Archive) -> None:
    """Across days and within one, whatever the order in which they were kept."""
    hours = (30, 2, 50, 1, 26)
    for hour in hours:
        archive.keep(
            answer_at(datetime(2026, 6, 19, tzinfo=UTC) + timedelta(hours=hour)), str(hour).encode()
        )
    assert [archive.read(answer.sha256) for answer in archive.answers()] == [
        b"1",
        b"2",
        b"26",
        b"30",
        b"50",
    ]
    assert sorted(path.name for path in archive.folder.glob("answers/*")) == [
        "2026-06-19.jsonl",
        "2026-06-20.jsonl",
        "2026-06-21.jsonl",
    ]


def test_an_empty_archive_has_no_answers(archive: Archive) -> None:
    """Looking into it does not create it."""
    assert list(archive.answers()) == []
    assert archive.origin is None
    assert not archive.has("0" * 64)
    assert not archive.folder.exists()


def test_a_line_that_a_crash_cut_short_is_skipped_and_the_next_stands_alone(
    archive: Archive,
) -> None:
    """Wherever the last line was cut, the answers before and after it are read."""
    first = archive.keep(
        answer_at(AT, params={"a": "b"}, context={"model": "x", "as_of": "y"}), b"1"
    )
    whole = log_of(archive).read_bytes()
    archive.note(
        replace(
            first,
            fetched_at=AT + timedelta(seconds=1),
            params={"start_date": "2026-06-01"},
            context={"model": "a/b"},
        )
    )
    with_second = log_of(archive).read_bytes()
    for length in range(len(whole), len(with_second)):
        log_of(archive).write_bytes(with_second[:length])
        last = archive.keep(answer_at(AT + timedelta(seconds=2)), b"2")
        found = list(archive.answers())
        assert (found[0], found[-1]) == (first, last)
        assert len(found) == (3 if length == len(with_second) - 1 else 2)
        assert log_of(archive).read_bytes().endswith(b"}\n")


def test_a_damaged_body_is_noticed(archive: Archive) -> None:
    """A changed, cut or missing file is an error that names it, never a wrong answer."""
    kept = archive.keep(answer_at(AT), b'{"data":[1,2,3]}' * 100)
    [path] = archive.folder.glob("bodies/*/*")
    other = archive.keep(answer_at(AT), b"other")
    good = path.read_bytes()
    other_bytes = (
        archive.folder / "bodies" / other.sha256[:2] / f"{other.sha256}.zst"
    ).read_bytes()
    for damaged in (b"", good[:-5], b"no zstandard", other_bytes):
        path.write_bytes(damaged)
        with pytest.raises(BadAnswer, match=f"{kept.sha256}.*Restore it from a copy"):
            archive.read(kept.sha256)
    path.unlink()
    with pytest.raises(BadAnswer, match="is missing"):
        archive.read(kept.sha256)


@pytest.mark.parametrize(("first", "second"), [("real", "simulated"), ("simulated", "real")])
def test_simulated_and_real_never_mix(archive: Archive, first: str, second: str) -> None:
    """A home of one kind refuses the other, keeps nothing of it, and names the setting."""
    kept = archive.keep(answer_at(AT, origin=first), b"1")
    with pytest.raises(
        MixedOrigins,
        match=rf"holds {first} answers and would have got a {second} one. Set TOKENTIDE_HOME",
    ):
        archive.keep(answer_at(AT, origin=second), b"2")
    assert archive.origin == first
    assert list(archive.answers()) == [kept]
    assert not archive.has(sha256(b"2").hexdigest())


def test_two_processes_that_begin_at_once_never_mix(tmp_path: Path) -> None:
    """Of a real and a simulated run on an empty home, one gets it, the other is refused."""
    for number in range(4):
        archive = Archive(tmp_path / f"home-{number}" / "raw")
        processes = [keeper(archive, origin, 3, origin) for origin in ("real", "simulated")]
        started(*processes)
        errors = [process.communicate(timeout=60)[1] for process in processes]
        assert {answer.origin for answer in archive.answers()} == {archive.origin}
        assert sum("MixedOrigins" in error for error in errors) == 1


def test_several_processes_lose_nothing(archive: Archive) -> None:
    """Answers of four processes at once are all there, each line whole."""
    processes = [keeper(archive, f"p{number}", 40) for number in range(4)]
    started(*processes)
    reported = [process.communicate(timeout=60) for process in processes]
    assert {error for _, error in reported} == {""}
    printed = sorted(digest for out, _ in reported for digest in out.split())
    assert len(printed) == 160
    assert sorted(answer.sha256 for answer in archive.answers()) == printed
    lines = [
        json.loads(line)
        for log in archive.folder.glob("answers/*")
        for line in log.read_text().splitlines()
    ]
    assert len(lines) == 160


def test_a_kill_at_any_moment_loses_no_kept_answer(archive: Archive) -> None:
    """Answers that were kept before a kill are there; every listed answer has its bytes.

    The next run goes on.
    """
    pause = random.Random(7)
    kept: set[str] = set()
    for number in range(8):
        process = keeper(archive, f"p{number}")
        started(process)
        time.sleep(pause.uniform(0.005, 0.12))
        process.send_signal(signal.SIGKILL)
        out, _ = process.communicate(timeout=60)
        # The last line may have been printed in part.
        kept |= {line for line in out.split() if len(line) == 64}
        listed = {answer.sha256 for answer in archive.answers()}
        assert kept <= listed
        assert all(archive.read(digest) for digest in listed)
    assert len(kept) > 8


@hypothesis_settings(deadline=None, derandomize=True, max_examples=50)
@given(
    lines=st.lists(st.text('abc{}\\"', max_size=12), max_size=5),
    cut=st.integers(0, 80),
    last=st.text("xyz{}", max_size=5),
)
def test_an_appended_line_always_stands_alone(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], cut: int, last: str
) -> None:
    """After a cut log, the next answer begins on a new line."""
    path = tmp_path_factory.mktemp("log") / "log"
    for line in lines:
        append_durably(path, line)
    before = path.read_bytes()[:cut] if lines else b""
    path.write_bytes(before)
    append_durably(path, last)
    gap = b"" if not before or before.endswith(b"\n") else b"\n"
    assert path.read_bytes() == before + gap + last.encode() + b"\n"


def test_a_file_is_seen_whole_or_not_at_all(tmp_path: Path) -> None:
    """A reader sees the old bytes or the new ones, and no temporary file stays."""
    path, contents, over = (
        tmp_path / "folder" / "file",
        {bytes([65 + n]) * 50_000 for n in range(4)},
        threading.Event(),
    )
    write_durably(path, min(contents))

    def rewrite() -> None:
        while not over.is_set():
            for content in contents:
                write_durably(path, content)

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = {path.read_bytes() for _ in range(500)}
    over.set()
    writer.join()
    assert seen <= contents
    assert [left.name for left in path.parent.iterdir()] == ["file"]


def test_a_byte_that_became_another_is_found_in_a_line_that_is_still_one(tmp_path: Path) -> None:
    """A false address or instant would be loaded as if somebody had asked so."""
    archive = Archive(tmp_path / "raw")
    kept = keep_answer(archive, b"{}")
    [log] = (tmp_path / "raw" / "answers").glob("*.jsonl")
    line = log.read_text()
    log.write_text(line.replace("http://h/x", "http://h/y"))
    assert list(archive.answers()) == []
    assert "its check does not match" in archive.bad_lines()[0].reason
    # A line of version 0.2.0 has no check.
    values = {name: value for name, value in json.loads(line).items() if name != "check"}
    log.write_text(f"{json.dumps(values)}\n")
    assert list(archive.answers()) == [kept]
