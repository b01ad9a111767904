"""Positions in the logs of the archive: loading begins at what is not loaded yet."""

from contextlib import closing
from datetime import timedelta

import duckdb
from support.loading import (
    AS_OF,
    DAY,
    fresh_warehouse,
    keep_answer,
    load_all,
    rankings_body,
)

from pipelines.archive import Archive
from pipelines.loading.answers import load_answers


def test_a_call_begins_where_the_last_one_ended(archive: Archive) -> None:
    """A log is read from its position.

    One that was replaced by a shorter one is read from its beginning, and loads nothing twice.
    """
    with closing(fresh_warehouse()) as con:
        first = keep_answer(archive, rankings_body())
        assert load_answers(con, archive) == 1
        assert [part.answers for part in archive.log_parts(positions(con))] == []
        second = keep_answer(
            archive, rankings_body(as_of=AS_OF + DAY), AS_OF + timedelta(minutes=1)
        )
        [part] = archive.log_parts(positions(con))
        assert part.answers == [second]
        assert load_answers(con, archive) == 1
        log = next((archive.folder / "answers").iterdir())
        log.write_text(log.read_text().splitlines(keepends=True)[0])
        [part] = archive.log_parts(positions(con))
        assert part.answers == [first]
        assert load_answers(con, archive) == 0


def test_a_line_that_is_being_written_is_read_again(archive: Archive) -> None:
    """The position stays before a last line without its end, so that nothing of it is lost."""
    with closing(fresh_warehouse()) as con:
        keep_answer(archive, rankings_body())
        log = next((archive.folder / "answers").iterdir())
        whole = log.read_text()
        keep_answer(archive, rankings_body(as_of=AS_OF + DAY), AS_OF + timedelta(minutes=1))
        both = log.read_text()
        log.write_text(both[: len(whole) + 40])
        assert load_answers(con, archive) == 1
        assert positions(con) == {log.name: len(whole)}
        log.write_text(both)
        assert load_answers(con, archive) == 1


def positions(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return dict(con.sql("from main.loaded_logs").fetchall())


def test_a_bad_line_of_the_log_holds_up_no_answer(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """It is quarantined once, with its file and line, and loading goes on, also next time."""
    keep_answer(archive, rankings_body(2))
    [log] = (archive.folder / "answers").iterdir()
    with log.open("a") as file:
        file.write('{"source": "models"}\n')
    keep_answer(archive, rankings_body(3))
    assert [outcome for outcome, _, _ in load_all(con, archive)] == ["loaded", "loaded"]
    keep_answer(archive, rankings_body(), AS_OF + DAY)
    assert [outcome for outcome, _, _ in load_all(con, archive)] == ["unchanged"]
    assert con.sql("select source, reason from raw.quarantine").fetchall() == [
        ("archive_log", f"line 2 of {log.name}: it is damaged: fetched_at is missing")
    ]
