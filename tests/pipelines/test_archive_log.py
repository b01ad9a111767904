"""Lines of the archive's log that name no answer: found with file and number, and left out."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.archive import Answer, Archive
from pipelines.errors import MixedOrigins

AT = datetime(2026, 6, 19, 8, 20, 44, 552000, UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "raw")


def answer_at(at: datetime) -> Answer:
    return Answer("models", "http://h/models", at, 200, 0, "", "run-1")


def log_of(archive: Archive) -> Path:
    return archive.folder / "answers" / "2026-06-19.jsonl"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{}", "fetched_at is missing"),
        (b"[1]", "it is no object"),
        (b'"text"', "it is no object"),
        (b"\xff\xfe\x00", "it is damaged"),
        (b'{"fetched_at": "soon"}', "it is damaged"),
        (b'{"source": "models", "fetched_at"x}', "no JSON"),
        (b"[" * 100_000, "it is damaged"),
    ],
)
def test_a_bad_line_names_no_answer_and_its_place(
    archive: Archive, line: bytes, reason: str
) -> None:
    """File and line are given; the answers around it are read."""
    first = archive.keep(answer_at(AT), b"1")
    with log_of(archive).open("ab") as file:
        file.write(line + b"\n")
    last = archive.keep(answer_at(AT + timedelta(seconds=2)), b"2")
    assert list(archive.answers()) == [first, last]
    [bad] = archive.bad_lines()
    assert (bad.log, bad.number, bad.is_cut) == (log_of(archive).name, 2, False)
    assert reason in bad.reason
    [part] = archive.log_parts({bad.log: len(log_of(archive).read_bytes().split(b"\n")[0]) + 1})
    assert part.bad_lines == [bad]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "ok"},
        {"status": 99_999},
        {"bytes": -1},
        {"sha256": "../../etc"},
        {"params": {"a": 1}},
        {"params": []},
        {"fetched_at": "2026-06-19T08:20:44"},
        {"surprise": 1},
    ],
)
def test_a_line_with_another_kind_of_value_names_no_answer(
    archive: Archive, change: dict[str, object]
) -> None:
    """It would stop loading further on, where nothing says which line it was."""
    archive.keep(answer_at(AT), b"1")
    log = log_of(archive)
    log.write_text(json.dumps({**json.loads(log.read_text()), **change}) + "\n")
    assert list(archive.answers()) == []
    [bad] = archive.bad_lines()
    assert (bad.number, bad.is_cut) == (1, False)


@pytest.mark.parametrize("left", [b"", b"\0\0\0\0\0", b"\xff"])
@pytest.mark.parametrize("origin", ["real", "simulated"])
def test_a_damaged_origin_is_that_of_the_answers(
    archive: Archive, origin: str, left: bytes
) -> None:
    """A loss of power may leave the file without its word; the archive goes on, and never mixes."""
    archive.keep(replace(answer_at(AT), origin=origin), b"one")
    (archive.folder / "origin").write_bytes(left)
    assert archive.origin == origin
    archive.keep(replace(answer_at(AT), origin=origin), b"two")
    assert (archive.folder / "origin").read_text().strip() == origin
    other = {"real": "simulated", "simulated": "real"}[origin]
    (archive.folder / "origin").write_bytes(b"")
    with pytest.raises(MixedOrigins):
        archive.keep(replace(answer_at(AT), origin=other), b"three")


def test_an_empty_origin_without_answers_is_claimed_again(archive: Archive) -> None:
    """Nothing says what it was."""
    archive.folder.mkdir(parents=True)
    (archive.folder / "origin").write_bytes(b"")
    archive.keep(answer_at(AT), b"one")
    assert archive.origin == "real"
