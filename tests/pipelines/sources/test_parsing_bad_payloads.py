"""What a source may not send: counts that are none, rows that lack something, days and instants that no calendar has, plain nonsense."""

import copy

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support.payloads import SOURCES, parse, with_changes

from pipelines.errors import BadAnswer
from pipelines.loading.answers import UNREADABLE
from pipelines.sources.openrouter.rankings_table import RankingsTable
from pipelines.sources.parsing import ParsedTables, a_count, a_day, an_instant, rows_of

each_source = pytest.mark.parametrize("name", SOURCES)


def incomplete(parsed: ParsedTables) -> dict[str, int]:
    """How many rows of each table lack what they need, and so will be set aside."""
    needs = {
        table: pl.any_horizontal(pl.col(column).is_null() for column in parsed.required[table])
        for table in parsed.frames
    }
    return {table: frame.filter(needs[table]).height for table, frame in parsed.frames.items()}


WRONG_COUNTS: list[object] = [
    -1,
    "-1",
    1.5,
    "1.5",
    "many",
    "",
    None,
    True,
    [1],
    {"a": 1},
    10**30,
    "1e3",
    float("nan"),
]


@pytest.mark.parametrize("count", WRONG_COUNTS, ids=repr)
@pytest.mark.parametrize("key", ["rank", "app_id", "total_tokens", "total_requests"])
def test_what_is_no_count_sets_its_row_aside(key: str, count: object) -> None:
    """Negative, fractional, unreadable or missing: it is never rounded and never taken for zero, and the other row is loaded."""
    assert incomplete(parse("apps", with_changes("apps", **{key: count}))) == {"raw.apps": 1}


NEEDED = {
    "session costs": ["app_slug", "model_permaslug", "turn_range", "median_session_cost_usd"],
    "catalogue": ["id", "canonical_slug"],
    "endpoints": ["provider_name", "tag"],
    "providers": ["name", "slug"],
    "benchmarks": ["source", "model_permaslug"],
    "tasks": ["tag", "usage_share", "token_share"],
}


@pytest.mark.parametrize("value", [None, [], {"a": 1}, True], ids=repr)
@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, keys in NEEDED.items() for key in keys]
)
def test_what_is_missing_or_nested_sets_its_row_aside(name: str, key: str, value: object) -> None:
    """A name or figure that is not there is not made up, and what is nested is not taken for a name."""
    assert sum(incomplete(parse(name, with_changes(name, **{key: value}))).values()) >= 1


@pytest.mark.parametrize(
    "share", ["NaN", "inf", "-Infinity", float("nan"), float("inf"), "a third"], ids=repr
)
def test_a_share_that_is_no_number_sets_its_row_aside(share: object) -> None:
    """Not even those that floating point has words for."""
    assert incomplete(parse("tasks", with_changes("tasks", token_share=share)))["raw.tasks"] == 1


REQUIRED: dict[str, list[tuple[str, ...]]] = {
    "rankings": [
        ("data",),
        ("meta",),
        ("meta", "as_of"),
        ("meta", "start_date"),
        ("meta", "end_date"),
    ],
    "apps": [("data",), ("meta",), ("meta", "as_of"), ("meta", "start_date"), ("meta", "end_date")],
    "session costs": [
        ("data",),
        ("meta",),
        ("meta", "as_of"),
        ("meta", "window_days"),
        ("meta", "window_end_date"),
    ],
    "benchmarks": [("data",), ("meta",), ("meta", "as_of")],
    "tasks": [("data",), ("data", "classifications"), ("data", "as_of"), ("data", "window_days")],
    "catalogue": [("data",)],
    "endpoints": [("data",), ("data", "endpoints"), ("data", "id")],
    "providers": [("data",)],
}


@pytest.mark.parametrize(
    ("name", "path"), [(name, path) for name, paths in REQUIRED.items() for path in paths]
)
def test_an_answer_without_what_it_needs_is_not_believed(name: str, path: tuple[str, ...]) -> None:
    """The message says what is missing; an instant or a day is never made up."""
    payload = copy.deepcopy(SOURCES[name][1])
    place = payload
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    with pytest.raises(BadAnswer, match=rf"The answer has no {path[0]}"):
        parse(name, payload)


@each_source
@pytest.mark.parametrize("rows", [{}, None, "x"], ids=repr)
def test_rows_that_are_no_list_are_not_believed(name: str, rows: object) -> None:
    """A list of something else is no list of rows."""
    payload = copy.deepcopy(SOURCES[name][1])
    place, key = {
        "tasks": (payload["data"], "classifications"),
        "endpoints": (payload["data"], "endpoints"),
    }.get(name, (payload, "data"))
    place[key] = rows
    with pytest.raises(BadAnswer, match="is not a list"):
        parse(name, payload)


@pytest.mark.parametrize("row", [1, None, "x", []], ids=repr)
def test_a_row_that_is_no_object_has_nothing_that_is_needed(row: object) -> None:
    """It becomes an empty row, which landing sets aside for what it lacks, and the others are loaded."""
    assert rows_of({"data": [{"a": 1}, row]}, "data") == [{"a": 1}, {}]


@pytest.mark.parametrize(
    "said",
    ["2026-02-30", "2026-2-3", "20260203", "2026-02-03T00:00:00Z", 20260203, None, "", "yesterday"],
)
def test_what_is_no_day_is_not_believed(said: object) -> None:
    """A UTC day has one form."""
    with pytest.raises(BadAnswer, match="d is"):
        a_day(said, "d")


@pytest.mark.parametrize("said", ["2026-05-12T02:00:00", "soon", None, 1700000000000])
def test_an_instant_without_its_zone_is_not_believed(said: object) -> None:
    """A local time is no instant."""
    with pytest.raises(BadAnswer, match="i is"):
        an_instant(said, "i")


@pytest.mark.parametrize("said", [-1, 1.5, "", "x", True, None, "\u00b2", "1e3"])
def test_what_is_no_count_is_not_believed(said: object) -> None:
    """Only digits are."""
    with pytest.raises(BadAnswer, match="which is no count"):
        a_count(said, "n")


ODD = [10**30, "-1", "NaN", "\ud800", "\x00"]
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([10**30, "-1", "NaN", "\ud800", "\x00"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.just("prompt"), inner, max_size=3)
    ),
    max_leaves=5,
)


@each_source
@hypothesis_settings(deadline=None, derandomize=True, max_examples=25)
@given(data=st.data())
def test_whatever_a_row_holds_it_is_parsed_or_refused(name: str, data: st.DataObject) -> None:
    """No value ends a run: the answer becomes frames, or an error that sets it aside."""
    keys = st.sampled_from(sorted(SOURCES[name][4]))
    payload = with_changes(name, **data.draw(st.dictionaries(keys, JUNK, min_size=1, max_size=6)))
    try:
        found = parse(name, payload)
    except UNREADABLE:
        return
    assert isinstance(found, RankingsTable | ParsedTables)
