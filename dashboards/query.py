"""The SQL behind the cards: one file a query, with `$names` for what the filters give. What is shown is what was run."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

NAME = re.compile(r"\$([a-z_]+)")


@dataclass(frozen=True)
class Query:
    """SQL and the values of its `$names`."""

    sql: str
    values: dict[str, Any] = field(default_factory=dict)
    is_whole: bool = False
    """Whether the text stands as it is, without names: a query that came out of the data."""


def query(name: str, **values: Any) -> Query:
    """The query of that file with these values."""
    return Query(_text(name), values)


@cache
def _text(name: str) -> str:
    page, _, file = name.partition("/")
    return (files("dashboards") / "pages" / page / "queries" / f"{file}.sql").read_text().strip()


def inlined(query: Query) -> str:
    """The SQL with values in place of names, as a person can run it; text is quoted, so a value is never SQL."""
    if query.is_whole:
        return query.sql
    return NAME.sub(lambda found: literal(query.values[found[1]]), query.sql)


def literal(value: Any) -> str:
    """A value as SQL writes it. Raises TypeError for a kind of value that no filter has."""
    write = next((write for kind, write in WRITTEN.items() if isinstance(value, kind)), None)
    if write is None:
        raise TypeError(f"{value!r} has no form in a query")
    return write(value)


# In this order: a bool is an int too, a datetime a date.
WRITTEN: dict[Any, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: str(value).lower(),
    int: repr,
    # Without a type it would be a decimal.
    float: lambda value: f"{value!r}::double",
    datetime: lambda value: f"timestamptz '{value.isoformat()}'",
    date: lambda value: f"date '{value.isoformat()}'",
    list | tuple: lambda value: f"[{', '.join(literal(item) for item in value)}]",
    str: lambda value: "'" + value.replace("'", "''") + "'",
}
