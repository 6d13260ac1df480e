"""A history of a business with every figure of its weeks and months counted here in plain Python, not in SQL."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.reports.periods import Period
from tests.pipelines.facts import fact

#: A business whose clocks change.
TENANT = "mikes-detailing"
SERVICES = ("Basic wash", "Full detail", "Ceramic coating")
EDGES = (
    *("2026-03-01 23:59:59", "2026-03-02 00:00:00", "2026-03-08 01:59:59", "2026-03-08 03:00:00"),
    *("2026-03-08 23:59:59", "2026-03-09 00:00:00", "2026-10-31 23:59:59", "2026-11-01 00:00:00"),
    *("2026-11-01 01:30:00", "2026-11-01 01:30:00*", "2026-11-01 23:59:59", "2026-11-02 00:00:00"),
)
CHANNELS = ("google", "instagram", "referral")


@dataclass(frozen=True)
class Happening:
    """One thing that happened, as a person would note it."""

    kind: str
    at: datetime
    who: int
    thing: str = ""
    amount: int = 0
    currency: str = ""
    channel: str = ""


@dataclass
class History:
    """What was noted, and the events that tell the log of it, in the order of their arrival."""

    zone: ZoneInfo
    noted: list[Happening] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)

    def add(self, type_: str, payload: dict[str, Any], happening: Happening) -> None:
        """Note something, and tell the log."""
        self.noted.append(happening)
        name = f"{type_}-{len(self.events)}"
        source = "stripe" if type_.startswith("stripe.") else "frontdesk"
        self.events.append(fact(type_, payload, event_id=name, at=happening.at, tenant_id=TENANT, source=source))


def person(number: int) -> dict[str, str]:
    """Return how the log is told who it is."""
    return {"phone": f"+1613555{number:04d}", "name": f"Person {number}"}


def make_history(zone: ZoneInfo, *, seed: int = 7) -> History:
    """Return leads, bookings, money and messages from January to April and in November, at odd hours of odd days."""
    history, chance = History(zone), random.Random(seed)
    for number in range(1, 61):
        first_day = date(2026, 1, 1) if number % 3 else date(2026, 10, 20)
        moment = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC)
        _live(history, chance, number, moment + timedelta(minutes=chance.randrange(60 * 24 * 80)))
    _at_the_edges(history)
    return history


def _live(history: History, chance: random.Random, who: int, moment: datetime) -> None:
    contact = person(who)
    if chance.random() < 0.8:
        channel = chance.choice(CHANNELS)
        history.add(
            "lead.created",
            {"contact": contact, "channel": channel},
            Happening("lead", moment, who, f"l{who}", channel=channel),
        )
        if who % 2:
            _automatic_text(history, moment + timedelta(seconds=7 + who), who)
        if chance.random() < 0.7:
            moment += timedelta(seconds=chance.randrange(30, 200_000))
            _message(history, "sent", moment, who, f"m{who}")
    else:
        history.add("contact.created", {"contact": contact}, Happening("contact", moment, who))
    if who % 3 == 0:
        _task(history, chance, who, moment + timedelta(hours=1))
    for visit in range(chance.randrange(3)):
        moment += timedelta(minutes=chance.randrange(1, 60 * 24 * 9))
        _visit(history, chance, who, f"b{who}-{visit}", moment)
    if chance.random() < 0.2:
        moment += timedelta(days=1)
        payload = {"contact": contact, "channel": "sms", "evidence": "said so"}
        history.add("consent.revoked", payload, Happening("opt_out", moment, who))


def _visit(history: History, chance: random.Random, who: int, booking: str, moment: datetime) -> None:
    contact = person(who)
    currency = chance.choice(("CAD", "CAD", "USD"))
    price = chance.choice((8_900, 24_900, 99_905))
    starts = moment + timedelta(days=3)
    payload = {
        "booking_id": booking, "contact": contact, "service": chance.choice(SERVICES), "price_minor": price,
        "currency": currency, "starts_at": starts.isoformat(),
    }  # fmt: skip
    history.add("booking.created", payload, Happening("booked", moment, who, booking, price, currency))
    ending = chance.choice(("completed", "completed", "no_show", "cancelled"))
    after = moment + timedelta(hours=chance.randrange(1, 24 * 6))
    told = {"booking_id": booking, "contact": contact}
    history.add(f"booking.{ending}", told, Happening(ending, after, who, booking))
    if ending != "completed":
        return
    paid_at = after + timedelta(minutes=chance.randrange(1, 600))
    paid = {
        "payment_id": f"p-{booking}",
        "booking_id": booking,
        "contact": contact,
        "amount_minor": price,
        "currency": currency,
    }
    history.add("payment.succeeded", paid, Happening("paid", paid_at, who, booking, price, currency))
    back = 0
    for _ in range(chance.choice((0, 0, 1, 2))):
        paid_at += timedelta(days=chance.randrange(1, 20))
        part = chance.choice((500, 1_250))
        back += part
        history.add(
            "payment.refunded",
            paid | {"refunded_minor": back},
            Happening("refunded", paid_at, who, booking, part, currency),
        )
    if who % 7 == 0:
        paid_at += timedelta(days=9)
        rest = price - back
        dispute = {"id": f"dp-{booking}", "payment_intent": f"p-{booking}", "amount": rest, "status": "lost"}
        history.add(
            "stripe.charge.dispute.closed",
            {"data": {"object": dispute | {"currency": currency}}},
            Happening("disputed", paid_at, who, booking, rest, currency),
        )
    _message(history, "received", paid_at + timedelta(seconds=1), who, f"in-{booking}")


def _at_the_edges(history: History) -> None:
    """Add what happens in the last and first second of days, weeks and months, and where clocks change."""
    for number, text in enumerate(EDGES, start=100):
        # A star stands for the second time that the clock shows it.
        local = datetime.fromisoformat(text.rstrip("*"))
        at = local.replace(tzinfo=history.zone, fold=int(text.endswith("*"))).astimezone(UTC)
        payload = {"contact": person(number), "channel": "google"}
        history.add("lead.created", payload, Happening("lead", at, number, f"l{number}"))


def _message(history: History, verb: str, at: datetime, who: int, name: str) -> None:
    payload = {"message_id": name, "contact": person(who), "channel": "sms", "body": "hello"}
    history.add(f"message.{verb}", payload, Happening(verb, at, who, name))


def _task(history: History, chance: random.Random, who: int, at: datetime) -> None:
    """Add a task that is due after some days, and ends sooner, later or never."""
    due = at + timedelta(hours=chance.randrange(-3, 24 * 9))
    told = {"task_id": f"t{who}", "contact": person(who)}
    history.add(
        "task.created", told | {"kind": "call", "due_at": due.isoformat()}, Happening("task", at, who, f"t{who}")
    )
    history.noted.append(Happening("due", max(due, at), who, f"t{who}"))
    ending = chance.choice(("completed", "completed", "cancelled", None))
    if ending:
        after = at + timedelta(hours=chance.randrange(1, 24 * 20))
        history.add(f"task.{ending}", told, Happening(f"task {ending}", after, who, f"t{who}"))


def _automatic_text(history: History, at: datetime, who: int) -> None:
    payload = {
        "message_id": f"auto{who}", "contact": person(who), "channel": "sms", "body": "We call you soon",
        "command_key": f"{TENANT}/welcome/send_sms/l{who}",
    }  # fmt: skip
    history.add("message.sent", payload, Happening("automatic", at, who))


def count_figures(noted: Iterable[Happening], period: Period, *, zone: ZoneInfo, own_currency: str) -> dict[Any, Any]:
    """Return (metric, currency) to the figure of a period, counted from the notes."""
    everything = sorted(noted, key=lambda each: each.at)

    def is_in(at: datetime) -> bool:
        return period.start <= at.astimezone(zone).date() < period.end

    now = [each for each in everything if is_in(each.at)]
    by_kind = {kind: [each for each in now if each.kind == kind] for kind in {each.kind for each in everything}}
    leads, booked = by_kind["lead"], by_kind["booked"]
    done, missed = len(by_kind["completed"]), len(by_kind["no_show"])
    won = {lead.who for lead in leads if (first := _after(everything, lead, "booked")) and is_in(first.at)}
    waits, human_waits = (
        [
            int((first.at - lead.at).total_seconds())
            for lead in leads
            if (first := _after(everything, lead, *kinds)) and is_in(first.at)
        ]
        for kinds in (("sent", "automatic"), ("sent",))
    )
    before = {
        each.who for each in everything if each.kind == "booked" and each.at.astimezone(zone).date() < period.start
    }
    customers = {each.who for each in booked}
    figures: dict[Any, Any] = {
        ("contacts_new", None): sum(is_in(at) for at in _first_heard_of(everything)),
        ("leads_new", None): len(leads),
        ("lead_contacts", None): len({lead.who for lead in leads}),
        ("leads_booked", None): len(won),
        ("lead_to_booking_rate", None): _share(len(won), len({lead.who for lead in leads})),
        ("speed_to_lead", None): _half_up(median(waits)) if waits else None,
        ("speed_to_lead_human", None): _half_up(median(human_waits)) if human_waits else None,
        ("bookings_created", None): len(booked),
        ("bookings_completed", None): done,
        ("bookings_cancelled", None): len(by_kind["cancelled"]),
        ("bookings_no_show", None): missed,
        ("bookings_held", None): done + missed,
        ("show_rate", None): _share(done, done + missed),
        ("customers", None): len(customers),
        ("customers_new", None): len(customers - before),
        ("customers_returning", None): len(customers & before),
        ("messages_in", None): len(by_kind["received"]),
        ("messages_out", None): len(by_kind["sent"]) + len(by_kind["automatic"]),
        ("opt_outs", None): len(by_kind["opt_out"]),
        ("commands_sent", None): len(by_kind["automatic"]),
    }
    for currency in sorted({own_currency, *(each.currency for each in now if each.currency)}):
        figures |= _money(by_kind, currency)
    return figures | _tasks(everything, by_kind, period, zone=zone)


def _tasks(
    noted: Iterable[Happening], by_kind: dict[str, list[Happening]], period: Period, *, zone: ZoneInfo
) -> dict[Any, Any]:
    return {
        ("tasks_created", None): len(by_kind["task"]),
        ("tasks_done", None): len(by_kind["task completed"]),
        ("tasks_overdue", None): _overdue(noted, period, zone=zone),
    }


def _money(by_kind: dict[str, list[Happening]], currency: str) -> dict[Any, Any]:
    def amounts(kind: str) -> Sequence[int]:
        return [each.amount for each in by_kind[kind] if each.currency == currency]

    paid, back, lost = (sum(amounts(kind)) for kind in ("paid", "refunded", "disputed"))
    prices = amounts("booked")
    return {
        ("revenue_received", currency): paid,
        ("revenue_refunded", currency): back,
        ("revenue_lost", currency): lost,
        ("revenue_returned", currency): back + lost,
        ("revenue_net", currency): paid - back - lost,
        ("booking_value", currency): sum(prices),
        ("bookings_priced", currency): len(prices),
        ("booking_value_average", currency): _half_up(sum(prices) / len(prices)) if prices else None,
    }


def _overdue(noted: Iterable[Happening], period: Period, *, zone: ZoneInfo) -> int:
    before = [each for each in noted if each.at < period.ends_at(zone)]
    ended = {each.thing for each in before if each.kind in ("task completed", "task cancelled")}
    return len({each.thing for each in before if each.kind == "due"} - ended)


def count_stages(
    noted: Sequence[Happening], period: Period, *, zone: ZoneInfo
) -> dict[str, tuple[int, int, int, int]]:
    """Return stage to (came, went on, won, lost) of the pipeline of jobs, counted from the notes.

    A job is pending once it is booked; each of the others is an end, and stands behind pending in the tenant's file.
    """
    ends_at = period.ends_at(zone)
    endings = {each.thing: each for each in noted if each.kind in ("completed", "cancelled", "no_show")}
    found: dict[str, list[tuple[bool, bool, bool]]] = {}
    for each in noted:
        if not period.starts_at(zone) <= each.at < ends_at:
            continue
        if each.kind == "booked":
            end = endings[each.thing]
            is_over = end.at < ends_at
            outcome = (is_over, is_over and end.kind == "completed", is_over and end.kind != "completed")
            found.setdefault("pending", []).append(outcome)
        elif each.kind in ("completed", "cancelled", "no_show"):
            stage = "canceled" if each.kind == "cancelled" else each.kind
            found.setdefault(stage, []).append((False, stage == "completed", stage != "completed"))
    return {stage: (len(told), *(sum(column) for column in zip(*told, strict=True))) for stage, told in found.items()}


def count_credits(
    noted: Sequence[Happening], period: Period, *, zone: ZoneInfo, own_currency: str
) -> dict[str, tuple[float, int]]:
    """Return channel to (bookings, what is left of their payments), of the last channel since the booking before."""
    channels = {each.who: each.channel for each in noted if each.kind == "lead"}
    found: dict[str, tuple[float, int]] = {}
    seen: set[int] = set()
    for each in sorted((each for each in noted if each.kind == "booked"), key=lambda each: each.at):
        # Nobody has more than one lead, and it is before the first booking.
        channel = "none" if each.who in seen else channels.get(each.who, "none")
        seen.add(each.who)
        if not period.starts_at(zone) <= each.at < period.ends_at(zone):
            continue
        signs = {"paid": 1, "refunded": -1, "disputed": -1}
        revenue = sum(
            signs[money.kind] * money.amount
            for money in noted
            if money.kind in signs and money.thing == each.thing and money.currency == own_currency
        )
        count, total = found.get(channel, (0.0, 0))
        found[channel] = count + 1, total + revenue
    return found


def _after(noted: Sequence[Happening], lead: Happening, *kinds: str) -> Happening | None:
    return next((each for each in noted if each.kind in kinds and each.who == lead.who and each.at >= lead.at), None)


def _first_heard_of(noted: Sequence[Happening]) -> list[datetime]:
    first: dict[int, datetime] = {}
    for each in noted:
        first.setdefault(each.who, each.at)
    return list(first.values())


def _share(part: int, whole: int) -> int | None:
    return _half_up(1000 * part / whole) if whole else None


def _half_up(value: float) -> int:
    return int(value + 0.5)
