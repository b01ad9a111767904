"""Stub of the SQL that a worker's process runs. That process imports it, so it is a module."""

import os
import time
from pathlib import Path

import polars as pl


class Refusal(Exception):
    """A query that is refused, as the worker expects it."""


def run(path: Path, sql: str, seconds: float, rows: int) -> pl.DataFrame:
    """Run a query by its name; any other text gives three rows.

    `hang` takes longer than its time, `die` ends the process, `eat` takes more memory than there
    is, `refuse` raises the expected error and `break` an unexpected one.
    """
    del path, seconds
    if sql == "hang":
        time.sleep(600)
    if sql == "die":
        os._exit(9)
    if sql == "eat":
        return pl.DataFrame({"bytes": [len(bytearray(3 * 1024**3))]})
    if sql == "refuse":
        raise Refusal("That is refused.")
    if sql == "break":
        raise KeyError("unexpected")
    return pl.DataFrame({"pid": [os.getpid()] * min(rows, 3), "sql": [sql] * min(rows, 3)})
