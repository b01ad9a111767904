"""Files of the past equal what a home published then that has learned nothing since."""

import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.loading import AS_OF, DAY, keep_answer, rankings_body
from support.restated_answers import THEN, keep_until
from support.telemetry_facts import START, TOKENS, scrape

from pipelines.archive import Archive
from pipelines.errors import BadSetting, NothingPublished
from pipelines.ingest.market import load_archive
from pipelines.ingest.telemetry import load
from pipelines.publish.as_of import MAX_KEPT, parse_instant, path_as_of, published_as_of
from pipelines.publish.generations import newest, publish
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from pipelines.telemetry.metrics.vocabulary import Series
from pipelines.transform.build import build
from warehouse.connection import open_warehouse

# These tell of the file, not of the market; a file of the past has no history of publishing.
OWN = {"meta", "claim_verdicts"}
HOUR = timedelta(hours=1)


def tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every mart of a published file, as sorted rows."""
    with closing(duckdb.connect(str(path.resolve()), read_only=True)) as con:
        names = con.sql(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall()
        return {
            name: con.sql(f"from marts.{name} order by all").fetchall()
            for (name,) in names
            if name not in OWN
        }


def meta(path: Path) -> tuple[Any, ...]:
    with closing(duckdb.connect(str(path), read_only=True)) as con:
        con.execute("set TimeZone = 'UTC'")
        [row] = con.sql("select generation, as_of, asked_as_of from meta").fetchall()
        return row


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a home that loaded all three mornings."""
    settings = Settings(tmp_path_factory.mktemp("all"))
    keep_until(Archive(settings.archive), datetime.max.replace(tzinfo=UTC))
    load_archive(settings)
    return settings


@pytest.fixture
def whole(home: Settings, tmp_path: Path) -> Settings:
    """Return a copy of it, to do anything with."""
    shutil.copytree(home.home, tmp_path / "whole")
    return Settings(tmp_path / "whole")


@pytest.mark.slow
def test_the_past_is_what_a_home_published_that_had_heard_nothing_since(
    whole: Settings, tmp_path: Path
) -> None:
    """Every mart, row for row: restatements, withdrawals, prices, the log and the quarantine."""
    then = Settings(tmp_path / "then")
    keep_until(Archive(then.archive), THEN)
    load_archive(then)
    build(then)
    publish(then)
    path = published_as_of(whole, THEN)
    found, expected = tables(path), tables(newest(then))
    assert {name for name, rows in expected.items() if rows} >= {
        "market_days",
        "models",
        "model_prices_daily",
        "providers",
        "market_tasks_daily",
    }
    assert found == expected
    assert meta(path) == (None, THEN, THEN)


@pytest.mark.long
def test_a_file_is_used_until_something_older_than_its_instant_comes(whole: Settings) -> None:
    """Publish nothing in the home itself; newer data change nothing."""
    reported: list[str] = []
    first = published_as_of(whole, THEN, lambda name, done, of: reported.append(name))
    assert "market_days" in reported
    archive = Archive(whole.archive)
    keep_answer(archive, rankings_body(6, THEN + 2 * DAY), THEN + 2 * DAY)
    load_archive(whole)
    reported.clear()
    assert published_as_of(whole, THEN, lambda name, done, of: reported.append(name)) == first
    assert not reported
    # A history that is loaded late and is dated before.
    keep_answer(archive, rankings_body(2, AS_OF - DAY), THEN + 3 * DAY)
    load_archive(whole)
    late = published_as_of(whole, THEN)
    assert late != first
    assert [row for row in tables(late)["market_restatements_daily"] if row[1] == AS_OF - DAY]
    assert not (whole.published / "tokentide.duckdb").exists()
    assert not (whole.home / "as-of").exists()


