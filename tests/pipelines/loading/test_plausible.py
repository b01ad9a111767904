"""Lists and filtered rankings that came with status 200 and are no answer: nothing is unlearned."""

import copy
import json
from datetime import timedelta

import duckdb
import pytest
import support.payloads as examples
from support.loading import AS_OF, DAY, FIRST, keep_answer, load_all, rankings_body

from pipelines.archive import Archive

HOUR = timedelta(hours=1)
WEEK = {"period": "week", "category": "legal"}


def catalogue(entries: int, incomplete: int = 0) -> bytes:
    """Return a catalogue with this number of models, and some entries without anything."""
    [model] = copy.deepcopy(examples.MODELS["data"][:1])
    models = [
        {**model, "id": f"lab/model-{n}", "canonical_slug": f"lab/model-{n}"}
        for n in range(entries)
    ]
    return json.dumps({"data": [*models, *[{}] * incomplete]}).encode()


def known_entries(con: duckdb.DuckDBPyConnection) -> int:
    """Return the entries of the newest catalogue that counts as an answer."""
    [(entries,)] = con.sql(
        "select count(*) from raw.models where sha256 = (select arg_max(sha256, fetched_at) "
        "from raw.answers where source = 'models' and outcome in ('loaded', 'partial', "
        "'unchanged'))"
    ).fetchall()
    return int(entries)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (catalogue(10), "the list shrank from 356 to 10 entries"),
        (catalogue(280), "the list shrank from 356 to 280 entries"),
        (catalogue(10, incomplete=346), "the list shrank from 356 to 10 entries"),
        (catalogue(0), "the list has no entry"),
        (catalogue(0, incomplete=356), "the list has no entry"),
    ],
)
def test_a_shrunken_catalogue_is_no_catalogue(
    con: duckdb.DuckDBPyConnection, archive: Archive, body: bytes, reason: str
) -> None:
    """It is quarantined, again if it comes again, and the one before stays the newest."""
    keep_answer(archive, catalogue(356), AS_OF, "models")
    for hour in (1, 2):
        keep_answer(archive, body, AS_OF + hour * HOUR, "models")
    [whole, *others] = load_all(con, archive)
    assert whole == ("loaded", 356, None)
    assert others == [("quarantined", 0, reason)] * 2
    assert known_entries(con) == 356
    assert con.sql("select reason from raw.quarantine").fetchall() == [(reason,)]


