"""Contenders of `ingest.py`, each a function that loads the rankings into a fresh database.

`ingest.py` starts a process for each. Only the work within a stage is timed. Every contender gets
the same decoded answers or bytes, imports before the clock starts, and has its tables counted after
it stops.
"""

import argparse
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measuring.history import START, Facts, History, Payload
from measuring.timing import Stages

Contender = Callable[[History, Path, Stages, int], Facts]
"""Loads the history in an empty folder; one that loads day by day loads this number of days."""

FACTS = "select count(distinct date), count(*), sum(total_tokens::bigint)::bigint from {table}"


class Disagreement(Exception):
    """A contender loaded other figures than the history holds, so its time means nothing."""


def ours_from_dicts(history: History, work: Path, stages: Stages, days: int) -> Facts:
    """Load decoded answers into raw tables of a fresh warehouse, every day validated."""
    import polars as pl
    import pyarrow  # noqa: F401  # Polars hands frames over with it

    from pipelines.loading.rankings import load_rankings
    from pipelines.sources.openrouter.rankings_table import COLUMNS, RankingsTable
    from pipelines.sources.parsing import a_day, an_instant, text
    from warehouse.connection import open_warehouse
    from warehouse.migrate import migrate

    def table_of(payload: Payload) -> RankingsTable:
        rows, meta = payload["data"], payload["meta"]
        start, end = a_day(meta["start_date"], "start_date"), a_day(meta["end_date"], "end_date")
        return RankingsTable(
            pl.DataFrame([text(rows, name) for name in COLUMNS]),
            start,
            end,
            an_instant(meta["as_of"], "as_of"),
        )

    given = list(zip(history.answers(), history.payloads(), strict=True))
    path = work / "warehouse.duckdb"
    with stages("load"):
        con = open_warehouse(path)
        migrate(con)
        for answer, payload in given:
            con.begin()
            load_rankings(con, answer, table_of(payload))
            con.commit()
        con.close()
    return _count(path, "raw.ranking_days inner join raw.ranking_rows using (content_hash)")


def ours_from_bytes(history: History, work: Path, stages: Stages, days: int) -> Facts:
    """Load the archive into raw tables, as every run does: from compressed bytes, hash checked."""
    import pyarrow  # noqa: F401

    from pipelines.ingest.market import load_archive
    from pipelines.settings import Settings

    settings = Settings(_home(history, "history", work))
    with stages("load"):
        load_archive(settings)
    return _count(
        settings.warehouse, "raw.ranking_days inner join raw.ranking_rows using (content_hash)"
    )


def ours_published(history: History, work: Path, stages: Stages, days: int) -> Facts:
    """Take the archive to a published generation: load, build and audit by dbt, publish."""
    import pyarrow  # noqa: F401

    from pipelines.ingest.market import load_archive
    from pipelines.publish.generations import publish
    from pipelines.settings import Settings
    from pipelines.transform.build import build

    settings = Settings(_home(history, "history", work))
    with stages("load"):
        load_archive(settings)
    with stages("build and audit"):
        build(settings)
    with stages("publish"):
        generation = publish(settings)
    return _count(generation.path, "marts.market_tokens_daily")


def ours_rebuilt(history: History, work: Path, stages: Stages, days: int) -> Facts:
    """Rebuild everything: first with nothing but the archive, then when dbt has a parse cache."""
    import pyarrow  # noqa: F401

    from pipelines.ingest.rebuild import rebuild
    from pipelines.settings import Settings

    settings = Settings(_home(history, "everything", work))
    with stages("rebuild"):
        rebuild(settings)
    with stages("rebuild again"):
        generation = rebuild(settings).generation
    last = history.payloads()[-1]["meta"]["end_date"]
    return _count(
        generation.path,
        f"(from marts.market_tokens_daily where date between '{_first(history)}' and '{last}')",
    )


def dlt_insert_values(history: History, work: Path, stages: Stages, days: int) -> Facts:
    """Load with dlt's defaults for DuckDB: large insert statements."""
    return _dlt(history, work, stages, "insert_values")


def dlt_parquet(history: History, work: Path, stages: Stages, days: int) -> Facts:
    """Load with dlt in the file format that its page on DuckDB suggests as faster."""
    return _dlt(history, work, stages, "parquet")


def dlt_arrow(history: History, work: Path, stages: Stages, days: int) -> Facts:
    """Load an Arrow table of the dicts with dlt: its fastest way, without its normalisation."""
    return _dlt(history, work, stages, "parquet", as_arrow=True)


