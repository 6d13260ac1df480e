"""Bookings of a day and outcomes of a day: every surface says the same, and no text tells a time that nobody set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from frontdesk.core.log.envelope import NewEvent
from tests.pipelines.facts import fact
from tests.pipelines.homes import Home

ANA = {"name": "Ana Lee", "phone": "+61491570156"}


def booking(verb: str, at: datetime, *, booking_id: str, source: str = "acuity", **payload: Any) -> NewEvent:
    return fact(
        f"booking.{verb}",
        {"booking_id": booking_id, "contact": ANA, **payload},
        event_id=f"{booking_id}-{verb}",
        at=at,
        source=source,
    )


def wix_update(at: datetime, *, booking_id: str) -> NewEvent:
    body = {
        "event": "booking_updated",
        "bookingId": booking_id,
        "booking": {"id": booking_id, "status": "CONFIRMED", "paymentStatus": "PAID", "phone": "0491 570 156"},
    }
    return fact("wix.booking_updated", body, event_id=f"{booking_id}-paid", at=at, source="wix")


def test_a_day_is_a_day_and_an_outcome_is_never_lost(home: Home) -> None:
    midnight = datetime(2026, 11, 17, 16, 0, tzinfo=UTC)  # of the 18th in Perth
    home.follow_in_batches(
        [
            [
                booking(
                    "confirmed", datetime(2026, 11, 20, 6, tzinfo=UTC), booking_id="open-day", starts_at="2026-12-18"
                ),
                booking("completed", midnight, booking_id="visit"),
            ],
            [booking("created", datetime(2026, 11, 18, 7, tzinfo=UTC), booking_id="visit")],
            [
                booking("confirmed", datetime(2026, 11, 10, 1, tzinfo=UTC), booking_id="paid-later", source="wix"),
                booking("completed", datetime(2026, 11, 18, 4, tzinfo=UTC), booking_id="paid-later"),
                wix_update(datetime(2026, 11, 18, 5, tzinfo=UTC), booking_id="paid-later"),
            ],
        ]
    )

    assert home.query("select booking_id, status, payment_status from marts.fct_bookings order by 1") == [
        ("open-day", "confirmed", None),
        ("paid-later", "completed", "paid"),
        ("visit", "completed", None),
    ]
    assert home.query("select count_bookings_completed from marts.dim_contacts where is_identified") == [(2,)]
    completed = (
        "select distinct value from reports.rpt_period_figures where metric = 'bookings_completed' and value > 0"
    )
    assert home.query(completed) == [(2,)]
    rate = "select distinct value from reports.rpt_period_figures where metric = 'show_rate'"
    assert home.query(rate) == [(None,)]  # nobody ever tells of a no-show
    assert home.query("select is_all_day, starts_at_local from marts.fct_bookings where booking_id = 'open-day'") == [
        (True, datetime(2026, 12, 18))  # noqa: DTZ001 - on the business's clock
    ]
    due = """
        select due_at, payload
        from marts.fct_decisions
        where booking_id = 'open-day' and command_type = 'send_sms' and due_at > '2026-12-01'
        order by due_at
    """
    reminders = [(due_at, orjson.loads(str(payload))) for due_at, payload in home.query(due)]
    # At nine o'clock, and none that is two hours before a day.
    assert [due_at for due_at, _ in reminders] == [datetime(2026, 12, day, 1, tzinfo=UTC) for day in (16, 17)]
    assert {payload["variables"]["booking"]["starts_at"] for _, payload in reminders} == {"2026-12-18"}


def test_a_start_that_is_told_later_is_reminded_of(home: Home) -> None:
    told = datetime(2026, 11, 20, 1, tzinfo=UTC)
    day, time = "2026-12-20", "2026-12-20T03:00:00Z"

    def told_twice(name: str, first: str | None, then: str) -> list[list[NewEvent]]:
        def wix(verb: str, start: str | None, at: datetime) -> NewEvent:
            details = {"id": name, "status": "CONFIRMED", "phone": "0491 570 156", "startDate": start}
            body = {"event": f"booking_{verb}", "bookingId": name, "startDate": start, "booking": details}
            return fact(f"wix.booking_{verb}", body, event_id=f"{name}-{verb}", at=at, source="wix")

        return [[wix("confirmed", first, told)], [wix("updated", then, told + timedelta(days=1))]]

    home.follow_in_batches(
        [
            *told_twice("time-added", day, time),
            *told_twice("time-taken-away", time, day),
            *told_twice("start-added", None, time),
            *told_twice("moved", "2026-12-18T03:00:00Z", time),
        ]
    )

    rows = home.query(
        "select booking_id, rule_id, due_at from activation.cmd_send_sms inner join marts.fct_decisions "
        "using (tenant_id, command_key, rule_id, due_at) where rule_id like 'reminder%' order by all"
    )
    timed = [
        ("reminder_24h", datetime(2026, 12, 19, 3, tzinfo=UTC)),
        ("reminder_2h", datetime(2026, 12, 20, 1, tzinfo=UTC)),
        ("reminder_48h", datetime(2026, 12, 18, 3, tzinfo=UTC)),
    ]
    # On the clinic's clock, at nine: none is two hours before a day.
    daily = [
        ("reminder_24h", datetime(2026, 12, 19, 1, tzinfo=UTC)),
        ("reminder_48h", datetime(2026, 12, 18, 1, tzinfo=UTC)),
    ]
    expected = {"moved": timed, "start-added": timed, "time-added": timed, "time-taken-away": daily}
    assert rows == [(name, *reminder) for name, reminders in expected.items() for reminder in reminders]