def test_a_catalogue_that_changes_a_little_is_one(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """Models come and go, and a short list may lose a large part of itself."""
    for hour, entries in enumerate((356, 330, 400, 321)):
        keep_answer(archive, catalogue(entries), AS_OF + hour * HOUR, "models")
    assert {outcome for outcome, _, _ in load_all(con, archive)} == {"loaded"}
    providers = [{"name": f"host-{n}", "slug": f"host-{n}"} for n in range(6)]
    for hour, count in enumerate((6, 2)):
        body = json.dumps({"data": providers[:count]}).encode()
        keep_answer(archive, body, AS_OF + hour * HOUR, "providers")
    assert {outcome for outcome, _, _ in load_all(con, archive)} == {"loaded"}


def test_a_catalogue_that_stays_short_for_a_week_is_accepted(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """The source may mean it. An empty list is never meant."""
    keep_answer(archive, catalogue(356), AS_OF, "models")
    for day in range(1, 10):
        keep_answer(archive, catalogue(100 + day), AS_OF + day * DAY, "models")
    keep_answer(archive, catalogue(0), AS_OF + 10 * DAY, "models")
    assert [outcome for outcome, _, _ in load_all(con, archive)] == [
        "loaded",
        *["quarantined"] * 7,
        *["loaded"] * 2,
        "quarantined",
    ]
    assert known_entries(con) == 109


def test_a_home_that_slept_does_not_accept_the_first_short_list(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """A month without requests is no month of short lists."""
    keep_answer(archive, catalogue(356), AS_OF, "models")
    keep_answer(archive, catalogue(10), AS_OF + 30 * DAY, "models")
    assert [outcome for outcome, _, _ in load_all(con, archive)] == ["loaded", "quarantined"]


def test_an_answer_200_with_an_error_names_it(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """The reason is the source's own message, not what is missing for it."""
    body = b'{"error": {"code": 502, "message": "Provider returned error"}}'
    keep_answer(archive, body, AS_OF, "models")
    assert load_all(con, archive) == [
        (
            "unreadable",
            0,
            "The source answered with an error instead of data (502: Provider returned error).",
        )
    ]


@pytest.mark.parametrize("filtered", [{"modality": "text"}, {"context_bucket": "10M"}])
def test_a_filtered_ranking_equal_to_the_whole_is_withheld(
    con: duckdb.DuckDBPyConnection, archive: Archive, filtered: dict[str, str]
) -> None:
    """The source ignored the filter, on every day; what was known of the slice stays."""
    keep_answer(archive, rankings_body(), AS_OF)
    other = rankings_body(restated={0: 7, 1: 7, 2: 7})
    keep_answer(archive, other, AS_OF + HOUR, params=filtered)
    # The newest day was restated between the two answers.
    same = rankings_body(as_of=AS_OF + DAY, restated={2: 1})
    keep_answer(archive, same, AS_OF + DAY, params=filtered)
    assert load_all(con, archive) == [
        ("loaded", 153, None),
        ("loaded", 153, None),
        ("quarantined", 0, "same as without the filter"),
    ]


def test_two_filters_with_one_ranking_are_none(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """The source looked at the kind of filter and not at its value."""
    for hour, bucket in enumerate(("1K", "10K")):
        keep_answer(
            archive, rankings_body(), AS_OF + hour * HOUR, params={"context_bucket": bucket}
        )
    assert load_all(con, archive) == [
        ("loaded", 153, None),
        ("quarantined", 0, "same as with another filter"),
    ]


@pytest.mark.parametrize(
    ("tokens", "outcome"), [(0, "quarantined"), (1, "quarantined"), (-400_000, "loaded")]
)
def test_a_filtered_week_with_all_tokens_is_withheld(
    con: duckdb.DuckDBPyConnection, archive: Archive, tokens: int, outcome: str
) -> None:
    """A week of all traffic has the tokens of its seven days; FIRST is a Monday."""
    as_of = AS_OF + 5 * DAY
    keep_answer(archive, rankings_body(days=7, as_of=as_of), as_of)
    [(total,)] = (
        load_all(con, archive)
        and con.sql(
            "select sum(total_tokens)::bigint from raw.ranking_rows "
            "inner join raw.ranking_days using (content_hash)"
        ).fetchall()
    )
    rows = [
        {"date": FIRST.isoformat(), "model_permaslug": f"lab/week-{n}", "total_tokens": "1000"}
        for n in range(50)
    ]
    rest = total - 50_000 + tokens
    rows.append({"date": FIRST.isoformat(), "model_permaslug": "other", "total_tokens": str(rest)})
    meta = {
        "as_of": as_of.isoformat(),
        "version": "v1",
        "start_date": FIRST.isoformat(),
        "end_date": (FIRST + 6 * DAY).isoformat(),
    }
    body = json.dumps({"data": rows, "meta": meta}).encode()
    keep_answer(archive, body, as_of + HOUR, params=WEEK)
    assert [found for found, _, _ in load_all(con, archive)] == [outcome]


def test_a_filter_that_left_something_does_not_leave_nothing(
    con: duckdb.DuckDBPyConnection, archive: Archive
) -> None:
    """Nothing is loaded of the empty answer; a filter that never had rows may have none."""
    empty = json.dumps({**json.loads(rankings_body()), "data": []}).encode()
    keep_answer(archive, rankings_body(), AS_OF, params={"modality": "audio"})
    keep_answer(archive, empty, AS_OF + DAY, params={"modality": "audio"})
    keep_answer(archive, empty, AS_OF + 2 * DAY, params={"context_bucket": "10M"})
    assert load_all(con, archive) == [
        ("loaded", 153, None),
        ("quarantined", 0, "no rows at all"),
        ("loaded", 0, None),
    ]
