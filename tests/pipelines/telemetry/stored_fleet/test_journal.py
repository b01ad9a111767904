"""Hours that were read are known to the next run, also after a crash while it was noted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.telemetry.config.tier_records import TierEntry, TierRecord
from pipelines.telemetry.stored_fleet.journal import NAME, ReadingJournal

AT = datetime(2026, 11, 1, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
CAME = TierRecord(AT, "discovery p", (TierEntry("target", "a", {"url": "u"}),))
GONE = TierRecord(AT, "discovery p", (), (("target", "a"),))


def test_hours_are_known_of_what_was_asked_for(tmp_path: Path) -> None:
    """Another question is another reading."""
    journal = ReadingJournal(tmp_path)
    journal.note_hours("a", [AT, AT + HOUR])
    journal.note_hours("a", [AT + 2 * HOUR])
    journal.note_hours("b", [])
    again = ReadingJournal(tmp_path)
    assert again.hours("a") == {AT, AT + HOUR, AT + 2 * HOUR}
    assert again.hours("b") == frozenset()


def test_a_record_is_known_by_what_it_says(tmp_path: Path) -> None:
    """The instant of coming does not matter, that of leaving does."""
    journal = ReadingJournal(tmp_path)
    for record in (CAME, GONE):
        journal.note_record(record)
    again = ReadingJournal(tmp_path)
    assert again.has_record(replace(CAME, at=AT + HOUR))
    assert again.has_record(GONE)
    assert not again.has_record(replace(GONE, at=AT + HOUR))
    assert not again.has_record(replace(CAME, origin="discovery q"))


def test_a_line_that_is_cut_short_is_passed_over(tmp_path: Path) -> None:
    """Only its hours are read again."""
    ReadingJournal(tmp_path).note_hours("a", [AT])
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"asked": "x", "ho\n[]\n\xff\n')
    journal = ReadingJournal(tmp_path)
    journal.note_hours("a", [AT + HOUR])
    assert ReadingJournal(tmp_path).hours("a") == {AT, AT + HOUR}
