"""Other prices tried on demand that there was: what each quote and booking would have cost, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from frontdesk.domains.prices.asked import Asked, AskedItem, PriceRequest
from frontdesk.domains.prices.conditions import Unknown
from frontdesk.domains.prices.errors import NotPriceableError
from frontdesk.domains.prices.list_price import find_service_named
from frontdesk.domains.prices.quote import Quote, price, price_what_is_known
from frontdesk.domains.prices.rules import PriceRules
from frontdesk.domains.prices.snapshot import Snapshot

Kind = Literal["quote", "booking"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBooking:
    """A booking as far as its price depends on it."""

    booking_id: str
    service_name: str | None
    booked_at: datetime
    starts_at: datetime | None  #: None: not known, or a day without a time
    told_minor: int | None  #: the price that its source tells
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repriced:
    """One quote or booking at both prices, in minor units."""

    kind: Kind
    id: str
    asked_at: datetime
    service_keys: Sequence[str]
    before_minor: int
    after_minor: int | None  #: None: it would have no price
    refusal: str | None  #: why it would have none
    before_lines: Mapping[str, int]  #: totals by the lines' keys
    after_lines: Mapping[str, int]
    unknown: Sequence[Unknown] = ()  #: what surcharges depend on that are in neither price
    told_minor: int | None = None  #: what a booking's source says that it costs

    @property
    def is_changed(self) -> bool:
        """Whether any line would be another."""
        return self.after_minor is None or dict(self.before_lines) != dict(self.after_lines)

    @property
    def change_minor(self) -> int:
        """By how much more it would be; 0 where it would have no price."""
        return 0 if self.after_minor is None else self.after_minor - self.before_minor


@dataclass(slots=True, kw_only=True)
class LineChange:
    """All that one line comes to, at both prices."""

    key: str
    count_before: int = 0
    count_after: int = 0
    before_minor: int = 0
    after_minor: int = 0

    @property
    def is_changed(self) -> bool:
        """Whether it would come to something else."""
        return (self.count_before, self.before_minor) != (self.count_after, self.after_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPriced:
    """A booking or quote that has no price by the prices in force, so that there is nothing to compare."""

    kind: Kind
    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What was tried of one kind; sums are of what has a price both times."""

    repriced: Sequence[Repriced] = ()
    not_priced: Sequence[NotPriced] = ()
    lines: Sequence[LineChange] = field(default=())

    @property
    def changed(self) -> list[Repriced]:
        """Those that would cost something else, or be made of something else; the dearest changes first."""
        found = [each for each in self.repriced if each.is_changed]
        return sorted(found, key=lambda each: (each.after_minor is not None, -abs(each.change_minor), each.id))

    @property
    def before_minor(self) -> int:
        """What all came to."""
        return sum(each.before_minor for each in self.repriced if each.after_minor is not None)

    @property
    def after_minor(self) -> int:
        """What all would have come to."""
        return sum(each.after_minor or 0 for each in self.repriced)


def try_on_quotes(snapshots: Iterable[Snapshot], *, tried: PriceRules) -> Tried:
    """Return what was told against what other rules would tell for the same, asked at the same moments."""
    repriced = []
    for snapshot in snapshots:
        after, refusal = _priced(tried, snapshot.asked)
        repriced.append(
            _repriced("quote", snapshot.quote_id, snapshot.asked, before=snapshot.quote, after=after, refusal=refusal)
        )
    return Tried(repriced=repriced, lines=_add_up(repriced))


def try_on_bookings(bookings: Iterable[PastBooking], *, in_force: PriceRules, tried: PriceRules) -> Tried:
    """Return what bookings cost by the rules in force against other ones, without what nobody knows of them."""
    repriced: list[Repriced] = []
    not_priced: list[NotPriced] = []
    for booking in bookings:
        found = _try_booking(booking, in_force=in_force, tried=tried)
        if isinstance(found, Repriced):
            repriced.append(found)
        else:
            not_priced.append(NotPriced(kind="booking", id=booking.booking_id, reason=found))
    return Tried(repriced=repriced, not_priced=not_priced, lines=_add_up(repriced))


def _try_booking(booking: PastBooking, *, in_force: PriceRules, tried: PriceRules) -> Repriced | str:
    """Return both prices, or why there is none to compare with."""
    if booking.currency != in_force.currency:
        return f"it is in {booking.currency}"
    service = find_service_named(in_force, booking.service_name or "")
    if service is None:
        return "its service is not one of the business's"
    request = PriceRequest(items=(AskedItem(service_key=service.key),), starts_at=booking.starts_at)
    asked = Asked(request=request, asked_at=booking.booked_at)
    before = price_what_is_known(in_force, asked)
    try:
        after = price_what_is_known(tried, asked)
    except NotPriceableError as error:
        return _repriced("booking", booking.booking_id, asked, before=before.quote, after=None, refusal=error.detail)
    return _repriced(
        "booking",
        booking.booking_id,
        asked,
        before=before.quote,
        after=after.quote,
        unknown=sorted(before.unknown | after.unknown),
        told_minor=booking.told_minor,
    )


def _priced(rules: PriceRules, asked: Asked) -> tuple[Quote | None, str | None]:
    try:
        return price(rules, asked), None
    except NotPriceableError as error:
        return None, error.detail


def _repriced(
    kind: Kind,
    id_: str,
    asked: Asked,
    *,
    before: Quote,
    after: Quote | None,
    refusal: str | None = None,
    unknown: Sequence[Unknown] = (),
    told_minor: int | None = None,
) -> Repriced:
    return Repriced(
        kind=kind,
        id=id_,
        asked_at=asked.asked_at,
        service_keys=asked.request.service_keys,
        before_minor=before.total_minor,
        after_minor=None if after is None else after.total_minor,
        refusal=refusal,
        before_lines=_lines(before),
        after_lines={} if after is None else _lines(after),
        unknown=unknown,
        told_minor=told_minor,
    )


def _lines(quote: Quote) -> dict[str, int]:
    return {f"{line.kind} {line.key}": line.total_minor for line in quote.lines}


def _add_up(repriced: Iterable[Repriced]) -> list[LineChange]:
    found: dict[str, LineChange] = {}
    for each in repriced:
        if each.after_minor is None:
            continue
        for key, minor in each.before_lines.items():
            line = found.setdefault(key, LineChange(key=key))
            line.count_before, line.before_minor = line.count_before + 1, line.before_minor + minor
        for key, minor in each.after_lines.items():
            line = found.setdefault(key, LineChange(key=key))
            line.count_after, line.after_minor = line.count_after + 1, line.after_minor + minor
    return sorted(found.values(), key=lambda line: line.key)
