"""Answers to questions of docs/questions.md, counted in plain Python from what `counted_year` read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from core.tenants import Tenant
from tests.pipelines.counted_year import Book, Booking, Payment, Touch

Row = tuple[object, ...]
LOOKBACK = timedelta(days=30)
#: Stage, what enters it, and from which stages alone it does (None: from any, "": before the first).
Stages = tuple[tuple[str, frozenset[str], frozenset[str] | None], ...]
_NEVER, _FIRST = frozenset[str](), frozenset({""})
JOB: Stages = (
    ("pending", frozenset({"pending"}), _FIRST),
    ("confirmed", frozenset({"confirmed"}), frozenset({"", "pending", "canceled"})),
    ("on_the_way", _NEVER, None),
    ("in_progress", _NEVER, None),
    ("completed", frozenset({"completed"}), None),
    ("canceled", frozenset({"cancelled"}), None),
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


def share(part: int, whole: int) -> float | None:
    """Return a percentage with one decimal; None of nothing."""
    return float(half_up(Decimal(100 * part) / whole, "0.1")) if whole else None


class Answers:
    """Answers about one business."""

    def __init__(self, book: Book, *, tenant: Tenant) -> None:
        self._book = book
        self._zone = ZoneInfo(tenant.zone)
        self._currency = tenant.currency
        self._pipeline, self._stages = PIPELINES.get(tenant.slug, ("", ()))
        self._bookings = sorted(book.bookings.items(), key=lambda each: each[1].created_at)

    def channels_that_book_within_a_week(self) -> Iterator[Row]:
        """Question 1: channel of the first touch, contacts, those who first booked within a week of it."""
        first_touch: dict[str, Touch] = {}
        for touch in self._book.touches:
            first_touch.setdefault(touch.who, touch)
        first_booking: dict[str, datetime] = {}
        for _, booking in self._bookings:
            first_booking.setdefault(booking.who, booking.created_at)
        contacts = Counter(touch.channel for touch in first_touch.values())
        soon = Counter(
            touch.channel
            for who, touch in first_touch.items()
            if who in first_booking and timedelta() <= first_booking[who] - touch.at <= timedelta(days=7)
        )
        for channel, count in contacts.items():
            yield channel, count, soon[channel]

    def credits(self) -> Iterator[Row]:
        """Question 2: channel, model, conversions and revenue of first, last and linear, where there are any."""
        conversions: dict[tuple[str, str], float] = defaultdict(float)
        revenue: dict[tuple[str, str], int] = defaultdict(int)
        worth = self._revenue_of_bookings()
        for name, journey in self._journeys():
            channels = [touch.channel for touch in journey] or ["none"]
            each, left = divmod(worth[name], len(channels))
            for model, credited in (("first", channels[:1]), ("last", channels[-1:]), ("linear", channels)):
                for place, channel in enumerate(credited):
                    conversions[channel, model] += 1 / len(credited)
                    # What doesn't divide goes to the earlier ones, a cent each.
                    part = each + (place < left) if model == "linear" else worth[name]
                    revenue[channel, model] += part
        for (channel, model), count in conversions.items():
            yield channel, model, float(half_up(Decimal(count), "0.01")), revenue[channel, model]

    def _attributable(self) -> list[Touch]:
        """Return touches, without leads that tell of a touch of the same instant once more."""
        told = {(touch.who, touch.at, touch.channel) for touch in self._book.touches if not touch.is_lead}
        return [
            touch
            for touch in self._book.touches
            if not touch.is_lead or (touch.who, touch.at, touch.channel) not in told
        ]

    def _journeys(self) -> Iterator[tuple[str, list[Touch]]]:
        """Yield each booking with the touches since the person's booking before, none older than the lookback."""
        before: dict[str, datetime] = {}
        for name, booking in self._bookings:
            since = max(before.get(booking.who, booking.created_at - LOOKBACK), booking.created_at - LOOKBACK)
            before[booking.who] = booking.created_at
            yield (
                name,
                [
                    touch
                    for touch in self._attributable()
                    if touch.who == booking.who and since <= touch.at <= booking.created_at
                ],
            )

    def _revenue_of_bookings(self) -> Counter[str]:
        """Return what is left of the money of each booking: paid for it, or by the person after or before it."""
        worth: Counter[str] = Counter()
        for payment in self._paid():
            own = [(name, each) for name, each in self._bookings if each.who == payment.who]
            named = [payment.booking] if payment.booking in self._book.bookings else []
            before = [name for name, each in own if payment.succeeded_at and each.created_at <= payment.succeeded_at]
            chosen = named or before[-1:] or [name for name, _ in own][:1]
            if chosen and payment.currency == self._currency:
                worth[chosen[0]] += payment.amount - payment.refunded
        return worth

    def _paid(self) -> list[Payment]:
        return [payment for payment in self._book.payments.values() if payment.succeeded_at]

    def costs(self) -> Iterator[Row]:
        """Question 4: channel, month, spend, leads and bookings with what each cost."""
        spend: Counter[tuple[str, date]] = Counter()
        leads: Counter[tuple[str, date]] = Counter()
        booked: Counter[tuple[str, date]] = Counter()
        for touch in self._book.touches:
            leads[touch.channel, self._month(touch.at)] += touch.is_lead
            spend[touch.channel, self._month(touch.at)] += touch.cost
        for channel, month, amount in self._book.spent:
            spend[channel, month] += amount
        for _, booking in self._bookings:
            earlier = [t for t in self._attributable() if t.who == booking.who and t.at <= booking.created_at]
            booked[earlier[-1].channel if earlier else "none", self._month(booking.created_at)] += 1
        for key in {key for counted in (+spend, +leads, booked) for key in counted}:
            yield (
                *key,
                spend[key],
                leads[key],
                _each(spend[key], leads[key]),
                booked[key],
                _each(spend[key], booked[key]),
            )

    def _month(self, at: datetime) -> date:
        return at.astimezone(self._zone).date().replace(day=1)

    def speed_to_lead(self) -> Iterator[Row]:
        """Question 7: hour, leads, median minutes to any answer and to a person's, how many never got one.

        Nothing of the year was sent by a rule: every answer is a person's.
        """
        answers: dict[str, list[datetime]] = defaultdict(list)
        for name, text in self._book.texts.items():
            if not text.is_inbound and name not in self._book.failed:
                answers[text.who].append(text.created_at)
        waits: dict[int, list[int | None]] = defaultdict(list)
        for lead in (touch for touch in self._book.touches if touch.is_lead):
            first = min((answer for answer in answers[lead.who] if answer >= lead.at), default=None)
            waited = None if first is None else (first - lead.at) // timedelta(seconds=1)
            waits[lead.at.astimezone(self._zone).hour].append(waited)
        for hour, seconds in waits.items():
            told = [each for each in seconds if each is not None]
            minutes = median(told) / 60 if told else None
            yield hour, len(seconds), minutes, minutes, len(seconds) - len(told)

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
            ahead = booking.starts_at - booking.created_at
            span = "1: less than a day" if ahead < timedelta(days=1) else "3: a week or more"
            if timedelta(days=1) <= ahead < timedelta(days=7):
                span = "2: less than a week"
            spans[span][booking.status] += 1
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
        """Question 15, without whose they are: channel, purpose, evidence, when."""
        for evidence, at in self._book.refusals:
            yield "sms", "marketing", evidence, at

    def who_comes_back(self) -> Iterator[Row]:
        """Question 16: customers who came, those who came again, median days between."""
        visits: dict[str, list[datetime]] = defaultdict(list)
        for _, booking in self._bookings:
            if booking.status == "completed":
                visits[booking.who].append(booking.starts_at)
        days = [(b.date() - a.date()).days for each in visits.values() for a, b in pairwise(sorted(each))]
        yield len(visits), sum(len(each) > 1 for each in visits.values()), float(median(days))

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


def _each(amount: int, count: int) -> int | None:
    return int(half_up(Decimal(amount) / count, "1")) if count else None
