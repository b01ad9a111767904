"""Figures, ratios and limits of `ingest.py`."""

from measuring.comparison import (
    Figure,
    Limit,
    Ratio,
    day_by_day,
    each_day,
    memory,
    stages,
    whole,
)

DLT_AIM, STOCK_AIM, REBUILD_SECONDS, REBUILD_MIB = 10.0, 20.0, 20.0, 1024.0

OURS_DICTS = stages("ours, dicts to tables", "ours-from-dicts")
OURS_BYTES = stages("ours, archive to tables", "ours-from-bytes")
OURS_WHOLE = whole("ours, archive to tables, whole process", "ours-from-bytes")
OURS_PUBLISHED = stages("ours, archive to published", "ours-published")
DLT_INSERTS = stages("dlt, defaults, dicts to tables", "dlt-insert-values", "load")
DLT_PARQUET = stages("dlt, parquet, dicts to tables", "dlt-parquet", "load")
DLT_BYTES = stages("dlt, parquet, bytes to tables", "dlt-parquet")
DLT_ARROW = stages("dlt, dicts by Arrow to tables", "dlt-arrow", "load")
DLT_WHOLE = whole("dlt, parquet, whole process", "dlt-parquet")


def stock_dagster(loaded: int, days: int) -> tuple[Figure, Figure]:
    """Return seconds of stock Dagster for all days, in memory and with SQLite."""
    basis = "as measured" if loaded == days else f"projected from {loaded}"
    return (
        day_by_day(f"stock Dagster, {days} days, {basis}", "dagster-in-memory", loaded, days),
        day_by_day(
            f"stock Dagster with SQLite, {days} days, {basis}", "dagster-in-sqlite", loaded, days
        ),
    )


def figures_of(loaded: int, days: int) -> list[Figure]:
    """Return all figures, for contenders that load day by day the number of loaded days."""
    published = [
        stages(f"  of which {name}", "ours-published", name)
        for name in ("load", "build and audit", "publish")
    ]
    first = [
        stages(f"{figure.what}, first time", figure.contenders[0], "load", attempt=0)
        for figure in (OURS_DICTS, OURS_BYTES, DLT_PARQUET)
    ]
    return [
        OURS_DICTS,
        OURS_BYTES,
        OURS_PUBLISHED,
        *published,
        whole("ours, archive to published, whole process", "ours-published"),
        DLT_INSERTS,
        DLT_PARQUET,
        DLT_ARROW,
        DLT_BYTES,
        *first,
        OURS_WHOLE,
        DLT_WHOLE,
        each_day("stock Dagster", "dagster-in-memory", loaded),
        each_day("stock Dagster with SQLite", "dagster-in-sqlite", loaded),
        *stock_dagster(loaded, days),
        stages("ours, rebuild of everything again", "ours-rebuilt", "rebuild again"),
        memory("ours, rebuild of everything, largest process", "ours-rebuilt", total=False),
    ]


def ratios_of(loaded: int, days: int) -> list[Ratio]:
    """Return all ratios."""
    in_memory, in_sqlite = stock_dagster(loaded, days)
    return [
        Ratio("the same dicts, dlt's suggested settings", DLT_PARQUET, OURS_DICTS, DLT_AIM),
        Ratio("the same dicts, dlt's default settings", DLT_INSERTS, OURS_DICTS, DLT_AIM),
        Ratio("the same bytes", DLT_BYTES, OURS_BYTES),
        Ratio("the same dicts, dlt past its normalisation", DLT_ARROW, OURS_DICTS),
        Ratio("a whole process", DLT_WHOLE, OURS_WHOLE),
        Ratio("a partition a day", in_memory, OURS_BYTES, STOCK_AIM),
        Ratio("a partition a day, runs stored", in_sqlite, OURS_BYTES, STOCK_AIM),
        Ratio(
            "not alike: a load beside a load, build, audit and publish", DLT_PARQUET, OURS_PUBLISHED
        ),
        Ratio("not alike: a partition a day beside all of ours", in_memory, OURS_PUBLISHED),
        Ratio("not alike: the same, runs stored", in_sqlite, OURS_PUBLISHED),
    ]


def limits() -> list[Limit]:
    """Return all limits."""
    return [
        Limit(stages("ours, rebuild of everything", "ours-rebuilt", "rebuild"), REBUILD_SECONDS),
        Limit(
            memory(
                "ours, rebuild of everything, all processes together", "ours-rebuilt", total=True
            ),
            REBUILD_MIB,
        ),
    ]
