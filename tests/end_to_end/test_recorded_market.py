"""Recorded responses of OpenRouter, replayed over HTTP: exact totals, idempotence and rebuilds."""

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

from pipelines.ingest.market import MarketIngest, ingest_market
from pipelines.ingest.rebuild import rebuild
from pipelines.publish.generations import newest
from pipelines.settings import Settings
from pipelines.simulator.synthetic.models import read_table
from pipelines.transform.build import build

pytestmark = pytest.mark.slow

FIRST, LAST = date(2025, 1, 1), date(2026, 2, 28)
# A rebuild gives every mart again but this one, which holds the generation's number and time.
GENERATION_TABLES = {"meta"}
# Their rows say when the newest answer was got that they rest on.
DATED_BY_ANSWER = {"attribution_proposals", "attribution_statements", "claims"}


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Read every mart of a published file, as sorted rows."""
    with closing(duckdb.connect(str(path.resolve()), read_only=True)) as con:
        names = [
            name
            for (name,) in con.sql(
                "select table_name from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        ]
        return {
            name: con.sql(
                f"select * {'exclude (as_of) ' * (name in DATED_BY_ANSWER)}"
                f"from marts.{name} order by all"
            ).fetchall()
            for name in names
            if name not in GENERATION_TABLES
        }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recorded")


@pytest.fixture(scope="module")
def ingested(home: Path, recordings: Path) -> tuple[Settings, MarketIngest]:
    """Ingest the recorded days twice, once for all tests here."""
    with simulated_market(
        mode="replay", recordings=recordings, now=datetime(2026, 8, 22, 8, tzinfo=UTC)
    ) as simulator:
        settings = Settings(home=home, openrouter_url=simulator.url, openrouter_key=KEY)
        first = ingest_market(settings, FIRST, LAST, retry_policy=FAST_RETRIES)
        once = tables(newest(settings))
        ingest_market(settings, FIRST, LAST, retry_policy=FAST_RETRIES)
        changed = {name for name, rows in tables(newest(settings)).items() if rows != once[name]}
        # A second ingest adds lines to the log and a sample of the present; no day changes.
        assert changed <= {"ingest_log", "endpoint_speed", "providers", "model_prices_daily"}
    return settings, first


def test_every_day_is_loaded_and_the_two_missing_days_are_reported(
    ingested: tuple[Settings, MarketIngest],
) -> None:
    """422 days are loaded; the days that the source lacks are missing, not failed."""
    _, result = ingested
    assert sum(day.status == "loaded" for day in result.extract.days) == 422
    assert [day.date for day in result.extract.days if day.status == "missing"] == [
        date(2025, 6, 15),
        date(2025, 7, 15),
    ]
    # Of these nothing was recorded, so the replay answers 404: they are not got.
    assert [failure.what.split(" of ")[0] for failure in result.extract.not_got] == [
        "apps",
        "tasks",
        "benchmarks",
        "session costs",
    ]
    assert not result.extract.is_complete


def test_monthly_totals_are_exact(ingested: tuple[Settings, MarketIngest]) -> None:
    """Each month sums to its control total, to the token."""
    settings, _ = ingested
    found = dict(
        sql(
            settings,
            "select strftime(date, '%Y-%m'), sum(platform_tokens)::bigint "
            "from marts.market_days group by all",
        )
    )
    control = {row["month"]: int(row["total_tokens"]) for row in read_table("control_totals.csv")}
    assert len(found) == 14
    assert found == {month: control[month] for month in found}


def test_a_second_ingest_adds_nothing(ingested: tuple[Settings, MarketIngest]) -> None:
    """New responses with the same figures add no ranking, no revision and no changed figure."""
    settings, _ = ingested
    assert sql(settings, "select count(*) from raw.ranking_rows") == [(422 * 51,)]
    assert sql(settings, "select count(*), max(revision) from marts.market_tokens_revisions") == [
        (422 * 51, 1)
    ]
    assert sql(settings, "select count(*) from marts.market_tokens_daily") == [(422 * 51,)]


def test_golden_rows(ingested: tuple[Settings, MarketIngest]) -> None:
    """Figures read from the recordings by hand."""
    settings, _ = ingested
    first = sql(
        settings,
        "select model_permaslug, total_tokens from marts.market_tokens_daily "
        "where date = '2025-01-01' and rank = 1",
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


@pytest.mark.long
def test_a_rebuild_gives_equal_figures(ingested: tuple[Settings, MarketIngest]) -> None:
    """Offline, from the archive alone, every mart is equal row for row."""
    settings, _ = ingested
    before = tables(newest(settings))
    offline = Settings(home=settings.home, openrouter_url="http://127.0.0.1:9/api/v1")
    rebuild(offline)
    assert tables(newest(settings)) == before


@pytest.mark.long
def test_overlapping_windows_load_alike_in_either_order(
    tmp_path: Path, recordings: Path, make_simulator: MakeSimulator
) -> None:
    """The two June windows overlap by 29 days; their order changes no figure and no revision."""
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
