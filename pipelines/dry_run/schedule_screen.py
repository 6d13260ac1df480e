"""A dry run of a schedule on a terminal: bookings that would change, and how full people are; or all as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from frontdesk.core.tenant.fields import WEEKDAYS
from frontdesk.domains.bookings.availability import REASONS
from frontdesk.domains.bookings.what_if import NO_SERVICE, TAKEN, Change, Placed, TriedBooking, Usage
from pipelines.dry_run.schedule import ScheduleDryRun

_MOST_SHOWN = 20
_TITLES: dict[Change, str] = {
    "lost": "would not fit",
    "gained": "would fit, and do not now",
    "reassigned": "would be with somebody else, or in another room",
}
_REASONS: Mapping[str, str] = {TAKEN: "nobody is free", NO_SERVICE: "it is not booked here", **REASONS}


def to_json(dry_run: ScheduleDryRun) -> bytes:
    """Return the whole dry run as JSON: instants in UTC, use in minutes."""
    tried = dry_run.tried
    content = {
        "has_changes": dry_run.has_changes,
        "tenant_id": dry_run.tenant_id,
        "zone": dry_run.zone,
        "since": dry_run.since,
        "days": tried.days,
        "count_tried": len(tried.bookings),
        **{f"count_{change}": tried.count(change) for change in _TITLES},
        "refused_then_served": None,  # refusals are not in the log
        "changed": [_plain(each) | {"change": each.change} for each in tried.changed],
        "fit_neither": [_plain(each) for each in tried.fit_neither],
        "kept": [each.booking_id for each in tried.kept],
        "usage": [asdict(each) for each in tried.usage],
        "notes": list(dry_run.notes),
        "assumptions": list(dry_run.assumptions),
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)


def show(dry_run: ScheduleDryRun, *, console: Console) -> None:
    """Show which bookings would be otherwise, and how full everybody is."""
    tried = dry_run.tried
    since = f", those that begin from {dry_run.since} on" if dry_run.since else ""
    days = f", {tried.days[0]} to {tried.days[1]}" if tried.days else ""
    console.print(f"{dry_run.tenant_id}: {len(tried.bookings):,} bookings tried{days}{since}", highlight=False)
    for note in dry_run.notes:
        console.print(f"[yellow]Note:[/] {escape(note)}", highlight=False)
    for assumption in dry_run.assumptions:
        console.print(f"[dim]Assumed:[/] {escape(assumption)}", highlight=False)
    if not dry_run.has_changes:
        console.print("No booking would change, and nobody's use.")
        return
    for change, title in _TITLES.items():
        console.print(f"{tried.count(change):,} {title}", highlight=False)
    if tried.changed:
        console.print(_bookings(tried.changed[:_MOST_SHOWN], zone=ZoneInfo(dry_run.zone)))
    if len(tried.changed) > _MOST_SHOWN:
        console.print(f"... and {len(tried.changed) - _MOST_SHOWN} more; --json has all.", highlight=False)
    console.print(_usage(tried.usage))


def _bookings(changed: Sequence[TriedBooking], *, zone: ZoneInfo) -> Table:
    table = Table("Booking", "Begins", "Service", "Now", "With the change", box=None)
    for each in changed:
        booking = each.booking
        table.add_row(
            escape(booking.booking_id),
            _local(booking.starts_at, zone),
            escape(booking.service_name or booking.service_key or ""),
            escape(_in_words(each.before)),
            escape(_in_words(each.after)),
        )
    return table


def _usage(usage: Sequence[Usage]) -> Table:
    table = Table("Use of", *(day[:3].capitalize() for day in WEEKDAYS), "All, now", "Then", box=None)
    by_resource: dict[str, dict[str, Usage]] = {}
    for each in usage:
        by_resource.setdefault(each.resource, {})[each.weekday] = each
    for resource, of_days in by_resource.items():
        cells = [_both(of_days[day]) if day in of_days else "" for day in WEEKDAYS]
        now = _percent(sum(e.before_booked for e in of_days.values()), sum(e.before_open for e in of_days.values()))
        then = _percent(sum(e.after_booked for e in of_days.values()), sum(e.after_open for e in of_days.values()))
        table.add_row(escape(resource), *cells, now, then)
    return table


def _both(usage: Usage) -> str:
    before = _percent(usage.before_booked, usage.before_open)
    after = _percent(usage.after_booked, usage.after_open)
    return before if before == after else f"{before} > {after}"


def _percent(booked: int, opened: int) -> str:
    if opened == 0:
        return "-" if booked == 0 else f"{booked} min"
    return f"{booked / opened:.0%}"


def _in_words(placed: Placed) -> str:
    return ", ".join(placed.resources) if placed.refusal is None else _REASONS[placed.refusal]


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M}"


def _plain(each: TriedBooking) -> dict[str, Any]:
    booking = each.booking
    return {
        "booking_id": booking.booking_id,
        "source": booking.source,
        "service_key": booking.service_key,
        "starts_at": booking.starts_at,
        "before": asdict(each.before),
        "after": asdict(each.after),
    }
