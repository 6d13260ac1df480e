"""Builds a published `analytics.duckdb` by the contract of the marts, with a few days of two businesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from tests.dashboard.mart_contract import MACROS, RELATIONS, create_views

MASSAGE, BARBERS, NEWCOMER = "harbour-massage", "northside-barbers", "quiet-notary"
ANNA = "0190a000-0000-7000-8000-00000000a11a"
ANNA_TOO = "0190a000-0000-7000-8000-0000000a11a2"
JOSE = "0190a000-0000-7000-8000-000000000105"
HOSTILE = "0190a000-0000-7000-8000-00000000bad0"
HOSTILE_NAME = (
    "![x](http://127.0.0.1:9/pixel.png) <img src=x onerror=alert(1)> [me](javascript:alert(1)) :red[hi] $x$"
)

Row = dict[str, Any]


@dataclass
class PublishedRows:
    """Rows by relation; columns left out are NULL."""

    rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, relation: str, **columns: Any) -> PublishedRows:
        """Add one row and return self."""
        self.rows.setdefault(relation, []).append(columns)
        return self

    def publish(self, path: Path, *, without: str | None = None) -> None:
        """Write a new file, without one relation if told so, and put it in the path's place at once."""
        scratch = path.with_name(f".{path.name}.new")
        scratch.unlink(missing_ok=True)
        with duckdb.connect(str(scratch)) as connection:
            connection.execute("CREATE SCHEMA marts; CREATE SCHEMA reports")
            for relation, columns in RELATIONS.items():
                if relation == without:
                    continue
                connection.execute(f"CREATE TABLE {relation} ({columns})")
                for row in self.rows.get(relation, ()):
                    _insert(connection, relation, row)
            if without is None:
                connection.execute(MACROS)
                connection.execute(create_views())
        scratch.replace(path)


def _insert(connection: duckdb.DuckDBPyConnection, relation: str, row: Row) -> None:
    table = connection.table(relation)
    unknown = row.keys() - set(table.columns)
    if unknown:
        raise KeyError(f"{relation} has no {', '.join(sorted(unknown))}")
    table.insert([row.get(column) for column in table.columns])


def nothing_published(*, now: datetime) -> PublishedRows:
    """Return a file of three businesses to which nothing happened yet."""
    rows = PublishedRows()
    rows.add("reports.rpt_freshness", modelled_sequence=0, log_sequence=0, published_at=now)
    businesses = (
        (MASSAGE, "Harbour Massage", "massage", "Australia/Perth", "AUD", "AU"),
        (BARBERS, "Northside Barbers", "barber", "America/Chicago", "USD", "US"),
        (NEWCOMER, "Quiet Notary", "notary", "America/New_York", "USD", "US"),
    )
    for tenant_id, name, industry, zone, currency, country in businesses:
        rows.add(
            "marts.dim_tenants",
            tenant_id=tenant_id,
            name=name,
            industry=industry,
            zone=zone,
            currency=currency,
            country=country,
        )
    return rows


def two_businesses_published(*, now: datetime) -> PublishedRows:
    """Return a file with some days of the first two businesses, relative to now; the third has no rows."""
    rows = nothing_published(now=now)
    rows.rows["reports.rpt_freshness"] = [
        {
            "modelled_sequence": 4120,
            "log_sequence": 4120,
            "last_received_at": now - timedelta(seconds=40),
            "published_at": now - timedelta(seconds=39),
        }
    ]
    _add_sources(rows, now)
    _add_unknown_types(rows, now)
    _add_quarantined(rows, now)
    _add_set_aside(rows, now)
    _add_odd_money(rows, now)
    _add_unread_times(rows, now)
    _add_contacts(rows, now)
    _add_identity_of_anna(rows, now)
    _add_facts_of_anna(rows, now)
    _add_timeline(rows, now)
    return rows


