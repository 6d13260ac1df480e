"""The dispatcher is killed at every step: no text goes out twice, none is lost. Their ledger is the judge."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.sending.outbox.commands import CommandState
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.domains.sending.dispatch.kill_worker import STEPS
from tests.domains.sending.dispatch.sending_fixture import mail, task, text
from tests.domains.sending.dispatch.standins import StandIns

#: After the lease of a call, then after the time in which a provider lists what it took.
LATER_S = (100, 260)


class KillWorker:
    """The process that is killed; see kill_worker.py."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, **round_: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(round_) + "\n")
        self._process.stdin.flush()
        return int(json.loads(self._process.stdout.readline()))


@pytest.fixture(scope="module")
def kill_worker() -> Iterator[KillWorker]:
    command = [sys.executable, "-m", "tests.domains.sending.dispatch.kill_worker"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield KillWorker(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("rounds", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_each_step_nothing_is_sent_twice_and_nothing_is_lost(
    standins: StandIns, tmp_path: Path, kill_worker: KillWorker, step: str, rounds: int
) -> None:
    for number in range(rounds):
        database = f"sqlite:///{tmp_path / f'{number}.db'}"
        engine = open_engine(database)
        create_tables(engine)
        outbox = Outbox(engine, clock=SystemClock(), ids=UuidV7Factory(SystemClock()))
        outbox.enqueue(_commands(number))
        common = {"database": database, "settings": _settings(standins), "environ": dict(standins.environ)}

        first = kill_worker.run(step=step, offset_s=0, **common)
        rest = [kill_worker.run(step="", offset_s=seconds, **common) for seconds in LATER_S]

        assert (first, rest) == (-signal.SIGKILL, [0, 0])
        assert {known.state for key in _keys(number) if (known := outbox.find(key))} == {CommandState.SENT}
        log = EventLog(engine, ids=UuidV7Factory(SystemClock()))
        told = [event.correlation_id for event in log.read_after(0, limit=100) if event.type in TOLD]
        assert sorted(map(str, told)) == _keys(number)
        engine.dispose()
    ledger = standins.ledger()
    assert ledger["repeated_references"] == []
    assert ledger["repeated_contents"] == []
    assert ledger["count"] == 3 * rounds


@pytest.mark.parametrize("step", STEPS)
def test_what_a_killed_one_held_is_taken_back_at_once(
    standins: StandIns, tmp_path: Path, kill_worker: KillWorker, step: str
) -> None:
    """Nobody waits until its leases run out; what it may have called is in doubt, and not called again."""
    database = f"sqlite:///{tmp_path / 'outbox.db'}"
    engine = open_engine(database)
    create_tables(engine)
    outbox = Outbox(engine, clock=SystemClock(), ids=UuidV7Factory(SystemClock()))
    outbox.enqueue(_commands(0))
    common = {"database": database, "settings": _settings(standins), "environ": dict(standins.environ)}

    assert kill_worker.run(step=step, offset_s=0, **common) == -signal.SIGKILL
    assert kill_worker.run(step="", offset_s=1, **common) == 0

    found = [known for key in _keys(0) if (known := outbox.find(key)) is not None]
    assert {known.state for known in found} <= {CommandState.SENT, CommandState.UNCERTAIN}
    if step in ("before claim", "after claim", "after the record"):
        assert {known.state for known in found} == {CommandState.SENT}
    assert standins.ledger()["repeated_contents"] == []
    engine.dispose()


#: What tells that a command went out.
TOLD = {"message.sent", "task.created"}


def _commands(number: int) -> list[Any]:
    """Return a text by each provider, an e-mail that can be looked up, and a task; all are due."""
    now = SystemClock().now()
    # A number of its own in each round: rounds have databases of their own, and know nothing of others' texts.
    twilio = {"to": f"+1613555{number:04}", "template": None, "text": f"Text {number} by Twilio"}
    avatar = {
        "to": "+61455500142",
        "template": None,
        "text": f"Text {number} by ClickSend",
        "is_immediate": True,
    }
    return [
        text(f"twilio{number}", due_at=now, with_payload=twilio),
        text(
            f"clicksend{number}",
            due_at=now,
            tenant_id="avatar-imaging",
            provider="clicksend",
            with_payload=avatar,
        ),
        mail(f"graph{number}", due_at=now, with_payload={"template": None, "subject": f"S{number}", "text": "T"}),
        task(f"task{number}", due_at=now),
    ]


def _keys(number: int) -> list[str]:
    return sorted(f"{provider}{number}" for provider in ("twilio", "clicksend", "graph", "task"))


def _settings(standins: StandIns) -> dict[str, Any]:
    settings: dict[str, Any] = standins.settings().model_dump(mode="json")
    return settings
