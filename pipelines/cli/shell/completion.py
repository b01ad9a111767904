"""Completion of SQL: names of tables, columns and keywords that fit where the cursor stands."""

import re
from collections.abc import Iterable, Mapping, Sequence

COMMANDS = (".describe", ".help", ".layout", ".quit", ".tables")
# Characters that end a word; a point does not, so that `table.column` is one.
DELIMITERS = " \t\n\"'`@$><=;|&{}()[],+-*/~!?:^%"
WORD = re.compile(r"[\w.]*\Z")
BEFORE_TABLE = re.compile(r"\b(?:from|join|describe|summarize|pivot|unpivot)\s+[\w.]*\Z", re.I)
COMMAND_OF_TABLE = re.compile(r"\s*\.describe\s+[\w.]*\Z")
ALIASED = re.compile(r"\b(?:from|join)\s+(?:marts\.)?(\w+)(?:\s+(?:as\s+)?(\w+))?", re.I)
KEYWORDS = (
    *("all", "and", "as", "asc", "between", "by", "case", "cast", "count", "cross", "current_date"),
    *("date", "day", "desc", "describe", "distinct", "else", "end", "except", "exists", "explain"),
    *(
        "false",
        "filter",
        "from",
        "full",
        "group",
        "having",
        "hour",
        "in",
        "inner",
        "interval",
        "is",
    ),
    *("join", "left", "like", "limit", "max", "median", "min", "month", "not", "null", "offset"),
    *("on", "or", "order", "outer", "over", "partition", "pivot", "qualify", "quantile_cont"),
    *("right", "round", "select", "show", "sum", "summarize", "tables", "then", "timestamptz"),
    *("true", "union", "unpivot", "using", "values", "week", "when", "where", "window", "with"),
)


def complete(text: str, tables: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what the last word of a text may become.

    `text` is the statement up to the cursor, `tables` the columns by the name of their table.
    """
    word = WORD.search(text)
    begun = word[0] if word else ""
    if COMMAND_OF_TABLE.match(text) or BEFORE_TABLE.search(text):
        return _starting(begun, [*tables, *(f"marts.{table}" for table in tables)])
    if text.lstrip().startswith("."):
        return _starting(begun, COMMANDS)
    named = _named_tables(text.removesuffix(begun), tables)
    owner, point, _ = begun.rpartition(".")
    if point:
        owned = tables.get(named.get(owner, owner.removeprefix("marts.")), ())
        return _starting(begun, [f"{owner}.{column}" for column in owned])
    # Columns of the tables that the statement reads; of all where it names none yet.
    read = [tables[table] for table in dict.fromkeys(named.values())] or tables.values()
    columns = {column for each in read for column in each}
    keywords = [word.upper() for word in KEYWORDS] if begun.isupper() else KEYWORDS
    return _starting(begun, [*columns, *named, *tables, *keywords])


def _named_tables(text: str, tables: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the tables that a statement reads, by their names and aliases."""
    named: dict[str, str] = {}
    for table, alias in ALIASED.findall(text):
        if table in tables:
            named[table] = table
            if alias and alias.lower() not in KEYWORDS:
                named[alias] = table
    return named


def _starting(begun: str, words: Iterable[str]) -> list[str]:
    return sorted({word for word in words if word.lower().startswith(begun.lower())})
