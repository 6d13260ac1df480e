"""An imaging clinic's half year, lived through quickly: real receiver, models, dispatcher and stand-ins of providers.

Deliveries are signed and posted over HTTP as the providers do, dated as the story has it; only the clock that the
dispatcher goes by is set. The story is over long since: what asks for the present sees all of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from frontdesk.core.log.database import create_tables
from frontdesk.core.settings import Settings
from frontdesk.domains.reports.archive import ReportArchive
from frontdesk.domains.reports.report_maker import ReportMaker
from frontdesk.domains.sending.dispatch.dispatcher import Dispatcher, build_dispatcher
from frontdesk.domains.sending.outbox.commands import CommandFilter, KnownCommand
from pipelines.live.modeller import Modeller
from sandbox.delivery import Attempt, Delivery
from sandbox.demo import Demo
from sandbox.identifiers import guid
from sandbox.people import Person
from sandbox.processes import frontdesk_command, running, wait_until_ready
from sandbox.providers import clicksend, history, manychat, sign, stripe
from sandbox.providers.stripe_objects import Payment
from sandbox.providers.wix import WixBooking
from sandbox.receipts import wait_for_receipts
from tests.clocks import SetClock
from tests.e2e.story import prepare_story, receiver_of
from tests.pipelines.homes import Home

CLINIC = "avatar-imaging"
PERTH = ZoneInfo("Australia/Perth")
#: For how long the dispatcher works each time: the provider's rate lets a text or two out in a second.
_SECONDS_AT_WORK = 5
#: Seconds: generous, as whoever else is on the machine may hold everything up.
TIMEOUT = 120.0
_MONDAY = datetime(2025, 1, 6, tzinfo=PERTH)


def at(day: int, clock: str = "00:00") -> datetime:
    """Return an instant of the story, in UTC: its day 0 is a Monday of the clinic, whose clocks never change."""
    hours, minutes = clock.split(":")
    return (_MONDAY + timedelta(days=day, hours=int(hours), minutes=int(minutes))).astimezone(UTC)


def person(key: str, name: str, number: int) -> Person:
    """Return somebody with a telephone number of those kept for fiction."""
    first, last = name.split()
    email = f"{first.lower()}@example.com"
    return Person(key, first, last, f"+618555002{number:02}", email, country="AU", number=number)


AVA, BEN, CORA, DAN = (
    person(key, name, number)
    for number, (key, name) in enumerate(
        {"ava": "Ava Ash", "ben": "Ben Birch", "cora": "Cora Cedar", "dan": "Dan Dogwood"}.items(), start=40
    )
)


@dataclass
class Clinic:
    """The running parts, and what the story left in them."""

    home: Home
    demo: Demo
    clock: SetClock
    modeller: Modeller
    dispatcher: Dispatcher
    #: Seconds until each delivery was answered, and until a call just before it that asks the receiver for nothing.
    answered_in: list[float] = field(default_factory=list)
    nothing_answered_in: list[float] = field(default_factory=list)
    #: When each text or e-mail went out, by the story's clock, to whom, and what it said.
    sent: list[tuple[datetime, str, str]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)

    def request(self, delivery: Delivery, *, url: str = "") -> httpx.Response:
        """Sign a delivery as its provider does and post it."""
        attempt = Attempt(
            self.demo.receiver.secrets[CLINIC], now=datetime.now(UTC), public_url=self.demo.receiver.public_url
        )
        signed = sign(delivery, attempt)
        target = f"{url or self.demo.receiver_url}{signed.path}"
        return httpx.post(target, content=signed.body, headers=list(signed.headers), timeout=TIMEOUT)

    def post(self, *deliveries: Delivery) -> None:
        """Post deliveries, each of which has to be taken."""
        for delivery in deliveries:
            started = time.monotonic()
            httpx.get(f"{self.demo.receiver_url}/healthz", timeout=TIMEOUT)
            posted = time.monotonic()
            answer = self.request(delivery)
            self.nothing_answered_in.append(posted - started)
            self.answered_in.append(time.monotonic() - posted)
            assert answer.is_success, answer.text

    def follow(self) -> None:
        """Model and publish all that the log has."""
        self.modeller.follow_to_end()

    def work(self, now: datetime) -> None:
        """Do what is due at an instant, and take the providers' receipts."""
        self.clock.instant = now
        self.follow()
        for _ in range(_SECONDS_AT_WORK):
            self.dispatcher.dispatch_due()
            self.clock.instant += timedelta(seconds=1)
        wait_for_receipts(self.demo.sandbox_url)
        self.follow()
        ledger = httpx.get(f"{self.demo.sandbox_url}/control/ledger", params={"after": len(self.entries)}).json()
        self.entries += ledger["entries"]
        self.sent += [(now, entry["recipient"], entry["text"]) for entry in ledger["entries"]]

    def behave(self, provider: str, **behaviour: Any) -> None:
        """Make a stand-in behave so."""
        url = f"{self.demo.sandbox_url}/control/behaviour/{provider}"
        httpx.post(url, json=behaviour, params={"tenant": CLINIC}).raise_for_status()

    def texts_to(self, who: Person) -> list[tuple[datetime, str]]:
        """Return what went out to somebody's phone, and when."""
        return [(when, text) for when, recipient, text in self.sent if recipient == who.phone]

    def commands(self, rule_id: str) -> list[KnownCommand]:
        """Return what a rule asked for, with its attempts."""
        found = self.home.outbox.search(CommandFilter(tenant_id=CLINIC, rule_id=rule_id), limit=100)
        return [known for each in found if (known := self.home.outbox.find(each.command_key))]

    def contact_id(self, who: Person) -> str:
        """Return the contact that a telephone number belongs to."""
        [(found,)] = self.home.query(
            f"select contact_id from marts.bdg_contact_identifiers where identifier_value = '{who.phone}'"
        )
        return str(found)

    def maker(self) -> ReportMaker:
        """Return what makes reports of this home."""
        return ReportMaker(
            analytics_path=self.home.analytics_path,
            archive=ReportArchive(self.home.folder / "reports"),
            engine=self.home.engine,
            log=self.home.log,
            outbox=self.home.outbox,
            dashboard_url="http://127.0.0.1:8501",
            clock=self.clock,
            models_fingerprint="fingerprint",
        )

    # What people and systems do.

    def lead(self, who: Person, when: datetime) -> Delivery:
        """Somebody writes to the clinic's Instagram page."""
        subscriber = manychat.Subscriber(
            person=who, page_id="865820041", channel=manychat.INSTAGRAM, phone=who.phone, wants_texts=True,
            wants_emails=True, growth_tool=None, subscribed_at=when,
        )  # fmt: skip
        fields = {"utm_medium": "paid_social", "utm_campaign": "winter_mri"}
        return manychat.contact_data(when, CLINIC, subscriber, event="lead_captured", text="How much?", fields=fields)

    def booking(self, who: Person, when: datetime, *, starts_at: datetime) -> WixBooking:
        """Return a booking of an MRI as Wix first holds it."""
        business = self.demo.businesses[CLINIC]
        mri = business.offers["mri"]
        return WixBooking(
            key=who.key,
            instance_id=business.public_id("wix", "instance_id", otherwise=guid("site", CLINIC)),
            service_id=mri.ids.get("wix", guid("service", CLINIC, mri.key)),
            service_name=mri.name,
            guest=who,
            guest_phone=who.phone.replace("+61", "0"),
            staff="Dr Helen Park",
            zone=PERTH,
            location=business.name,
            created_at=when,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=45),
        )

    def paid(self, who: Person, booking: WixBooking, when: datetime) -> Delivery:
        """Somebody pays for a booking online."""
        payment = Payment(
            key=who.key, amount=42_000, currency="aud", payer=who, billing_phone=who.phone,
            description="MRI fee", metadata={"booking_id": booking.booking_id},
        )  # fmt: skip
        return stripe.charge_succeeded(when, CLINIC, payment)

    def text_from(self, who: Person, when: datetime, text: str) -> Delivery:
        """Somebody texts the clinic."""
        return clicksend.inbound(
            when, CLINIC, message=clicksend.message_id(who.key, text), sender=who.phone, recipient="+61855500101",
            text=text, reply_to=("", ""),
        )  # fmt: skip

    def told(self, system: str, fact_type: str, key: str, when: datetime, **payload: Any) -> Delivery:
        """Another system of the clinic tells what it knows."""
        return history.fact(when, CLINIC, system=system, fact_type=fact_type, key=key, payload=payload)


