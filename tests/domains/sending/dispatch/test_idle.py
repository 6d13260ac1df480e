"""A dispatcher that has nothing to do looks seldom, and what comes is sent at once all the same."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from frontdesk.core.clock import SystemClock
from frontdesk.domains.sending.dispatch.dispatcher import Dispatcher
from frontdesk.domains.sending.outbox.commands import CommandState
from tests.core.running.standins import wait_until
from tests.domains.sending.dispatch.sending_fixture import open_sending, task
from tests.domains.sending.dispatch.standins import StandIns


def test_while_nothing_is_due_it_looks_ten_times_a_second(
    standins: StandIns, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    turns: list[None] = []
    turn = Dispatcher._turn

    def counted(dispatcher: Dispatcher) -> bool:
        turns.append(None)
        return turn(dispatcher)

    with open_sending(standins, tmp_path, clock=SystemClock()) as sending:
        monkeypatch.setattr(Dispatcher, "_turn", counted)
        sending.dispatcher.run_until(SystemClock().now() + timedelta(seconds=1))

    assert len(turns) < 30


def test_it_ends_as_soon_as_it_is_told(standins: StandIns, tmp_path: Path) -> None:
    with open_sending(standins, tmp_path, clock=SystemClock()) as sending:
        running = threading.Thread(
            target=sending.dispatcher.run_until, args=(SystemClock().now() + timedelta(minutes=10),)
        )
        running.start()
        sending.put(task())
        sending.dispatcher.wake()
        wait_until(lambda: sending.state() is CommandState.SENT)

        sending.dispatcher.stop()
        running.join(timeout=20)

        assert not running.is_alive()
