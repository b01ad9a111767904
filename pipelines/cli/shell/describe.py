"""The verb `describe`: the published tables and their columns, with types and comments."""

import difflib
import json
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.cli.console import Json, stdout
from pipelines.errors import QueryFailed
from pipelines.settings import read_settings
from pipelines.sql import read_sql

PublishedTable = dict[str, Any]
"""A published table: name, rows, comment, and columns with name, type and comment."""


def describe(
    table: Annotated[
        str | None, typer.Argument(help="Table to describe; without one all are listed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the published tables, or the columns of one with their types and comments.

    Examples:

        tokentide describe

        tokentide describe market_tokens_daily

        tokentide describe --json local_vs_market_daily
    """
    from pipelines.publish.generations import newest

    tables = read_tables(newest(read_settings()))
    found = find_table(tables, table) if table else None
    if as_json:
        typer.echo(json.dumps(found or tables, indent=1, ensure_ascii=False))
    elif found:
        show_columns(stdout, found)
    else:
        show_tables(stdout, tables)


def read_tables(path: Path) -> list[PublishedTable]:
    """Read the tables of a generation with their columns."""
    from pipelines.publish.query import records

    columns = {
        table: [{name: row[name] for name in ("name", "type", "comment")} for row in rows]
        for table, rows in groupby(
            records(path, read_sql(__file__, "columns")), itemgetter("owner")
        )
    }
    tables = records(path, read_sql(__file__, "tables"))
    return [{**table, "columns": columns[table["name"]]} for table in tables]


def find_table(tables: list[PublishedTable], name: str) -> PublishedTable:
    """Return the table of this name, with or without its schema. Raise QueryFailed if none is."""
    wanted = name.strip().strip(";").removeprefix("marts.").lower()
    for table in tables:
        if table["name"] == wanted:
            return table
    near = difflib.get_close_matches(wanted, [table["name"] for table in tables])
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    raise QueryFailed(
        f"There is no published table {name!r}.{meant} `tokentide describe` lists them all."
    )


def show_tables(console: Console, tables: list[PublishedTable]) -> None:
    """Print a line for each table: its rows, its columns, and what a row of it is."""
    shown = Table("table", box=None, pad_edge=False)
    shown.add_column("rows", justify="right")
    shown.add_column("columns", justify="right")
    shown.add_column("content")
    for table in tables:
        comment = table["comment"] or ""
        counts = (f"{table['rows']:,}", str(len(table["columns"])))
        shown.add_row(Text(table["name"], no_wrap=True), *counts, Text(_first_sentence(comment)))
    console.print(shown)
    console.print("`tokentide describe TABLE` lists the columns of one.", highlight=False)


def show_columns(console: Console, table: PublishedTable) -> None:
    """Print what one table holds, and each of its columns."""
    console.print(Text(table["name"], style="bold").append(f", {table['rows']:,} rows", "not bold"))
    if table["comment"]:
        console.print(Text(table["comment"]))
    shown = Table("column", "type", "content", box=None, pad_edge=False)
    for column in table["columns"]:
        name, kind = (Text(column[key], no_wrap=True) for key in ("name", "type"))
        shown.add_row(name, kind, Text(column["comment"] or ""))
    console.print(shown)


def _first_sentence(text: str) -> str:
    sentence, _, _ = text.partition(". ")
    return sentence.rstrip(".")
