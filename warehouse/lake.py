"""The lake: a DuckLake whose catalog is in Postgres and whose data are in S3, as a database `lake`.

Its extensions lie in Python packages of DuckDB's very version. Nothing is downloaded.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import duckdb

NAME = "lake"
# In this order: DuckLake finds the others loaded.
EXTENSIONS = ("httpfs", "postgres_scanner", "ducklake")
SETTINGS: Mapping[str, str | int | float] = {
    # Many commit at once, and each of them meets those of the others.
    "ducklake_max_retry_count": 100,
    # The usual factor is 1.5: the hundredth attempt would come after years.
    "ducklake_retry_wait_ms": 50,
    "ducklake_retry_backoff": 1.0,
}
# Loading an extension by its path needs none of these.
NO_DOWNLOADS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


class MissingExtension(Exception):
    """An extension of DuckDB is not installed as a package, or is for another version."""


def extension_file(name: str) -> Path:
    """Return the file of an extension for this DuckDB; raise MissingExtension without one."""
    spec = find_spec(f"duckdb_extension_{name}")
    root = Path(spec.origin).parent / "extensions" if spec and spec.origin else None
    path = root and root / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if root and path and path.exists():
        return path
    found = sorted(each.name for each in root.iterdir()) if root and root.is_dir() else []
    has = f"it is there for {', '.join(found)}" if found else "it is not installed"
    raise MissingExtension(
        f"The extension {name} is needed for DuckDB {duckdb.__version__}, and {has}. "
        "Install what belongs together: pip install 'tokentide[lake]'"
    )


def open_lake_database(
    postgres: Mapping[str, str | int], s3: Mapping[str, str | bool], data: str
) -> duckdb.DuckDBPyConnection:
    """Open an empty database in memory with the lake attached; create its catalog if need be.

    `postgres` and `s3` are keys of DuckDB's secrets of these types, which live as long as the
    connection; `data` is the address of the folder of data. Raise MissingExtension or duckdb.Error.
    """
    con = duckdb.connect(config=NO_DOWNLOADS)
    try:
        _attach(con, postgres, s3, data)
    except BaseException:
        con.close()
        raise
    return con


def _attach(
    con: duckdb.DuckDBPyConnection,
    postgres: Mapping[str, str | int],
    s3: Mapping[str, str | bool],
    data: str,
) -> None:
    for name in EXTENSIONS:
        con.execute(f"load '{_quoted(str(extension_file(name)))}'")
    for name, setting in SETTINGS.items():
        con.execute(f"set {name} = {setting}")
    con.execute("set TimeZone = 'UTC'")
    _create_secret(con, "lake_data", "s3", {**s3, "scope": data})
    _create_secret(con, "lake_postgres", "postgres", postgres)
    catalog = (
        "type ducklake, metadata_path '', "
        "metadata_parameters map {'TYPE': 'postgres', 'SECRET': 'lake_postgres'}"
    )
    con.execute(f"create or replace temporary secret lake_catalog ({catalog})")
    options = f"data_path '{_quoted(data)}', data_inlining_row_limit 0"
    con.execute(f"attach 'ducklake:lake_catalog' as {NAME} ({options})")


def _create_secret(
    con: duckdb.DuckDBPyConnection, name: str, kind: str, values: Mapping[str, str | int | bool]
) -> None:
    # A statement that creates a secret takes no parameters.
    keys = ", ".join(f"{key} '{_quoted(str(value))}'" for key, value in values.items())
    con.execute(f"create or replace temporary secret {name} (type {kind}, {keys})")


def _quoted(text: str) -> str:
    return text.replace("'", "''")
