"""An error is the machine's fault where the same work can succeed later: nothing is set aside for it."""

from __future__ import annotations

import os
import signal

import duckdb
import pytest

from frontdesk.core.faults import is_of_machine


def test_a_signal_in_the_middle_of_a_query_is_nobodys_fault() -> None:
    # A worker that runs tests beside others ignores the signal.
    ignored = signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises((RuntimeError, KeyboardInterrupt)) as raised, duckdb.connect() as connection:
            connection.execute("select max(hash(a.range)) from range(100000) as a, range(10000) as b").fetchall()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.signal(signal.SIGINT, ignored)

    assert is_of_machine(raised.value)


def test_an_error_of_the_work_is_its_own() -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as raised:
        connection.execute("select error('no such day')").fetchall()

    assert not is_of_machine(raised.value)
    assert not is_of_machine(RuntimeError("something else"))
