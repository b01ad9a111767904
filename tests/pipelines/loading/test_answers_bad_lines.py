"""Lines of the archive's log that name no answer hold up no loading."""

import duckdb
from support.loading import AS_OF, DAY, keep_answer, load_all, rankings_body

from pipelines.archive import Archive


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
