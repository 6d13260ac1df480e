"""Bookings kept by an older system that posts no webhooks: told as canonical facts, line by line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.businesses import Offer
from sandbox.people import Person
from sandbox.providers import history
from sandbox.story.agenda import Agenda, Setting


@dataclass(frozen=True, slots=True)
class Ledger:
    """One customer in an older system."""

    setting: Setting
    agenda: Agenda
    person: Person
    phone: str  # as it was typed there
    system: str

    def touch(self, at: datetime, number: int, *, channel: str, medium: str, campaign: str, cost: int) -> None:
        """Record a marketing touch; `cost` in minor units."""
        fields = {
            "channel": channel, "medium": medium, "campaign": campaign, "cost_minor": cost,
            "currency": self.setting.business.currency,
        }  # fmt: skip
        self.record(at, "touch.recorded", f"{self.person.key}/{number}", fields)

    def lead(self, at: datetime, *, channel: str, campaign: str, interest: str) -> None:
        """Record an enquiry."""
        fields = {"lead_id": self.person.key, "channel": channel, "campaign": campaign, "interest": interest}
        self.record(at, "lead.created", self.person.key, fields)

    def booking(self, at: datetime, verb: str, job: Job, *, reason: str | None = None) -> None:
        """Record booking.<verb>. Of a rescheduled booking every revision is a record of its own."""
        fields = {
            "booking_id": job.booking_id, "service": job.offer.name, "starts_at": job.starts_at.isoformat(),
            "ends_at": job.ends_at.isoformat(), "price_minor": job.price,
            "currency": self.setting.business.currency, "staff": job.staff, "location": job.location,
            "reason": reason,
        }  # fmt: skip
        self.record(at, f"booking.{verb}", f"{job.booking_id}/{job.revision}", fields, subject_id=job.booking_id)

    def record(
        self, at: datetime, fact_type: str, key: str, fields: dict[str, Any], *, subject_id: str | None = None
    ) -> None:
        """Add a fact about this customer."""
        contact = history.contact(self.person, self.phone, system=self.system)
        self.agenda.add(
            at, history.fact, self.setting.slug, system=self.system, fact_type=fact_type, key=key,
            subject_id=subject_id, payload={"contact": contact, **fields},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """A booking as the older system holds it."""

    booking_id: str
    offer: Offer
    price: int  # minor units
    starts_at: datetime
    staff: str
    location: str
    revision: int = 1

    @property
    def ends_at(self) -> datetime:
        """When it ends, UTC."""
        return (self.starts_at + timedelta(minutes=self.offer.minutes)).astimezone(UTC)

    def moved(self, starts_at: datetime) -> Job:
        """Return the job at another time."""
        return replace(self, starts_at=starts_at, revision=self.revision + 1)
