"""A rehearsal of identity on a terminal; or the whole as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from frontdesk.core.money import format_minor_units
from pipelines.dry_run.identity import IdentityRehearsal, Regrouped

_MAX_SHOWN = 20


def to_json(rehearsal: IdentityRehearsal) -> str:
    """Return all of it; money in minor units of its currency."""
    content = {"has_changes": rehearsal.has_changes, **asdict(rehearsal)}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()


def show(rehearsal: IdentityRehearsal, *, console: Console) -> None:
    """Show who becomes one, who becomes several, and what that moves."""
    console.print(f"{rehearsal.tenant_id}, events up to {rehearsal.modelled_sequence}", highlight=False)
    console.print(_totals(rehearsal))
    if not rehearsal.has_changes:
        console.print("Nobody becomes another.")
        return
    _show_people("Become one", rehearsal.merged, rehearsal, console=console)
    _show_people("Become several", rehearsal.split, rehearsal, console=console)
    if rehearsal.credits:
        console.print(_credits(rehearsal))
    console.print(
        f"Past texts and e-mails that belong to another contact then: {rehearsal.count_sends_moved}; "
        f"sent although that contact had refused them: {rehearsal.count_sends_refused}",
        highlight=False,
    )


def _totals(rehearsal: IdentityRehearsal) -> Table:
    table = Table("", "now", "then", box=None)
    pairs = (
        ("contacts", rehearsal.before.count_contacts, rehearsal.after.count_contacts),
        ("customers who paid", rehearsal.before.count_customers, rehearsal.after.count_customers),
    )
    for name, before, after in pairs:
        table.add_row(name, f"{before:,}", f"{after:,}")
    revenue = [
        format_minor_units(side.revenue_minor, rehearsal.currency) for side in (rehearsal.before, rehearsal.after)
    ]
    table.add_row("received from them", *revenue)
    return table


def _show_people(title: str, people: Sequence[Regrouped], rehearsal: IdentityRehearsal, *, console: Console) -> None:
    if not people:
        return
    table = Table(
        "Contact", "Of / into", "Paid", "Identifiers", title=f"{title}: {len(people)}", title_justify="left"
    )
    for each in people[:_MAX_SHOWN]:
        table.add_row(
            escape(each.display_name),
            str(len(each.others)),
            format_minor_units(each.amount_paid_minor, rehearsal.currency),
            escape(", ".join(each.identifiers)),
        )
    console.print(table)
    if len(people) > _MAX_SHOWN:
        console.print(f"... and {len(people) - _MAX_SHOWN} more; --json has all.", highlight=False)


def _credits(rehearsal: IdentityRehearsal) -> Table:
    table = Table("Model", "Days", "Channel", "Conversions", "Revenue", title="Attribution", title_justify="left")
    for each in rehearsal.credits[:_MAX_SHOWN]:
        days = "all" if each.lookback_days is None else str(each.lookback_days)
        revenue = format_minor_units(each.revenue_minor, rehearsal.currency)
        table.add_row(each.model, days, escape(each.channel), f"{each.conversions:+.2f}", revenue)
    return table
