"""Spend logs of LiteLLM (`LiteLLM_SpendLogs`) as segments: a file of JSON, CSV or Parquet.

Only figures, instants, names of models and who sent a request are read. Names of senders become
pseudonyms before anything is written; messages, responses and other metadata are never copied.
There is a segment for each UTC day, named by its content, so a log that is exported again from its
beginning gives the segments of past days again, and they are known.

    20260822T000003123000Z-litellm-9f2c61d04b1a.parquet
"""

import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from models.server.access.callers import Pseudonyms
from pipelines.errors import BadSetting
from pipelines.sql import quote_text, read_sql

GATEWAY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
SENDERS = ("caller", "team", "key_alias")
SCHEMA = pa.schema(
    [
        pa.field("gateway", pa.string(), nullable=False),
        pa.field("line", pa.int64()),  # of a line that is no request
        pa.field("request_id", pa.string()),
        pa.field("call_type", pa.string()),
        pa.field("model", pa.string()),
        pa.field("provider", pa.string()),
        pa.field("started_at", pa.timestamp("us", tz="UTC")),
        pa.field("first_token_at", pa.timestamp("us", tz="UTC")),
        pa.field("ended_at", pa.timestamp("us", tz="UTC")),
        pa.field("prompt_tokens", pa.int64()),
        pa.field("cached_tokens", pa.int64()),
        pa.field("completion_tokens", pa.int64()),
        pa.field("usd", pa.float64()),
        pa.field("is_cache_hit", pa.bool_()),
        pa.field("is_failure", pa.bool_()),
        *(pa.field(name, pa.string()) for name in SENDERS),
        pa.field("reason", pa.string()),
    ]
)
# Columns of the table that are read, where a file has them.
COLUMNS = (
    "request_id",
    "call_type",
    "api_key",
    "spend",
    "prompt_tokens",
    "completion_tokens",
    "startTime",
    "endTime",
    "completionStartTime",
    "model",
    "model_group",
    "custom_llm_provider",
    "user",
    "metadata",
    "cache_hit",
    "team_id",
    "end_user",
    "status",
)
MAX_ENTRY_BYTES = 64 * 1024 * 1024  # of an entry that holds a whole conversation
MAX_MEMORY = "2GB"
MAX_ROWS = 1_000_000  # of a segment
LINES, REQUESTS, NAMES, REJECTS = (
    read_sql(__file__, name) for name in ("lines", "requests", "names", "rejects")
)


@dataclass
class SpendLogResult:
    """Content of a log: its requests, new segments, and lines that are no request, by reason."""

    requests: int = 0
    segments: list[str] = field(default_factory=list)
    rejects: list[tuple[int, str]] = field(default_factory=list)


def read_spend_log(
    path: Path,
    gateway: str,
    pseudonyms: Pseudonyms,
    now: datetime,
    store: Callable[[str, bytes], None],
) -> SpendLogResult:
    """Read a log and store its segments by name; raise BadSetting if it cannot be read at all."""
    if not GATEWAY.fullmatch(gateway):
        raise BadSetting(
            f"{gateway!r} is no name of a gateway. Use letters, digits, - and _, at most 64."
        )
    result = SpendLogResult()
    with _open_lines(path, now) as con:
        _label_names(con, pseudonyms)
        con.execute("set variable gateway = ?", [gateway])
        rejects = con.execute(REJECTS).to_arrow_table()
        pairs = zip(rejects["line"].to_pylist(), rejects["reason"].to_pylist(), strict=True)
        result.rejects = list(pairs)
        days = _list_days(con)
        for day in days:
            con.execute("set variable day = ?", [day])
            for batch in con.execute(REQUESTS).to_arrow_reader(MAX_ROWS):
                rows = pa.Table.from_batches([batch]).cast(SCHEMA)
                result.requests += rows.num_rows
                first_at = rows["started_at"][0].as_py()
                result.segments.append(_store(rows, gateway, first_at, store))
        if result.rejects:
            first_at = datetime.combine(days[0], datetime.min.time(), UTC) if days else now
            result.segments.append(_store(_fill_up(rejects), gateway, first_at, store))
    return result


