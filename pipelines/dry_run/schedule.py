"""Tries another schedule on one home's past bookings: nothing of the home is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from frontdesk.core.clock import Clock, SystemClock
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.published import reader as published
from frontdesk.core.settings import Settings
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.core.wall_clock import first_instant
from frontdesk.domains.bookings.booking import TAKING
from frontdesk.domains.bookings.what_if import PastBooking, TriedSchedule, try_schedule
from pipelines.dry_run.rules import builder_of, read_both

#: What is taken for granted, whichever bookings there are.
_ASSUMPTIONS = (
    "who booked first is placed first, with whom it was if they are free, else with another who could do it",
    "what does not fit takes no time; nobody is asked whether another time would have done",
    "requests that were refused are not in the log: how many of them would have been served is not known",
    "use counts appointments without their buffers",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDryRun:
    """Another schedule of one business over what was booked, here and elsewhere."""

    tenant_id: str
    zone: str
    since: date | None
    tried: TriedSchedule
    notes: Sequence[str]
    assumptions: Sequence[str] = _ASSUMPTIONS

    @property
    def has_changes(self) -> bool:
        """Tell whether any booking or anybody's use would be another."""
        return self.tried.has_changes


def try_schedule_file(
    settings: Settings, file: Path, *, since: date | None, clock: Clock | None = None
) -> ScheduleDryRun:
    """Return what past bookings would have been by the hours, people, rooms and terms of a business's file.

    since: the day of the business's clock on which the first of them begin. Raises ConfigurationError for a wrong
    file, one of no business of this home, or of another zone; NothingPublishedError if no booking can be read.
    """
    builder = builder_of(settings, clock=clock or SystemClock())
    in_force, tried = read_both(builder, file)
    if in_force.zone != tried.zone:
        raise ConfigurationError(f"{file}: zone: is {tried.zone}; the schedule in force is by {in_force.zone}")
    moment = None if since is None else first_instant(since, ZoneInfo(in_force.zone))
    with published.opened(settings.analytics_path) as reader:
        rows = reader.bookings_to_place(in_force.slug, since=moment)
    bookings = [_past_booking(row) for row in rows if row["status"] in TAKING and _has_time(row)]
    found = try_schedule(bookings, in_force=in_force, tried=tried)
    return ScheduleDryRun(
        tenant_id=tried.slug, zone=tried.zone, since=since, tried=found, notes=tuple(_notes(found, rows))
    )


def _has_time(row: published.Row) -> bool:
    return row["starts_at"] is not None and not row["is_all_day"]


def _past_booking(row: published.Row) -> PastBooking:
    return PastBooking(
        booking_id=row["booking_id"],
        source=row["source"],
        service_key=row["service_key"],
        service_name=row["service_name"],
        staff_name=row["staff_name"],
        booked_at=row["created_at"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        is_moved=row["count_reschedules"] > 0,
    )


def _notes(found: TriedSchedule, rows: Sequence[published.Row]) -> Iterator[str]:
    taking = [row for row in rows if row["status"] in TAKING]
    if ended := len(rows) - len(taking):
        yield f"left out, as if they had never been: {ended} bookings that were cancelled or declined"
    if timeless := sum(not _has_time(row) for row in taking):
        yield f"left out: {timeless} bookings without a time of day"
    if found.kept:
        yield (
            f"bookings of what is not booked here by either file, which take the time of whom they name all the "
            f"same: {len(found.kept)}"
        )
    if found.fit_neither:
        yield f"bookings that do not fit by the file in force either, and are in no use: {len(found.fit_neither)}"
    bookings = [each.booking for each in found.bookings]
    if elsewhere := sum(each.source != FRONTDESK_SOURCE for each in bookings):
        yield f"bookings made elsewhere, not held to notice, horizon and offered starts: {elsewhere}"
    if moved := sum(each.source == FRONTDESK_SOURCE and each.is_moved for each in bookings):
        yield f"bookings that were moved since, tried at their newest start and not held to these either: {moved}"
