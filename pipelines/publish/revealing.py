"""Parts of DuckDB that say where files of this machine lie, which no query of a person may use.

A published file is locked down: its SQL reads no other file. But views and functions of DuckDB
itself list the paths of the file, of the person's home, and of secrets and extensions. Their names
are looked for in the text, since a name may be written as a word, in quotes or as a string; what
would run a text that is put together is refused as well.
"""

import re
import sys

NAMES = (
    r"(?:duckdb_|pragma_)?database_list|duckdb_databases|duckdb_(?:profiling_)?settings|pg_settings"
    r"|duckdb_extensions|duckdb_secrets|duckdb_temporary_files|duckdb_external_file_cache"
    r"|duckdb_logs|duckdb_logs_parsed|duckdb_log_contexts|which_secret"
)
# Those that change how queries run would do so for the queries of others too.
FUNCTIONS = (
    r"current_setting|query|query_table|json_execute_serialized_sql|all_profiling_output"
    r"|(?:enable|disable)_[a-z_]+|write_log|truncate_duckdb_logs"
)
REVEALING = re.compile(
    rf'\b(?:({NAMES})\b|({FUNCTIONS})"?\s*(?:\(|/\*|--))', re.IGNORECASE | re.ASCII
)
# In a string that begins with E, which may be the name of a view.
ESCAPE = re.compile(
    r"\\(?:x([0-9a-f]{1,2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([0-7]{1,3}))", re.IGNORECASE
)
ABSOLUTE_PATH = re.compile(r"(?<![\w.<])/[^\s\"'<>]*[^\s\"'<>.,:;)]")


def find_revealing(sql: str) -> str | None:
    """Return the name of what a text uses of these parts, or None."""
    found = REVEALING.search(sql) or REVEALING.search(ESCAPE.sub(_unescape, sql))
    return (found[1] or found[2]).lower() if found else None


def without_paths(message: str, sql: str) -> str:
    """Return a message of DuckDB with the names of files in place of paths that the text lacks."""
    return ABSOLUTE_PATH.sub(
        lambda found: found[0] if found[0] in sql else found[0].rpartition("/")[2], message
    )


def _unescape(found: re.Match[str]) -> str:
    digits, octal = found[1] or found[2] or found[3], found[4]
    number = int(octal, 8) if octal else int(digits, 16)
    return chr(number) if number < sys.maxunicode else found[0]
