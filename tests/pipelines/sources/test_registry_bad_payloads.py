"""Bad payloads of every source: wrong counts, missing fields, nested values, nonsense."""

import copy

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support.source_payloads import SOURCES, parse, with_changes

from pipelines.errors import BadAnswer
from pipelines.loading.answers import UNREADABLE
from pipelines.sources.openrouter.rankings_table import RankingsTable
from pipelines.sources.parsing import ParsedTables

each_source = pytest.mark.parametrize("name", SOURCES)


def incomplete(parsed: ParsedTables) -> dict[str, int]:
    """Count the rows of each table that lack a required column and will be quarantined."""
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
def test_a_bad_count_quarantines_its_row(key: str, count: object) -> None:
    """It is never rounded and never read as zero; the other row is loaded."""
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
def test_a_missing_or_nested_value_quarantines_its_row(name: str, key: str, value: object) -> None:
    """A missing name or figure has no default, and a nested value is no name."""
    assert sum(incomplete(parse(name, with_changes(name, **{key: value}))).values()) >= 1


@pytest.mark.parametrize(
    "share", ["NaN", "inf", "-Infinity", float("nan"), float("inf"), "a third"], ids=repr
)
def test_a_share_that_is_not_a_number_quarantines_its_row(share: object) -> None:
    """Infinity and NaN are no shares either."""
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
def test_an_answer_without_a_required_field_is_refused(name: str, path: tuple[str, ...]) -> None:
    """The message names the field; an instant or a day has no default."""
    payload = copy.deepcopy(SOURCES[name][1])
    parent = payload
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]
    with pytest.raises(BadAnswer, match=rf"The answer has no {path[0]}"):
        parse(name, payload)


@each_source
@pytest.mark.parametrize("rows", [{}, None, "x"], ids=repr)
def test_rows_that_are_not_a_list_are_refused(name: str, rows: object) -> None:
    """An object or text in their place is a bad answer."""
    payload = copy.deepcopy(SOURCES[name][1])
    parent, key = {
        "tasks": (payload["data"], "classifications"),
        "endpoints": (payload["data"], "endpoints"),
    }.get(name, (payload, "data"))
    parent[key] = rows
    with pytest.raises(BadAnswer, match="is not a list"):
        parse(name, payload)


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
def test_any_row_is_parsed_or_refused(name: str, data: st.DataObject) -> None:
    """No value ends a run: the result is frames, or an error that quarantines the answer."""
    keys = st.sampled_from(sorted(SOURCES[name][4]))
    payload = with_changes(name, **data.draw(st.dictionaries(keys, JUNK, min_size=1, max_size=6)))
    try:
        found = parse(name, payload)
    except UNREADABLE:
        return
    assert isinstance(found, RankingsTable | ParsedTables)
