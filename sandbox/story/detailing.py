"""The mobile detailers: a deposit by Checkout, texts by Twilio, the rest from the card on file, back in weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sandbox.businesses import Offer
from sandbox.identifiers import base62, guid
from sandbox.people import Person, spell_phone
from sandbox.providers import google_calendar
from sandbox.story.agenda import Agenda, Setting
from sandbox.story.bookkeeping import Job, Ledger
from sandbox.story.calendar import free_slot
from sandbox.story.chance import a_while, happens, shortly
from sandbox.story.paying import Checkout
from sandbox.story.texting import TwilioTexts

CUSTOMERS_PER_YEAR = {"mikes-detailing": 210, "joes-auto-spa": 120}
SEASONS = (0.55, 0.6, 1.0, 1.3, 1.35, 1.25, 1.15, 1.1, 1.05, 0.95, 0.75, 0.7)  # pollen in spring, nobody in the snow
BOOKING_RATE, LOYALTY_RATE = 0.72, 0.5
NO_SHOW_RATE, CANCELLATION_RATE, RESCHEDULE_RATE = 0.04, 0.08, 0.09
_REST_DECLINED_RATE = 0.04
_PLATFORM = "autoservices-platform"  # the businesses' older booking system, which posts no webhooks
_CREWS = {"mikes-detailing": ("Mike", "Dana", "Luis", "Shanice", "Pete"), "joes-auto-spa": ("Joe",)}
_STREETS = ("Maple Ave", "Oak St", "Peachtree Rd", "Harbor Dr", "Elm Ct", "Sunset Blvd", "Mission St")
#: What a tenant's file says while the id of its account is not known.
_ANY_ACCOUNT = "any"
_CAMPAIGNS = (
    ("google", "cpc", "detail_near_me", 380),
    ("facebook", "paid_social", "spring_shine", 190),
    ("instagram", "paid_social", "before_after", 160),
    ("referral", "word_of_mouth", "friends", 0),
)


@dataclass(frozen=True, slots=True)
class _Van:
    """What one customer's journey is told with."""

    setting: Setting
    agenda: Agenda
    rng: Random
    customer: Person
    ledger: Ledger
    texts: TwilioTexts
    checkout: Checkout
    address: str


def life(setting: Setting, person: Person, at: datetime, rng: Random) -> Agenda:
    """Tell of one enquiry, and of the jobs that come of it."""
    agenda = Agenda()
    account = setting.business.public_id("stripe", "connected_account", otherwise=_ANY_ACCOUNT)
    if account == _ANY_ACCOUNT:
        account = f"acct_1{base62('account', setting.slug, length=15)}"
    van = _Van(
        setting, agenda, rng, person,
        ledger=Ledger(setting, agenda, person, spell_phone(person.phone, rng), _PLATFORM),
        texts=TwilioTexts(setting, agenda, person, rng),
        checkout=Checkout(setting, agenda, person, rng, account=account),
        address=f"{rng.randint(10, 990)} {rng.choice(_STREETS)}",
    )  # fmt: skip
    channel, medium, campaign, cost = rng.choice(_CAMPAIGNS)
    for number in range(rng.choice((1, 1, 2))):
        touched_at = at - a_while(rng, days=2.0 * number + 0.1, at_least=0.01)
        van.ledger.touch(touched_at, number, channel=channel, medium=medium, campaign=campaign, cost=cost)
    van.ledger.lead(at, channel=channel, campaign=campaign, interest="detail")
    if not happens(rng, BOOKING_RATE):
        van.texts.send(at + timedelta(hours=2), "quote", "Your quote is ready. Shall we book you in?", by_staff=True)
        return agenda
    number, next_at = 1, at + shortly(rng, seconds=2400)
    offer = rng.choice(list(setting.business.offers.values()))
    while True:
        ended_at = _job(van, next_at, offer, number=number)
        if not happens(rng, LOYALTY_RATE):
            return agenda
        number, next_at = number + 1, ended_at + a_while(rng, days=55, at_least=12)


