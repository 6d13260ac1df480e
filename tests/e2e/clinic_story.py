"""What happens at the clinic: four people, a visit that moves, one that is cancelled, and months of silence."""

from __future__ import annotations

from datetime import timedelta

from frontdesk.domains.reports.document import Report
from frontdesk.domains.reports.periods import Period, PeriodKind
from sandbox.providers import wix
from tests.e2e.clinic import AVA, BEN, CLINIC, CORA, DAN, PERTH, Clinic, at

AVAS_VISIT = at(6, "11:00")


def first_day(clinic: Clinic) -> None:
    """Three people enquire, two of whom book; one answers, one is silent."""
    ad = {"contact": {"phone": AVA.phone}, "channel": "facebook", "cost_minor": 310, "currency": "AUD"}
    clinic.post(
        clinic.told("ads-export", "touch.recorded", "ava", at(-1, "10:00"), **ad),
        clinic.lead(AVA, at(0, "10:00")),
        clinic.lead(BEN, at(0, "11:00")),
        clinic.lead(CORA, at(0, "11:00")),
    )
    avas = clinic.booking(AVA, at(0, "10:20"), starts_at=at(5, "11:00"))
    dans = clinic.booking(DAN, at(0, "11:10"), starts_at=at(3, "11:00"))
    for booking in (avas, dans):
        confirmed = booking.changed(status="CONFIRMED")
        moment = booking.created_at + timedelta(seconds=2)
        clinic.post(
            wix.booking_created(booking.created_at, CLINIC, booking),
            wix.booking_action(moment, CLINIC, confirmed, "confirmed", booking),
        )
    clinic.post(clinic.paid(AVA, avas, at(0, "10:21")))
    clinic.behave("clicksend", mode="rate_limited", times=1, retry_after_s=30)
    clinic.work(at(0, "11:15"))
    clinic.work(at(0, "11:20"))
    clinic.post(clinic.text_from(CORA, at(0, "12:00"), "Is Friday free?"))
    clinic.work(at(0, "15:01"))


def days_before_the_visit(clinic: Clinic) -> None:
    """Dan cancels before his reminder; Ben answers at last; Ava moves hers by a day, is reminded, and comes."""
    dans = clinic.booking(DAN, at(0, "11:10"), starts_at=at(3, "11:00")).changed(status="CONFIRMED")
    clinic.post(
        wix.booking_action(at(1, "09:00"), CLINIC, dans.changed(status="CANCELED"), "canceled", dans),
        clinic.text_from(BEN, at(1, "09:30"), "Sorry, was away"),
    )
    clinic.work(at(1, "11:01"))
    avas = clinic.booking(AVA, at(0, "10:20"), starts_at=at(5, "11:00")).changed(status="CONFIRMED")
    moved = avas.changed(starts_at=AVAS_VISIT, ends_at=AVAS_VISIT + timedelta(minutes=45))
    clinic.post(wix.booking_action(at(2, "10:00"), CLINIC, moved, "rescheduled", avas))
    for day, hour in ((3, "11:01"), (4, "11:01"), (5, "11:01"), (6, "09:01")):
        clinic.work(at(day, hour))
    visit = {"booking_id": avas.booking_id, "contact": {"phone": AVA.phone}}
    clinic.post(clinic.told("clinic-desk", "booking.completed", "ava", at(6, "11:45"), **visit))
    clinic.work(at(6, "12:00"))


def months_after(clinic: Clinic) -> Report:
    """On Monday at nine the week's report goes out; then there is nothing but what silence makes due."""
    clinic.clock.instant = at(7, "09:00")
    week = Period(PeriodKind.WEEKLY, at(0).astimezone(PERTH).date())
    report = clinic.maker().make(clinic.home.tenants[CLINIC], week, patience_seconds=0)
    clinic.work(at(7, "09:01"))
    clinic.work(at(91, "10:00"))
    clinic.work(at(186, "12:00"))
    return report