@contextmanager
def running_clinic(home: Home) -> Iterator[Clinic]:
    """Run receiver and stand-ins beside a home that is made with a clock to be set; its log is empty."""
    assert isinstance(home.clock, SetClock)
    create_tables(home.engine)
    demo = prepare_story(home.folder, scale=1.0)
    sandbox_log = home.folder / "logs" / "sandbox.log"
    arguments = frontdesk_command("sandbox", "--home", str(home.folder))
    with receiver_of(demo), running(arguments, environ=demo.environ, log=sandbox_log) as sandbox:
        wait_until_ready(f"{demo.sandbox_url}/control/ledger", sandbox, log=sandbox_log)
        settings = Settings(
            home=home.folder,
            api_url_clicksend=demo.sandbox_url,
            smtp_host="127.0.0.1",
            smtp_port=int(demo.environ["FRONTDESK_SANDBOX_SMTP_PORT"]),
        )
        dispatcher = build_dispatcher(
            settings,
            engine=home.engine,
            tenants=home.tenants,
            environ=demo.environ,
            position=home.position,
            clock=home.clock,
            read_report=ReportArchive(settings.reports_path).read_written,
        )
        try:
            with home.modeller().opened() as modeller:
                yield Clinic(home, demo, home.clock, modeller, dispatcher)
        finally:
            dispatcher.close()
