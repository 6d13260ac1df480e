"""What providers also post: genuine events that mean nothing to a front office, and bodies that break."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from sandbox.identifiers import base62
from sandbox.people import invent_person, spell_phone
from sandbox.providers import gohighlevel, google_calendar, manychat, stripe, wix
from sandbox.story.agenda import Agenda, Setting

_UNUSED_NUMBER = 19_000  # far above the customers' numbers


def tell_background(setting: Setting, rng: Random, *, key: str, starts_at: datetime, ends_at: datetime) -> Agenda:
    """Tell of payouts, settings changed, a waiting list and broken bodies. `key` makes them unique in the story."""
    agenda = Agenda()
    slug, sources = setting.slug, setting.business.sources
    if "stripe" in sources:
        for at in _every(starts_at, ends_at, days=7):
            amount = rng.randint(40_000, 400_000)
            agenda.add(at, stripe.payout_paid, slug, amount, setting.business.currency.lower(), None)
    if "gohighlevel" in sources:
        location = setting.business.public_id("gohighlevel", "location_id", otherwise=base62(slug, length=20))
        account = gohighlevel.Account(slug, location, setting.business.zone)
        for at in _every(starts_at, ends_at, days=60):
            agenda.add(at, gohighlevel.location_updated, account)
    if "wix" in sources:
        for number, at in enumerate(_every(starts_at, ends_at, days=12)):
            person = invent_person(
                rng,
                key=f"{key}/waiting/{number}",
                number=_UNUSED_NUMBER + 2 * number,
                country=setting.business.country,
            )
            offer = rng.choice(list(setting.business.offers.values()))
            agenda.add(
                at, wix.waiting_list_joined, slug, key=person.key, person=person,
                phone=spell_phone(person.phone, rng), service=offer.name,
            )  # fmt: skip
    if "manychat" in sources:
        for number, at in enumerate(_every(starts_at, ends_at, days=45)):
            agenda.add(at, manychat.broken_body, slug, key=f"{key}/{number}")
    if "google-calendar" in sources:
        # The channel's first message, once in the days that can be told of.
        calendar = setting.business.public_id("google-calendar", "calendar_id", otherwise=setting.business.email)
        agenda.add(setting.dated_from, google_calendar.changed, slug, calendar, state="sync")
    return agenda


def _every(starts_at: datetime, ends_at: datetime, *, days: int) -> Iterator[datetime]:
    at = starts_at + timedelta(days=days / 2)
    while at < ends_at:
        yield at
        at += timedelta(days=days)
