"""Repair of a log that grows by lines, as that of answers does, with the lines of a backup."""

import json
import os
from pathlib import Path

from filelock import lock_descriptor

from pipelines.files import append_durably


def repair_log(path: Path, kept: bytes) -> int:
    """Append the lines that a log has lost, and blank those that are no JSON; return their number.

    Nothing is moved or replaced, so that a process that appends at this moment loses no line.
    """
    held = path.read_bytes().split(b"\n") if path.exists() else []
    lost = [line for line in kept.split(b"\n") if line.strip() and line not in set(held)]
    if lost and held:
        _blank(path)
    for line in lost:
        append_durably(path, line.decode())
    return len(lost)


def _blank(path: Path) -> None:
    """Write spaces over whole lines that are no JSON: their place stays, and nothing reads them."""
    with path.open("rb+") as file:
        lock_descriptor(file.fileno(), poll_interval=0.001)
        position = 0
        for line in file.read().split(b"\n")[:-1]:
            if not _is_json(line):
                os.pwrite(file.fileno(), b" " * len(line), position)
            position += len(line) + 1
        os.fsync(file.fileno())


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line or b"null")
    except (ValueError, RecursionError):
        return False
    return True
