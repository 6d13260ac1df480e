"""A dry run of prices on a terminal: totals, lines and who pays more; or the whole as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from frontdesk.core.money import format_minor_units
from frontdesk.domains.prices.what_if import LineChange, Repriced, Tried
from pipelines.dry_run.prices import PricesDryRun

_MOST_SHOWN = 20


def to_json(dry_run: PricesDryRun) -> bytes:
    """Return the whole dry run as JSON: money in minor units, instants in UTC."""
    content = {
        "has_changes": dry_run.has_changes,
        "tenant_id": dry_run.tenant_id,
        "since": dry_run.since,
        "currency": dry_run.currency,
        "quotes": _plain(dry_run.quotes),
        "bookings": _plain(dry_run.bookings),
        "notes": list(dry_run.notes),
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)


def show(dry_run: PricesDryRun, *, console: Console) -> None:
    """Show what would differ, and by how much."""
    since = f", asked for from {dry_run.since} on" if dry_run.since else ""
    console.print(f"{dry_run.tenant_id}, at unchanged demand{since}", highlight=False)
    for note in dry_run.notes:
        console.print(f"[yellow]Note:[/] {escape(note)}", highlight=False)
    console.print(_totals(dry_run))
    if not dry_run.has_changes:
        console.print("No price would change.")
        return
    for name, tried in (("quotes", dry_run.quotes), ("bookings", dry_run.bookings)):
        changed_lines = [line for line in tried.lines if line.is_changed]
        if changed_lines:
            console.print(_lines(f"Lines of {name}", changed_lines, currency=dry_run.currency))
    _show_changed([*dry_run.quotes.changed, *dry_run.bookings.changed], dry_run, console=console)


def _totals(dry_run: PricesDryRun) -> Table:
    table = Table("", "tried", "would differ", "pay more", "pay less", "now", "with the change", box=None)
    for name, tried in (("quotes", dry_run.quotes), ("bookings", dry_run.bookings)):
        changes = [each.change_minor for each in tried.repriced]
        table.add_row(
            name,
            f"{len(tried.repriced):,}",
            f"{len(tried.changed):,}",
            f"{sum(change > 0 for change in changes):,}",
            f"{sum(change < 0 for change in changes):,}",
            format_minor_units(tried.before_minor, dry_run.currency),
            format_minor_units(tried.after_minor, dry_run.currency),
        )
    return table


def _lines(title: str, lines: Sequence[LineChange], *, currency: str) -> Table:
    table = Table("Line", "Times now", "Then", "Comes to now", "Then", title=title, title_justify="left", box=None)
    for line in lines:
        amounts = [format_minor_units(minor, currency) for minor in (line.before_minor, line.after_minor)]
        table.add_row(escape(line.key), f"{line.count_before:,}", f"{line.count_after:,}", *amounts)
    return table


def _show_changed(changed: Sequence[Repriced], dry_run: PricesDryRun, *, console: Console) -> None:
    table = Table("Of", "Id", "Asked for (UTC)", "Service", "Now", "Then", box=None)
    for each in changed[:_MOST_SHOWN]:
        then = (
            escape(each.refusal or "")
            if each.after_minor is None
            else format_minor_units(each.after_minor, dry_run.currency)
        )
        table.add_row(
            each.kind,
            escape(each.id),
            f"{each.asked_at:%Y-%m-%d %H:%M}",
            escape(", ".join(each.service_keys)),
            format_minor_units(each.before_minor, dry_run.currency),
            then,
        )
    console.print(table)
    if len(changed) > _MOST_SHOWN:
        console.print(f"... and {len(changed) - _MOST_SHOWN} more; --json has all.", highlight=False)


def _plain(tried: Tried) -> dict[str, Any]:
    return {
        "count_tried": len(tried.repriced),
        "count_changed": len(tried.changed),
        "before_minor": tried.before_minor,
        "after_minor": tried.after_minor,
        "lines": [asdict(line) for line in tried.lines],
        "changed": [asdict(each) for each in tried.changed],
        "not_priced": [asdict(each) for each in tried.not_priced],
    }
