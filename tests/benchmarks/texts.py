"""Texts and e-mails: from the post of a signed webhook to the provider's acceptance, with a history behind it."""

from __future__ import annotations

import http.client
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

import httpx

from sandbox.delivery import Attempt, Delivery
from sandbox.identifiers import guid
from sandbox.people import Person
from sandbox.providers import sign, stripe, wix
from sandbox.providers.stripe_objects import Payment
from sandbox.providers.wix import WixBooking
from tests.benchmarks.figures import Figures, Report, percentile
from tests.benchmarks.homes import BenchHome
from tests.benchmarks.receiver import Site
from tests.benchmarks.running_system import RunningSystem, running_system

#: Whose texts go by ClickSend, and whose by Twilio with an e-mail by Graph.
CLICKSEND_TENANT, TWILIO_TENANT = "avatar-imaging", "noizylab"
_POLL_S = 0.05
#: The steps on the way, as the log, the outbox and the provider note them (UTC).
_STEPS = """
    select e.received_at, o.enqueued_at, a.started_at
    from outbox as o
    join outbox_attempts as a on a.command_key = o.command_key and a.attempt_number = 1
    join event_log as e on e.event_id = json_extract(o.cause_event_ids, '$[0]')
    where json_extract(o.payload, '$.to') = ?
"""


@dataclass(frozen=True, slots=True)
class TextsPlan:
    """How long to measure."""

    samples: int = 120
    warm_up: int = 10
    gap_s: float = 1.2  #: above a second: a number sends one text a second


class Posted(NamedTuple):
    """A webhook that was accepted."""

    posted_at: datetime
    tenant: str
    addresses: tuple[str, ...]  #: whom a text or e-mail goes to because of it


def measure_texts(home: BenchHome, report: Report, *, plan: TextsPlan) -> Figures:
    """Return the figures of texts and e-mails. Raises RuntimeError where one is refused, missing or sent twice."""
    with running_system(home, report) as system:
        report.step(f"texts, {home.count:,} events behind them: {plan.samples} deliveries")
        posted = list(post_all(system.site, plan=plan))
        accepted = wait_for_all(system, posted)
    return _figures(home, posted[plan.warm_up :], accepted)


def _figures(home: BenchHome, posted: list[Posted], accepted: dict[str, datetime]) -> Figures:
    latencies: dict[str, list[float]] = {"sms": [], "email": []}
    parts: dict[str, list[float]] = {"received": [], "decided": [], "called": [], "accepted": []}
    with closing(sqlite3.connect(home.folder / "frontdesk.db")) as database:
        for one in posted:
            for address in one.addresses:
                latencies["email" if "@" in address else "sms"].append(milliseconds(one.posted_at, accepted[address]))
                moments = [one.posted_at, *_steps(database, address), accepted[address]]
                for name, (before, after) in zip(parts, pairwise(moments), strict=True):
                    parts[name].append(milliseconds(before, after))
    figures: Figures = {}
    for channel, values in latencies.items():
        figures[f"webhook_to_{channel}_p50_ms"] = round(percentile(sorted(values), 50), 1)
        figures[f"webhook_to_{channel}_p95_ms"] = round(percentile(sorted(values), 95), 1)
        figures[f"webhook_to_{channel}_max_ms"] = round(max(values), 1)
        figures[f"webhook_to_{channel}_samples"] = len(values)
    for name, values in parts.items():
        figures[f"webhook_to_text_{name}_p50_ms"] = round(percentile(sorted(values), 50), 1)
    return figures | {"webhook_to_text_history": home.count}


def _steps(database: sqlite3.Connection, address: str) -> list[datetime]:
    rows = database.execute(_STEPS, [address]).fetchall()
    if len(rows) != 1:
        raise RuntimeError(f"{len(rows)} commands went to {address}, not one")
    return [datetime.fromisoformat(str(value)).replace(tzinfo=UTC) for value in rows[0]]


def milliseconds(before: datetime, after: datetime) -> float:
    """Return how long it took."""
    return (after - before) / timedelta(milliseconds=1)


def post_all(site: Site, *, plan: TextsPlan) -> Iterator[Posted]:
    """Post bookings (a text by ClickSend) and payments (a text by Twilio, an e-mail by Graph) in turn."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    seed = str(time.time_ns())
    due_at = time.monotonic()
    for number in range(plan.warm_up + plan.samples):
        due_at += plan.gap_s
        time.sleep(max(0.0, due_at - time.monotonic()))
        make = (_booking, make_payment)[number % 2]
        tenant, delivery, addresses = make(f"{seed}/{number}", datetime.now(UTC))
        attempt = Attempt(site.secrets[tenant], now=datetime.now(UTC), public_url=site.public_url)
        request = sign(delivery, attempt)
        posted_at = datetime.now(UTC)
        connection.request("POST", request.path, body=request.body, headers=dict(request.headers))
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{request.path} was answered {answer.status}: {body.decode(errors='replace')}")
        yield Posted(posted_at, tenant, addresses)


def _booking(key: str, now: datetime) -> tuple[str, Delivery, tuple[str, ...]]:
    """A confirmed booking at the clinic: a text by ClickSend."""
    person = _person(key, prefix="+6147", digits=7, country="AU")
    starts_at = now + timedelta(hours=1)  # too soon for the reminders
    booking = WixBooking(
        key=key, instance_id=guid("instance"), service_id=guid("service"), service_name="Ultrasound", guest=person,
        guest_phone=person.phone, staff="Dr Lee", zone=ZoneInfo("Australia/Perth"), location="12 Example Street",
        created_at=now, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1),
    )  # fmt: skip
    confirmed = booking.changed(status="CONFIRMED")
    delivery = wix.booking_action(now, CLICKSEND_TENANT, confirmed, "confirmed", booking)
    return CLICKSEND_TENANT, delivery, (person.phone,)


def make_payment(key: str, now: datetime) -> tuple[str, Delivery, tuple[str, ...]]:
    """A paid repair: a text by Twilio and an e-mail by Graph."""
    person = _person(key, prefix="+1613", digits=7, country="CA")
    payment = Payment(
        key=key, amount=8_900, currency="cad", payer=person, billing_phone=person.phone, description="Repair"
    )
    return TWILIO_TENANT, stripe.charge_succeeded(now, TWILIO_TENANT, payment), (person.phone, person.email)


def _person(key: str, *, prefix: str, digits: int, country: str) -> Person:
    number = Random(key).randrange(2 * 10 ** (digits - 1), 10**digits)
    return Person(
        key=key, first_name="Kim", last_name="Lee", phone=f"{prefix}{number}", email=f"{guid(key)}@example.com",
        country=country, number=0,
    )  # fmt: skip


def wait_for_all(system: RunningSystem, posted: list[Posted], *, timeout_s: float = 60.0) -> dict[str, datetime]:
    """Return when each address had its message. Raises RuntimeError where one never comes, or twice."""
    deadline = time.monotonic() + timeout_s
    missing = addresses = {address for one in posted for address in one.addresses}
    while time.monotonic() < deadline:
        ledger = httpx.get(f"{system.sandbox_url}/control/ledger").json()
        missing = addresses - {entry["recipient"] for entry in ledger["entries"]}
        if not missing:
            if ledger["repeated_references"]:
                raise RuntimeError(f"sent twice: {ledger['repeated_references']}")
            return {entry["recipient"]: datetime.fromisoformat(entry["accepted_at"]) for entry in ledger["entries"]}
        time.sleep(_POLL_S)
    print(*sorted(missing)[:5], file=sys.stderr)
    raise RuntimeError(f"{len(missing)} of {len(addresses)} texts and e-mails never came")
