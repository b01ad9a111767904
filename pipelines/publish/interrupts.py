"""Ctrl-C for a query that runs in C: DuckDB 2 does not look for signals before it is done."""

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator

import duckdb

INTERRUPT_AGAIN = 0.05  # seconds


@contextlib.contextmanager
def interrupted_by_signals(con: duckdb.DuckDBPyConnection, done: threading.Event) -> Iterator[None]:
    """Interrupt the queries of a connection once SIGINT comes; `done` says that none runs.

    Python's own handler runs when the query has ended, and raises KeyboardInterrupt. Outside the
    main thread, which gets no signals, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(reading, con, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        writing.close()
        watcher.join()
        reading.close()


def interrupt_until(con: duckdb.DuckDBPyConnection, done: threading.Event) -> None:
    """Interrupt until the query ends: DuckDB forgets an interrupt between two of its steps."""
    con.interrupt()
    while not done.wait(INTERRUPT_AGAIN):
        con.interrupt()


def _watch(reading: socket.socket, con: duckdb.DuckDBPyConnection, done: threading.Event) -> None:
    while numbers := reading.recv(64):
        if signal.SIGINT in numbers:
            interrupt_until(con, done)
