"""A real receiver beside a home, with commands in its outbox in every state that staff decide about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.heartbeats import Heartbeats
from frontdesk.domains.sending.outbox.commands import Channel, MessageClass, NewCommand
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Role
from frontdesk.domains.tenancy.tenant import load_tenants
from tests.dashboard.published_file import ANNA, BARBERS, JOSE, MASSAGE, NEWCOMER
from tests.dashboard.published_messages import REMINDER_KEY, UNCERTAIN_KEY
from tests.domains.staff.conftest import quick_passwords
from tests.webhooks.server import served
from webhooks.app import create_app

TENANTS = Path(__file__).with_name("tenants")
#: Of the owner, Mia, in every business that is published.
EMAIL, PASSWORD = "mia@example.com", "mia has a long password"
_TWILIO = {
    "FRONTDESK_HARBOUR_MASSAGE_TWILIO_AUTH_TOKEN": "a" * 32,
    "FRONTDESK_HARBOUR_MASSAGE_TWILIO_ACCOUNT_SID": f"AC{'0' * 32}",
}
DEAD_KEY = f"{MASSAGE}/reminder_24h/send_sms/booking:dead@2026-11-20"
_LEASE = timedelta(seconds=30)


@dataclass(frozen=True)
class Beside:
    """What runs beside a home: where, and what it keeps."""

    url: str
    outbox: Outbox
    log: EventLog
    staff: StaffDirectory
    heartbeats: Heartbeats

    def open_session(self, tenant_id: str) -> str:
        """Sign Mia in to a business; return the token."""
        [opened] = self.staff.sessions.sign_in(
            email=EMAIL, password=PASSWORD, address="127.0.0.1", tenant_id=tenant_id
        )
        return opened.token

    @property
    def environment(self) -> dict[str, str]:
        """What the dashboard needs to act."""
        return {
            "FRONTDESK_RECEIVER_PORT": str(urlsplit(self.url).port),
            "FRONTDESK_TENANTS_DIR": str(TENANTS),
        }


@contextmanager
def receiver_beside(home: Path, *, dashboard_port: int | None = None) -> Iterator[Beside]:
    """Serve a real receiver over the home's database until the end of the block; Mia has her accounts there."""
    engine = open_engine(f"sqlite:///{home / 'frontdesk.db'}")
    create_tables(engine)
    clock = SystemClock()
    ids = UuidV7Factory(clock)
    settings = Settings(home=home)
    if dashboard_port is not None:
        settings = settings.model_copy(update={"dashboard_port": dashboard_port})
    passwords = quick_passwords()
    staff = StaffDirectory.open(engine, settings=settings, clock=clock, ids=ids, passwords=passwords)
    for tenant_id in (MASSAGE, BARBERS, NEWCOMER):
        staff.accounts.add(
            tenant_id=tenant_id, email=EMAIL, name="Mia", role=Role.OWNER, password=PASSWORD, by="test"
        )
    app = create_app(
        settings,
        engine=engine,
        secrets=Secrets(_TWILIO),
        tenants=load_tenants(TENANTS),
        passwords=passwords,
    )
    with served(app) as url:
        yield Beside(
            url,
            Outbox(engine, clock=clock, ids=ids),
            EventLog(engine, ids=ids),
            staff,
            Heartbeats(engine, clock=clock, ids=ids),
        )
    engine.dispose()


def command(command_key: str, *, due_at: datetime, contact_id: str = ANNA) -> NewCommand:
    """Return a text of a rule."""
    variables = {"contact": {"first_name": "Anna"}, "booking": {"service_name": "Deep tissue massage 90 min"}}
    variables["booking"]["starts_at"] = (due_at + timedelta(days=1)).isoformat()
    return NewCommand(
        tenant_id=MASSAGE,
        command_key=command_key,
        command_type="send_sms",
        channel=Channel.SMS,
        provider="twilio",
        message_class=MessageClass.TRANSACTIONAL,
        due_at=due_at,
        payload={"to": "+61412345678", "template": command_key.split("/")[1], "variables": variables},
        contact_id=contact_id,
        rule_id=command_key.split("/")[1],
        rule_version="1",
        cause_event_ids=("0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",),
    )


def fill_outbox(outbox: Outbox, *, now: datetime) -> None:
    """Put a dead, an uncertain, a waiting one and one that is due tomorrow into the outbox."""
    for key in (DEAD_KEY, UNCERTAIN_KEY):
        outbox.enqueue([command(key, due_at=now - timedelta(hours=3))])
        [claimed] = outbox.claim(limit=1, lease=_LEASE)
        outbox.begin_call(key, token=claimed.token, lease=_LEASE)
        if key == DEAD_KEY:
            outbox.fail(key, token=claimed.token, reason="21211: the number is not a mobile one")
        else:
            outbox.mark_uncertain(key, token=claimed.token, reason="no answer in 10 s")
    outbox.enqueue([command(REMINDER_KEY, due_at=now + timedelta(hours=20))])
    outbox.enqueue(
        [
            command(
                f"{MASSAGE}/reminder_24h/send_sms/booking:n{number}@2026-11-25",
                due_at=now + timedelta(hours=1 + number * 1.4),
                contact_id=JOSE,
            )
            for number in range(14)
        ]
    )
