"""Real answers of OpenRouter, replayed over HTTP: the history loads to the token, twice adds nothing, a rebuild gives it again."""

import csv
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from support.simulator import (
    FAST_RETRIES,
    KEY,
    MakeSimulator,
    ingest_rankings,
    simulated_market,
    sql,
)

import pipelines.simulator
from pipelines.ingest.market import MarketIngest, ingest_market
from pipelines.ingest.rebuild import rebuild
from pipelines.publish.generations import newest
from pipelines.settings import Settings
from pipelines.transform.dbt import build

pytestmark = pytest.mark.slow

FIRST, LAST = date(2025, 1, 1), date(2026, 2, 28)
# What an answer says of itself; a rebuild must give all of it again, but a generation has its own number and time.
OWN = {"meta"}


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every mart of a published file, as sorted rows."""
    with closing(duckdb.connect(str(path.resolve()), read_only=True)) as con:
        names = [
            name
            for (name,) in con.sql(
                "select table_name from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        ]
        return {
            name: con.sql(f"from marts.{name} order by all").fetchall()
            for name in names
            if name not in OWN
        }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recorded")


@pytest.fixture(scope="module")
def ingested(home: Path, recordings: Path) -> tuple[Settings, MarketIngest]:
    """The recorded history, ingested once for all tests here."""
    with simulated_market(
        mode="replay", recordings=recordings, now=datetime(2026, 8, 22, 8, tzinfo=UTC)
    ) as simulator:
        settings = Settings(home=home, openrouter_url=simulator.url, openrouter_key=KEY)
        first = ingest_market(settings, FIRST, LAST, retry_policy=FAST_RETRIES)
        once = tables(newest(settings))
        ingest_market(settings, FIRST, LAST, retry_policy=FAST_RETRIES)
        changed = {name for name, rows in tables(newest(settings)).items() if rows != once[name]}
        # A second asking is another line in the log and another sample of the present; no figure of a day changes.
        assert changed <= {"ingest_log", "endpoint_speed", "providers", "model_prices_daily"}
    return settings, first


def test_every_day_is_loaded_and_the_two_holes_are_reported(
    ingested: tuple[Settings, MarketIngest],
) -> None:
    """422 days, and the days that the source does not have are missing, not failed."""
    _, result = ingested
    assert sum(day.status == "loaded" for day in result.extract.days) == 422
    assert [day.date for day in result.extract.days if day.status == "missing"] == [
        date(2025, 6, 15),
        date(2025, 7, 15),
    ]
    assert result.extract.is_complete


def test_monthly_totals_are_exact(ingested: tuple[Settings, MarketIngest]) -> None:
    """Each month's sum equals the control totals of the reference, to the token."""
    settings, _ = ingested
    found = dict(
        sql(
            settings,
            "select strftime(date, '%Y-%m'), sum(platform_tokens)::bigint from marts.market_days group by all",
        )
    )
    with (
        Path(pipelines.simulator.__file__).parent / "synthetic" / "control_totals.csv"
    ).open() as file:
        control = {
            row["month"]: int(row["total_tokens"])
            for row in csv.DictReader(line for line in file if not line.startswith("#"))
        }
    assert len(found) == 14
    assert found == {month: control[month] for month in found}


def test_asking_again_adds_nothing(ingested: tuple[Settings, MarketIngest]) -> None:
    """The second ingest brought new answers of the same figures: no new board, no new revision, no changed figure."""
    settings, _ = ingested
    assert sql(settings, "select count(*) from raw.ranking_rows") == [(422 * 51,)]
    assert sql(settings, "select count(*), max(revision) from marts.market_tokens_revisions") == [
        (422 * 51, 1)
    ]
    assert sql(settings, "select count(*) from marts.market_tokens_daily") == [(422 * 51,)]


def test_golden_rows(ingested: tuple[Settings, MarketIngest]) -> None:
    """Figures that were read off the recorded answers by hand."""
    settings, _ = ingested
    first = sql(
        settings,
        "select model_permaslug, total_tokens from marts.market_tokens_daily where date = '2025-01-01' and rank = 1",
    )
    assert first == [("anthropic/claude-3.5-sonnet:beta", 11_646_035_656)]
    assert sql(
        settings,
        "select platform_tokens, other_tokens from marts.market_days where date = '2025-01-01'",
    ) == [(49_151_682_771, 2_241_676_199)]
    assert sql(
        settings,
        "select is_missing, platform_tokens from marts.market_days where date = '2025-06-15'",
    ) == [(True, None)]


def test_a_rebuild_gives_equal_figures(ingested: tuple[Settings, MarketIngest]) -> None:
    """From the archive alone, offline, every mart comes out equal, row for row."""
    settings, _ = ingested
    before = tables(newest(settings))
    offline = Settings(home=settings.home, openrouter_url="http://127.0.0.1:9/api/v1")
    rebuild(offline)
    assert tables(newest(settings)) == before


def test_overlapping_windows_in_either_order_are_the_same(
    tmp_path: Path, recordings: Path, make_simulator: MakeSimulator
) -> None:
    """The two June windows overlap by 29 days; which came first plays no part in figures or revisions."""
    windows = [
        (datetime(2026, 6, 19, 8, 20, 44, 552000, UTC), date(2026, 5, 20), date(2026, 6, 18)),
        (datetime(2026, 6, 20, 7, 46, 46, 121000, UTC), date(2026, 5, 21), date(2026, 6, 19)),
    ]
    found = []
    for name, order in (("forwards", windows), ("backwards", windows[::-1])):
        with make_simulator(mode="replay", recordings=recordings) as simulator:
            settings = Settings(
                home=tmp_path / name, openrouter_url=simulator.url, openrouter_key=KEY
            )
            for now, first, last in order:
                simulator.set_now(now)
                assert ingest_rankings(settings, first, last).is_complete
        build(settings)
        found.append(
            {
                table: sql(settings, f"from marts.{table} order by all")
                for table in ("market_tokens_daily", "market_tokens_revisions")
            }
        )
    assert found[0] == found[1]
    assert len(found[0]["market_tokens_daily"]) == 31 * 51
