"""Versions of one entry: which one held when, whatever the order in which it was learned."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pipelines.loading.telemetry.tier_versions import (
    SINCE_EVER,
    UNTIL_NOW,
    TierStatement,
    tier_versions,
)

AT = datetime(2026, 8, 22, tzinfo=UTC)


def at(hour: int) -> datetime:
    return AT + timedelta(hours=hour)


def stated(
    hour: int, entry: str | None, origin: str = "file", holds_from: int | None = None
) -> TierStatement:
    start = None if holds_from is None else at(holds_from)
    return TierStatement(at(hour), f"{hour:06}-{entry}-{origin}", origin, entry, start)


def spans(*statements: TierStatement) -> list[tuple[str, int | None, int | None, str]]:
    """Return entry, first hour, last hour and origin of each version; None for no end."""
    return [
        (
            each.entry,
            None if each.valid_from == SINCE_EVER else round((each.valid_from - AT).seconds / 3600),
            None if each.valid_to == UNTIL_NOW else round((each.valid_to - AT).seconds / 3600),
            each.origin,
        )
        for each in tier_versions(statements)
    ]


def test_the_first_version_holds_since_ever() -> None:
    """Samples may be older than the first record; a change begins at its instant."""
    assert spans(stated(1, "a"), stated(3, "b")) == [
        ("a", None, 3, "file"),
        ("b", 3, None, "file"),
    ]


def test_what_is_stated_again_changes_nothing() -> None:
    """The version keeps its beginning."""
    assert spans(stated(1, "a"), stated(2, "a")) == [("a", None, None, "file")]


def test_what_is_gone_ends_and_may_come_back() -> None:
    """In between, nothing holds."""
    assert spans(stated(1, "a"), stated(2, None), stated(4, "a")) == [
        ("a", None, 2, "file"),
        ("a", 4, None, "file"),
    ]


def test_the_file_counts_before_what_was_found() -> None:
    """An entry that was found counts again when the file no longer has it."""
    found = "discovery pods"
    assert spans(stated(1, "a", found), stated(2, "b"), stated(3, "c", found), stated(4, None)) == [
        ("a", None, 2, found),
        ("b", 2, 4, "file"),
        ("c", 4, None, found),
    ]


def test_a_correction_holds_before_it_was_said() -> None:
    """It replaces what differs from it in its time, and nothing else."""
    history = (stated(1, "a"), stated(3, "b"), stated(5, "c"))
    assert spans(*history, stated(8, "c", "correction")) == [
        ("c", None, 5, "correction"),
        ("c", 5, None, "file"),
    ]
    assert spans(*history, stated(8, "c", "correction", holds_from=2)) == [
        ("a", None, 2, "file"),
        ("c", 2, 5, "correction"),
        ("c", 5, None, "file"),
    ]
    assert spans(*history, stated(8, "c", "correction", holds_from=6)) == spans(*history)


def test_a_correction_fills_the_time_in_which_an_entry_was_missing() -> None:
    """An entry that left the file afterwards keeps its end."""
    assert spans(
        stated(1, "a"),
        stated(2, None),
        stated(4, "a"),
        stated(5, "a", "correction"),
        stated(6, None),
    ) == [("a", None, 2, "file"), ("a", 2, 4, "correction"), ("a", 4, 6, "file")]


def test_a_correction_is_corrected_by_a_later_one() -> None:
    """The one said last counts."""
    assert spans(
        stated(1, "a"),
        stated(3, "b"),
        stated(4, "b", "correction"),
        stated(5, "c"),
        stated(6, "c", "correction", holds_from=2),
    ) == [("b", None, 2, "correction"), ("c", 2, 5, "correction"), ("c", 5, None, "file")]


STATEMENTS = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from([None, "a", "b", "c"]),
        st.sampled_from(["file", "discovery x", "discovery y", "correction"]),
        st.one_of(st.none(), st.integers(0, 12)),
    ),
    max_size=12,
    unique_by=lambda each: each[:3],
)


@given(STATEMENTS, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(
    drawn: list[tuple[int, str | None, str, int | None]], random: Random
) -> None:
    """Versions neither overlap nor are empty, and one that is said to hold now does."""
    statements = [
        stated(hour, entry, origin, start if origin == "correction" else None)
        for hour, entry, origin, start in drawn
    ]
    shuffled = list(statements)
    random.shuffle(shuffled)
    versions = tier_versions(statements)
    assert tier_versions(shuffled) == versions
    assert all(each.valid_from < each.valid_to for each in versions)
    assert all(one.valid_to <= other.valid_from for one, other in pairwise(versions))
    assert all(each.valid_to != UNTIL_NOW for each in versions[:-1])
