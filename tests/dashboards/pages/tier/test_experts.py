"""Charts of speculative decoding and expert layers."""

from datetime import UTC, datetime
from typing import Any

import duckdb
import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.tier import experts
from dashboards.query import query

LIGHT = Theme()
TEN = datetime(2026, 6, 18, 10, tzinfo=UTC)
POSITIONS = pl.DataFrame(
    {
        "series": ["ours"] * 3,
        "place": [1, 2, 3],
        "accepted_share": [0.8, 0.6, 0.4],
        "is_bound": [False] * 3,
    }
)


def overlap(**changes: Any) -> pl.DataFrame:
    """Return an hour of two schedules."""
    row = {
        "instant": TEN,
        "step_hours": 1,
        "compute_seconds": 2.0,
        "dispatch_seconds": 1.0,
        "combine_seconds": 1.0,
        "exposed_wait_seconds": 0.5,
        "layer_seconds": 4.0,
        "overlap_efficiency": 0.7,
        "exposed_share": 0.1,
        "balance": 1.3,
        "overlap_reason": "no second schedule",
    }
    rows = [row | {"series": series} | changes for series in ("serial", "waves")]
    return pl.DataFrame(rows, infer_schema_length=None)


def unknown(*names: str) -> pl.DataFrame:
    return overlap().with_columns(pl.lit(None, pl.Float64).alias(name) for name in names)


def test_accepted_drafts_are_a_share() -> None:
    rows = pl.DataFrame({"instant": [TEN], "series": ["ours"], "acceptance": [0.8]})
    made = experts.speculation(rows, LIGHT)
    assert (made.data[0].y, unit_of(made)) == ((0.8,), "share of draft tokens")


def test_drafts_hold_less_at_each_position() -> None:
    made = experts.speculation_positions(POSITIONS, LIGHT)
    [line] = made.data
    assert (line.x, line.y) == ((1, 2, 3), (0.8, 0.6, 0.4))
    assert unit_of(made, "xaxis") == "position within the draft"
    assert unit_of(made) == "share of tokens drafted there"


DRAFTS = """
    create table speculation_hourly as
    select timestamptz '2026-06-18 10:00:00+00' as hour_at, 'm' as model_name, *
    from (values
        ('a', 'pool', 10, [8, 3], [10, 4]),
        ('b', 'pool', 10, [2, 1, 1], [10, 6, 2]),
        ('vllm', 'vllm', 4469, [4441, 4153], null),
        ('gauges', 'gauges', null, null, null)
    ) as rows (target, service, drafts, accepted_tokens_by_position, draft_tokens_by_position)
"""
ALL = {"service": "", "target": "", "model": "", "drawn": [], "by": "service"}


def test_positions_of_replicas_are_over_the_tokens_drafted_there() -> None:
    """Counts add up, also where a replica drafts further; over all drafts it is a bound."""
    asked = query("tier/speculation_positions", **ALL)
    with duckdb.connect() as con:
        con.execute(DRAFTS)
        rows = con.execute(asked.sql, asked.values).pl()
    found = rows.select("series", "place", "accepted_share", "is_bound").rows()
    assert found == [
        ("pool · m", 1, 10 / 20, False),
        ("pool · m", 2, 4 / 10, False),
        ("pool · m", 3, 1 / 2, False),
        ("vllm · m", 1, 4441 / 4469, True),
        ("vllm · m", 2, 4153 / 4469, True),
    ]


def test_a_share_over_all_drafts_is_a_lower_bound() -> None:
    """vLLM does not count how many drafts reached a position."""
    made = experts.speculation_positions(POSITIONS.with_columns(is_bound=True), LIGHT)
    assert list(traces_of(made)) == ["ours, at least"]


def test_the_time_of_layers_is_the_sum_over_schedules() -> None:
    made = experts.layer_time(overlap(), LIGHT)
    assert {name: bar.y for name, bar in traces_of(made).items()} == {
        "experts at work": (4.0,),
        "rows sent out": (2.0,),
        "rows sent back": (2.0,),
        "waiting, nothing to do": (1.0,),
    }
    assert (made.layout.barmode, unit_of(made)) == ("stack", "seconds")


def test_overlap_has_what_it_saved_and_what_still_waits() -> None:
    lines = traces_of(experts.overlap_gain(overlap(), LIGHT))
    assert lines["serial: saved of what could be"].y == (0.7,)
    assert lines["waves: waiting"].y == (0.1,)
    assert len({line.line.dash for line in lines.values()}) == 4


def test_balance_has_a_line_where_experts_are_even() -> None:
    made = experts.balance(overlap(), LIGHT)
    assert traces_of(made)["waves"].y == (1.3,)
    [line] = made.layout.shapes
    assert (line.y0, line.y1) == (1, 1)
    assert unit_of(made) == "busiest over mean"


@pytest.mark.parametrize(
    ("draw", "names"),
    [
        (experts.layer_time, ["layer_seconds"]),
        (experts.overlap_gain, ["overlap_efficiency", "exposed_share"]),
    ],
)
def test_unknown_times_have_their_reason(draw: Any, names: list[str]) -> None:
    made = draw(unknown(*names), LIGHT)
    assert not made.data
    assert made.layout.annotations[0].text == "no second schedule"


def test_half_of_the_gain_is_drawn_where_only_that_is_known() -> None:
    lines = experts.overlap_gain(unknown("overlap_efficiency"), LIGHT).data
    assert [line.y for line in lines] == [(None,), (0.1,), (None,), (0.1,)]


def test_an_empty_frame_draws() -> None:
    assert not experts.speculation_positions(POSITIONS.clear(), LIGHT).data
    made = experts.layer_time(overlap().clear(), LIGHT)
    assert made.layout.annotations[0].text == "No reason is given."