@contextmanager
def _open_lines(path: Path, now: datetime) -> Iterator[duckdb.DuckDBPyConnection]:
    """Read a log into the table `lines` of a database in memory."""
    with TemporaryDirectory() as folder, duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"set memory_limit = '{MAX_MEMORY}'")
        con.execute(f"set temp_directory = {quote_text(folder)}")
        con.execute("set autoinstall_known_extensions = false")
        try:
            con.execute(f"create temp view entries as {_entries(con, path)}")
            con.execute(LINES, {"now": now})
        except OSError as error:
            raise BadSetting(f"{path} cannot be read: {error.strerror}.") from error
        except duckdb.Error as error:
            # The message may quote the file, and so a prompt.
            raise BadSetting(
                f"{path} cannot be read as a spend log ({type(error).__name__}). Export the table "
                "LiteLLM_SpendLogs as JSON (an array, or an object a line), CSV or Parquet."
            ) from None
        yield con


def _entries(con: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Return a query of the file's entries: their numbers, and their columns as JSON."""
    name = quote_text(str(path))
    kind = path.name.removesuffix(".gz").rpartition(".")[2].lower()
    if kind in {"csv", "parquet"}:
        options = ", header = true, all_varchar = true" if kind == "csv" else ""
        rows = f"read_{kind}({name}{options})"
        found = {each.lower(): each for each in con.sql(f"from {rows} limit 0").columns}
        known = [each for each in COLUMNS if each.lower() in found]
        pairs = ", ".join(
            f'{quote_text(each)}, "{found[each.lower()]}"{"" if each == "metadata" else "::text"}'
            for each in known
        )
        entry = f"json_object({pairs})"
    else:
        layout = "array" if _is_array(path) else "newline_delimited"
        ignored = "" if layout == "array" else ", ignore_errors = true"
        rows = (
            f"read_json_objects({name}, format = '{layout}'{ignored}, "
            f"maximum_object_size = {MAX_ENTRY_BYTES})"
        )
        entry = "json"
    return f"select row_number() over () as line, {entry} as entry from {rows}"  # noqa: S608


def _is_array(path: Path) -> bool:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        return bytes(file.read(4096)).lstrip().startswith(b"[")


def _label_names(con: duckdb.DuckDBPyConnection, pseudonyms: Pseudonyms) -> None:
    """Make the table `labels`: what is written in place of each name."""
    names = con.execute(NAMES).to_arrow_table()
    labels = [
        pseudonyms.hide("key", name) if kind == "hidden key" else pseudonyms.label(kind, name)
        for kind, name in zip(names["kind"].to_pylist(), names["name"].to_pylist(), strict=True)
        if name
    ]
    known = names.filter(pa.compute.is_valid(names["name"]))
    con.register("named", known.append_column("label", pa.array(labels, pa.string())))
    con.execute("create temp table labels as from named")
    con.unregister("named")


def _list_days(con: duckdb.DuckDBPyConnection) -> list[date]:
    days = con.sql(
        "select distinct started_at::date as day from lines where reason is null order by day"
    )
    return [day for (day,) in days.fetchall()]


def _fill_up(rejects: pa.Table) -> pa.Table:
    columns = {
        each.name: rejects[each.name]
        if each.name in rejects.column_names
        else pa.nulls(rejects.num_rows, each.type)
        for each in SCHEMA
    }
    return pa.table(columns).cast(SCHEMA)


def _store(
    rows: pa.Table, gateway: str, first_at: datetime, store: Callable[[str, bytes], None]
) -> str:
    """Store a segment under a name that its content gives."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    digest = sha256(content).hexdigest()[:12]
    name = f"{first_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{gateway}-{digest}.parquet"
    store(name, content)
    return name
