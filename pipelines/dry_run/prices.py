"""Tries other prices on one home's demand, past quotes and bookings: nothing of the home is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from frontdesk.core.clock import Clock, SystemClock
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.published import reader as published
from frontdesk.core.settings import Settings
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.core.wall_clock import first_instant
from frontdesk.domains.prices.facts import PRICE_QUOTED, PriceQuotedFact
from frontdesk.domains.prices.quotes import quoted_by
from frontdesk.domains.prices.rules import PriceRules
from frontdesk.domains.prices.snapshot import Snapshot, find_contradictions
from frontdesk.domains.prices.what_if import PastBooking, Tried, try_on_bookings, try_on_quotes
from pipelines.dry_run.rules import builder_of, read_both

#: These came to nothing, whatever they cost.
_LOST = frozenset({"cancelled", "declined"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesDryRun:
    """Other prices of one business over what was asked for and booked, at unchanged demand."""

    tenant_id: str
    since: date | None
    currency: str
    quotes: Tried
    bookings: Tried
    notes: Sequence[str]

    @property
    def has_changes(self) -> bool:
        """Tell whether anything would cost something else."""
        return bool(self.quotes.changed or self.bookings.changed)


def try_prices_file(
    settings: Settings, file: Path, *, since: date | None, clock: Clock | None = None
) -> PricesDryRun:
    """Return what past quotes and bookings would have cost by the prices of a business's file.

    since: a day of the business's clock. Raises ConfigurationError for a wrong file, one of no business of this home,
    or of another currency; NothingPublishedError where no booking can be read.
    """
    builder = builder_of(settings, clock=clock or SystemClock())
    before, after = read_both(builder, file)
    in_force, tried = PriceRules.of(before), PriceRules.of(after)
    if in_force.currency != tried.currency:
        raise ConfigurationError(f"{file}: currency: is {tried.currency}; prices in force are in {in_force.currency}")
    moment = None if since is None else first_instant(since, ZoneInfo(before.zone))
    snapshots, count_unsound = _read_quotes(builder.log, before.slug, since=moment)
    with published.opened(settings.analytics_path) as reader:
        rows = reader.bookings_to_price(before.slug, since=moment)
    kept = [row for row in rows if row["status"] not in _LOST]
    quotes = try_on_quotes(snapshots, tried=tried)
    bookings = try_on_bookings(map(_past_booking, kept), in_force=in_force, tried=tried)
    return PricesDryRun(
        tenant_id=after.slug,
        since=since,
        currency=tried.currency,
        quotes=quotes,
        bookings=bookings,
        notes=tuple(_notes(quotes, bookings, rows, count_unsound=count_unsound)),
    )


def _read_quotes(log: EventLog, tenant_id: str, *, since: datetime | None) -> tuple[list[Snapshot], int]:
    """Return the prices that were told, and how many are left out since they are not what was told."""
    events = log.read_by_id_prefix(tenant_id, FRONTDESK_SOURCE, f"{PRICE_QUOTED}:")
    found, count_unsound = [], 0
    for event in events:
        if since is not None and event.occurred_at < since:
            continue
        try:
            quoted = quoted_by(PriceQuotedFact.model_validate_json(event.payload))
            is_sound = not list(find_contradictions(quoted))
        except ValidationError:
            is_sound = False
        if is_sound:
            found.append(quoted.read())
        count_unsound += not is_sound
    return found, count_unsound


def _past_booking(row: published.Row) -> PastBooking:
    return PastBooking(
        booking_id=row["booking_id"],
        service_name=row["service_name"],
        booked_at=row["created_at"],
        starts_at=None if row["is_all_day"] else row["starts_at"],
        told_minor=row["price_minor"],
        currency=row["currency"],
    )


def _notes(quotes: Tried, bookings: Tried, rows: Sequence[published.Row], *, count_unsound: int) -> Iterator[str]:
    left_out = {
        "quotes that are not what was told": count_unsound,
        "bookings that were cancelled or declined": sum(row["status"] in _LOST for row in rows),
    }
    for what, count in left_out.items():
        if count:
            yield f"left out: {count} {what}"
    if moved := sum(row["count_reschedules"] > 0 and row["status"] not in _LOST for row in rows):
        yield f"bookings that were moved since, priced by their newest start and not by the one asked for: {moved}"
    counts = Counter(unknown for each in bookings.repriced for unknown in each.unknown)
    for unknown, count in sorted(counts.items()):
        yield f"bookings priced without what depends on what is not known of them, {unknown}: {count}"
    told = [each for each in bookings.repriced if each.told_minor is not None]
    if other := sum(each.told_minor != each.before_minor for each in told):
        yield f"bookings that tell another price than the prices in force give: {other} of {len(told)} that tell one"
    if without := sum(each.after_minor is None for each in (*quotes.repriced, *bookings.repriced)):
        yield f"quotes and bookings that would have no price, and are in no sum: {without}"
