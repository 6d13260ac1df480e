"""A dispatcher over an outbox of its own, with the six businesses' real files and the stand-ins for providers."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine

from frontdesk.core.clock import Clock, SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.log.envelope import Event
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.reports.archive import ReportArchive
from frontdesk.domains.sending.business import Endpoint
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from frontdesk.domains.sending.dispatch.dispatcher import Dispatcher, build_dispatcher
from frontdesk.domains.sending.outbox.commands import Channel, CommandState, KnownCommand, MessageClass, NewCommand
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.tenancy.tenant import Tenant, load_tenants
from tests.domains.sending.dispatch.standins import TENANTS_DIR, StandIns
from tests.domains.sending.outbox.factories import NOON

PHONE = "+16135550142"
BOOKING = {"service_name": "Base repair", "starts_at": "2026-03-03T15:00:00+00:00", "booking_id": "b1"}
PROVIDERS = {"sms": "twilio", "email": "graph", "task": "frontdesk", "webhook": "webhook"}


@dataclass(frozen=True)
class SendingFixture:
    """What a test puts commands into, and asks afterwards."""

    engine: Engine
    outbox: Outbox
    dispatcher: Dispatcher
    clock: Clock

    def put(self, *commands: NewCommand) -> None:
        self.outbox.enqueue(commands)

    def send(self, *commands: NewCommand) -> None:
        self.put(*commands)
        self.dispatcher.dispatch_due()

    def known(self, key: str = "k1") -> KnownCommand:
        known = self.outbox.find(key)
        assert known is not None
        return known

    def state(self, key: str = "k1") -> CommandState:
        return self.known(key).state

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        return [(event.type, orjson.loads(event.payload)) for event in self.raw_events()]

    def raw_events(self) -> list[Event]:
        log = EventLog(self.engine, ids=UuidV7Factory(SystemClock()))
        return log.read_after(0, limit=1_000)


def decided_upon_everything() -> DecidedPosition:
    """Return the position of an outbox that a test fills itself: nothing in the log is ahead of it."""
    position = DecidedPosition()
    position.advance(sys.maxsize)
    return position


def tenants_for(standins: StandIns, **delivery: Any) -> dict[str, Tenant]:
    """Return the businesses; `delivery` changes every one's."""
    endpoint = Endpoint(key="crm", url=f"{standins.url}/hooks/noizylab", secret="OUTGOING_WEBHOOK_SECRET")
    return {
        slug: tenant.model_copy(
            update={
                "delivery": tenant.delivery.model_copy(update=delivery),
                "endpoints": (endpoint,) if slug == "noizylab" else (),
            }
        )
        for slug, tenant in load_tenants(TENANTS_DIR).items()
    }


@contextmanager
def open_sending(
    standins: StandIns,
    folder: Path,
    *,
    clock: Clock,
    environ: Mapping[str, str] | None = None,
    calls_at_once: int = 4,
    without: Mapping[str, str] | None = None,
    **delivery: Any,
) -> Iterator[SendingFixture]:
    """Open a dispatcher; `without`: businesses whose files can't be read, with what is wrong."""
    without = without or {}
    engine = open_engine(f"sqlite:///{folder / 'frontdesk.db'}")
    create_tables(engine)
    outbox = Outbox(engine, clock=clock, ids=UuidV7Factory(SystemClock()))
    settings = standins.settings(home=folder)
    dispatcher = build_dispatcher(
        settings,
        engine=engine,
        tenants={slug: tenant for slug, tenant in tenants_for(standins, **delivery).items() if slug not in without},
        wrong_files=without,
        environ=standins.environ if environ is None else environ,
        position=decided_upon_everything(),
        clock=clock,
        calls_at_once=calls_at_once,
        read_report=ReportArchive(settings.reports_path).read_written,
    )
    yield SendingFixture(engine, outbox, dispatcher, clock)
    dispatcher.close()
    engine.dispose()


def text(key: str = "k1", **changes: Any) -> NewCommand:
    """Return NOIZYLAB's immediate text that a repair was received; any field can be changed."""
    payload = {
        "to": PHONE,
        "template": "repair_received",
        "is_immediate": True,
        "variables": {"contact": {"first_name": "Zoë"}, "booking": BOOKING},
    }
    return command(key, channel=Channel.SMS, command_type="send_sms", payload=payload, **changes)


def mail(key: str = "k1", **changes: Any) -> NewCommand:
    payload = {
        "to": "zoe@customer.example",
        "template": "repair_received",
        "variables": {"contact": {"first_name": "Zoë"}, "booking": BOOKING},
    }
    return command(key, channel=Channel.EMAIL, command_type="send_email", payload=payload, **changes)


def task(key: str = "k1", **changes: Any) -> NewCommand:
    payload = {
        "kind": "accept_repair",
        "title": "Accept {{ booking.booking_id }}",
        "due": 3_600,
        "variables": {"booking": BOOKING},
        "contact": {"phone": PHONE},
        "booking_id": "b1",
    }
    return command(key, channel=Channel.TASK, command_type="create_task", payload=payload, **changes)


def hook(key: str = "k1", **changes: Any) -> NewCommand:
    payload = {
        "endpoint": "crm",
        "fact_type": "booking.created",
        "occurred_at": "2026-03-02T12:00:00+00:00",
        "variables": {"booking": BOOKING},
    }
    return command(key, channel=Channel.WEBHOOK, command_type="call_webhook", payload=payload, **changes)


def command(key: str, *, channel: Channel, payload: dict[str, Any], **changes: Any) -> NewCommand:
    values: dict[str, Any] = {
        "tenant_id": "noizylab",
        "command_key": key,
        "channel": channel,
        "provider": PROVIDERS[channel.value],
        "message_class": MessageClass.TRANSACTIONAL,
        "due_at": NOON,
        "payload": {**payload, **changes.pop("with_payload", {})},
        "contact_id": "c-1",
        "rule_id": "repair_received",
        "rule_version": "3",
        "cause_event_ids": ("evt-1",),
    }
    return NewCommand(**(values | changes))
