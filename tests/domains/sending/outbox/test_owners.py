"""A dispatcher is known to be dead as soon as it is, and never before."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.domains.sending.outbox.commands import CommandState
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.owners import Owner, find_dead, forget
from tests.domains.sending.dispatch.sending_fixture import task

IDS = UuidV7Factory(SystemClock())
_LIVING = """
import sys
from pathlib import Path
from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.domains.sending.outbox.owners import Owner
owner = Owner(Path(sys.argv[1]), ids=UuidV7Factory(SystemClock()))
print(owner.name, flush=True)
sys.stdin.read()
"""


def test_a_process_is_dead_once_it_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _LIVING, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert find_dead(tmp_path) == frozenset()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert find_dead(tmp_path) == {name}
    forget(tmp_path, {name})
    assert find_dead(tmp_path) == frozenset()


def test_who_lives_here_or_ended_well_is_not_dead(tmp_path: Path) -> None:
    living, ended = Owner(tmp_path, ids=IDS), Owner(tmp_path, ids=IDS)
    ended.close()
    assert find_dead(tmp_path) == frozenset()
    assert [path.stem for path in tmp_path.iterdir()] == [living.name]
    living.close()
    assert list(tmp_path.iterdir()) == []


def test_tokens_are_of_their_owner_and_each_another(tmp_path: Path) -> None:
    owner = Owner(tmp_path, ids=IDS)
    tokens = [owner.new_token(IDS) for _ in range(1_000)]
    assert len(set(tokens)) == len(tokens)
    assert {len(token) for token in tokens} == {36}
    assert {token[: len(owner.name)] for token in tokens} == {owner.name}


@pytest.mark.parametrize("is_called", [False, True])
def test_leases_of_the_dead_alone_are_taken_back(engine: Engine, tmp_path: Path, is_called: bool) -> None:
    clock = SystemClock()
    outbox = Outbox(engine, clock=clock, ids=IDS)
    dead, living = Owner(tmp_path, ids=IDS), Owner(tmp_path, ids=IDS)
    tokens = {}
    for key, owner in (("of the dead", dead), ("of the living", living)):
        outbox.enqueue([task(key, due_at=clock.now() - timedelta(minutes=1))])
        (claimed,) = outbox.claim(limit=1, lease=timedelta(minutes=1), owner=owner)
        tokens[key] = claimed.token
        if is_called:
            assert outbox.begin_call(key, token=claimed.token, lease=timedelta(minutes=1))

    expired = outbox.expire_leases(dead={dead.name})
    assert (expired.waiting, expired.uncertain) == (([], ["of the dead"]) if is_called else (["of the dead"], []))
    of_living = outbox.find("of the living")
    assert of_living is not None
    assert of_living.state is (CommandState.CALLING if is_called else CommandState.CLAIMED)
    assert outbox.expire_leases().waiting == []
