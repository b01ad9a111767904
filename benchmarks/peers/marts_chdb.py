"""chDB's side of `marts.py`: JSON questions on standard input, milliseconds and answers on standard output. Needs chdb, nothing of ours."""

import json
import statistics
import sys
import time

from chdb import session

SETTINGS = "max_threads = 2, output_format_json_quote_64bit_integers = 0, join_use_nulls = 1, cast_keep_nullable = 1, session_timezone = 'UTC'"


def main() -> None:
    """Ask each question once unmeasured and then so many times."""
    given = json.load(sys.stdin)
    side, told = session.Session(), {}
    for name, question in given["questions"].items():
        sql = f"{question} settings {SETTINGS}"
        spent = []
        for _ in range(given["rounds"] + 1):
            started = time.perf_counter()
            answer = side.query(sql, "JSONCompact")
            spent.append((time.perf_counter() - started) * 1000)
        told[name] = {
            "ms": statistics.median(spent[1:]),
            "answer": json.loads(answer.bytes())["data"],
        }
    json.dump(told, sys.stdout)


main()
