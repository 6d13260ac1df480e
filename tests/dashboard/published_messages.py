"""Adds conversations, rules and what they decided to the published file of two businesses."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from tests.dashboard.published_attribution import add_attribution
from tests.dashboard.published_file import (
    ANNA,
    ANNA_TOO,
    HOSTILE,
    HOSTILE_NAME,
    JOSE,
    MASSAGE,
    PublishedRows,
    two_businesses_published,
)
from tests.dashboard.published_tasks import add_work

CONFIRMATION_KEY = f"{MASSAGE}/booking_confirmation/send_sms/booking:b-3@booking.confirmed"
REMINDER_KEY = f"{MASSAGE}/reminder_24h/send_sms/booking:b-3@2026-11-24T02:00:00Z"
UNCERTAIN_KEY = f"{MASSAGE}/reminder_24h/send_sms/booking:b20@2026-11-01T02:00:00Z"
STOPPED_KEY = f"{MASSAGE}/reminder_24h/send_sms/booking:b-8@2026-11-25"
REFUSED_KEY = f"{MASSAGE}/win_back/send_sms/contact:{ANNA_TOO}"
_NUMBER = "+61861550101"


def conversations_published(*, now: datetime) -> PublishedRows:
    """Return the file of two businesses, the first with two-way conversations, rules and a month of what they did."""
    rows = two_businesses_published(now=now)
    _add_messages(rows, now)
    _add_consents(rows, now)
    _add_decisions(rows, now)
    _add_rules(rows)
    _add_reports(rows, now)
    return add_attribution(add_work(rows, now=now), now=now)


def _add_messages(rows: PublishedRows, now: datetime) -> None:
    def message(contact_id: str, body: str, *, minutes: float, status: str = "received", **other: Any) -> None:
        is_ours = status != "received"
        count = len(rows.rows.get("marts.fct_messages", ()))
        columns: dict[str, Any] = {
            "tenant_id": MASSAGE,
            "message_key": f"m{count}",
            "message_id": f"SM{count:04d}",
            "source": "twilio",
            "contact_id": contact_id,
            "channel": "sms",
            "direction": "outbound" if is_ours else "inbound",
            "status": status,
            "body": body,
            "from_address": _NUMBER if is_ours else "+61412345678",
            "created_at": now - timedelta(minutes=minutes),
            "last_changed_at": now - timedelta(minutes=minutes),
        }
        rows.add("marts.fct_messages", **{**columns, **other})

    message(ANNA, "Hi, do you have anything free next Tuesday?", minutes=2900)
    message(ANNA, "Hi Anna, Tuesday 10:00 or 14:30 with Mia. Which suits?", minutes=2890, status="read")
    message(ANNA, "10:00 please!", minutes=2880)
    message(
        ANNA,
        "Hi Anna, your Deep tissue massage 90 min with Harbour Massage is booked for Tue 24 Nov at 10:00 am.",
        minutes=2879,
        status="delivered",
        message_id="SM-confirmation",
    )
    message(ANNA, "Thank you. Is there parking?\nI come by car", minutes=9)
    message(JOSE, "Gracias, nos vemos el martes 😀", minutes=310)
    message(
        JOSE,
        "",
        minutes=305,
        attachments='[{"media_type":"image/jpeg","url":"https://api.twilio.com/m/0"}]',
        attachments_event_id="evt-picture",
        last_event_id="evt-settled",
    )
    message(JOSE, "See you then, José!", minutes=300, status="delivered")
    message(ANNA_TOO, "STOP", minutes=900, opt_out_type="STOP")
    message(HOSTILE, HOSTILE_NAME, minutes=6000)
    message(HOSTILE, "Sorry, we did not get that.", minutes=5990, status="undelivered", error_code="30005")


def _add_consents(rows: PublishedRows, now: datetime) -> None:
    rows.add(
        "marts.fct_consents",
        tenant_id=MASSAGE,
        consent_key="stop",
        source="twilio",
        contact_id=ANNA_TOO,
        channel="sms",
        purpose="all",
        is_granted=False,
        evidence="text: STOP",
        changed_at=now - timedelta(minutes=900),
        event_id="event-stop",
    )


def decision(contact_id: str, command_key: str, *, due_at: datetime, **other: Any) -> dict[str, Any]:
    """Return a row of fct_decisions of a text."""
    _, rule_id, command_type, _ = command_key.split("/", 3)
    variables = {"contact": {"first_name": "Anna"}, "booking": {"service_name": "Deep tissue massage 90 min"}}
    variables["booking"]["starts_at"] = (due_at + timedelta(days=1)).isoformat()
    payload = {"to": "+61412345678", "template": rule_id, "is_immediate": False, "variables": variables}
    columns: dict[str, Any] = {
        "tenant_id": MASSAGE,
        "command_key": command_key,
        "rule_id": rule_id,
        "rule_version": 1,
        "command_type": command_type,
        "channel": "sms",
        "provider": "twilio",
        "message_class": "transactional",
        "contact_id": contact_id,
        "booking_id": "b-3",
        "cause_event_id": "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
        "cause_type": "booking.confirmed",
        "caused_at": due_at - timedelta(days=1),
        "due_at": due_at,
        "expires_at": due_at + timedelta(hours=4),
        "verdict": "intended",
        "to_address": "+61412345678",
        "template": rule_id,
        "payload": json.dumps(payload),
    }
    return {**columns, **other}


def _add_decisions(rows: PublishedRows, now: datetime) -> None:
    sent_at = now - timedelta(minutes=2879)
    made = [
        decision(ANNA, CONFIRMATION_KEY, due_at=sent_at, caused_at=sent_at),
        decision(ANNA, REMINDER_KEY, due_at=now + timedelta(hours=20)),
        decision(ANNA, UNCERTAIN_KEY, due_at=now - timedelta(hours=3)),
        decision(ANNA, STOPPED_KEY, due_at=now + timedelta(hours=21), stopped_by="booking_state"),
        decision(
            ANNA_TOO,
            REFUSED_KEY,
            due_at=now - timedelta(days=1),
            verdict="refused",
            reason="opted_out",
            reason_detail="STOP by text at 2026-11-20T03:00:00Z",
            message_class="marketing",
        ),
    ]
    for number in range(14):
        key = f"{MASSAGE}/reminder_24h/send_sms/booking:n{number}@2026-11-25"
        made.append(decision(JOSE, key, due_at=now + timedelta(hours=1 + number * 1.4)))
    for row in made:
        rows.add("marts.fct_decisions", **row)
    told = (
        (CONFIRMATION_KEY, "delivered", "SM-confirmation", {"delivered_at": sent_at}),
        (UNCERTAIN_KEY, "uncertain", None, {"uncertain_at": now - timedelta(hours=3), "reason": "no answer in 10 s"}),
    )
    for key, outcome, message_id, other in told:
        rows.add(
            "marts.fct_command_outcomes",
            tenant_id=MASSAGE,
            command_key=key,
            rule_id=key.split("/")[1],
            command_type="send_sms",
            contact_id=ANNA,
            message_id=message_id,
            outcome=outcome,
            **other,
        )


def _add_rules(rows: PublishedRows) -> None:
    def rule(rule_id: str, facts: list[str], templates: list[str], **other: Any) -> None:
        columns: dict[str, Any] = {
            "tenant_id": MASSAGE,
            "rule_key": f"{MASSAGE}/{rule_id}",
            "rule_id": rule_id,
            "rule_version": 1,
            "fact_types": facts,
            "anchor": "fact",
            "offset_seconds": 0,
            "once_per": "fact",
            "message_class": "transactional",
            "booking_states": [],
            "unless_happened": "[]",
            "conditions": "[]",
            "command_types": ["send_sms"],
            "templates": templates,
            "holdout_percent": 0,
            "is_shadow": False,
        }
        rows.add("marts.dim_rules", **{**columns, **other})

    rule("manual", ["message.requested"], [])
    rule("booking_confirmation", ["booking.confirmed"], ["booking_confirmation"])
    rule(
        "reminder_24h",
        ["booking.confirmed", "booking.rescheduled"],
        ["reminder_24h"],
        anchor="booking_start",
        offset_seconds=-86_400,
        booking_states=["cancelled", "declined"],
    )
    rule(
        "win_back",
        ["booking.completed"],
        ["come_back"],
        offset_seconds=60 * 86_400,
        message_class="marketing",
        once_per="contact",
        holdout_percent=20,
        unless_happened=json.dumps([{"fact_type": "booking.created", "scope": "contact"}]),
        conditions=json.dumps(
            [{"field": "contact.count_bookings", "kind": "number", "operator": "at_least", "expected": ["2"]}]
        ),
    )
    rule("ask_for_review", ["booking.completed"], ["come_back"], offset_seconds=86_400, is_shadow=True)


def _add_reports(rows: PublishedRows, now: datetime) -> None:
    counts = ("intended", "to_do", "refused", "held_out", "shadow", "done", "failed", "suppressed", "uncertain")
    for days in range(-3, 28):
        activity = {
            "booking_confirmation": {"intended": 6 + days % 4, "done": 6 + days % 4} if days >= 0 else {},
            "reminder_24h": {
                "intended": 5 + days % 3,
                "to_do": 0 if days >= 0 else 5 + days % 3,
                "done": 4 + days % 3 if days >= 0 else 0,
                "refused": days % 2,
            },
            "win_back": {"intended": 2, "done": 2, "held_out": days % 2, "refused": 1, "suppressed": days % 5 == 0},
            "ask_for_review": {"shadow": 4},
        }
        for rule_id, figures in activity.items():
            if figures and (days >= 0 or rule_id == "reminder_24h"):
                rows.add(
                    "reports.rpt_rule_activity",
                    tenant_id=MASSAGE,
                    rule_id=rule_id,
                    command_type="send_sms",
                    due_date=(now - timedelta(days=days)).date(),
                    count_considered=sum(figures.values()),
                    **{f"count_{name}": int(figures.get(name, 0)) for name in counts},
                )
    rows.add(
        "reports.rpt_holdout_uplift",
        tenant_id=MASSAGE,
        rule_id="win_back",
        count_treated=56,
        count_treated_booked=14,
        count_held_out=13,
        count_held_out_booked=2,
        treated_rate=0.25,
        held_out_rate=2 / 13,
        uplift=0.25 - 2 / 13,
    )