def _job(van: _Van, at: datetime, offer: Offer, *, number: int) -> datetime:
    """Tell of one job from booking to payment; return when it ends."""
    rng, business = van.rng, van.setting.business
    key = f"{van.customer.key}/{number}"
    starts_at = free_slot(business, offer, rng, after=at, days=rng.choice((1, 2, 3, 5, 8)))
    crew = _CREWS.get(van.setting.slug, (business.name,))
    job = Job(guid("job", key), offer, offer.price, starts_at, rng.choice(crew), van.address)
    van.ledger.booking(at, "created", job)
    deposit = van.checkout.bill(
        f"{key}/deposit", offer.price // 2, f"{offer.name}, 50% deposit",
        {"booking_id": job.booking_id, "kind": "deposit"},
    )  # fmt: skip
    site = f"{van.setting.slug}.autoservices.example"
    paid_at = van.checkout.check_out(at + shortly(rng, seconds=90), deposit, reference=job.booking_id, site=site)
    confirmed_at = paid_at + timedelta(seconds=1)
    van.ledger.booking(confirmed_at, "confirmed", job)
    _note_in_calendar(van, confirmed_at)
    day = starts_at.astimezone(business.zone).strftime("%A at %I:%M %p")
    van.texts.send(confirmed_at + timedelta(seconds=3), f"confirmation {number}", f"You're booked for {day}.")
    moment = confirmed_at
    if happens(rng, RESCHEDULE_RATE):
        moment = confirmed_at + (job.starts_at - confirmed_at) * rng.uniform(0.2, 0.8)
        job = job.moved(free_slot(business, offer, rng, after=job.starts_at, days=rng.choice((1, 2, 7))))
        van.ledger.booking(moment, "rescheduled", job, reason="weather")
        _note_in_calendar(van, moment)
    van.agenda.book(job.starts_at)
    fate = rng.choices(
        ("cancelled", "no_show", "completed"),
        (CANCELLATION_RATE, NO_SHOW_RATE, 1 - CANCELLATION_RATE - NO_SHOW_RATE),
    )[0]
    if fate == "cancelled":
        cancelled_at = moment + (job.starts_at - moment) * rng.uniform(0.1, 0.9)
        van.ledger.booking(cancelled_at, "cancelled", job, reason="customer")
        van.checkout.refund(cancelled_at + shortly(rng, seconds=120), deposit, paid_at)
        _note_in_calendar(van, cancelled_at)
        return job.ends_at
    _do_the_work(van, job, moment, fate, number=number)
    return job.ends_at


def _do_the_work(van: _Van, job: Job, moment: datetime, fate: str, *, number: int) -> None:
    rng = van.rng
    reminded_at = job.starts_at - timedelta(days=1)
    if moment < reminded_at:
        van.texts.send(reminded_at, f"reminder {number}", f"Tomorrow: {job.offer.name} with {job.staff}.")
        if happens(rng, 0.3):
            answer = rng.choice(("Yes", "Confirm", "Great, thanks", "Gate code is 4411", "Can you do 10?"))
            van.texts.receive(reminded_at + shortly(rng, seconds=1200), f"reminder answer {number}", answer)
    van.texts.send(
        job.starts_at - timedelta(minutes=25), f"on the way {number}", f"{job.staff} is on the way to you now."
    )
    if fate == "no_show":
        van.ledger.booking(job.starts_at + timedelta(minutes=30), "no_show", job)
        return
    van.ledger.booking(job.ends_at, "completed", job)
    rest = van.checkout.bill(
        f"{van.customer.key}/{number}/rest", job.price - job.price // 2, f"{job.offer.name}, balance",
        {"booking_id": job.booking_id, "kind": "balance"}, is_off_session=True,
    )  # fmt: skip
    charged_at = job.ends_at + timedelta(minutes=2)
    if happens(rng, _REST_DECLINED_RATE):
        van.checkout.decline(charged_at, rest)
        for days in (7, 14):
            text = f"A payment of {rest.amount / 100:.2f} {job.offer.name} is open."
            van.texts.send(charged_at + timedelta(days=days), f"dunning {number} {days}", text)
        charged_at += timedelta(days=rng.uniform(7.2, 16))
    charged_at = van.checkout.charge(charged_at, rest)
    if happens(rng, 0.015):
        van.checkout.refund(charged_at + a_while(rng, days=3), rest, charged_at, amount=rest.amount // 2)


def _note_in_calendar(van: _Van, at: datetime) -> None:
    setting = van.setting
    if at >= setting.dated_from:
        calendar = setting.business.public_id("google-calendar", "calendar_id", otherwise=setting.business.email)
        van.agenda.add(at + shortly(van.rng, seconds=5), google_calendar.changed, setting.slug, calendar)