def _add_sources(rows: PublishedRows, now: datetime) -> None:
    def source(
        tenant_id: str, name: str, *, last: timedelta | None, day: int, week: int, gap: int, **other: Any
    ) -> None:
        columns: Row = {
            "tenant_id": tenant_id,
            "source": name,
            "is_configured": True,
            "count_events": week * 4,
            "count_unknown_type_events": 0,
            "last_event_at": None if last is None else now - last,
            "last_received_at": None if last is None else now - last,
            "events_today": day,
            "events_last_7d": week,
            "usual_gap_seconds": gap or None,
            "silent_seconds": None if last is None else last.total_seconds(),
            "is_silent": False,
            "count_rejections_7d": 0,
        }
        rows.add("reports.rpt_source_health", **{**columns, **other})
        for days in range(30):
            count = week // 7 + (days * 7 + len(name)) % 5
            day_of_count = (now - timedelta(days=days)).date()
            rows.add(
                "marts.fct_source_activity",
                tenant_id=tenant_id,
                source=name,
                type=f"{name}.any",
                activity_date=day_of_count,
                active_hours=1,
                count_events=count,
            )

    source(MASSAGE, "wix", last=timedelta(seconds=40), day=31, week=204, gap=1500)
    source(MASSAGE, "stripe", last=timedelta(minutes=12), day=18, week=121, gap=3000, count_unknown_type_events=7)
    source(MASSAGE, "twilio", last=timedelta(hours=9), day=2, week=260, gap=1200, is_silent=True)
    source(MASSAGE, "manychat", last=None, day=0, week=0, gap=0)
    source(
        BARBERS,
        "gohighlevel",
        last=timedelta(minutes=3),
        day=88,
        week=590,
        gap=700,
        count_rejections_7d=3,
        last_rejected_at=now - timedelta(hours=2),
        last_rejection_reason="the signature is not of this body: check the public key",
    )
    source(BARBERS, "frontdesk", last=timedelta(days=2), day=0, week=1200, gap=86_400, is_configured=False)


def _add_unknown_types(rows: PublishedRows, now: datetime) -> None:
    for kind, count in (
        ("stripe.payout.reconciliation_completed", 5),
        ("stripe.radar.early_fraud_warning.created", 2),
    ):
        rows.add(
            "reports.rpt_unknown_types",
            tenant_id=MASSAGE,
            source="stripe",
            type=kind,
            count_events=count,
            last_received_at=now - timedelta(hours=5),
        )


def _add_quarantined(rows: PublishedRows, now: datetime) -> None:
    for sequence in (4000, 4100):
        rows.add(
            "marts.fct_quarantined_events",
            tenant_id=BARBERS,
            event_id=f"event-{sequence}",
            sequence=sequence,
            source="frontdesk",
            type="booking.created",
            error=f"Conversion Error: sequence {sequence}",
            quarantined_at=now - timedelta(minutes=4200 - sequence),
        )


def _add_set_aside(rows: PublishedRows, now: datetime) -> None:
    for tenant_id, kind, subject, is_set_aside in (
        (BARBERS, "rule", "reminder_24h", True),
        (MASSAGE, "command", "massage/thanks/send_sms/booking:b1", False),
        (None, "table", "fct_payments", True),
    ):
        rows.add(
            "marts.fct_set_aside",
            tenant_id=tenant_id,
            set_aside_key=f"{kind}-{subject}",
            kind=kind,
            subject=subject,
            step="decisions",
            reason=f"ConversionException: out of range: {tenant_id or 'a value of anybody'}",
            count_times=1,
            set_aside_at=now - timedelta(hours=2),
            last_seen_at=now - timedelta(hours=1),
            let_in_at=None if is_set_aside else now,
            is_set_aside=is_set_aside,
        )


