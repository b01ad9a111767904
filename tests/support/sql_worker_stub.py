"""What a worker's process runs in tests, so that it must be importable there: SQL by name that hangs, dies, eats, or answers."""

import os
import time
from pathlib import Path

import polars as pl


def run(path: Path, sql: str, seconds: float, rows: int) -> pl.DataFrame:
    """`hang` does not end in its time, `die` ends the process, `eat` takes more memory than there is, the rest answers at once."""
    del path, seconds
    if sql == "hang":
        time.sleep(600)
    if sql == "die":
        os._exit(9)
    if sql == "eat":
        return pl.DataFrame({"bytes": [len(bytearray(3 * 1024**3))]})
    return pl.DataFrame({"pid": [os.getpid()] * min(rows, 3), "sql": [sql] * min(rows, 3)})
