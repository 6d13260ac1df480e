"""The notary: clients and appointments in GoHighLevel, money by Stripe, remote sessions on Proof, texts by Twilio."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from sandbox.businesses import Business, Offer
from sandbox.identifiers import base62
from sandbox.people import Person, spell_phone
from sandbox.providers import gohighlevel, google_calendar, history, proof
from sandbox.providers.gohighlevel import Account, Appointment
from sandbox.story.agenda import Agenda, Setting
from sandbox.story.calendar import free_slot
from sandbox.story.chance import a_while, happens, shortly
from sandbox.story.paying import Checkout
from sandbox.story.texting import TwilioTexts

CUSTOMERS_PER_YEAR = 190
SEASONS = (0.9, 0.9, 1.1, 1.05, 1.1, 1.15, 1.05, 1.0, 0.95, 1.0, 0.9, 1.05)  # closings in spring, year-end papers
BOOKING_RATE, TITLE_COMPANY_RATE, RETURN_RATE = 0.75, 0.12, 0.15
NO_SHOW_RATE, CANCELLATION_RATE, RESCHEDULE_RATE = 0.04, 0.07, 0.08
_TITLE_COMPANY_RETURN_RATE = 0.75
_KBA_FAILURE_RATE = 0.04  # of remote signers whose identity questions go wrong the first time
_BUSINESS_DAY = (time(9), time(17))
_EMERGENCY_NOTICE = timedelta(hours=4)
_SATURDAY = 5
_SYSTEM = "gohighlevel-export"
_SOURCES = ("website form", "google ads", "referral", "chat widget")


@dataclass(frozen=True, slots=True)
class _Case:
    """What one client's journey is told with."""

    setting: Setting
    agenda: Agenda
    rng: Random
    client: Person
    account: Account
    texts: TwilioTexts
    checkout: Checkout


