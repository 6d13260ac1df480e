"""A home with a little of everything that can be asked about: what went out, what waits, and what never came."""

from __future__ import annotations

from datetime import timedelta

from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.sending.dispatch.composer import Composer
from frontdesk.domains.sending.outbox.commands import Channel, ClaimedCommand
from frontdesk.domains.sending.outbox.outcome_events import CommandEnding, Outcome, outcome_events
from tests.pipelines.facts import TENANT, contact, fact
from tests.pipelines.homes import NOW, Home, HomeFactory

ANN, BOB, CAT, EVE, DEE = (f"+6140000000{number}" for number in range(1, 6))
#: Ann's confirmation, which went out at the second attempt.
SENT = f"{TENANT}/booking_confirmation/send_sms/booking:b-ann"
#: Ann's reminder, which waits.
WAITING = f"{TENANT}/reminder_24h/send_sms/booking:b-ann@2026-11-24T12:00:00Z"
#: Bob's confirmation, which quiet hours hold back.
POSTPONED = f"{TENANT}/booking_confirmation/send_sms/booking:b-bob"
#: A text that staff asked for.
MANUAL = f"{TENANT}/manual/send_sms/t1"
PROVIDER_ID = "SM1"
LEASE = timedelta(seconds=30)


def answered_home(homes: HomeFactory) -> Home:
    """Return the home, modelled and published, with its clock standing at NOW."""
    home = homes.new_home()
    people = {"Ann Ash": ANN, "Bob Birch": BOB, "Cat Cedar": CAT, "Eve Elm": EVE, "Dee Date": DEE}
    events = [
        contact(name, first_name=name.split()[0], last_name=name.split()[1], phone=phone, hours=-48)
        for name, phone in people.items()
    ]
    events += [contact(f"twin-{number}", name="Pat Pine", email=f"pat{number}@example.com") for number in (1, 2)]
    no = {"contact": {"phone": CAT}, "channel": "sms", "evidence": "by phone"}
    answer = {"message_id": "m1", "contact": {"phone": EVE}, "body": "hi"}
    asked_for = {"message_id": "t1", "contact": {"phone": DEE}, "channel": "sms", "text": "Your images are ready."}
    events += [
        fact("message.requested", asked_for, event_id="t1"),
        _booked("b-ann", ANN, hours=-1, starts_in=72),
        _booked("b-bob", BOB, hours=-0.5, starts_in=3),
        *(_lead(phone) for phone in (CAT, EVE)),
        fact("consent.revoked", no, event_id="no", hours=-4),
        fact("message.received", answer, event_id="m1", hours=-3),
    ]
    home.log.append(events)
    with home.modeller().opened() as modeller:
        modeller.follow_to_end()
        _send(home)
        modeller.follow_to_end()
    return home


def _booked(booking_id: str, phone: str, *, hours: float, starts_in: float) -> NewEvent:
    starts_at = NOW + timedelta(hours=starts_in)
    payload = {"booking_id": booking_id, "contact": {"phone": phone}, "starts_at": starts_at.isoformat()}
    return fact("booking.confirmed", payload, event_id=booking_id, hours=hours)


def _lead(phone: str) -> NewEvent:
    payload = {"contact": {"phone": phone}, "channel": "instagram"}
    return fact("lead.created", payload, event_id=f"lead-{phone}", hours=-5)


def _send(home: Home) -> None:
    """Send Ann's confirmation as a dispatcher does: refused for now, then accepted, told, and delivered."""
    first = _call(home)
    home.outbox.retry(SENT, token=first.token, at=NOW, reason="503 from the provider")
    second = _call(home)
    home.outbox.complete(SENT, token=second.token, provider_id=PROVIDER_ID)
    ending = CommandEnding(
        command=second,
        attempt_number=2,
        outcome=Outcome.SENT,
        now=NOW,
        content=Composer(home.tenants[TENANT]).compose(second, now=NOW),
        provider_id=PROVIDER_ID,
    )
    home.log.append(outcome_events(ending))
    _postpone(home)
    home.log.append([fact("message.delivered", {"message_id": PROVIDER_ID}, event_id="receipt", hours=0.01)])


def _postpone(home: Home) -> None:
    """Give Bob's confirmation back, as quiet hours do."""
    [claimed] = home.outbox.claim(limit=1, lease=LEASE, channels=[Channel.SMS])
    assert claimed.command_key == POSTPONED
    assert home.outbox.postpone(POSTPONED, token=claimed.token, at=NOW + timedelta(hours=12), reason="quiet hours")


def _call(home: Home) -> ClaimedCommand:
    [claimed] = home.outbox.claim(limit=1, lease=LEASE, channels=[Channel.SMS])
    assert home.outbox.begin_call(SENT, token=claimed.token, lease=LEASE)
    return claimed
