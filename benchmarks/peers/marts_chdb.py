"""chDB's side of `marts.py`: JSON questions on stdin, milliseconds and rows on stdout.

It needs chdb and nothing of ours.
"""

import json
import statistics
import sys
import time

from chdb import session

SETTINGS = (
    "max_threads = 2, output_format_json_quote_64bit_integers = 0, join_use_nulls = 1, "
    "cast_keep_nullable = 1, session_timezone = 'UTC'"
)


def main() -> None:
    """Run each question once unmeasured, then the given number of rounds."""
    given = json.load(sys.stdin)
    chdb, found = session.Session(), {}
    for name, question in given["questions"].items():
        sql = f"{question} settings {SETTINGS}"
        spent = []
        for _ in range(given["rounds"] + 1):
            started = time.perf_counter()
            result = chdb.query(sql, "JSONCompact")
            spent.append((time.perf_counter() - started) * 1000)
        found[name] = {
            "ms": statistics.median(spent[1:]),
            "rows": json.loads(result.bytes())["data"],
        }
    json.dump(found, sys.stdout)


main()
