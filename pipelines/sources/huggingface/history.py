"""Counts of downloads before installation: a Parquet file that somebody kept, given by a person.

The default mapping is that of the community data set modelpulse/model-pulse-data (Apache-2.0). A
file with other columns is refused with the names that it has, so that a person can map them.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.archive import Answer, Archive, utc_now
from pipelines.errors import BadAnswer, BadSetting
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.client.upstream import Upstream
from pipelines.sources.source import Source

COLUMNS = {"date": "date", "author": "author", "downloads": "downloads"}
LICENCE, CITATION = "Apache-2.0", "modelpulse/model-pulse-data"
NAMES, FIGURES = ("author", "model"), ("downloads", "all_time")
MAX_FILE = 1 << 30
MAX_ROWS = 200_000_000
MAGIC = b"PAR1"
URL_SCHEMES = frozenset({"http", "https"})


@dataclass(frozen=True)
class HistoryFile:
    """A file of past counts: its bytes, and which of its columns are what."""

    body: bytes
    columns: Mapping[str, str]
    licence: str
    citation: str

    @property
    def grain(self) -> str:
        """Subject of a row: an author or a model."""
        return next(name for name in NAMES if name in self.columns)

    @property
    def figure(self) -> str:
        """`daily` counts, or the `all_time` count of a day."""
        return "all_time" if "all_time" in self.columns else "daily"

    def open(self) -> pq.ParquetFile:
        """Open the file for reading by parts."""
        return pq.ParquetFile(io.BytesIO(self.body))


def parse_columns(text: str) -> dict[str, str]:
    """Return the columns of `date=day,model=repo,downloads=n`; raise BadSetting on another form."""
    pairs = [each.partition("=") for each in text.split(",")]
    columns = {name.strip(): theirs.strip() for name, _, theirs in pairs}
    is_well = (
        "date" in columns
        and len({*columns} & {*NAMES}) == 1
        and len({*columns} & {*FIGURES}) == 1
        and len(columns) == 3
        and all(columns.values())
    )
    if not is_well:
        raise BadSetting(
            f"--columns {text!r} must name three columns: date, author or model, and downloads "
            "(of a day) or all_time; such as date=day,model=repo,downloads=n."
        )
    return columns


def context_of(columns: str | None, licence: str | None, citation: str | None) -> dict[str, str]:
    """Return what an answer says of its file beside the bytes."""
    mapping = parse_columns(columns) if columns else COLUMNS
    return {
        "columns": ",".join(f"{name}={theirs}" for name, theirs in sorted(mapping.items())),
        "licence": licence or ("not stated" if columns else LICENCE),
        "citation": citation or ("not stated" if columns else CITATION),
    }


def keep_file(settings: Settings, path: Path, run_id: str, context: dict[str, str]) -> Answer:
    """Keep a file in the archive, from which it is loaded like any answer."""
    if not path.is_file():
        raise BadSetting(f"{path} is not a file. Name a Parquet file of downloads by day.")
    if path.stat().st_size > MAX_FILE:
        raise BadSetting(f"{path} is larger than {MAX_FILE >> 20} MiB; load it by months.")
    body = path.read_bytes()
    answer = Answer(
        SOURCE.name, f"file:{path.name}", utc_now(), 200, 0, "", run_id, context=context
    )
    check(decode(answer, body))
    return Archive(settings.archive).keep(answer, body)


def fetch(client: SourceClient, address: str, context: dict[str, str]) -> Answer:
    """Request a file from its own host; a redirect to another one is not followed."""
    path = address.removeprefix(client.base)
    return client.ask(SOURCE, path, budget=client.budget, context=context)


def upstream_of(address: str) -> Upstream | None:
    """Return the host of an address, None where it is the path of a file."""
    parts = urlsplit(address)
    if parts.scheme not in URL_SCHEMES or not parts.netloc or parts.username:
        return None
    return Upstream("The host of the history", "--history", f"{parts.scheme}://{parts.netloc}")


def decode(answer: Answer, body: bytes) -> HistoryFile:
    """Return the file; raise BadAnswer where it is no Parquet."""
    if not (body.startswith(MAGIC) and body.endswith(MAGIC)):
        raise BadAnswer("The file of past downloads is not Parquet.")
    columns = parse_columns(answer.context["columns"])
    return HistoryFile(body, columns, answer.context["licence"], answer.context["citation"])


def check(file: HistoryFile) -> None:
    """Raise BadAnswer where the columns are not there or cannot be read as what they are for."""
    try:
        opened = file.open()
        schema = opened.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadAnswer(f"The Parquet file cannot be read ({error}).") from error
    missing = [theirs for theirs in file.columns.values() if theirs not in schema.names]
    if missing:
        # A file may have thousands of columns.
        found = ", ".join(name[:60] for name in schema.names[:40])
        raise BadAnswer(
            f"The file has no column {missing[0]!r}; its columns are: {found}. "
            "Map them with --columns, such as date=day,author=org,downloads=n."
        )
    if opened.metadata.num_rows > MAX_ROWS:
        raise BadAnswer(f"The file has {opened.metadata.num_rows} rows; load it by months.")


def parse(answer: Answer, file: HistoryFile) -> HistoryFile:
    """Return the file, whose columns are there."""
    check(file)
    return file


SOURCE = Source(
    "hub_history",
    parse,
    tables=("hub_history_files", "hub_history"),
    assets=("raw_downloads",),
    decode=decode,
    is_conditional=False,
)
