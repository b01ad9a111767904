"""Loading of downloads: pages of the Hub's list, repositories of it, and files of past counts.

What a model is changes rarely, so it is kept only where a page says something new of it.
"""

from collections.abc import Iterator, Mapping, Sequence

import duckdb
import polars as pl
import pyarrow as pa

from pipelines.archive import Answer
from pipelines.loading.outcome import LoadResult
from pipelines.loading.snapshots import quarantine_rows
from pipelines.sources.huggingface.history import HistoryFile
from pipelines.sources.huggingface.hub_page import COUNTS, MODELS
from pipelines.sources.parsing import ParsedTables, is_complete
from pipelines.sql import read_sql

# COUNTS is one of our own constants.
NEW_COUNTS = f"insert into {COUNTS} by name select * exclude (fetched_at) from incoming"  # noqa: S608
NEW_MODELS, HISTORY = (read_sql(__file__, f"downloads_{name}") for name in ("models", "history"))
BATCH_ROWS = 500_000
Frames = Mapping[str, pl.DataFrame]
INSTANT = pl.Datetime("us", "UTC")
FIRST = pl.col("hub_id").is_first_distinct()


def load_hub_page(
    con: duckdb.DuckDBPyConnection, answer: Answer, page: ParsedTables, *, is_new: bool
) -> LoadResult:
    """Load a page; a model that stands on it twice is loaded once, as it stood first."""
    counts = page.frames[COUNTS]
    complete = is_complete(page, COUNTS)
    frames = {
        table: frame.filter(is_complete(page, table) & FIRST)
        for table, frame in page.frames.items()
    }
    good = frames[COUNTS]
    if is_new:
        insert_pages(con, [(answer, frames)])
    faults = []
    for fault, bad in (
        ("incomplete row: needs _id and id", counts.filter(~complete)),
        ("repeated row", counts.filter(complete & ~FIRST)),
    ):
        if not bad.is_empty():
            quarantine_rows(con, answer, bad, fault)
            faults.append(fault.partition(":")[0])
    return LoadResult.of(rows=good.height, kept=good.height, faults=faults, notes=page.notes)


def insert_pages(con: duckdb.DuckDBPyConnection, pages: Sequence[tuple[Answer, Frames]]) -> None:
    """Insert the counters of pages, and what they say of models that was not known, in their order.

    Each page has other bytes than any that is loaded, or that stands here, and no faulty row.
    """
    _insert(con, COUNTS, NEW_COUNTS, pages)
    _insert(con, MODELS, NEW_MODELS, pages, {"keeps_all": False})


def load_repository(
    con: duckdb.DuckDBPyConnection, answer: Answer, repository: ParsedTables, *, is_new: bool
) -> LoadResult:
    """Load what one repository is, also where that is known: its answer says who has a name."""
    if is_new:
        insert_repositories(con, [(answer, repository.frames)])
    return LoadResult("loaded", 1, notes=repository.notes)


def insert_repositories(
    con: duckdb.DuckDBPyConnection, repositories: Sequence[tuple[Answer, Frames]]
) -> None:
    """Insert what repositories are, each of other bytes than any that is loaded."""
    _insert(con, MODELS, NEW_MODELS, repositories, {"keeps_all": True})


def _insert(
    con: duckdb.DuckDBPyConnection,
    table: str,
    query: str,
    answers: Sequence[tuple[Answer, Frames]],
    values: Mapping[str, bool] | None = None,
) -> None:
    sizes = [frames[table].height for _, frames in answers]
    rows = pl.concat([frames[table] for _, frames in answers]).hstack(
        [
            _repeated("sha256", pl.String, [answer.sha256 for answer, _ in answers], sizes),
            _repeated("fetched_at", INSTANT, [answer.fetched_at for answer, _ in answers], sizes),
        ]
    )
    con.register("incoming", rows.to_arrow())
    con.execute(query, values or {})
    con.unregister("incoming")


def is_plain(page: ParsedTables) -> bool:
    """Tell whether every row of a page is complete and stands there once."""
    return all(
        not any(frame[name].null_count() for name in page.required[table])
        and frame["hub_id"].n_unique() == frame.height
        for table, frame in page.frames.items()
    )


def _repeated(
    name: str, kind: type[pl.DataType] | pl.DataType, values: Sequence[object], sizes: Sequence[int]
) -> pl.Series:
    """Return a column with each value as often as its size says."""
    one = pl.Series(name, values, dtype=kind)
    return pl.concat([one.new_from_index(row, size) for row, size in enumerate(sizes)])


def load_history(con: duckdb.DuckDBPyConnection, answer: Answer, file: HistoryFile) -> LoadResult:
    """Load a file of past counts, by parts; the same bytes mapped otherwise replace what they were.

    A row without a day, a name or a count is counted as a fault and left out: it is unknown.
    """
    reader = file.open()
    columns = dict(file.columns)
    date, name = columns["date"], columns[file.grain]
    figure = columns.get("all_time") or columns["downloads"]
    chosen = [date, name, figure]

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader.iter_batches(BATCH_ROWS, columns=chosen):
            arrays = [batch.column(batch.schema.get_field_index(each)) for each in chosen]
            yield pa.RecordBatch.from_arrays(arrays, ["date", "name", "downloads"])

    types = [reader.schema_arrow.field(each).type for each in chosen]
    schema = pa.schema(list(zip(("date", "name", "downloads"), types, strict=True)))
    for table in ("raw.hub_history", "raw.hub_history_files"):
        # `table` is one of our own constants.
        con.execute(f"delete from {table} where sha256 = ?", [answer.sha256])  # noqa: S608
    con.register("incoming", pa.RecordBatchReader.from_batches(schema, batches()))
    con.execute(HISTORY, {"digest": answer.sha256})
    con.unregister("incoming")
    con.execute(
        "insert into raw.hub_history_files values (?, ?, ?, ?, ?, ?, ?)",
        [
            answer.sha256,
            answer.fetched_at,
            file.grain,
            file.figure,
            file.licence,
            file.citation,
            answer.origin,
        ],
    )
    count = "select count(*) from raw.hub_history where sha256 = ?"
    [(kept,)] = con.execute(count, [answer.sha256]).fetchall()
    lost = reader.metadata.num_rows - kept
    faults = [f"{lost} rows without a day, a name or a count"] if lost else []
    return LoadResult.of(rows=kept, kept=kept, faults=faults, notes=[])