def _add_unread_times(rows: PublishedRows, now: datetime) -> None:
    told = (("start_not_read", "20/12/2026 10:00"), ("end_not_after_start", "2026-12-20 10:00 to 2026-12-20 09:00"))
    for number, (problem, text) in enumerate(told):
        rows.add(
            "reports.rpt_unread_times",
            tenant_id=MASSAGE,
            problem=problem,
            told=text,
            contact_id=ANNA,
            source="wix",
            type="booking.created",
            title="Booking created",
            entity_id=f"booking-{number}",
            occurred_at=now - timedelta(days=number + 1),
            first_sequence=number + 1,
            event_id=f"unread-{number}",
        )


def _add_odd_money(rows: PublishedRows, now: datetime) -> None:
    for number, (problem, detail) in enumerate((("amount_not_read", "1.20O,00"), ("tax_above_amount", None))):
        rows.add(
            "reports.rpt_odd_money",
            tenant_id=MASSAGE,
            problem=problem,
            contact_id=ANNA,
            source="zoho",
            entity_id=f"deal-{number}",
            title="Deal won",
            detail=detail,
            amount_minor=None if detail else 4_000,
            currency="AUD",
            occurred_at=now - timedelta(days=number + 1),
            event_id=f"odd-{number}",
        )


def _add_contacts(rows: PublishedRows, now: datetime) -> None:
    def contact(tenant_id: str, contact_id: str, name: str, *, minutes: int, **other: Any) -> None:
        columns: Row = {
            "tenant_id": tenant_id,
            "contact_id": contact_id,
            "display_name": name,
            "is_identified": True,
            "count_bookings": 0,
            "count_bookings_completed": 0,
            "count_messages": 0,
            "amount_paid_minor": 0,
            "first_seen_at": now - timedelta(days=200),
            "last_seen_at": now - timedelta(minutes=minutes),
        }
        rows.add("marts.dim_contacts", **{**columns, **other})

    anna: Row = {
        "first_name": "Anna",
        "phone": "+61412345678",
        "email": "anna.lind@example.com",
        "company": "Lind & Co",
        "acquisition_channel": "instagram",
        "acquisition_campaign": "autumn_offer",
        "count_bookings": 3,
        "count_bookings_completed": 2,
        "count_messages": 5,
        "amount_paid_minor": 25000,
        "currency": "AUD",
    }
    contact(MASSAGE, ANNA, "Anna Lind", minutes=1, **anna)
    contact(MASSAGE, ANNA_TOO, "Anna L.", minutes=900, phone="+61498765432", email="anna.lind@example.com")
    contact(MASSAGE, JOSE, "José Álvarez", minutes=300, phone="+61455000111", amount_paid_minor=9000, currency="AUD")
    contact(MASSAGE, HOSTILE, HOSTILE_NAME, minutes=600, email="h@example.com", is_identified=False)
    for number in range(30):
        name = f"Walk-in {number:02d}"
        contact(BARBERS, f"barber-{number:02d}", name, minutes=10 + number, phone=f"+1312555{number:04d}")


def _add_identity_of_anna(rows: PublishedRows, now: datetime) -> None:
    who: Row = {"tenant_id": MASSAGE, "contact_id": ANNA}
    identifiers: Sequence[tuple[str, str, str, int, str]] = (
        ("phone", "+61412345678", "strong", 9, "twilio"),
        ("email", "anna.lind@example.com", "link", 4, "wix"),
        ("wix_contact", "b6f1c0de-5555-4444-8888-1234567890ab", "link", 4, "wix"),
    )
    for kind, value, use, count, source in identifiers:
        rows.add(
            "marts.bdg_contact_identifiers",
            **who,
            identifier_kind=kind,
            identifier_value=value,
            identifier_use=use,
            count_events=count,
            first_observed_at=now - timedelta(days=200),
            first_event_id="0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
            first_source=source,
        )
    rows.add(
        "marts.fct_identity_conflicts",
        tenant_id=MASSAGE,
        conflict_id="c1",
        **dict.fromkeys(("strong_identifier_kind_a", "strong_identifier_kind_b"), "phone"),
        strong_identifier_a="+61412345678",
        strong_identifier_b="+61498765432",
        shared_identifier_kind="email",
        shared_identifier_value="anna.lind@example.com",
        contact_id_a=ANNA,
        contact_id_b=ANNA_TOO,
        first_observed_at=now - timedelta(days=3),
        status="open",
    )


