"""SQL behind the cards: one file a query, with `$names` for the values that the filters give.

The query that a card shows is the query that was run.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

NAME = re.compile(r"\$([a-z_]+)")
# Packages whose queries several pages ask, or none; all others are those of a page.
SHARED = frozenset({"api", "components", "planner", "statements"})


@dataclass(frozen=True)
class Query:
    """SQL and the values of its `$names`."""

    sql: str
    values: dict[str, Any] = field(default_factory=dict)
    is_verbatim: bool = False
    """True if the text has no names: a query that is itself part of the data."""


def query(name: str, **values: Any) -> Query:
    """Return the query of a file, such as `market/share`, `components/bounds` or `planner/plan`."""
    return Query(_read(name), values)


@cache
def _read(name: str) -> str:
    owner, _, file = name.partition("/")
    package = files("dashboards")
    folder = package / owner if owner in SHARED else package / "pages" / owner
    return (folder / "queries" / f"{file}.sql").read_text().strip()


def inline(query: Query) -> str:
    """Return the SQL with values in place of names, as a person can run it.

    Text is quoted, so a value never becomes SQL.
    """
    if query.is_verbatim:
        return query.sql
    return NAME.sub(lambda found: literal(query.values[found[1]]), query.sql)


def literal(value: Any) -> str:
    """Return a value as SQL writes it. Raise TypeError for a kind of value that no filter has."""
    write = next((write for kind, write in LITERALS.items() if isinstance(value, kind)), None)
    if write is None:
        raise TypeError(f"{value!r} has no form in a query")
    return write(value)


# In this order: a bool is an int too, and a datetime a date.
LITERALS: dict[Any, Callable[[Any], str]] = {
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