def _dlt(
    history: History, work: Path, stages: Stages, file_format: Any, as_arrow: bool = False
) -> Facts:
    import dlt
    import pyarrow as pa

    path, bodies = work / "dlt.duckdb", history.bodies()
    with stages("decode"):
        payloads = [json.loads(body) for body in bodies]
    with stages("load"):
        rows = [row for payload in payloads for row in payload["data"]]
        destination = dlt.destinations.duckdb(str(path))
        pipeline = dlt.pipeline(
            "benchmark",
            destination=destination,
            dataset_name="raw",
            pipelines_dir=str(work / "pipelines"),
        )
        pipeline.run(
            pa.Table.from_pylist(rows) if as_arrow else rows,
            table_name="rankings",
            loader_file_format=file_format,
        )
    return _count(path, "raw.rankings")


def dagster_in_memory(history: History, work: Path, stages: Stages, days: int) -> Facts:
    """Materialise a day at a time with the I/O manager and no stored runs: its fastest way."""
    return _dagster(history, work, stages, days, instance=None)


def dagster_in_sqlite(history: History, work: Path, stages: Stages, days: int) -> Facts:
    """Do the same with runs and events in SQLite, as `dagster dev` does, in one process."""
    import dagster as dg

    return _dagster(history, work, stages, days, instance=dg.DagsterInstance.local_temp(str(work)))


def _dagster(history: History, work: Path, stages: Stages, days: int, instance: Any) -> Facts:
    import dagster as dg
    import polars as pl
    from dagster_duckdb_polars import DuckDBPolarsIOManager

    by_day: dict[str, list[Payload]] = {}
    for row in (row for payload in history.payloads() for row in payload["data"]):
        by_day.setdefault(row["date"], []).append(row)

    @dg.asset(
        key_prefix=["raw"],
        partitions_def=dg.DailyPartitionsDefinition(START.isoformat()),
        metadata={"partition_expr": "date"},
    )
    # Dagster reads annotations while this module runs, so there is none for the context.
    def rankings(context) -> pl.DataFrame:  # type: ignore[no-untyped-def]
        frame = pl.DataFrame(by_day[context.partition_key])
        return frame.with_columns(
            pl.col("date").str.to_datetime("%Y-%m-%d"), pl.col("total_tokens").cast(pl.Int64)
        )

    path = work / "dagster.duckdb"
    resources = {"io_manager": DuckDBPolarsIOManager(database=str(path))}
    for number, day in enumerate(sorted(by_day)[:days]):
        with stages("each day after it" if number else "the first day"):
            dg.materialize([rankings], partition_key=day, resources=resources, instance=instance)
    return _count(path, "raw.rankings")


CONTENDERS: dict[str, Contender] = {
    "ours-from-dicts": ours_from_dicts,
    "ours-from-bytes": ours_from_bytes,
    "ours-published": ours_published,
    "ours-rebuilt": ours_rebuilt,
    "dlt-insert-values": dlt_insert_values,
    "dlt-parquet": dlt_parquet,
    "dlt-arrow": dlt_arrow,
    "dagster-in-memory": dagster_in_memory,
    "dagster-in-sqlite": dagster_in_sqlite,
}
# These load everything twice in their process: the first load also pays for what libraries import
# and compile when they are first used.
TWICE = frozenset(name for name in CONTENDERS if name.startswith(("ours-from", "dlt")))
ONE_DAY_AT_A_TIME = frozenset(name for name in CONTENDERS if name.startswith("dagster"))


def _home(history: History, which: str, work: Path) -> Path:
    shutil.copytree(history.folder / which / "raw", work / "raw")
    return work


def _first(history: History) -> str:
    return min(str(payload["meta"]["start_date"]) for payload in history.payloads())


def _count(path: Path, table: str) -> Facts:
    import duckdb

    with duckdb.connect(str(path), read_only=True) as con:
        [(days, rows, total_tokens)] = con.sql(FACTS.format(table=table)).fetchall()
    return Facts(days, rows, total_tokens)


def main() -> None:
    """Run one contender and write its stages beside the tables it loaded."""
    parser = argparse.ArgumentParser(
        description="One contender of benchmarks/ingest.py, which starts this."
    )
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("history", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--days", type=int, default=0)
    given = parser.parse_args()
    attempts = [
        _attempt(given, attempt)
        for attempt in ("first", "second")[: 2 if given.contender in TWICE else 1]
    ]
    (given.work / "report.json").write_text(json.dumps(attempts))


def _attempt(given: argparse.Namespace, name: str) -> dict[str, Any]:
    history, work, stages = History(given.history), given.work / name, Stages()
    work.mkdir(parents=True)
    found = CONTENDERS[given.contender](history, work, stages, given.days)
    expected = history.facts(given.days if given.contender in ONE_DAY_AT_A_TIME else None)
    if found != expected:
        raise Disagreement(f"{given.contender} loaded {found}, the history holds {expected}.")
    return asdict(stages)


if __name__ == "__main__":
    main()
