"""A step and the event that tells of it are one transaction, on both databases: both, or neither."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import Engine

from frontdesk.core.log.database import writing
from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.sending.outbox.commands import CommandState
from frontdesk.domains.sending.outbox.errors import CommandKeyClashError
from frontdesk.domains.sending.outbox.outbox import Outbox
from tests.core.backends import Backend
from tests.domains.sending.outbox.factories import LEASE, NOON, call_one, new_command, state_of

KEY = "hmnp:reminder:1"


def told(command_key: str) -> NewEvent:
    return NewEvent(
        tenant_id="hmnp",
        source="frontdesk",
        source_event_id=f"{command_key}#1:sent",
        type="message.sent",
        occurred_at=NOON,
        received_at=NOON,
        body=b"{}",
        payload=b"{}",
        origin=Origin.COMMAND,
    )


def test_a_step_and_its_event_are_there_together(outbox: Outbox, log: EventLog, engine: Engine) -> None:
    outbox.enqueue([new_command()])
    claimed = call_one(outbox)

    with writing(engine) as connection:
        assert outbox.within(connection).complete(KEY, token=claimed.token, provider_id="SM1")
        log.append_within(connection, [told(KEY)])

    assert state_of(outbox) is CommandState.SENT
    assert [event.type for event in log.read_after(0, limit=9)] == ["message.sent"]


def test_what_breaks_between_the_two_undoes_both(outbox: Outbox, log: EventLog, engine: Engine) -> None:
    outbox.enqueue([new_command()])
    claimed = call_one(outbox)

    def record_and_break() -> None:
        with writing(engine) as connection:
            assert outbox.within(connection).complete(KEY, token=claimed.token)
            assert state_of(outbox.within(connection)) is CommandState.SENT
            log.append_within(connection, [told(KEY)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record_and_break()

    assert state_of(outbox) is CommandState.CALLING
    assert log.last_sequence() == 0


def test_an_event_that_cannot_be_stored_leaves_the_step_undone(outbox: Outbox, log: EventLog, engine: Engine) -> None:
    outbox.enqueue([new_command()])
    bad = replace(told(KEY), occurred_at=NOON.replace(tzinfo=None))

    def cancel_and_tell() -> None:
        with writing(engine) as connection:
            outbox.within(connection).cancel([KEY], reason="over")
            log.append_within(connection, [bad])

    with pytest.raises(ValueError, match="naive"):
        cancel_and_tell()

    assert state_of(outbox) is CommandState.WAITING


def test_commands_of_one_block_are_added_all_or_none(outbox: Outbox, engine: Engine) -> None:
    outbox.enqueue([new_command()])

    def enqueue_twice() -> None:
        with writing(engine) as connection:
            outbox.within(connection).enqueue([new_command("a")])
            outbox.within(connection).enqueue([new_command(tenant_id="noizylab")])

    with pytest.raises(CommandKeyClashError):
        enqueue_twice()

    assert outbox.find("a") is None


def test_many_workers_recording_beside_one_another(backend: Backend, outbox: Outbox, log: EventLog) -> None:
    engine = backend.open()
    keys = [f"k{number:02}" for number in range(40)]
    outbox.enqueue([new_command(key, contact_id=f"of-{key}") for key in keys])  # one contact's texts go one by one
    barrier = Barrier(4)

    def work(_: int) -> None:
        barrier.wait()
        while batch := outbox.claim(limit=3, lease=LEASE):
            for claimed in batch:
                assert outbox.begin_call(claimed.command_key, token=claimed.token, lease=LEASE)
                with writing(engine) as connection:
                    assert outbox.within(connection).complete(claimed.command_key, token=claimed.token)
                    log.append_within(connection, [told(claimed.command_key)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    recorded = [event.source_event_id for event in log.read_after(0, limit=99)]
    assert sorted(recorded) == [f"{key}#1:sent" for key in keys]
