"""A dry run of rules of identity on a terminal; or the whole as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from frontdesk.core.money import format_minor_units
from pipelines.dry_run.identity import IdentityDryRun, Regrouped

_MAX_SHOWN = 20


def to_json(dry_run: IdentityDryRun) -> str:
    """Return all of it; money in minor units of its currency."""
    content = {"has_changes": dry_run.has_changes, **asdict(dry_run)}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()


def show(dry_run: IdentityDryRun, *, console: Console) -> None:
    """Show who becomes one, who becomes several, and what that moves."""
    console.print(f"{dry_run.tenant_id}, events up to {dry_run.modelled_sequence}", highlight=False)
    console.print(_totals(dry_run))
    if not dry_run.has_changes:
        console.print("No contacts would change.")
        return
    _show_people("Joined into one", dry_run.merged, dry_run, console=console)
    _show_people("Split into several", dry_run.split, dry_run, console=console)
    if dry_run.credits:
        console.print(_credits(dry_run))
    console.print(
        f"Past texts and e-mails that move to another contact: {dry_run.count_sends_moved}; "
        f"of these, sent although that contact had opted out: {dry_run.count_sends_refused}",
        highlight=False,
    )


def _totals(dry_run: IdentityDryRun) -> Table:
    table = Table("", "now", "with the change", box=None)
    pairs = (
        ("contacts", dry_run.before.count_contacts, dry_run.after.count_contacts),
        ("customers who paid", dry_run.before.count_customers, dry_run.after.count_customers),
    )
    for name, before, after in pairs:
        table.add_row(name, f"{before:,}", f"{after:,}")
    revenue = [format_minor_units(side.revenue_minor, dry_run.currency) for side in (dry_run.before, dry_run.after)]
    table.add_row("received from them", *revenue)
    return table


def _show_people(title: str, people: Sequence[Regrouped], dry_run: IdentityDryRun, *, console: Console) -> None:
    if not people:
        return
    table = Table(
        "Contact", "Of / into", "Paid", "Identifiers", title=f"{title}: {len(people)}", title_justify="left"
    )
    for each in people[:_MAX_SHOWN]:
        table.add_row(
            escape(each.display_name),
            str(len(each.others)),
            format_minor_units(each.amount_paid_minor, dry_run.currency),
            escape(", ".join(each.identifiers)),
        )
    console.print(table)
    if len(people) > _MAX_SHOWN:
        console.print(f"... and {len(people) - _MAX_SHOWN} more; --json has all.", highlight=False)


def _credits(dry_run: IdentityDryRun) -> Table:
    table = Table("Model", "Days", "Channel", "Conversions", "Revenue", title="Attribution", title_justify="left")
    for each in dry_run.credits[:_MAX_SHOWN]:
        days = "all" if each.lookback_days is None else str(each.lookback_days)
        revenue = format_minor_units(each.revenue_minor, dry_run.currency)
        table.add_row(each.model, days, escape(each.channel), f"{each.conversions:+.2f}", revenue)
    return table
