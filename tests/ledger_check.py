"""Compares what the stand-ins accepted with what the log held by then: nobody is told twice, and nothing untrue.

`make ledger`, or `python -m tests.ledger_check HOME`, checks a home that `make demo ONCE=1` made. It reads the ledger
that the demo keeps there, the events that tell of sent messages, and the bookings as the warehouse reads them, and
folds these by itself.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import orjson

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_engine
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.tenancy.tenant import load_tenants

#: What is on its way when an event arrives can't know of it.
GRACE = timedelta(seconds=5)
_PROGRESS = ("pending", "confirmed", "cancelled", "declined", "no_show", "completed")
_OVER = frozenset({"cancelled", "declined"})
_CONFIRMATION = re.compile(r"\b(is|was) booked\b|\bbooked (for|in)\b|You're booked", re.IGNORECASE)
_PROMISES = re.compile(r"invoice|link to pay|tracking is|we'll remind you|is being packed|we call you", re.IGNORECASE)
_LEFT = re.compile(r"\bin (?:(\d+) days?|(\d+) hours?(?: (\d+) minutes?)?|(\d+) minutes?)\b")
_DATE = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d{1,2}) (\w{3})\b")
_TIME = re.compile(r"\b(\d{1,2}):(\d\d) (am|pm)\b")


@dataclass(frozen=True, slots=True)
class Told:
    """One text or e-mail that a provider accepted."""

    at: datetime
    tenant: str
    kind: str
    recipient: str
    text: str
    command_key: str | None  #: None: it is not the log's

    @property
    def booking_id(self) -> str | None:
        """The booking that its command is about."""
        subject = (self.command_key or "").split("/", 3)[-1]
        return subject.removeprefix("booking:").split("@")[0] if subject.startswith("booking:") else None


@dataclass(frozen=True, slots=True)
class BookingFact:
    """What a source told of a booking, and when we knew."""

    order: tuple[Any, ...]
    received_at: datetime
    status: str | None
    starts_at: datetime | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a home holds."""

    told: Sequence[Told]
    bookings: Mapping[tuple[str, str], Sequence[BookingFact]]
    #: Texts of other systems, such as the one that the business had before.
    others: Sequence[Told]
    zones: Mapping[str, ZoneInfo]


def find_faults(evidence: Evidence) -> list[str]:
    """Return one line for each message that was told twice or was untrue when it arrived."""
    return [
        *_told_twice(evidence),
        *(fault for told in evidence.told for fault in _untrue(told, evidence)),
    ]


def _told_twice(evidence: Evidence) -> Iterator[str]:
    by_booking: dict[tuple[str, str, str], list[Told]] = defaultdict(list)
    for told in evidence.told:
        if told.booking_id and _CONFIRMATION.search(told.text):
            by_booking[told.tenant, told.booking_id, told.kind].append(told)
    for (tenant, booking_id, kind), confirmations in by_booking.items():
        if len(confirmations) > 1:
            yield f"{tenant}: {len(confirmations)} confirmations by {kind} of booking {booking_id}"
        for told in confirmations:
            for other in evidence.others:
                is_same = (other.tenant, other.recipient) == (told.tenant, told.recipient)
                if is_same and _CONFIRMATION.search(other.text) and abs(other.at - told.at) < timedelta(hours=24):
                    yield f"{tenant}: another system told {told.recipient} of {booking_id} too: {other.text!r}"


def _untrue(told: Told, evidence: Evidence) -> Iterator[str]:
    where = f"{told.tenant}: {told.at:%Y-%m-%d %H:%M:%S}Z to {told.recipient}: {told.text!r}"
    if told.command_key is None:
        yield f"{where}: the log does not tell of it"
    if _PROMISES.search(told.text):
        yield f"{where}: promises what nothing does"
    facts = evidence.bookings.get((told.tenant, told.booking_id or ""), ())
    known = sorted((fact for fact in facts if fact.received_at <= told.at - GRACE), key=lambda fact: fact.order)
    if not known:
        return
    status = next((fact.status for fact in reversed(known) if fact.status), "pending")
    starts_at = next((fact.starts_at for fact in reversed(known) if fact.starts_at), None)
    if status in _OVER:
        yield f"{where}: the booking was {status}"
    zone = evidence.zones[told.tenant]
    if starts_at is None or not (_TIME.search(told.text) or _DATE.search(told.text)):
        return
    if starts_at < told.at:
        yield f"{where}: the booking began at {starts_at:%Y-%m-%d %H:%M}Z"
    yield from (f"{where}: {fault}" for fault in _wrong_times(told, starts_at.astimezone(zone), zone))


