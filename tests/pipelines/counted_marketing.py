"""Answers about where people come from, counted in plain Python: docs/attribution.md in other words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from tests.pipelines.counted_answers import Answers, Row, half_up
from tests.pipelines.counted_year import Touch

LOOKBACK = timedelta(days=30)
MODELS = ("first", "last", "last_non_direct", "linear", "position", "time_decay")
_DIRECT = ("direct", "unknown")
_HALF_LIFE = timedelta(days=7)


@dataclass(frozen=True)
class Journey:
    """Touches that led to a conversion, or to none yet; what it was worth in minor units."""

    touches: Sequence[Touch]
    converted_at: datetime | None = None
    worth: int = 0

    def ages(self, touches: Sequence[Touch]) -> Sequence[timedelta]:
        """Return how long before the conversion the touches were."""
        return [self.converted_at - touch.at for touch in touches if self.converted_at]

    def within(self, lookback: timedelta | None) -> Sequence[Touch]:
        """Return the touches not older than the lookback when it converted."""
        if lookback is None or self.converted_at is None:
            return self.touches
        return [touch for touch in self.touches if touch.at >= self.converted_at - lookback]


class MarketingAnswers(Answers):
    """Answers about one business's channels."""

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
        """Question 2: channel, model, conversions and revenue, of what is credited."""
        for model in MODELS:
            conversions, revenue = self._credited(model, LOOKBACK)
            for channel, count in conversions.items():
                yield channel, model, float(half_up(Decimal(float(count)), "0.01")), revenue[channel]

    def ranks(self) -> Iterator[Row]:
        """Question 3: model, channel, rank, ranks gained against last touch, of all that ever cost or brought any."""
        ranked = {model: self._rank(model) for model in MODELS}
        for model, ranks in ranked.items():
            for channel, rank in ranks.items():
                if gained := ranked["last"][channel] - rank:
                    yield model, channel, rank, gained

    def _rank(self, model: str) -> dict[str, int]:
        conversions, revenue = self._credited(model, LOOKBACK)
        worth = {name: (round(conversions[name], 6), revenue[name]) for name in self._channels()}
        return {name: 1 + sum(other > own for other in worth.values()) for name, own in worth.items()}

    def _channels(self) -> set[str]:
        credited = {touch.channel for journey in self._converted() for touch in journey.touches}
        shortest = [journey.within(timedelta(days=7)) for journey in self._converted()]
        spent = {channel for channel, _, _ in self._book.spent} | {t.channel for t in self._book.touches if t.cost}
        return credited | spent | ({"none"} if [] in shortest else set())

    def _credited(self, model: str, lookback: timedelta) -> tuple[dict[str, Fraction], Counter[str]]:
        """Return conversions and revenue of each channel."""
        conversions: dict[str, Fraction] = defaultdict(Fraction)
        revenue: Counter[str] = Counter()
        for journey in self._converted():
            touches = journey.within(lookback)
            channels = [touch.channel for touch in touches] or ["none"]
            weights = _weights(model, channels, journey.ages(touches))
            shared = _share_out(journey.worth, weights)
            for channel, weight, part in zip(channels, weights, shared, strict=True):
                if not weight:
                    continue
                conversions[channel] += weight
                revenue[channel] += part
        return conversions, revenue

    def _converted(self) -> list[Journey]:
        return [journey for journey in self._journeys() if journey.converted_at]

    def paths(self) -> Iterator[Row]:
        """Question 6: path, conversions, how many went it and did not convert, revenue; all touches count."""
        paths: dict[str, list[Journey]] = defaultdict(list)
        for journey in self._journeys():
            paths[" > ".join(touch.channel for touch in journey.touches)].append(journey)
        for path, journeys in paths.items():
            converted = [journey for journey in journeys if journey.converted_at]
            worth = sum(journey.worth for journey in converted)
            yield path, len(converted), len(journeys) - len(converted), worth

    def _attributable(self) -> list[Touch]:
        """Return touches, without leads that tell of a touch of the same instant once more."""
        told = {(touch.who, touch.at, touch.channel) for touch in self._book.touches if not touch.is_lead}
        return [
            touch
            for touch in self._book.touches
            if not touch.is_lead or (touch.who, touch.at, touch.channel) not in told
        ]

    def _journeys(self) -> Iterator[Journey]:
        """Yield what came before each conversion since the person's one before, and what came after the last."""
        touches: dict[str, list[Touch]] = defaultdict(list)
        for touch in self._attributable():
            touches[touch.who].append(touch)
        begins: dict[str, datetime | None] = defaultdict(lambda: None)
        worth = self._worth_of_conversions()
        for name, who, at in self._conversions():
            since, begins[who] = begins[who], at
            own = [touch for touch in touches[who] if touch.at <= at and (since is None or touch.at > since)]
            yield Journey(own, at, worth[name])
        for who, all_touches in touches.items():
            last = begins[who]
            if still_open := [touch for touch in all_touches if last is None or touch.at > last]:
                yield Journey(still_open)

    def _conversions(self) -> list[tuple[str, str, datetime]]:
        if self._tenant.attribution.conversion == "payment.succeeded":
            paid = [(name, each.who, each.succeeded_at) for name, each in self._book.payments.items()]
            return sorted(((n, who, at) for n, who, at in paid if at), key=lambda each: each[2])
        return [(name, booking.who, booking.created_at) for name, booking in self._bookings]

    def _worth_of_conversions(self) -> Counter[str]:
        """Return what is left of the money of each: its own, or paid by the person after or before it."""
        worth: Counter[str] = Counter()
        conversions = self._conversions()
        for name, payment in self._book.payments.items():
            if payment.succeeded_at is None or payment.currency != self._currency:
                continue
            own = [(key, at) for key, who, at in conversions if who == payment.who]
            named = [key for key, _, _ in conversions if key in (name, payment.booking)]
            before = [key for key, at in own if at <= payment.succeeded_at]
            for chosen in (named or before[-1:] or [key for key, _ in own])[:1]:
                worth[chosen] += payment.amount - payment.refunded
        return worth

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

    def payback(self) -> Iterator[Row]:
        """Question 5: month of first contact, months since, its spend, received so far, whether that is as much."""
        spent: Counter[date] = Counter()
        for _, month, cost in self._book.spent:
            spent[month] += cost
        for touch in self._book.touches:
            spent[self._month(touch.at)] += touch.cost
        cohort = {who: self._month(at) for who, at in self._book.first_seen.items()}
        received: Counter[tuple[date, date]] = Counter()
        for payment in self._paid():
            if payment.succeeded_at and payment.currency == self._currency:
                paid_in = self._month(payment.succeeded_at)
                received[cohort[payment.who], paid_in] += payment.amount - payment.refunded
        months = {*cohort.values(), *+spent}
        newest = max(months | {paid_in for _, paid_in in received})
        for month in months:
            so_far = 0
            for since in range((newest.year - month.year) * 12 + newest.month - month.month + 1):
                years, index = divmod(month.month - 1 + since, 12)
                so_far += received[month, month.replace(year=month.year + years, month=index + 1)]
                yield month, since, spent[month], so_far, so_far >= spent[month]