def _add_facts_of_anna(rows: PublishedRows, now: datetime) -> None:
    who: Row = {"tenant_id": MASSAGE, "contact_id": ANNA}
    bookings = (("confirmed", -3, 0), ("completed", 20, 1), ("no_show", 60, 0))
    for status, days_ago, reschedules in bookings:
        rows.add(
            "marts.fct_bookings",
            **who,
            booking_key=f"b{days_ago}",
            source="wix",
            service_name="Deep tissue massage 90 min",
            status=status,
            starts_at=now - timedelta(days=days_ago),
            upcoming_until=now - timedelta(days=days_ago),
            price_minor=12500,
            currency="AUD",
            staff_name="Mia",
            count_reschedules=reschedules,
        )
    payments = (
        ("succeeded", 12500, 0, None),
        ("failed", 12500, 0, "card_declined"),
        ("refunded", 12500, 12500, None),
    )
    for status, amount, refunded, reason in payments:
        rows.add(
            "marts.fct_payments",
            **who,
            payment_key=f"p-{status}",
            source="stripe",
            status=status,
            amount_minor=amount,
            refunded_minor=refunded,
            currency="AUD",
            method="card",
            failure_reason=reason,
            last_changed_at=now - timedelta(days=20),
        )
    rows.add(
        "marts.fct_consents",
        **who,
        channel="sms",
        purpose="reminders",
        is_granted=True,
        evidence="Booking form, box ticked",
        changed_at=now - timedelta(days=200),
    )


def _add_timeline(rows: PublishedRows, now: datetime) -> None:
    happened: Sequence[tuple[str, str | None, timedelta, str, str, str, str | None, int | None]] = (
        (
            MASSAGE,
            ANNA,
            timedelta(seconds=40),
            "wix",
            "booking.confirmed",
            "Booking confirmed",
            "Deep tissue massage",
            12500,
        ),
        (MASSAGE, ANNA, timedelta(minutes=12), "stripe", "payment.succeeded", "Payment received", "Visa", 12500),
        (
            MASSAGE,
            ANNA,
            timedelta(hours=9),
            "twilio",
            "message.received",
            "Text received",
            "Can I come *earlier*?",
            None,
        ),
        (MASSAGE, ANNA, timedelta(days=60), "wix", "booking.no_show", "Did not come", "Deep tissue massage", None),
        (MASSAGE, ANNA, timedelta(days=200), "manychat", "lead.created", "Lead from Instagram", "autumn_offer", None),
        (MASSAGE, HOSTILE, timedelta(hours=10), "twilio", "message.received", "Text received", HOSTILE_NAME, None),
        (BARBERS, "barber-00", timedelta(minutes=3), "gohighlevel", "booking.created", "Booking made", "Fade", 4500),
        (BARBERS, None, timedelta(minutes=4), "gohighlevel", "task.created", "Task opened", "Order blades", None),
    )
    for number, (tenant_id, contact_id, ago, source, kind, title, detail, amount) in enumerate(happened):
        rows.add(
            "marts.fct_timeline",
            tenant_id=tenant_id,
            timeline_key=f"t{number}",
            contact_id=contact_id,
            occurred_at=now - ago,
            source=source,
            type=kind,
            title=title,
            detail=detail,
            amount_minor=amount,
            currency=None if amount is None else ("AUD" if tenant_id == MASSAGE else "USD"),
            event_id=f"event-{number}",
            first_sequence=number,
            received_at=now - ago,
        )
