"""SQL that stands in files: the folder `sql` beside the module that runs it."""

from pathlib import Path


def read_sql(module: str, name: str) -> str:
    """Return the text of `sql/<name>.sql` beside a module, which passes its `__file__`."""
    return (Path(module).parent / "sql" / f"{name}.sql").read_text()


def quote_text(text: str) -> str:
    """Write a text as SQL does."""
    return "'" + text.replace("'", "''") + "'"
