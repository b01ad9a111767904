"""One day's fault: the day is not materialized, its check is red, and the other days are in."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from support.simulator import FAST_RETRIES, MakeSimulator, SimulatedMarket, sql

from pipelines.assets.rankings import RANKINGS, rankings
from pipelines.ingest.days import NOT_OFFERED
from pipelines.settings import Settings

DAYS = [
    "2026-06-08",
    "2026-06-09",
    "2026-06-10",
    "2026-06-11",
    "2026-06-12",
    "2026-06-13",
    "2026-06-14",
]
DAY = "2026-06-10"
SILENT = {"telemetry": {"enabled": False}}
THROUGH = "every_asked_day_got_through"


class Dagster:
    """An instance and the step that asks for days."""

    def __init__(self, instance: dg.DagsterInstance, settings: Settings) -> None:
        self.instance = instance
        self.settings = settings

    def ask(self, first: str, last: str) -> dg.ExecuteInProcessResult:
        """One run for these days."""
        window = {
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last,
        }
        resources = {"settings": self.settings, "retry_policy": FAST_RETRIES}
        return dg.materialize(
            [rankings],
            instance=self.instance,
            resources=resources,
            tags=window,
            raise_on_error=False,
        )

    def materialized(self) -> list[str]:
        """Return the days that are shown as materialized."""
        return sorted(self.instance.get_materialized_partitions(dg.AssetKey(RANKINGS)))


@pytest.fixture
def dagster(settings: Settings) -> Iterator[Dagster]:
    with dg.DagsterInstance.ephemeral(settings=SILENT) as instance:
        yield Dagster(instance, settings)


def red(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Return the checks that did not pass, each with its list."""
    failed = [check for check in result.get_asset_check_evaluations() if not check.passed]
    return {
        check.check_name: str((check.metadata.get("reasons") or check.metadata["days"]).value)
        for check in failed
    }


@pytest.mark.parametrize(
    ("kind", "check", "reason"),
    [
        ("zero_day", "no_day_is_empty", "every count is zero"),
        ("short_day", "no_day_is_short", "short day"),
        ("duplicated_row", "no_day_is_duplicated", "duplicated model"),
        ("repeated_day", "no_day_is_duplicated", "same board as the day before"),
        ("negative_count", "every_row_is_readable", "negative count"),
    ],
)
def test_a_faulty_day_is_the_only_one_missing(
    dagster: Dagster, simulator: SimulatedMarket, kind: str, check: str, reason: str
) -> None:
    """Its neighbours of the same answer are in, and the run goes on."""
    simulator.set_faults({"kind": kind, "path": "rankings", "date": DAY})
    result = dagster.ask(DAYS[0], DAYS[-1])
    assert result.success
    assert dagster.materialized() == [day for day in DAYS if day != DAY]
    assert red(result) == {THROUGH: f"- {DAY}: {reason}", check: f"- {DAY}: {reason}"}


def test_a_backfill_tells_the_figures_of_each_day(dagster: Dagster) -> None:
    """One run, one request, and each day with its own rows and tokens."""
    result = dagster.ask(DAYS[0], DAYS[-1])
    assert dagster.materialized() == DAYS
    assert not red(result)
    reported = {
        event.partition: (
            event.materialization.metadata["dagster/partition_row_count"].value,
            event.materialization.metadata["tokens"].value,
        )
        for event in result.all_events
        if event.is_step_materialization and event.asset_key == dg.AssetKey(RANKINGS)
    }
    stored = sql(dagster.settings, TOTALS)
    assert reported == {day: (rows, tokens) for day, rows, tokens in stored}
    assert sql(dagster.settings, "select count(*), count(distinct run_id) from raw.answers") == [
        (1, 1)
    ]


TOTALS = """
    select date::varchar, count(*), sum(total_tokens)::bigint
    from raw.ranking_days inner join raw.ranking_rows using (content_hash)
    group by date
"""


