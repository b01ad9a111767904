"""Tables made by slices: the rows of a whole run, whichever targets and days changed."""

from collections.abc import Sequence
from dataclasses import replace

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.transform.graph import Check, Node, Table
from pipelines.transform.runner import NodeResult, run_nodes
from warehouse.changes import LEDGER, mark_changed, mark_slices
from warehouse.migrate import MIGRATIONS

FACTS = Table(
    unique_id="model.facts",
    parents=("source.tokentide.ledger.facts",),
    schema="staging",
    name="facts",
    is_view=True,
    query="select * from ledger.facts where value >= 0",
    description="",
    columns=(),
    has_contract=False,
    slice=("target", "hour_at"),
    is_local=True,
)
# A column may have the name of anything that SQL around it could use.
DAILY = replace(
    FACTS,
    unique_id="model.daily",
    parents=("model.facts", "source.tokentide.raw.prices"),
    schema="marts",
    name="daily",
    is_view=False,
    query="""
        select target, date_trunc('day', hour_at) as hour_at, sum(value * price) as value,
            1 as rows
        from "staging"."facts" as facts cross join raw.prices group by all
    """,
)
# What a target has counted until a day rests on its other days.
RUNNING = replace(
    DAILY,
    unique_id="model.running",
    parents=("model.daily",),
    name="running",
    query="""
        select target, hour_at, sum(value) over (partition by target order by hour_at) as value
        from "marts"."daily"
    """,
    is_local=False,
)
LAST = replace(
    RUNNING,
    unique_id="model.last",
    parents=("model.running", "model.facts"),
    name="last",
    query="""
        select running.target, running.hour_at, any_value(running.value) + count(*) as value
        from "marts"."running" as running
        inner join "staging"."facts" as facts
            on running.target = facts.target and running.hour_at::date = facts.hour_at::date
        group by all
    """,
    is_local=True,
)
# Targets of one first letter are grouped, whatever the day.
GROUPED = replace(
    DAILY,
    unique_id="model.grouped",
    parents=("model.daily",),
    name="grouped",
    query="""
        select
            if(target = 'c', 'c', 'ab') as pool, hour_at, sum(value) as value, count(*) as targets
        from "marts"."daily" group by all
    """,
    slice=("pool", "hour_at"),
    is_by_day=True,
)
# What is made of groups is made by groups and days.
SHARES = replace(
    DAILY,
    unique_id="model.shares",
    parents=("model.grouped",),
    name="shares",
    query='select pool, hour_at, value / targets as value from "marts"."grouped"',
    slice=("pool", "hour_at"),
)
SMALL = Check(
    unique_id="test.small",
    parents=("model.daily",),
    name="small",
    query='select * from "marts"."daily" where value > 90',
    severity="error",
    is_local=True,
)
NODES: list[Node] = [FACTS, DAILY, SMALL, RUNNING, LAST, GROUPED, SHARES]
TABLES = ("daily", "running", "last", "grouped", "shares")
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "add", "remove", "price", "nothing"]),
        st.sampled_from("abc"),
        st.integers(1, 4),
        st.integers(-1, 40),
    ),
    max_size=8,
)


def warehouse() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'; create schema raw; create schema ledger")
    # All migrations would take longer than the test.
    con.execute((MIGRATIONS / "0007_made.sql").read_text())
    con.execute("create table ledger.facts (target varchar, hour_at timestamptz, value double)")
    con.execute("create table raw.prices as select 1.0 as price")
    return con


def change(con: duckdb.DuckDBPyConnection, kind: str, target: str, day: int, value: int) -> None:
    at = f"2026-06-0{day} 07:00:00+00"
    if kind == "price":
        con.execute("update raw.prices set price = ?", [value % 3 + 1])
        mark_changed(con, ["raw.prices"])
    elif kind in ("add", "remove"):
        if kind == "add":
            con.execute("insert into ledger.facts values (?, ?, ?)", [target, at, value])
        else:
            con.execute("delete from ledger.facts where target = ? and hour_at = ?", [target, at])
        mark_changed(con, ["ledger.facts"])
        mark_slices(con, LEDGER, f"select '{target}' as target, '{at}'::date as day")


def contents(con: duckdb.DuckDBPyConnection) -> list[list[tuple[object, ...]]]:
    return [con.sql(f"from marts.{name} order by all").fetchall() for name in TABLES]


def run(con: duckdb.DuckDBPyConnection, *, is_whole: bool = False) -> list[NodeResult]:
    return list(run_nodes(con, NODES, is_whole=is_whole))


@pytest.mark.slow
@settings(max_examples=15, deadline=None, derandomize=True)
@given(rounds=st.lists(CHANGES, min_size=1, max_size=5))
def test_slices_give_the_rows_of_a_whole_run(
    rounds: Sequence[Sequence[tuple[str, str, int, int]]],
) -> None:
    """Rows that come and go, a price that changes all, a check that fails in between."""
    with warehouse() as con:
        for changes in [[], *rounds]:
            for each in changes:
                change(con, *each)
            if any(result.is_wrong for result in run(con)):
                continue
            found = contents(con)
            assert not any(result.is_wrong for result in run(con, is_whole=True))
            assert contents(con) == found


def test_only_touched_slices_are_made() -> None:
    """Rows of another day stay as they are, even where they are no longer what the query gives."""
    with warehouse() as con:
        for target, day in (("a", 1), ("a", 2), ("b", 1)):
            change(con, "add", target, day, 10)
        run(con)
        con.execute("update marts.daily set value = -1")
        change(con, "add", "a", 2, 5)
        run(con)
        assert con.sql(
            "select target, day(hour_at), value from marts.daily order by all"
        ).fetchall() == [
            ("a", 1, -1.0),
            ("a", 2, 15.0),
            ("b", 1, -1.0),
        ]


def test_facts_from_before_slices_were_listed_are_left_alone() -> None:
    """A home that was filled by an older version lists only what came since."""
    with warehouse() as con:
        con.execute("insert into ledger.facts values ('a', '2026-06-01 07:00:00+00', 10)")
        mark_changed(con, ["ledger.facts"])
        run(con)
        con.execute("update marts.daily set value = -1")
        for _ in range(2):
            change(con, "add", "a", 2, 5)
            run(con)
        assert con.sql("select day(hour_at), value from marts.daily order by all").fetchall() == [
            (1, -1.0),
            (2, 10.0),
        ]


def test_a_check_of_rows_looks_at_touched_slices() -> None:
    """It finds what is new; what it found before it finds until it is gone."""
    with warehouse() as con:
        change(con, "add", "a", 1, 10)
        change(con, "add", "b", 1, 10)
        run(con)
        change(con, "add", "a", 1, 95)
        assert [each.status for each in run(con)][2] == "fail"
        change(con, "add", "b", 1, 1)
        assert [each.status for each in run(con)][2] == "fail"
        change(con, "remove", "a", 1, 0)
        assert [each.status for each in run(con)][2] == "pass"


def test_groups_of_targets_are_made_by_days() -> None:
    """All of a group's targets count, also those that did not change; other days are left alone."""
    with warehouse() as con:
        for target, day in (("a", 1), ("a", 2), ("b", 2), ("c", 1)):
            change(con, "add", target, day, 10)
        run(con)
        con.execute("update marts.grouped set value = -1")
        change(con, "add", "a", 2, 5)
        run(con)
        query = "select pool, day(hour_at), value, targets from marts.grouped order by all"
        assert con.sql(query).fetchall() == [
            ("ab", 1, -1.0, 1),
            ("ab", 2, 25.0, 2),
            ("c", 1, -1.0, 1),
        ]