def price(business: Business, offer: Offer, *, starts_at: datetime, booked_at: datetime, miles: int) -> int:
    """Return the price in minor units with tax: base, weekend, after hours, emergency, travel beyond the radius."""
    local = starts_at.astimezone(business.zone)
    total = Decimal(offer.price) / 100
    is_remote = offer.radius_miles == 0
    if not is_remote:
        if local.weekday() >= _SATURDAY:
            total += business.surcharges["weekend"]
        if not _BUSINESS_DAY[0] <= local.time() < _BUSINESS_DAY[1]:
            total += business.surcharges["after_hours"]
        total += business.surcharges["travel"] * max(miles - offer.radius_miles, 0)
    if starts_at - booked_at < _EMERGENCY_NOTICE:
        total += business.surcharges["emergency"]
    total *= 1 + business.tax_rate_percent / 100
    return int((total * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def life(setting: Setting, person: Person, at: datetime, rng: Random) -> Agenda:
    """Tell of one client: a private person, or a title company that returns every few weeks."""
    agenda = Agenda()
    is_company = happens(rng, TITLE_COMPANY_RATE)
    client = replace(person, company=f"{person.last_name} Title & Escrow") if is_company else person
    location = setting.business.public_id("gohighlevel", "location_id", otherwise=base62(setting.slug, length=20))
    case = _Case(
        setting, agenda, rng, client, Account(setting.slug, location, setting.business.zone),
        TwilioTexts(setting, agenda, client, rng), Checkout(setting, agenda, client, rng),
    )  # fmt: skip
    _enquire(case, at)
    if not happens(rng, BOOKING_RATE):
        if happens(rng, 0.1):
            _mute(case, at + a_while(rng, days=5, at_least=1), at)
        return agenda
    number, next_at = 1, at + shortly(rng, seconds=1200)
    return_rate, gap = (_TITLE_COMPANY_RETURN_RATE, 24.0) if is_company else (RETURN_RATE, 130.0)
    while True:
        ended_at = _appointment(case, next_at, number=number)
        if not happens(rng, return_rate):
            return agenda
        number, next_at = number + 1, ended_at + a_while(rng, days=gap, at_least=3)


def _enquire(case: _Case, at: datetime) -> None:
    rng, source = case.rng, case.rng.choice(_SOURCES)
    if source == "google ads":
        payload = {
            "contact": history.contact(case.client, system=_SYSTEM), "channel": "google", "medium": "cpc",
            "campaign": "mobile_notary_houston", "cost_minor": 640, "currency": case.setting.business.currency,
        }  # fmt: skip
        case.agenda.add(
            at - shortly(rng, seconds=300), history.fact, case.setting.slug, system=_SYSTEM,
            fact_type="touch.recorded", key=case.client.key, payload=payload,
        )  # fmt: skip
    case.agenda.add(
        at, gohighlevel.contact, case.account, case.client, verb="Create",
        phone=rng.choice((case.client.phone, spell_phone(case.client.phone, rng))), added_at=at, source=source,
        tags=("lead", source.replace(" ", "-")),
    )  # fmt: skip
    _move(case, at + timedelta(seconds=2), "new_lead", 0)
    if happens(rng, 0.35):
        text = rng.choice(("Do you do apostilles?", "Can you come tonight?", "How much for a loan signing?"))
        case.agenda.add(
            at + shortly(rng, seconds=400), gohighlevel.inbound_message, case.account, case.client, text=text
        )


def _appointment(case: _Case, at: datetime, *, number: int) -> datetime:
    """Tell of one appointment; return when it ends."""
    rng, business = case.rng, case.setting.business
    offer = rng.choice(list(business.offers.values()))
    is_remote = offer.radius_miles == 0
    starts_at = free_slot(business, offer, rng, after=at, days=rng.choice((0, 0.5, 1, 2, 4)))
    miles = 0 if is_remote else rng.randint(1, offer.radius_miles + 12)
    booking = Appointment(
        key=f"{case.client.key}/{number}", person=case.client, title=offer.name,
        calendar=offer.ids.get("gohighlevel", offer.key), created_at=at,
        starts_at=starts_at, ends_at=starts_at + timedelta(minutes=offer.minutes),
        address="https://app.proof.com" if is_remote else f"{rng.randint(100, 9900)} Westheimer Rd, Houston TX",
    )  # fmt: skip
    case.agenda.add(at, gohighlevel.appointment, case.account, booking, verb="Create")
    amount = price(business, offer, starts_at=starts_at, booked_at=at, miles=miles)
    metadata = {"booking_id": booking.appointment_id, "service": offer.key, "miles": str(miles)}
    payment = case.checkout.bill(booking.key, amount, offer.name, metadata)
    paid_at = case.checkout.charge(at + shortly(rng, seconds=60), payment)
    _move(case, paid_at + timedelta(seconds=3), "paid", amount)
    _note_in_calendar(case, paid_at)
    case.texts.send(paid_at + shortly(rng, seconds=4), f"booked {number}", f"{offer.name} booked. We'll remind you.")
    moment = paid_at
    if happens(rng, RESCHEDULE_RATE) and not is_remote:
        moment += (starts_at - paid_at) * rng.uniform(0.1, 0.7)
        starts_at = free_slot(business, offer, rng, after=starts_at, days=rng.choice((1, 2)))
        booking = replace(booking, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=offer.minutes))
        case.agenda.add(moment, gohighlevel.appointment, case.account, booking, verb="Update")
        _note_in_calendar(case, moment)
    case.agenda.book(starts_at)
    fate = rng.choices(
        ("cancelled", "noshow", "showed"), (CANCELLATION_RATE, NO_SHOW_RATE, 1 - CANCELLATION_RATE - NO_SHOW_RATE)
    )[0]
    if fate == "cancelled":
        cancelled_at = moment + (starts_at - moment) * rng.uniform(0.1, 0.9)
        cancelled = replace(booking, status="cancelled")
        case.agenda.add(cancelled_at, gohighlevel.appointment, case.account, cancelled, verb="Update")
        case.checkout.refund(cancelled_at + shortly(rng, seconds=90), payment, paid_at)
        _note_in_calendar(case, cancelled_at)
        return booking.ends_at
    for hours in (24, 2):
        if starts_at - timedelta(hours=hours) > moment + timedelta(minutes=30):
            text = f"Reminder: {offer.name} in {hours} hours."
            case.texts.send(starts_at - timedelta(hours=hours), f"reminder {number} {hours}", text)
    return _hold(case, booking, fate, amount, is_remote=is_remote)


def _hold(case: _Case, booking: Appointment, fate: str, amount: int, *, is_remote: bool) -> datetime:
    if is_remote:
        _notarize_remotely(case, booking, is_held=fate == "showed")
    told_at = booking.ends_at + shortly(case.rng, seconds=600)
    outcome = replace(booking, status=fate)
    case.agenda.add(told_at, gohighlevel.appointment, case.account, outcome, verb="Update")
    if fate == "showed":
        _move(case, told_at + timedelta(seconds=5), "completed", amount)
    return booking.ends_at


def _notarize_remotely(case: _Case, booking: Appointment, *, is_held: bool) -> None:
    add, slug, rng = case.agenda.add, case.setting.slug, case.rng
    sent_at = booking.created_at + shortly(rng, seconds=120)
    for seconds, name in ((0, "created"), (9, "document.processed"), (12, "sent_to_signer")):
        add(sent_at + timedelta(seconds=seconds), proof.event, slug, name, booking_key=booking.key)
    if not is_held:
        add(booking.starts_at + timedelta(days=1), proof.event, slug, "expired", booking_key=booking.key)
        return
    begins_at = booking.starts_at + shortly(rng, seconds=60)
    if happens(rng, _KBA_FAILURE_RATE):
        add(begins_at, proof.event, slug, "signer.kba_failed", booking_key=booking.key)
        begins_at += timedelta(minutes=4)
    add(begins_at, proof.event, slug, "signer.kba_passed", booking_key=booking.key)
    for minutes, name in (
        (2, "meeting.created"),
        (17, "completed"),
        (19, "released"),
        (48, "meeting.video.processed"),
    ):
        add(
            begins_at + timedelta(minutes=minutes), proof.event, slug, name, booking_key=booking.key,
            has_meeting=name.startswith("meeting"),
        )  # fmt: skip


def _mute(case: _Case, at: datetime, added_at: datetime) -> None:
    case.agenda.add(
        at, gohighlevel.contact, case.account, case.client, verb="DndUpdate", phone=case.client.phone,
        added_at=added_at, source="website form", tags=("lead",), is_muted=True,
    )  # fmt: skip


def _move(case: _Case, at: datetime, stage: str, amount: int) -> None:
    case.agenda.add(
        at, gohighlevel.stage_moved, case.account, case.client, key=case.client.key, name=case.client.name,
        stage=stage, amount=amount,
    )  # fmt: skip


def _note_in_calendar(case: _Case, at: datetime) -> None:
    setting = case.setting
    if at >= setting.dated_from:
        calendar = setting.business.public_id("google-calendar", "calendar_id", otherwise=setting.business.email)
        case.agenda.add(at + shortly(case.rng, seconds=5), google_calendar.changed, setting.slug, calendar)
