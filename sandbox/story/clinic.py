"""The imaging clinic: a lead in ManyChat, a booking in Wix, texts by ClickSend, fees by Stripe, back after months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from sandbox.businesses import Offer
from sandbox.identifiers import digits, guid
from sandbox.people import Person, invent_person, spell_phone
from sandbox.providers import history, manychat, wix
from sandbox.providers.wix import WixBooking
from sandbox.story.agenda import Agenda, Setting
from sandbox.story.calendar import free_slot
from sandbox.story.chance import a_while, happens, shortly
from sandbox.story.paying import Checkout
from sandbox.story.texting import ClickSendTexts

PATIENTS_PER_YEAR = 560
SEASONS = (0.6, 0.95, 1.1, 0.95, 1.05, 1.1, 1.0, 1.1, 1.05, 1.1, 1.1, 0.75)  # quiet over the southern summer
BOOKING_RATE = 0.62  # of leads
RETURN_RATE = 0.34  # of patients seen
NO_SHOW_RATE, CANCELLATION_RATE, RESCHEDULE_RATE = 0.06, 0.09, 0.1
_RELATIVE_RATE = 0.08
_PENDING_RATE, _DECLINED_RATE = 0.06, 0.2
_ONLINE_RATE, _AT_DESK_RATE = 0.45, 0.8
_DESK_SYSTEM = "clinic-desk"  # reports what Wix can't: who came and who did not
_ADS_SYSTEM = "ads-export"
_LONG_LEAD = timedelta(days=2)
_DAY_BEFORE = 24  # hours before an appointment, when people answer
_STAFF = ("Dr Amara Osei", "Dr Helen Park", "Tom Ridley")
_SITE = "www.avatarimaging.example"
_CHANNELS = (manychat.INSTAGRAM, manychat.MESSENGER, manychat.WHATSAPP)
_CAMPAIGNS = {  # campaign to its channel and medium; what they cost is told by the month, see advertising.py
    "winter_mri": ("facebook", "paid_social"),
    "body_scan_new_year": ("instagram", "paid_social"),
    "gp_referral": ("referral", "partner"),
    "imaging_near_me": ("google", "cpc"),
}


@dataclass(frozen=True, slots=True)
class _Desk:
    """What one patient's journey is told with."""

    setting: Setting
    agenda: Agenda
    rng: Random
    patient: Person
    texts: ClickSendTexts
    checkout: Checkout

    @classmethod
    def open(cls, setting: Setting, agenda: Agenda, rng: Random, patient: Person) -> _Desk:
        texts = ClickSendTexts(setting, agenda, patient, rng)
        return cls(setting, agenda, rng, patient, texts, Checkout(setting, agenda, patient, rng))


def life(setting: Setting, person: Person, at: datetime, rng: Random) -> Agenda:
    """Tell of one lead, and of the patient it becomes."""
    agenda = Agenda()
    desk = _Desk.open(setting, agenda, rng, person)
    _enquire(desk, at)
    if not happens(rng, BOOKING_RATE):
        _nudge(desk, at + timedelta(hours=4))
        return agenda
    booked_at = at + shortly(rng, seconds=1800)
    offer = rng.choice(list(setting.business.offers.values()))
    ended_at = _visit(desk, booked_at, offer, number=1)
    if happens(rng, _RELATIVE_RATE):
        # Same e-mail address, another phone: two people that must not become one.
        relative = invent_person(
            rng, key=f"{person.key}+", number=person.number + 1, country=person.country, family_of=person
        )  # fmt: skip
        _visit(_Desk.open(setting, agenda, rng, relative), booked_at + a_while(rng, days=9), offer, number=1)
    number = 1
    while happens(rng, RETURN_RATE):
        number += 1
        returned_at = ended_at + a_while(rng, days=140, at_least=40)
        desk.texts.send(
            returned_at - timedelta(hours=3), f"recall {number}", "It may be time for your follow-up scan."
        )
        ended_at = _visit(desk, returned_at, offer, number=number)
    return agenda


