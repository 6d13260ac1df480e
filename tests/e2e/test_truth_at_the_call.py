"""What goes out is true when it goes out, the whole way: signed webhooks, log, models, outbox, stand-ins over HTTP.

One clinic confirms a booking by text, e-mail, task and webhook. Each scenario delays that in another way (a 503, a
hold, doubt, disorder, a restart, a model that lags), and takes the booking back, or moves it, meanwhile.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import orjson
import pytest

from frontdesk.domains.rules.rule import Rule
from frontdesk.domains.sending.business import Endpoint
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from frontdesk.domains.sending.dispatch.dispatcher import Dispatcher, build_dispatcher
from frontdesk.domains.sending.outbox.commands import Channel, CommandFilter, KnownCommand
from frontdesk.domains.sending.outbox.holds import HoldScope
from frontdesk.domains.tenancy.tenant import Tenant, load_tenants
from pipelines.live.modeller import Modeller
from sandbox.delivery import Attempt, Delivery
from sandbox.demo import Demo
from sandbox.identifiers import guid
from sandbox.people import Person
from sandbox.providers import sign, wix
from sandbox.providers.wix import WixBooking
from tests.clocks import SetClock
from tests.domains.sending.dispatch.standins import StandIns, standing_in
from tests.e2e.story import prepare_story, receiver_of
from tests.pipelines.homes import Home, HomeFactory
from tests.pipelines.kept import REPOSITORY

pytestmark = pytest.mark.slow

CLINIC = "avatar-imaging"
PERTH = ZoneInfo("Australia/Perth")
CHANNELS = ("sms", "email", "webhook", "task")
_NUMBERS = count(1)
_OF_CLINIC: list[dict[str, Any]] = [
    {"id": "booking_confirmation", "once_per": "booking", "do": {"send_sms": "booking_confirmation"}},
    {"id": "mail_confirmation", "do": {"send_email": "booking_confirmation"}},
    {"id": "crm_told", "do": {"call_webhook": {"endpoint": "crm"}}},
    {"id": "prepare", "do": {"create_task": {"kind": "prepare", "title": "Prepare for {{ contact.display_name }}"}}},
]


class Hooks:
    """An endpoint that keeps what is posted to it; the stand-ins' own would refuse a clock that runs ahead."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[str] = []
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                if hooks.status == HTTPStatus.OK:
                    hooks.bodies.append(body)
                self.send_response(hooks.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"


@contextmanager
def taking_hooks() -> Iterator[Hooks]:
    hooks = Hooks()
    thread = Thread(target=hooks.server.serve_forever, daemon=True)
    thread.start()
    yield hooks
    hooks.server.shutdown()
    thread.join()
    hooks.server.server_close()


@dataclass
class Clinic:
    """The running parts of one home."""

    home: Home
    clock: SetClock
    demo: Demo
    standins: StandIns
    hooks: Hooks
    modeller: Modeller
    dispatcher: Dispatcher

    def post(self, *deliveries: Delivery) -> None:
        """Sign deliveries as Wix does and post them to the receiver."""
        for delivery in deliveries:
            attempt = Attempt(
                self.demo.receiver.secrets[CLINIC],
                now=datetime.now(UTC),
                public_url=self.demo.receiver.public_url,
            )
            signed = sign(delivery, attempt)
            url = f"{self.demo.receiver_url}{signed.path}"
            httpx.post(url, content=signed.body, headers=list(signed.headers), timeout=60).raise_for_status()

    def know(self, *deliveries: Delivery) -> None:
        """Post deliveries, and decide upon them."""
        self.post(*deliveries)
        self.modeller.follow_to_end()

    def send(self, **later: float) -> None:
        """Send what is due, some time later, and take note of what came of it."""
        self.clock.instant += timedelta(**later)
        self.dispatcher.dispatch_due(catch_up=self.modeller.follow_to_end)
        self.modeller.follow_to_end()

    def behave(self, **behaviour: Any) -> None:
        for provider in ("clicksend", "smtp"):
            self.standins.behave(provider, **behaviour)
        self.hooks.status = 200 if behaviour["mode"] == "ok" else 503

    def accepted(self, booking: WixBooking) -> list[tuple[str, str]]:
        """Return what reached a provider about a booking: the kind, and the words."""
        letters = [
            (entry["kind"], entry["text"])
            for entry in self.standins.entries()
            if entry["recipient"] in (booking.guest.phone, booking.guest.email)
        ]
        return letters + [("webhook", body) for body in self.hooks.bodies if booking.booking_id in body]

    def commands(self, booking: WixBooking) -> dict[str, KnownCommand]:
        """Return the commands that tell of a booking's confirmation, by channel."""
        found: dict[str, KnownCommand] = {}
        for rule in _OF_CLINIC:
            scope = CommandFilter(tenant_id=CLINIC, rule_id=rule["id"])
            for known in self.home.outbox.search(scope, limit=200):
                if booking.booking_id in known.command_key:
                    found[known.channel.value] = known
        return found

    def withheld(self, booking: WixBooking) -> dict[str, str]:
        """Return the reasons told in the log for what was withheld about a booking, by the family of the event."""
        events = [event for event in self.home.log.read_after(0, limit=10_000) if event.type.endswith(".suppressed")]
        told = [(event.type, orjson.loads(event.payload)) for event in events]
        return {
            type_.partition(".")[0] + "." + payload.get("channel", ""): payload["reason"]
            for type_, payload in told
            if booking.booking_id in payload["command_key"]
        }


def _clinic_of(hooks: Hooks) -> dict[str, Tenant]:
    tenants = load_tenants(REPOSITORY / "tenants")
    rules = tuple(
        Rule.model_validate({"class": "transactional", "when": "booking.confirmed", **rule}) for rule in _OF_CLINIC
    )
    endpoint = Endpoint(key="crm", url=hooks.url, secret="OUTGOING_WEBHOOK_SECRET")
    changed = {"rules": rules, "endpoints": (endpoint,)}
    return {**tenants, CLINIC: tenants[CLINIC].model_copy(update=changed)}


@contextmanager
def _dispatching(home: Home, standins: StandIns, position: DecidedPosition) -> Iterator[Dispatcher]:
    dispatcher = build_dispatcher(
        standins.settings(home=home.folder),
        engine=home.engine,
        tenants=home.tenants,
        environ=standins.environ,
        position=position,
        clock=home.clock,
    )
    yield dispatcher
    dispatcher.close()


@pytest.fixture(scope="module")
def running(homes: HomeFactory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder: Path = tmp_path_factory.mktemp("standins")
    with standing_in(folder) as standins, taking_hooks() as hooks:
        clock = SetClock(datetime.now(UTC))
        home = homes.new_home(clock=clock, tenants=_clinic_of(hooks))
        shutil.copy(folder / "sandbox-secrets.json", home.folder)
        demo = prepare_story(home.folder, scale=1.0)
        with (
            receiver_of(demo),
            home.modeller().opened() as modeller,
            _dispatching(home, standins, home.position) as dispatcher,
        ):
            yield Clinic(home, clock, demo, standins, hooks, modeller, dispatcher)


@pytest.fixture
def clinic(running: Clinic) -> Clinic:
    running.clock.instant += timedelta(hours=1)
    running.behave(mode="ok")
    running.send()
    return running


@pytest.fixture
def booking(clinic: Clinic) -> WixBooking:
    number = next(_NUMBERS)
    guest = Person(
        f"p{number}", "Xena", f"Number{number}", f"+618555002{number:02}", f"x{number}@example.com", "AU", number
    )
    business = clinic.demo.businesses[CLINIC]
    starts_at = (clinic.clock.now() + timedelta(days=9)).replace(hour=2, minute=0, second=0, microsecond=0)
    return WixBooking(
        key=guest.key,
        instance_id=business.public_id("wix", "instance_id", otherwise=guid("site", CLINIC)),
        service_id=guid("service", CLINIC, "mri"),
        service_name="MRI",
        guest=guest,
        guest_phone=guest.phone.replace("+61", "0"),
        staff="Dr Helen Park",
        zone=PERTH,
        location=business.name,
        created_at=clinic.clock.now(),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=45),
    )


def confirmed(clinic: Clinic, booking: WixBooking) -> list[Delivery]:
    now = clinic.clock.now()
    return [
        wix.booking_created(now, CLINIC, booking),
        wix.booking_action(
            now + timedelta(seconds=1), CLINIC, booking.changed(status="CONFIRMED"), "confirmed", booking
        ),
    ]


def cancelled(clinic: Clinic, booking: WixBooking) -> Delivery:
    before = booking.changed(status="CONFIRMED")
    after = before.changed(status="CANCELED")
    return wix.booking_action(clinic.clock.now() + timedelta(seconds=5), CLINIC, after, "canceled", before)


def moved(clinic: Clinic, booking: WixBooking, **by: float) -> Delivery:
    before = booking.changed(status="CONFIRMED")
    later = timedelta(**by)
    after = before.changed(starts_at=booking.starts_at + later, ends_at=booking.ends_at + later)
    return wix.booking_action(clinic.clock.now() + timedelta(seconds=5), CLINIC, after, "rescheduled", before)


def words_of(starts_at: datetime) -> str:
    local = starts_at.astimezone(PERTH)
    return f"{local:%a} {local.day} {local:%b}"


def test_what_nothing_delays_goes_out_by_every_channel(clinic: Clinic, booking: WixBooking) -> None:
    clinic.know(*confirmed(clinic, booking))
    clinic.send(seconds=2)
    assert {channel: known.state.value for channel, known in clinic.commands(booking).items()} == dict.fromkeys(
        CHANNELS, "sent"
    )
    assert sorted(kind for kind, _ in clinic.accepted(booking)) == ["e-mail", "text", "webhook"]


def test_a_cancelled_booking_is_not_confirmed_after_a_503(clinic: Clinic, booking: WixBooking) -> None:
    clinic.behave(mode="server_error")
    clinic.know(*confirmed(clinic, booking))
    clinic.send(seconds=2)
    assert {known.attempts_count for known in clinic.commands(booking).values()} == {1}
    clinic.know(cancelled(clinic, booking))
    clinic.behave(mode="ok")
    clinic.send(minutes=30)
    assert clinic.accepted(booking) == []
    states = {channel: known.state.value for channel, known in clinic.commands(booking).items()}
    assert states == {"sms": "withdrawn", "email": "withdrawn", "webhook": "withdrawn", "task": "sent"}
    reasons = clinic.withheld(booking)
    assert set(reasons) == {"message.sms", "message.email", "webhook."}
    assert {reason.partition(": ")[2] for reason in reasons.values()} == {"booking_state: the booking is cancelled"}
    outcomes = clinic.home.query(
        "select command_type, outcome from marts.fct_command_outcomes "
        f"where contains(command_key, '{booking.booking_id}') order by command_type"
    )
    assert outcomes == [
        ("call_webhook", "suppressed"),
        ("create_task", "done"),
        ("send_email", "suppressed"),
        ("send_sms", "suppressed"),
    ]
    [(status, reason)] = clinic.home.query(
        f"select status, closing_reason from marts.fct_tasks where contains(task_id, '{booking.booking_id}')"
    )
    assert (status, reason) == ("cancelled", "No longer needed: the booking is cancelled")


def test_a_cancelled_booking_is_not_confirmed_after_a_hold(clinic: Clinic, booking: WixBooking) -> None:
    clinic.home.outbox.hold(HoldScope(tenant_id=CLINIC), reason="a trial", held_by="test")
    clinic.know(*confirmed(clinic, booking))
    clinic.send(seconds=2)
    clinic.know(cancelled(clinic, booking))
    clinic.home.outbox.release(HoldScope(tenant_id=CLINIC), released_by="test")
    clinic.send(minutes=5)
    assert clinic.accepted(booking) == []
    assert set(clinic.withheld(booking)) == {"message.sms", "message.email", "webhook.", "task."}
    tasks = clinic.home.query(f"select 1 from marts.fct_tasks where contains(task_id, '{booking.booking_id}')")
    assert tasks == []


def test_a_booking_that_was_moved_during_a_hold_is_confirmed_once_with_its_new_time(
    clinic: Clinic, booking: WixBooking
) -> None:
    clinic.home.outbox.hold(HoldScope(tenant_id=CLINIC, channel=Channel.SMS), reason="a trial", held_by="test")
    clinic.know(*confirmed(clinic, booking))
    clinic.send(seconds=2)
    clinic.know(moved(clinic, booking, days=2))
    clinic.home.outbox.release(HoldScope(tenant_id=CLINIC, channel=Channel.SMS), released_by="test")
    clinic.send(minutes=5)
    [text] = [words for kind, words in clinic.accepted(booking) if kind == "text"]
    assert words_of(booking.starts_at + timedelta(days=2)) in text


def test_a_booking_that_was_moved_between_two_tries_is_confirmed_with_its_new_time(
    clinic: Clinic, booking: WixBooking
) -> None:
    clinic.behave(mode="server_error")
    clinic.know(*confirmed(clinic, booking))
    clinic.send(seconds=2)
    clinic.know(moved(clinic, booking, days=3))
    clinic.behave(mode="ok")
    clinic.send(minutes=30)
    letters = [words for kind, words in clinic.accepted(booking) if kind != "webhook"]
    assert len(letters) == 2
    assert all(words_of(booking.starts_at + timedelta(days=3)) in words for words in letters)


def test_what_was_cancelled_while_in_doubt_is_not_sent_again(clinic: Clinic, booking: WixBooking) -> None:
    clinic.standins.behave("clicksend", mode="server_error", status=502)
    clinic.know(*confirmed(clinic, booking))
    clinic.send(seconds=2)
    assert clinic.commands(booking)["sms"].state == "uncertain"
    clinic.know(cancelled(clinic, booking))
    clinic.behave(mode="ok")
    for _ in range(6):
        clinic.send(minutes=1)
    assert [kind for kind, _ in clinic.accepted(booking) if kind == "text"] == []
    assert clinic.commands(booking)["sms"].state == "withdrawn"
    assert "the booking is cancelled" in clinic.withheld(booking)["message.sms"]


def test_a_cancellation_that_came_first_is_known_to_what_comes_after_it(clinic: Clinic, booking: WixBooking) -> None:
    created, confirmation = confirmed(clinic, booking)
    for delivery in (cancelled(clinic, booking), confirmation, created):
        clinic.know(delivery)
        clinic.send(seconds=2)
    assert clinic.accepted(booking) == []
    assert set(clinic.withheld(booking)) == {"message.sms", "message.email", "webhook.", "task."}


def test_what_the_log_holds_is_decided_upon_before_anything_is_called(clinic: Clinic, booking: WixBooking) -> None:
    clinic.know(*confirmed(clinic, booking))
    clinic.post(cancelled(clinic, booking))  # not modelled: the live path lags
    clinic.send(seconds=2)
    assert clinic.accepted(booking) == []


def test_after_a_restart_it_catches_up_first(clinic: Clinic, booking: WixBooking) -> None:
    clinic.know(*confirmed(clinic, booking))
    clinic.modeller.close()
    clinic.post(cancelled(clinic, booking))
    clinic.clock.instant += timedelta(seconds=2)
    position = DecidedPosition()

    def catch_up() -> None:
        assert clinic.accepted(booking) == [], "nothing goes out before anybody has decided upon anything"
        clinic.modeller.open()
        clinic.modeller.follow_to_end()
        position.advance(clinic.modeller.modelled_sequence)

    with _dispatching(clinic.home, clinic.standins, position) as dispatcher:
        dispatcher.dispatch_due(catch_up=catch_up)
    clinic.modeller.follow_to_end()
    assert clinic.accepted(booking) == []
    assert set(clinic.withheld(booking)) == {"message.sms", "message.email", "webhook.", "task."}