def _weights(model: str, channels: Sequence[str], ages: Sequence[timedelta]) -> list[Fraction]:
    """Return each touch's part of one conversion; 40/20/40 of position, a half-life of a week."""
    count = len(channels)
    if model in ("first", "last", "last_non_direct"):
        known = [place for place, channel in enumerate(channels) if channel not in _DIRECT]
        chosen = 0 if model == "first" else known[-1] if model == "last_non_direct" and known else count - 1
        return [Fraction(place == chosen) for place in range(count)]
    if model == "position" and count > 2:
        between = Fraction(1, 5) / (count - 2)
        return [Fraction(2, 5), *[between] * (count - 2), Fraction(2, 5)]
    if model == "time_decay" and ages:
        powers = [Fraction(2 ** -(age / _HALF_LIFE)) for age in ages]
        return [power / sum(powers) for power in powers]
    return [Fraction(1, count)] * count


def _share_out(amount: int, weights: Sequence[Fraction]) -> list[int]:
    """Return whole parts of the amount: what is left over goes to the largest remainders, the earlier first."""
    exact = [amount * weight for weight in weights]
    parts = [int(each // 1) for each in exact]
    order = sorted(range(len(exact)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: amount - sum(parts)]:
        parts[place] += 1
    return parts


def _each(amount: int, count: int) -> int | None:
    return int(half_up(Decimal(amount) / count, "1")) if count else None