def _enquire(desk: _Desk, at: datetime) -> None:
    rng, slug, person = desk.rng, desk.setting.slug, desk.patient
    campaign = rng.choice(list(_CAMPAIGNS))
    channel, medium = _CAMPAIGNS[campaign]
    for number in range(rng.choice((0, 1, 1, 2))):
        touched_at = at - a_while(rng, days=1.5 * number + 0.2, at_least=0.01)
        payload = {
            "contact": history.contact(person, system=_ADS_SYSTEM), "channel": channel, "medium": medium,
            "campaign": campaign,
        }  # fmt: skip
        desk.agenda.add(
            touched_at, history.fact, slug, system=_ADS_SYSTEM, fact_type="touch.recorded",
            key=f"{person.key}/{number}", payload=payload,
        )  # fmt: skip
    subscriber = manychat.Subscriber(
        person=person, page_id=digits("page", slug, length=9), channel=rng.choice(_CHANNELS),
        phone=rng.choice((person.phone[1:], spell_phone(person.phone, rng))) if happens(rng, 0.7) else None,
        wants_texts=happens(rng, 0.6), wants_emails=happens(rng, 0.7),
        growth_tool=rng.choice((None, "IG comment SCAN", "Website chat")), subscribed_at=at,
    )  # fmt: skip
    fields = {"utm_source": channel, "utm_medium": medium, "utm_campaign": campaign, "service_interest": "imaging"}
    text = rng.choice(("SCAN", "How much is an MRI?", "Do I need a referral?", "Any time this week?"))
    desk.agenda.add(at, manychat.contact_data, slug, subscriber, event="lead_captured", text=text, fields=fields)
    if happens(rng, 0.3):
        asked_at = at + shortly(rng, seconds=240)
        desk.agenda.add(
            asked_at, manychat.contact_data, slug, subscriber, event="price_asked", text="Price?", fields=fields
        )


def _nudge(desk: _Desk, at: datetime) -> None:
    desk.texts.send(at, "nudge", "Avatar Imaging: shall we find a time for your scan?")
    if happens(desk.rng, 0.3):
        answer = desk.rng.choice(("No thanks", "Too dear for me", "STOP", "Maybe next month", "Who is this?"))
        desk.texts.receive(at + shortly(desk.rng, seconds=1500), "nudge answer", answer)


def _visit(desk: _Desk, at: datetime, offer: Offer, *, number: int) -> datetime:
    """Tell of one booking from its creation to its end; return when the appointment ends."""
    rng, slug, business = desk.rng, desk.setting.slug, desk.setting.business
    starts_at = free_slot(business, offer, rng, after=at, days=rng.choice((0.5, 1, 2, 4, 6, 10)))
    booking = WixBooking(
        key=f"{desk.patient.key}/{number}",
        instance_id=business.public_id("wix", "instance_id", otherwise=guid("site", slug)),
        service_id=offer.ids.get("wix", guid("service", slug, offer.key)), service_name=offer.name,
        guest=desk.patient, guest_phone=spell_phone(desk.patient.phone, rng), staff=rng.choice(_STAFF),
        zone=business.zone, location=business.name, created_at=at, starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=offer.minutes), is_paid_online=happens(rng, _ONLINE_RATE),
    )  # fmt: skip
    desk.agenda.add(at, wix.booking_created, slug, booking)
    confirmed_at = at + timedelta(milliseconds=1800)
    if happens(rng, _PENDING_RATE):
        pending, before = booking.changed(status="PENDING"), booking
        desk.agenda.add(confirmed_at, wix.booking_action, slug, pending, "markedAsPending", before)
        booking, confirmed_at = pending, confirmed_at + min(shortly(rng, seconds=3600), (starts_at - at) / 2)
        if happens(rng, _DECLINED_RATE):
            declined = booking.changed(status="DECLINED")
            desk.agenda.add(confirmed_at, wix.booking_action, slug, declined, "declined", booking)
            return booking.ends_at
    confirmed = booking.changed(status="CONFIRMED")
    desk.agenda.add(confirmed_at, wix.booking_action, slug, confirmed, "confirmed", booking)
    when = starts_at.astimezone(business.zone).strftime("%a %d %b at %H:%M")
    desk.texts.send(
        confirmed_at + shortly(rng, seconds=4), f"confirmation {number}", f"Your {offer.name} is booked for {when}."
    )
    return _attend(desk, confirmed, confirmed_at, offer, number=number)


