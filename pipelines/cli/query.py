"""The verbs `sql` and `evidence`: query what is published, and package the proof of a figure."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, show_progress, stderr, stdout
from pipelines.settings import read_settings


def sql(
    query: Annotated[
        str, typer.Argument(help="SQL on the published tables; `-` reads it from standard input.")
    ],
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print comma-separated values with a header.")
    ] = False,
    as_json: Json = False,
    parquet: Annotated[
        Path | None, typer.Option(help="Write the result to this Parquet file.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds after which the query is stopped.")
    ] = 60.0,
    as_of: Annotated[
        str | None,
        typer.Option(help="Query what was known at this instant, such as 2026-06-19T08:00Z."),
    ] = None,
) -> None:
    """Query the newest published generation, read-only. Its tables are in the schema `marts`.

    With --as-of, a file with what was known at that instant is built first, once for each instant.

    Examples:

        tokentide sql "from market_days order by date desc limit 7"

        tokentide sql --csv "from market_tokens_daily where author_slug = 'deepseek'" > deepseek.csv

        tokentide sql "select table_name, comment from duckdb_tables()"

        tokentide sql --as-of 2026-06-19T08:00Z "from market_days order by date desc limit 7"
    """
    from pipelines.publish import query as published

    path, text = _generation(as_of), sys.stdin.read() if query == "-" else query
    published.bound_memory()
    if parquet:
        frame = published.frame(path, text, timeout)
        frame.write_parquet(parquet)
        stderr.print(f"{frame.height} rows in {parquet}")
        return
    with published.run(path, text, timeout) as result:
        if as_json:
            published.write_json(result, sys.stdout)
        elif as_csv:
            published.write_csv(result, sys.stdout)
        else:
            published.show_table(result, stdout)


def _generation(as_of: str | None) -> Path:
    """Return the newest generation's file, or one with what was known at an instant."""
    from pipelines.publish.as_of import parse_instant, published_as_of
    from pipelines.publish.generations import newest

    if as_of is None:
        return newest(read_settings())
    with show_progress() as (on_request, on_built):
        on_request(f"what was known at {as_of}")
        return published_as_of(read_settings(), parse_instant(as_of), on_built)


def evidence(
    claim_or_query: Annotated[
        str, typer.Argument(help="A claim's id (or id:basis), or SQL on the published tables.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder to make, or a file that ends in .zip.")
    ],
    as_of: Annotated[str | None, typer.Option(help="Use what was known at this instant.")] = None,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw/--no-raw", help="Include raw answers and segments, so that the folder suffices."
        ),
    ] = True,
    max_bytes: Annotated[
        int | None, typer.Option(min=0, help="Refuse raw data that take more bytes.")
    ] = None,
) -> None:
    """Write a figure, the raw data it rests on and a script that recomputes it offline to a folder.

    Its index.html opens by itself, with figure, verdicts, citation and sources.

    Examples:

        tokentide evidence "select * from market_days order by date desc limit 7" -o evidence

        tokentide evidence five-weeks:platform -o evidence --as-of 2026-06-19T08:00Z

        tokentide evidence five-weeks:platform -o evidence.zip

        python evidence/recompute.py
    """
    from pipelines.evidence.bundle import Bundle, make
    from pipelines.evidence.zipped import write_zip
    from pipelines.publish.as_of import parse_instant

    instant = parse_instant(as_of) if as_of else None
    with show_progress() as (_, on_built):

        def write(folder: Path) -> Bundle:
            return make(
                read_settings(),
                claim_or_query,
                folder,
                instant,
                raw=raw,
                progress=on_built,
                max_bytes=max_bytes,
            )

        bundle = write_zip(output, write) if output.suffix == ".zip" else write(output)
    segments = f" and {bundle.segments} segments of telemetry" if bundle.segments else ""
    stdout.print(
        f"{bundle.rows} rows from {bundle.answers} answers{segments} in {output}: "
        f"result.csv has SHA-256 {bundle.result_sha256}"
    )
