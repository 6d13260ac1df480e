"""A home with a long history: staff who may see everything, tasks of today, texts that wait, and reports."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import duckdb
from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.reports.periods import Period, PeriodKind
from frontdesk.domains.sending.outbox.commands import Channel, MessageClass, NewCommand
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Role
from frontdesk.domains.tenancy.tenant import load_tenants
from sandbox.processes import frontdesk_command, run_to_end
from tests.benchmarks.figures import Report
from tests.benchmarks.history import Contact, contacts_of_history
from tests.benchmarks.homes import BenchHome
from tests.benchmarks.receiver import Site
from tests.benchmarks.running_system import follower_log, running_follower, wait_until_published

#: Whose pages are looked at; where one pipeline has all there is, the other's.
TENANT, PIPELINE_TENANT = "avatar-imaging", "noizylab"
EMAIL, PASSWORD, NAME = "kim@example.com", "kim has a long password", "Kim"
#: What Kim is to do, and what anybody may.
OWN_TASK, ANYBODYS_TASK = "Read the referral", "Call back"
_NEWS = 200  # of each business
_COMMANDS = 200
_AHEAD = timedelta(hours=54)  # no reminder of it falls due while anything is measured
#: Days of the history's end, so that there is something to count.
_PERIODS = (Period(PeriodKind.MONTHLY, date(2025, 10, 1)), Period(PeriodKind.WEEKLY, date(2025, 11, 17)))


class KnownContact(NamedTuple):
    """A contact that pages are opened for."""

    contact_id: str
    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class PagesHome:
    """A home at whose pages can be looked."""

    site: Site
    contact: KnownContact


def prepare_pages_home(home: BenchHome, site: Site, report: Report) -> PagesHome:
    """Return a home for pages; what it lacks is added, modelled and published first.

    Raises RuntimeError where it can't be modelled, ProcessError where a report can't be made.
    """
    published = home.settings.analytics_path
    if not published.exists() or not _has_reports(home):
        report.step(f"pages, {home.count:,} events behind them: adding what is new, until all is published")
        published.unlink(missing_ok=True)
        with _opened(home) as engine:
            _add_accounts(home, engine)
            _add_news(home, engine)
            with running_follower(site) as follower:
                _wait_until_modelled(site, engine, follower)
                for period in _PERIODS:
                    _make_report(period, site)
                    _wait_until_modelled(site, engine, follower)
            _add_commands(home, engine)
    return PagesHome(site, _find_contact(home))


@contextmanager
def _opened(home: BenchHome) -> Iterator[Engine]:
    engine = open_engine(home.settings.event_log_url)
    create_tables(engine)
    yield engine
    engine.dispose()


def _wait_until_modelled(site: Site, engine: Engine, follower: subprocess.Popen[bytes]) -> None:
    """Return once what is in the log by now is published."""
    sequence = EventLog(engine, ids=UuidV7Factory(SystemClock())).last_sequence()
    wait_until_published(site.home / "analytics.duckdb", follower, log=follower_log(site), sequence=sequence)


def _make_report(period: Period, site: Site) -> None:
    """Make it by the command, which takes the time that it takes; over /v1 there is an end to it."""
    which = (TENANT, period.kind.value, "--start", period.start.isoformat(), "--no-mail")
    run_to_end(frontdesk_command("report", "make", *which), environ=site.environ)


def _has_reports(home: BenchHome) -> bool:
    with closing(duckdb.connect(str(home.settings.analytics_path), read_only=True)) as connection:
        query = "select count(*) from marts.fct_reports where tenant_id = ?"
        return connection.execute(query, [TENANT]).fetchone() == (len(_PERIODS),)


def _add_accounts(home: BenchHome, engine: Engine) -> None:
    clock = SystemClock()
    directory = StaffDirectory.open(engine, settings=home.settings, clock=clock, ids=UuidV7Factory(clock))
    known = {account.tenant_id for account in directory.accounts.list_all()}
    for tenant_id in load_tenants(home.settings.tenants_dir).keys() - known:
        directory.accounts.add(
            tenant_id=tenant_id, email=EMAIL, name=NAME, role=Role.OWNER, password=PASSWORD, by="benchmark"
        )


def _add_news(home: BenchHome, engine: Engine) -> None:
    """Add what pages of today show, which a history that ended some time ago has nothing of."""
    contacts = contacts_of_history(count=home.count)
    log = EventLog(engine, ids=UuidV7Factory(SystemClock()))
    for tenant_id in load_tenants(home.settings.tenants_dir):
        of_tenant = [contact for contact in contacts if contact.tenant == tenant_id][-_NEWS:]
        log.append([event for number, contact in enumerate(of_tenant) for event in _news(number, contact)])


def _news(number: int, contact: Contact) -> Iterator[NewEvent]:
    """Yield a lead and a booking of the last weeks and a task of these days; imported: no rule answers them."""
    now = datetime.now(UTC)
    lead_at = now - timedelta(hours=2 * number + 1)
    who = {"contact": {"phone": contact.phone}}
    booking = {"booking_id": f"news-{contact.number}", "service": "Visit", "starts_at": _iso(now + _AHEAD)}
    task = {
        "task_id": f"news-{contact.number}",
        "kind": "call",
        "due_at": _iso(now + timedelta(hours=number % 48 - 24)),
    }
    whose = {"title": ANYBODYS_TASK} if number % 4 else {"title": OWN_TASK, "assigned_to": EMAIL}
    told = {
        "lead.created": (lead_at, who | {"lead_id": f"news-{contact.number}", "channel": "google"}),
        "booking.confirmed": (lead_at + timedelta(minutes=30), who | booking),
        "task.created": (lead_at + timedelta(minutes=31), who | task | whose),
    }
    for event_type, (at, payload) in told.items():
        body = json.dumps(payload).encode()
        yield NewEvent(
            tenant_id=contact.tenant,
            source="older-system",
            source_event_id=f"{event_type}:news-{contact.number}",
            type=event_type,
            occurred_at=at,
            received_at=now,
            body=body,
            payload=body,
            origin=Origin.IMPORT,
        )


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _add_commands(home: BenchHome, engine: Engine) -> None:
    """Let texts wait for tomorrow: nobody sends them here."""
    with closing(duckdb.connect(str(home.settings.analytics_path), read_only=True)) as connection:
        query = """
            select contact_id, phone from marts.dim_contacts
            where tenant_id = ? and phone is not null order by last_seen_at desc limit ?
        """
        rows = connection.execute(query, [TENANT, _COMMANDS]).fetchall()
    clock = SystemClock()
    Outbox(engine, clock=clock, ids=UuidV7Factory(clock)).enqueue(_commands(rows, now=clock.now()))


def _commands(contacts: Sequence[tuple[str, str]], *, now: datetime) -> list[NewCommand]:
    return [
        NewCommand(
            tenant_id=TENANT,
            command_key=f"{TENANT}/reminder_24h/send_sms/booking:bench-{number}",
            command_type="send_sms",
            channel=Channel.SMS,
            provider="clicksend",
            message_class=MessageClass.TRANSACTIONAL,
            due_at=now + timedelta(days=1, minutes=number),
            payload={"to": phone, "template": "reminder_24h", "variables": {}},
            contact_id=contact_id,
            rule_id="reminder_24h",
            rule_version="1",
            cause_event_ids=("0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",),
        )
        for number, (contact_id, phone) in enumerate(contacts)
    ]


def _find_contact(home: BenchHome) -> KnownContact:
    """Return somebody who booked twice, paid, and was written to."""
    with closing(duckdb.connect(str(home.settings.analytics_path), read_only=True)) as connection:
        query = """
            select contact_id, display_name, phone from marts.dim_contacts
            where tenant_id = ? and count_bookings > 1 and count_messages > 0 and amount_paid_minor > 0
            order by contact_id limit 1
        """
        row = connection.execute(query, [TENANT]).fetchone()
    if row is None:
        raise RuntimeError(f"{TENANT} has no contact with bookings and messages; take a longer history")
    return KnownContact(*row)
