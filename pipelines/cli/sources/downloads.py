"""The verb `ingest downloads`."""

from typing import Annotated

import typer

from pipelines.cli.console import Json, show_progress
from pipelines.cli.sources.ending import end_ingest
from pipelines.settings import read_settings

HistoryFiles = Annotated[
    list[str] | None,
    typer.Option("--history", metavar="FILE_OR_URL", help="Parquet of past counts; repeatable."),
]
HistoryColumns = Annotated[
    str | None,
    typer.Option(help="Columns of the history, such as date=day,model=repo,downloads=n."),
]
HistoryLicence = Annotated[str | None, typer.Option(help="Licence of the history.")]
HistoryCitation = Annotated[str | None, typer.Option(help="Citation of the history.")]
Bases = Annotated[
    int | None,
    typer.Option(min=0, help="Base models to ask for that no list has; without it 180."),
]


def ingest_downloads(
    history: HistoryFiles = None,
    columns: HistoryColumns = None,
    licence: HistoryLicence = None,
    citation: HistoryCitation = None,
    bases: Bases = None,
    as_json: Json = False,
) -> None:
    """Fetch download counters of the Hugging Face Hub; load, build, audit and publish.

    No key is needed. A day's downloads are the difference of two captures, so the first one alone
    has none; --history loads counts of the days before, by author or model, daily or all_time.
    Bases that no list has are asked for by their names, at most 90 a minute; --bases 2000 takes
    about 22 minutes. What is left is asked for by the next run.
    Exit code 0 means that every request was answered.

    Examples:

        tokentide ingest downloads

        tokentide ingest downloads --bases 2000

        tokentide ingest downloads --history author_series-2026-07.parquet

        tokentide ingest downloads --history counts.parquet --columns date=day,model=repo,all_time=n
    """
    from pipelines.ingest.downloads import MAX_BASES, HistoryOptions
    from pipelines.ingest.downloads import ingest_downloads as ingest
    from pipelines.transform.build import lower_priority

    lower_priority()
    options = HistoryOptions(history or (), columns, licence, citation)
    options.check()
    with show_progress() as (on_request, on_built):
        ingested = ingest(
            read_settings(),
            options,
            say=on_request,
            progress=on_built,
            max_bases=MAX_BASES if bases is None else bases,
        )
    extract = ingested.extract
    lines = [f"{extract.models:,} models, captured on {extract.days} days"]
    if extract.bases or extract.unknown_bases:
        lines.append(
            f"{extract.bases:,} base models that no list has; "
            f"{extract.unknown_bases:,} that the Hub does not show"
        )
    if extract.history_rows:
        lines.append(f"{extract.history_rows:,} rows of past counts")
    number = ingested.generation.number
    end_ingest(vars(extract), extract.failures, number, lines, as_json=as_json)
