"""A booking keeps the time that was told: if a zone's rules change, staff have a task, once."""

from __future__ import annotations

import orjson
import pytest
from sqlalchemy import Engine

from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.bookings import booking as booking_module
from frontdesk.domains.bookings import deciding
from frontdesk.domains.bookings.clock_changes import tell_moved_bookings
from tests.clocks import SetClock
from tests.domains.bookings.salon import ANA, BY, CUT, NOW, TEN, bookings_of, salon
from tests.domains.imports.test_canonical_payloads import imported


def test_a_booking_of_another_clock_is_a_task_once(
    engine: Engine, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock(NOW)
    bookings = bookings_of(engine, clock)
    bookings.create(salon(), CUT, starts_at=TEN, contact=ANA, request=BY)
    # As if Chicago had been an hour behind by the rules of then.
    monkeypatch.setattr(deciding, "local_text", lambda at, _: booking_module.local_text(at, "America/Denver"))
    told_otherwise = bookings.create(salon(), CUT, starts_at=TEN, contact=ANA, request=BY).booking
    cancelled = bookings.create(salon(), CUT, starts_at=TEN.replace(hour=20), contact=ANA, request=BY).booking
    bookings.cancel(salon(), cancelled.booking_id, request=BY)
    last = log.last_sequence()

    counts = [tell_moved_bookings(engine, log=log, clock=clock) for _ in range(2)]

    assert counts == [1, 0]
    [task] = log.read_after(last, limit=10)
    payload = orjson.loads(task.payload)
    assert (task.type, payload["booking_id"]) == ("task.created", told_otherwise.booking_id)
    assert "Cut was booked for 2027-03-02 09:00 and is at 2027-03-02 10:00 now" in payload["title"]
    assert imported(task.type, payload)

    clock.instant = TEN
    assert tell_moved_bookings(engine, log=log, clock=clock) == 0
