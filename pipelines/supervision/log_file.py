"""Output of a process in a file that is rotated before it grows too large."""

import logging
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

from pipelines.files import make_private

MAX_BYTES = 5 << 20
KEPT = 3  # older files beside the newest
MAX_LINE = 64 << 10  # bytes; a longer line is cut into several


def keep_output(stream: IO[bytes], path: Path) -> threading.Thread:
    """Write all lines of a stream to a rotated file, until the stream ends."""
    make_private(path.parent)
    thread = threading.Thread(target=_write, args=(stream, path), daemon=True)
    thread.start()
    return thread


def _write(stream: IO[bytes], path: Path) -> None:
    handler = RotatingFileHandler(
        path, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8", errors="replace"
    )
    # A full disk must not end the process that prints: its lines are lost, and it goes on.
    handler.handleError = lambda record: None  # type: ignore[method-assign]
    with stream:
        while line := stream.readline(MAX_LINE):
            text = line.decode(errors="replace").rstrip("\n")
            handler.emit(logging.LogRecord("", logging.INFO, "", 0, text, None, None))
    handler.close()


def last_lines(path: Path, number: int) -> list[str]:
    """Return the last lines of a log, to say why a process ended."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - number * 1000))
        return file.read().decode(errors="replace").splitlines()[-number:]