def _wrong_times(told: Told, starts_at: datetime, zone: ZoneInfo) -> Iterator[str]:
    if (date := _DATE.search(told.text)) and (int(date[1]), date[2]) != (starts_at.day, f"{starts_at:%b}"):
        yield f"the booking is on {starts_at.day} {starts_at:%b}"
    if time := _TIME.search(told.text):
        hour = int(time[1]) % 12 + (12 if time[3] == "pm" else 0)
        if (hour, int(time[2])) != (starts_at.hour, starts_at.minute):
            yield f"the booking is at {starts_at:%H:%M}"
    days = (starts_at.date() - told.at.astimezone(zone).date()).days
    for word, meant in (("today", 0), ("tomorrow", 1)):
        if re.search(rf"\b{word}\b", told.text, re.IGNORECASE) and days != meant:
            yield f"it is not {word}"
    if left := _LEFT.search(told.text):
        day, hour_, minute, minutes = (int(part or 0) for part in left.groups())
        said = timedelta(days=day, hours=hour_, minutes=minute + minutes)
        real = starts_at - told.at
        if abs(said - real) > max(timedelta(minutes=6), real * 0.1):
            yield f"{real} are left"


def read_evidence(home: Path, *, tenants_dir: Path) -> Evidence:
    """Read a home whose ledger was kept."""
    entries = orjson.loads((home / "ledger.json").read_bytes())["entries"]
    keys, others = _messages_of(home)
    told = [
        Told(
            at=datetime.fromisoformat(entry["accepted_at"]).astimezone(UTC),
            tenant=entry["tenant"],
            kind=entry["kind"],
            recipient=entry["recipient"],
            text=" ".join(filter(None, (entry["subject"], entry["text"]))),
            command_key=keys.get(entry["id"]) or keys.get(entry["reference"]) or keys.get(_mark(entry)),
        )
        for entry in entries
        if entry["kind"] != "webhook"
    ]
    zones = {slug: ZoneInfo(tenant.zone) for slug, tenant in load_tenants(tenants_dir).items()}
    return Evidence(told=told, bookings=_bookings_of(home), others=others, zones=zones)


def _mark(entry: Mapping[str, Any]) -> str:
    return f"{entry['recipient']} {' '.join(entry['text'].split())}"


def _messages_of(home: Path) -> tuple[dict[str, str], list[Told]]:
    """Return the commands' keys, by what the provider may call their message, and the messages of other systems."""
    engine = open_engine(f"sqlite:///{home / 'frontdesk.db'}")
    log = EventLog(engine, ids=UuidV7Factory(SystemClock()))
    keys: dict[str, str] = {}
    others: list[Told] = []
    for event in (event for batch in log.read_batches(0, batch_size=5_000) for event in batch):
        if event.type not in ("message.sent", "message.uncertain", "message.delivered"):
            continue
        payload = orjson.loads(event.payload)
        if key := payload.get("command_key"):
            keys[str(payload.get("message_id"))] = key
            keys[f"{payload.get('to')} {' '.join(str(payload.get('body')).split())}"] = key
        elif payload.get("body"):
            phone = str((payload.get("contact") or {}).get("phone"))
            others.append(Told(event.occurred_at, event.tenant_id, "text", phone, payload["body"], None))
    engine.dispose()
    return keys, others


def _bookings_of(home: Path) -> dict[tuple[str, str], list[BookingFact]]:
    found: dict[tuple[str, str], list[BookingFact]] = defaultdict(list)
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        rows = connection.execute(
            "select tenant_id, booking_id, occurred_at, coalesce(change_order, 0), source_event_id, received_at, "
            "booking_status, starts_at from intermediate.int_facts_normalised where fact_family = 'booking'"
        ).fetchall()
    for tenant, booking_id, occurred_at, change_order, source_event_id, received_at, status, starts_at in rows:
        progress = (
            ("pending", "confirmed", "cancelled", "declined", "no_show", "completed").index(status) if status else -1
        )
        order = (occurred_at, change_order, progress, source_event_id)
        found[tenant, booking_id].append(BookingFact(order, received_at, status, starts_at))
    return found


def describe(evidence: Evidence, faults: Iterable[str]) -> str:
    """Return the faults, a line each, and the counts."""
    lines = list(faults)
    count = len(evidence.told)
    return "\n".join([*lines, f"{count} texts and e-mails compared with the log: {len(lines)} faults."])


def main() -> None:
    """Check the home that is given, or that of the demo."""
    home = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("data") / "demo"
    if not (home / "ledger.json").exists():
        raise SystemExit(f"{home / 'ledger.json'} is not there; run `make demo ONCE=1` first")
    evidence = read_evidence(home, tenants_dir=Path("tenants"))
    faults = find_faults(evidence)
    sys.stdout.write(describe(evidence, faults) + "\n")
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
