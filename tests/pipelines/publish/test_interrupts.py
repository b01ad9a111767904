"""SIGINT while a query runs in C."""

import os
import signal
import threading
import time

import duckdb
import pytest

from pipelines.publish.interrupts import interrupted_by_signals

ENDLESS = "select count(*) from range(1000000000000) a, range(1000) b"


def test_a_signal_ends_the_query_and_the_next_one_runs() -> None:
    """Also where the handler of the program does not raise."""
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    con, done = duckdb.connect(), threading.Event()
    try:
        with interrupted_by_signals(con, done):
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
            began = time.monotonic()
            with pytest.raises(duckdb.InterruptException):
                con.execute(ENDLESS)
            assert time.monotonic() - began < 20
            done.set()
    finally:
        signal.signal(signal.SIGINT, before)
    assert came == [signal.SIGINT]
    assert con.execute("select 7").fetchall() == [(7,)]


def test_another_thread_is_left_alone() -> None:
    """It gets no signals, and may not say where they are written."""
    found: list[object] = []

    def ask() -> None:
        con = duckdb.connect()
        with interrupted_by_signals(con, threading.Event()):
            found.extend(con.execute("select 7").fetchall())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == [(7,)]