def _attend(desk: _Desk, booking: WixBooking, at: datetime, offer: Offer, *, number: int) -> datetime:
    rng, slug, add = desk.rng, desk.setting.slug, desk.agenda.add
    metadata = {"booking_id": booking.booking_id, "service": offer.key}
    payment = desk.checkout.bill(booking.key, offer.price, f"{offer.name} fee", metadata)
    paid_at = None
    if booking.is_paid_online:
        paid_at = desk.checkout.check_out(
            at + shortly(rng, seconds=50), payment, reference=booking.booking_id, site=_SITE
        )
        booking = booking.changed(payment_status="PAID")
        add(paid_at + timedelta(seconds=2), wix.booking_updated, slug, booking)
        at = paid_at
    if happens(rng, RESCHEDULE_RATE) and booking.starts_at - at > _LONG_LEAD:
        before, at = booking, at + (booking.starts_at - at) * rng.uniform(0.2, 0.7)
        starts_at = free_slot(desk.setting.business, offer, rng, after=booking.starts_at, days=rng.choice((1, 3, 7)))
        booking = before.changed(starts_at=starts_at, ends_at=starts_at + timedelta(minutes=offer.minutes))
        add(at, wix.booking_action, slug, booking, "rescheduled", before)
    desk.agenda.book(booking.starts_at)
    fate = rng.choices(
        ("cancelled", "no_show", "completed"),
        (CANCELLATION_RATE, NO_SHOW_RATE, 1 - CANCELLATION_RATE - NO_SHOW_RATE),
    )[0]
    cancelled_at = at + (booking.starts_at - at) * rng.uniform(0.15, 0.95) if fate == "cancelled" else None
    _remind(desk, booking, at, until=cancelled_at or booking.starts_at, number=number)
    if cancelled_at is not None:
        cancelled = booking.changed(status="CANCELED")
        add(cancelled_at, wix.booking_action, slug, cancelled, "canceled", booking)
        if paid_at is not None:
            refunded_at = cancelled_at + shortly(rng, seconds=600)
            desk.checkout.refund(refunded_at, payment, paid_at)
            refunded = cancelled.changed(payment_status="REFUNDED")
            add(refunded_at + timedelta(seconds=2), wix.booking_updated, slug, refunded)
        return booking.ends_at
    _report(desk, booking, offer, fate)
    if fate == "completed" and paid_at is None and happens(rng, _AT_DESK_RATE):
        at_desk = desk.checkout.bill(booking.key, offer.price, f"{offer.name} fee", metadata, is_card_present=True)
        desk.checkout.charge(booking.ends_at + shortly(rng, seconds=240), at_desk)
    if fate == "completed" and paid_at is not None and happens(rng, 0.03):
        desk.checkout.refund(booking.ends_at + a_while(rng, days=2), payment, paid_at, amount=offer.price // 4)
    return booking.ends_at


def _remind(desk: _Desk, booking: WixBooking, at: datetime, *, until: datetime, number: int) -> None:
    when = booking.starts_at.astimezone(booking.zone).strftime("%H:%M")
    for hours in (48, _DAY_BEFORE, 2):
        reminded_at = booking.starts_at - timedelta(hours=hours)
        if at + timedelta(hours=1) < reminded_at < until:
            label = f"reminder {number} {hours} h {booking.revision}"
            desk.texts.send(reminded_at, label, f"Reminder: {booking.service_name} in {hours} hours, at {when}.")
            if hours == _DAY_BEFORE and happens(desk.rng, 0.35):
                answer = desk.rng.choice(("Yes", "Yes please", "Confirmed", "OK see you", "Can I park there?"))
                desk.texts.receive(reminded_at + shortly(desk.rng, seconds=900), f"{label} answer", answer)


def _report(desk: _Desk, booking: WixBooking, offer: Offer, fate: str) -> None:
    reported_at = booking.ends_at if fate == "completed" else booking.starts_at + timedelta(minutes=20)
    payload = {
        "booking_id": booking.booking_id, "contact": history.contact(desk.patient, system=_DESK_SYSTEM),
        "service": offer.name, "starts_at": booking.starts_at.astimezone(UTC).isoformat(),
        "ends_at": booking.ends_at.astimezone(UTC).isoformat(), "price_minor": offer.price,
        "currency": desk.setting.business.currency, "staff": booking.staff,
    }  # fmt: skip
    desk.agenda.add(
        reported_at, history.fact, desk.setting.slug, system=_DESK_SYSTEM, fact_type=f"booking.{fate}",
        key=booking.booking_id, subject_id=booking.booking_id, payload=payload,
    )  # fmt: skip