def test_a_day_in_progress_is_not_taken_for_a_day(
    dagster: Dagster, simulator: SimulatedMarket
) -> None:
    """The asked-for day is in.

    The check is red since the source spoke of a day that was not over.
    """
    simulator.set_faults({"kind": "future_day", "path": "rankings"})
    result = dagster.ask("2026-06-19", "2026-06-19")
    assert "2026-06-19" in dagster.materialized()
    assert "2026-06-20" not in dagster.materialized()
    assert (
        red(result)["no_day_is_in_the_future"]
        == "- 2026-06-20: day was not over when the answer was given"
    )


def test_a_known_day_that_vanishes_turns_red(dagster: Dagster, simulator: SimulatedMarket) -> None:
    """It was there and is gone; its last figures stay."""
    dagster.ask(DAYS[0], DAYS[-1])
    simulator.set_now(datetime(2026, 6, 20, 9, tzinfo=UTC))
    simulator.set_faults({"kind": "empty_day", "path": "rankings", "date": DAY})
    assert (
        red(dagster.ask(DAYS[0], DAYS[-1]))["no_known_day_vanished"]
        == f"- {DAY}: a known day vanished"
    )


def test_a_day_that_the_source_never_had_stays_missing(
    dagster: Dagster, simulator: SimulatedMarket
) -> None:
    """A hole at the source is a fact, not a fault: no check is red, and nothing is made up."""
    simulator.set_faults({"kind": "empty_day", "path": "rankings", "date": DAY})
    result = dagster.ask(DAYS[0], DAYS[-1])
    assert not red(result)
    assert not [
        event
        for event in result.all_events
        if event.is_step_materialization
        and event.partition == DAY
        and event.asset_key == dg.AssetKey(RANKINGS)
    ]


def test_a_late_day_is_shown_with_the_run_that_brings_it(
    dagster: Dagster, simulator: SimulatedMarket
) -> None:
    """Each answer brings the week before too, so a failed day is in with the next run."""
    simulator.set_now(datetime(2026, 6, 11, 8, tzinfo=UTC))
    simulator.set_faults({"kind": "empty_day", "path": "rankings", "date": DAY})
    assert (
        red(dagster.ask(DAY, DAY))["no_day_is_empty"]
        == f"- {DAY}: no rows yet for a day that is over"
    )
    assert DAY not in dagster.materialized()
    simulator.set_now(datetime(2026, 6, 12, 8, tzinfo=UTC))
    simulator.set_faults()
    assert not red(dagster.ask("2026-06-11", "2026-06-11"))
    assert dagster.materialized()[-2:] == [DAY, "2026-06-11"]


def test_without_a_key_old_days_are_not_offered(
    make_simulator: MakeSimulator, tmp_path: Path
) -> None:
    """They are not shown, and the check says so; where others came it is no fault."""
    with (
        make_simulator(now=datetime(2026, 10, 20, 8, tzinfo=UTC)) as simulator,
        dg.DagsterInstance.ephemeral(settings=SILENT) as instance,
    ):
        dagster = Dagster(instance, Settings(home=tmp_path, openrouter_url=simulator.url))
        result = dagster.ask("2026-06-01", "2026-06-01")
        assert (result.success, dagster.materialized()) == (True, [])
        assert red(result) == {THROUGH: f"- 2026-06-01: {NOT_OFFERED}"}
        assert not red(dagster.ask("2026-08-01", "2026-10-19"))
        assert (dagster.materialized()[0], dagster.materialized()[-1]) == (
            "2026-08-20",
            "2026-10-19",
        )


@pytest.mark.slow
def test_where_nothing_comes_the_step_is_tried_again(
    dagster: Dagster, simulator: SimulatedMarket
) -> None:
    """The client repeats a request.

    When that is used up the step does, and its second try is judged by itself.
    """
    simulator.set_faults(
        {"kind": "server_error", "path": "rankings", "times": FAST_RETRIES.attempts}
    )
    result = dagster.ask(DAY, DAY)
    assert result.success
    assert [
        event.event_type_value
        for event in result.all_events
        if "RETRY" in event.event_type_value or "RESTARTED" in event.event_type_value
    ] == [
        "STEP_UP_FOR_RETRY",
        "STEP_RESTARTED",
    ]
    assert DAY in dagster.materialized()
    assert not red(result)
