"""The verb `ingest spend`: load spend logs of gateways such as LiteLLM."""

import json
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.console import Json, show_progress, stderr, stdout
from pipelines.settings import read_settings

MAX_SHOWN = 5  # lines that are named for each reason


class NamesToShow(StrEnum):
    """Names that stay names; the others become pseudonyms."""

    none = "none"
    teams = "teams"
    all = "all"


def ingest_spend(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Exports of LiteLLM_SpendLogs: JSON, a line each or an array; CSV; "
            "Parquet; .json.gz and .csv.gz."
        ),
    ],
    gateway: Annotated[
        str, typer.Option(help="Name of the gateway, where there are several.")
    ] = "litellm",
    names: Annotated[
        NamesToShow, typer.Option(help="Names to keep; others are pseudonyms.")
    ] = NamesToShow.none,
    as_json: Json = False,
) -> None:
    """Load spend logs of a gateway, each request once; build, audit, publish.

    Exit code 0 means that every line was a request. Others are left out and listed in
    spend_rejects, with the reason. Messages and responses are not read, let alone kept.

    Examples:

        tokentide ingest spend spend.jsonl

        tokentide ingest spend --gateway eu --names teams eu-2026-11.parquet
    """
    from pipelines.ingest.spend import take_spend
    from pipelines.ingest.telemetry import ingest_telemetry as ingest
    from pipelines.transform.build import lower_priority

    settings = read_settings()
    lower_priority()
    with show_progress() as (on_request, on_built):
        taken = {file: take_spend(settings, file, gateway, names.value) for file in files}
        ingested = ingest(settings, on_request, on_built)
    for file, result in taken.items():
        reasons = Counter(reason for _, reason in result.rejects)
        for reason, count in reasons.items():
            lines = [str(line) for line, each in result.rejects if each == reason][:MAX_SHOWN]
            more = ", …" if count > MAX_SHOWN else ""
            where = f"line {', '.join(lines)}{more}"
            stderr.print(f"[red]left out[/red] {escape(str(file))}: {reason} ({where})")
    rejected = sum(len(result.rejects) for result in taken.values())
    requests = sum(result.requests for result in taken.values())
    if as_json:
        counts = {"requests": requests, "new": ingested.loaded.spend, "rejected": rejected}
        typer.echo(json.dumps({**counts, "generation": ingested.generation.number}, indent=1))
    else:
        stdout.print(
            f"{requests} requests read, {ingested.loaded.spend} of them new; "
            f"{rejected} lines left out. Generation {ingested.generation.number}: "
            f"{ingested.generation.path}",
            soft_wrap=True,
        )
    raise typer.Exit(0 if ingested.is_complete and not rejected else 1)
