"""The repair shop: a device comes in, a text at every step, an invoice by Stripe, then it is shipped."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from sandbox.businesses import Offer
from sandbox.identifiers import digits
from sandbox.people import Person, invent_person, spell_phone
from sandbox.providers import stripe
from sandbox.story.agenda import Agenda, Setting
from sandbox.story.bookkeeping import Job, Ledger
from sandbox.story.calendar import free_slot
from sandbox.story.chance import a_while, happens, shortly
from sandbox.story.paying import Checkout
from sandbox.story.texting import TwilioTexts

CUSTOMERS_PER_YEAR = 250
SEASONS = (1.3, 1.05, 0.95, 0.9, 0.9, 0.85, 0.85, 1.0, 1.25, 1.0, 1.0, 1.2)  # back to school, and after Christmas
REPAIR_RATE, RETURN_RATE = 0.85, 0.22
CANCELLATION_RATE, UNPAID_RATE, REFUND_RATE = 0.06, 0.03, 0.02
_PORTAL = "customer-portal"  # the shop's older intake form
_OFFICE_RATE = 0.05  # a colleague brings a device, under the office's common e-mail address
_TECHNICIANS = ("Robin", "Ash", "Marguerite")
_CAMPAIGNS = (
    ("google", "cpc", "laptop_repair", 520),
    ("google", "organic", "search", 0),
    ("referral", "word_of_mouth", "friends", 0),
    ("facebook", "paid_social", "back_to_school", 210),
)


def life(setting: Setting, person: Person, at: datetime, rng: Random) -> Agenda:
    """Tell of one enquiry, and of the devices that come in."""
    agenda = Agenda()
    ledger = Ledger(setting, agenda, person, spell_phone(person.phone, rng), _PORTAL)
    channel, medium, campaign, cost = rng.choice(_CAMPAIGNS)
    ledger.touch(at - shortly(rng, seconds=1500), 0, channel=channel, medium=medium, campaign=campaign, cost=cost)
    ledger.lead(at, channel=channel, campaign=campaign, interest="repair")
    if not happens(rng, REPAIR_RATE):
        return agenda
    number, next_at = 1, at + shortly(rng, seconds=900)
    while True:
        shipped_at = _repair(ledger, rng, next_at, number=number)
        if number == 1 and happens(rng, _OFFICE_RATE):
            colleague = invent_person(
                rng, key=f"{person.key}+", number=person.number + 1, country=person.country, family_of=person
            )
            desk = Ledger(setting, agenda, colleague, spell_phone(colleague.phone, rng), _PORTAL)
            _repair(desk, rng, next_at + a_while(rng, days=20, at_least=2), number=1)
        if not happens(rng, RETURN_RATE):
            return agenda
        number, next_at = number + 1, shipped_at + a_while(rng, days=110, at_least=20)


def _repair(ledger: Ledger, rng: Random, at: datetime, *, number: int) -> datetime:
    """Tell of one device from intake to shipping; return when it has left."""
    business, person = ledger.setting.business, ledger.person
    texts = TwilioTexts(ledger.setting, ledger.agenda, person, rng)
    offer = rng.choices(list(business.offers.values()), (5, 3, 3, 1, 2, *(1,) * (len(business.offers) - 5)))[0]
    repair_id = f"NL-{digits('repair', person.key, number, length=8)}"
    handed_in_at = free_slot(business, offer, rng, after=at, days=rng.choice((0, 0, 1, 2)))
    job = Job(repair_id, offer, offer.price, handed_in_at, rng.choice(_TECHNICIANS), business.name)
    ledger.booking(at, "created", job)
    texts.send(
        at + shortly(rng, seconds=3), f"received {number}", f"NOIZYLAB: we've received your repair {repair_id}."
    )
    if happens(rng, CANCELLATION_RATE):
        ledger.booking(at + (handed_in_at - at) * 0.5, "cancelled", job, reason="customer")
        return handed_in_at
    ledger.booking(handed_in_at, "confirmed", job)
    moment = handed_in_at
    steps = ["Your device is on the bench: diagnosing."]
    if happens(rng, 0.3):
        steps.append("We have ordered a part for your device.")
    steps.append("Your repair is under way.")
    for step, text in enumerate(steps):
        moment += a_while(rng, days=0.6, at_least=0.05)
        texts.send(moment, f"step {number} {step}", f"NOIZYLAB: {text}")
        if happens(rng, 0.12):
            answer = rng.choice(("How long will it take?", "Thanks!", "Can I pick it up on Saturday?", "ok"))
            texts.receive(moment + shortly(rng, seconds=700), f"step answer {number} {step}", answer)
    completed_at = moment + a_while(rng, days=0.5, at_least=0.05)
    ledger.booking(completed_at, "completed", job)
    texts.send(completed_at + shortly(rng, seconds=5), f"complete {number}", "NOIZYLAB: your repair is complete!")
    return _settle(ledger, texts, rng, job, completed_at, number=number)


def _settle(
    ledger: Ledger, texts: TwilioTexts, rng: Random, job: Job, completed_at: datetime, *, number: int
) -> datetime:
    """Invoice the repair and take the money; return when the device has left."""
    agenda, slug = ledger.agenda, ledger.setting.slug
    checkout = Checkout(ledger.setting, agenda, ledger.person, rng)
    metadata = {"booking_id": job.booking_id, "repair_id": job.booking_id}
    payment = checkout.bill(f"{ledger.person.key}/{number}", job.price, _describe(job.offer), metadata)
    invoice_number = f"NOIZY-{digits('invoice', job.booking_id, length=4)}"
    issued_at = completed_at + timedelta(seconds=4)
    for verb, seconds in (("finalized", 0), ("sent", 1)):
        agenda.add(
            issued_at + timedelta(seconds=seconds), stripe.invoice, slug, payment, verb=verb, issued_at=issued_at,
            number=invoice_number,
        )  # fmt: skip
    if happens(rng, UNPAID_RATE):
        overdue_at = issued_at + timedelta(days=14, minutes=5)
        agenda.add(
            overdue_at, stripe.invoice, slug, payment, verb="overdue", issued_at=issued_at, number=invoice_number
        )
        return overdue_at
    paid_at = checkout.charge(issued_at + a_while(rng, days=0.7, spread=0.9, at_least=0.01), payment)
    agenda.add(
        paid_at + shortly(rng, seconds=1), stripe.invoice, slug, payment, verb="paid", issued_at=issued_at,
        number=invoice_number,
    )  # fmt: skip
    shipped_at = paid_at + a_while(rng, days=0.8, at_least=0.1)
    texts.send(shipped_at, f"shipped {number}", "NOIZYLAB: shipped. Your tracking number is in your e-mail.")
    if happens(rng, REFUND_RATE):
        checkout.refund(paid_at + a_while(rng, days=6, at_least=1), payment, paid_at)
    return shipped_at


def _describe(offer: Offer) -> str:
    return f"Repair: {offer.name}"