def served(settings: Settings, *segments: range) -> None:
    """Load a target with 60 tokens a minute at 100 W, scraped in these minutes, and the market."""
    settings.tier.write_text(
        '[[target]]\nname = "t"\nurl = "http://h:1/metrics"\nengine = "vllm"\n'
        'model_map = { m = "lab/model-0" }\n'
    )
    watts = Series("power_watts", "gauge", device="0", labels='provenance="measured"')
    writer = SegmentWriter(settings.telemetry_spool)
    for minutes in segments:
        writer.write(
            [
                scrape(60 * minute, {TOKENS: 60.0 * minute, watts: 100.0 + minute % 7})
                for minute in minutes
            ]
        )
    keep_until(Archive(settings.archive), THEN)
    load_archive(settings)
    load(settings)


@pytest.mark.long
def test_what_our_tier_had_served_by_then(tmp_path: Path) -> None:
    """The tier's and the joint tables are those of a home whose collector stopped at that hour."""
    homes = [Settings(tmp_path / name, tier=tmp_path / f"{name}.toml") for name in ("all", "then")]
    served(homes[0], range(120), range(120, 300))
    served(homes[1], range(120))
    build(homes[1])
    publish(homes[1])
    found, expected = tables(published_as_of(homes[0], START + 2 * HOUR)), tables(newest(homes[1]))
    assert [
        len(found[name])
        for name in ("served_tokens_minutely", "served_tokens_hourly", "device_energy_hourly")
    ] == [120, 2, 2]
    # What a segment is called and when it was loaded is each home's own; its bytes are the same.
    [log], [expected_log] = found.pop("telemetry_log"), expected.pop("telemetry_log")
    assert [log[place] for place in (1, 2, 3, 4, 5, 7)] == [
        expected_log[place] for place in (1, 2, 3, 4, 5, 7)
    ]
    assert found == expected


def test_old_files_of_the_past_are_removed(whole: Settings) -> None:
    """The ones least recently used go; the one just asked for stays."""
    folder = whole.published / "as-of"
    folder.mkdir(parents=True)
    for number in range(MAX_KEPT + 3):
        (folder / f"{number}.duckdb").touch()
    # Any file under the name that this state of the home gives is taken as it is, so this needs no
    # build.
    path = path_as_of(whole, THEN)
    path.touch()
    assert path.name.startswith("20260619T080000Z-")
    assert published_as_of(whole, THEN) == path
    assert len(list(folder.iterdir())) == MAX_KEPT
    assert path.exists()


def test_an_instant_before_all_knowledge_is_refused(whole: Settings) -> None:
    """It would be an empty file, which looks like a market without demand."""
    with pytest.raises(
        NothingPublished, match="Nothing in this home was known at 2020-01-01T00:00:00"
    ):
        published_as_of(whole, datetime(2020, 1, 1, tzinfo=UTC))
    assert not (whole.published / "as-of").exists()


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-06-19T08:00Z", THEN),
        ("2026-06-19T10:00+02:00", THEN),
        ("2026-06-19 08:00", THEN),
        ("2026-06-19", datetime(2026, 6, 19, tzinfo=UTC)),
    ],
)
def test_instants_are_utc_unless_they_say_otherwise(text: str, instant: datetime) -> None:
    """A day alone is its first instant."""
    assert parse_instant(text) == instant


def test_what_is_no_instant_is_refused_with_an_example() -> None:
    """Before anything is built."""
    with pytest.raises(
        BadSetting, match=r"'yesterday' is no instant; write it as 2026-06-19T08:00Z\."
    ):
        parse_instant("yesterday")


@pytest.mark.slow
def test_the_warehouse_is_free_while_the_past_is_built(whole: Settings) -> None:
    """Only the copy of the raw tables holds it: dbt's first word comes after that."""

    class Seen(Exception):
        """Raised from within the build."""

    def look(name: str, done: int, of: int) -> None:
        open_warehouse(whole.warehouse, wait_seconds=0).close()
        raise Seen

    with pytest.raises(Seen):
        published_as_of(whole, THEN, look)
