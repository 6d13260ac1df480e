"""Answers to questions of docs/questions.md, counted in plain Python from what `counted_year` read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from frontdesk.domains.tenancy.tenant import Tenant
from tests.pipelines.counted_year import Book, Booking, Payment, Text, Touch, number_of

Row = tuple[object, ...]
#: Stage, what enters it, and from which stages alone it does (None: from any, "": before the first).
Stages = tuple[tuple[str, frozenset[str], frozenset[str] | None], ...]
_NEVER, _FIRST = frozenset[str](), frozenset({""})
JOB: Stages = (
    ("pending", frozenset({"pending"}), _FIRST),
    ("confirmed", frozenset({"confirmed"}), frozenset({"", "pending", "canceled"})),
    ("on_the_way", _NEVER, None),
    ("in_progress", _NEVER, None),
    ("completed", frozenset({"completed"}), None),
    ("canceled", frozenset({"cancelled", "declined"}), None),
    ("no_show", frozenset({"no_show"}), None),
)
REPAIR: Stages = (
    ("received", frozenset({"pending", "confirmed"}), _FIRST),
    ("diagnosing", _NEVER, None),
    ("awaiting_parts", _NEVER, None),
    ("in_repair", _NEVER, None),
    ("completed", frozenset({"completed"}), None),
    ("paid", frozenset({"paid"}), None),
    ("shipped", _NEVER, None),
    ("cancelled", frozenset({"cancelled", "declined"}), None),
)
#: Of pipelines of bookings, by business.
PIPELINES: dict[str, tuple[str, Stages]] = {
    "joes-auto-spa": ("job", JOB),
    "mikes-detailing": ("job", JOB),
    "noizylab": ("repair", REPAIR),
}


def half_up(value: Decimal, places: str) -> Decimal:
    """Round as people do."""
    return value.quantize(Decimal(places), rounding=ROUND_HALF_UP)


def booked_ahead(ahead: timedelta) -> str:
    """Return in which line of questions 9 and 10 a booking of so long ahead is."""
    if ahead < timedelta(days=1):
        return "1: less than a day"
    return "2: less than a week" if ahead < timedelta(days=7) else "3: a week or more"


def share(part: int, whole: int) -> float | None:
    """Return a percentage with one decimal; None of nothing."""
    return float(half_up(Decimal(100 * part) / whole, "0.1")) if whole else None


class Answers:
    """Answers about one business."""

    def __init__(self, book: Book, *, tenant: Tenant, ended_at: datetime) -> None:
        self._book = book
        self._ended_at = ended_at  #: when the newest thing happened, at whichever business
        self._tenant = tenant
        self._zone = ZoneInfo(tenant.zone)
        self._currency = tenant.currency
        self._pipeline, self._stages = PIPELINES.get(tenant.slug, ("", ()))
        self._bookings = sorted(book.bookings.items(), key=lambda each: each[1].created_at)

    def _paid(self) -> list[Payment]:
        return [payment for payment in self._book.payments.values() if payment.succeeded_at]

    def _month(self, at: datetime) -> date:
        return at.astimezone(self._zone).date().replace(day=1)

    def speed_to_lead(self) -> Iterator[Row]:
        """Question 7: hour, leads, median minutes to any answer and to a person's, how many never got one."""
        sent = [
            text for name, text in self._book.texts.items() if not text.is_inbound and name not in self._book.failed
        ]
        by_hour: dict[int, list[Touch]] = defaultdict(list)
        for lead in (touch for touch in self._book.touches if touch.is_lead):
            by_hour[lead.at.astimezone(self._zone).hour].append(lead)
        for hour, leads in by_hour.items():
            waits = [_wait(lead, sent) for lead in leads]
            minutes = _median_minutes(waits)
            # What a rule of ours sent is no person's answer.
            by_people = _median_minutes([_wait(lead, [each for each in sent if not each.command]) for lead in leads])
            yield hour, len(leads), minutes, by_people, waits.count(None)

    def endings_by_weekday(self) -> Iterator[Row]:
        """Question 8: weekday of the appointment, bookings, no-shows, their share of those that had an outcome."""
        days: dict[str, Counter[str]] = defaultdict(Counter)
        for _, booking in self._bookings:
            days[f"{booking.starts_at.astimezone(self._zone):%A}"][booking.status] += 1
        for day, found in days.items():
            missed = found["no_show"]
            yield day, found.total(), missed, share(missed, missed + found["completed"])

    def booked_ahead(self) -> Iterator[Row]:
        """Question 10: how far ahead, bookings, percent cancelled."""
        spans: dict[str, Counter[str]] = defaultdict(Counter)
        for _, booking in self._bookings:
            spans[booked_ahead(booking.starts_at - booking.created_at)][booking.status] += 1
        for span, found in spans.items():
            yield span, found.total(), share(found["cancelled"], found.total())

    def texts_before_an_answer(self) -> Iterator[Row]:
        """Question 14: texts that went out before a person's first answer, how many persons."""
        sent: Counter[str] = Counter()
        answered: dict[str, int] = {}
        for text in sorted(self._book.texts.values(), key=lambda each: each.created_at):
            if text.is_inbound:
                answered.setdefault(text.who, sent[text.who])
            else:
                sent[text.who] += 1
        yield from Counter(answered.values()).items()

    def opt_outs(self) -> Iterator[Row]:
        """Question 15, without whose they are: channel, purpose, address, evidence, when."""
        for consent in self._book.consents:
            if not consent.is_yes:
                yield consent.channel, consent.purpose, self._written(consent.address), consent.evidence, consent.at

    def _written(self, address: str) -> str | None:
        """Return an address as it is written to, a number with its country's code; None where none was told."""
        if not address or "@" in address:
            return address.lower() or None
        return f"+{self._tenant.phone_calling_code}{number_of(address)}"

    def who_comes_back(self) -> Iterator[Row]:
        """Question 16: customers who came, those who came again, median days between."""
        visits: dict[str, list[datetime]] = defaultdict(list)
        for _, booking in self._bookings:
            if booking.status == "completed":
                visits[booking.who].append(booking.starts_at.astimezone(UTC))
        days = [(b.date() - a.date()).days for each in visits.values() for a, b in pairwise(sorted(each))]
        if visits:
            returned = sum(len(each) > 1 for each in visits.values())
            yield len(visits), returned, float(median(days)) if days else None

    def spending_by_acquisition(self) -> Iterator[Row]:
        """Question 17: month first heard of (UTC), months later, currency, who paid, what is left of it."""
        paying: dict[tuple[datetime, int, str], set[str]] = defaultdict(set)
        received: Counter[tuple[datetime, int, str]] = Counter()
        for payment in self._paid():
            assert payment.succeeded_at
            first = self._book.first_seen[payment.who].replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            paid = payment.succeeded_at
            key = (first, (paid.year - first.year) * 12 + paid.month - first.month, payment.currency)
            paying[key].add(payment.who)
            received[key] += payment.amount - payment.refunded
        for key, who in paying.items():
            yield *key, len(who), received[key]

    def weekly_figures(self) -> Iterator[Row]:
        """Question 20: week, metric, value, where it is not 0."""
        figures: Counter[tuple[date, str]] = Counter()
        for _, booking in self._bookings:
            figures[self._week(booking.created_at), "bookings_created"] += 1
        for touch in self._book.touches:
            figures[self._week(touch.at), "leads_new"] += touch.is_lead
        for payment in self._paid():
            assert payment.succeeded_at
            figures[self._week(payment.succeeded_at), "revenue_received"] += payment.amount
        for (week, metric), value in (+figures).items():
            yield week, metric, value

    def _week(self, at: datetime) -> date:
        day = at.astimezone(self._zone).date()
        return day - timedelta(days=day.weekday())

    def stages_of_bookings(self) -> Iterator[Row]:
        """Question 11 of a pipeline of bookings: stage, how many entered, went on, their share, median hours."""
        order = {stage: place for place, (stage, _, _) in enumerate(self._stages)}
        entered, went_on, stays = Counter[str](), Counter[str](), defaultdict[str, list[float]](list)
        for name, booking in self._bookings:
            walk = list(_walk(self._facts_of(name, booking), self._stages))
            for place, (at, stage) in enumerate(walk):
                if place + 1 < len(walk):
                    stays[stage].append((walk[place + 1][0] - at).total_seconds())
                if stage not in [earlier for _, earlier in walk[:place]]:
                    entered[stage] += 1
                    went_on[stage] += any(order[later] > order[stage] for _, later in walk[place:])
        for stage in order:
            rate = went_on[stage] / entered[stage] if entered[stage] else None
            hours = round(median(stays[stage])) / 3600 if stays[stage] else None
            yield self._pipeline, stage, entered[stage], went_on[stage], rate, hours

    def _facts_of(self, name: str, booking: Booking) -> list[tuple[datetime, str]]:
        paid = [(each.succeeded_at, "paid") for each in self._paid() if each.booking == name and each.succeeded_at]
        return sorted([*booking.steps, *paid])


def _walk(facts: Iterable[tuple[datetime, str]], stages: Stages) -> Iterator[tuple[datetime, str]]:
    now = ""
    for at, what in facts:
        for stage, entered_on, only_from in stages:
            if what in entered_on and stage != now and (only_from is None or now in only_from):
                now = stage
                yield at, stage


def _wait(lead: Touch, texts: Iterable[Text]) -> int | None:
    """Return the seconds until the first text to who enquired; None where there was none."""
    after = [text.created_at for text in texts if text.who == lead.who and text.created_at >= lead.at]
    return (min(after) - lead.at) // timedelta(seconds=1) if after else None


def _median_minutes(waits: Iterable[int | None]) -> float | None:
    told = [each for each in waits if each is not None]
    return median(told) / 60 if told else None
