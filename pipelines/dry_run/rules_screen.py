"""A rehearsal on a terminal, per rule and per day; or the whole as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.dry_run.report import Counts, Rehearsal, count_by_rule

#: Rows of days shown before the rest is left to --json.
_MAX_ROWS_SHOWN = 20
_MAX_KEYS_SHOWN = 10
_MICROS = 1_000_000


def to_json(rehearsal: Rehearsal) -> bytes:
    """Return the whole rehearsal as JSON: instants in UTC, costs in millionths of the currency."""
    content = {"has_changes": rehearsal.has_changes, **asdict(rehearsal)}
    return orjson.dumps(content, default=_plain, option=orjson.OPT_INDENT_2)


def show(rehearsal: Rehearsal, *, console: Console) -> None:
    """Show what matters of it."""
    for note in _notes(rehearsal):
        console.print(f"[yellow]Note:[/] {escape(note)}", highlight=False)
    since = f", from {rehearsal.since} on" if rehearsal.since else ""
    history = f"{rehearsal.tenant_id}, events up to {rehearsal.modelled_sequence}{since}"
    if not rehearsal.has_changes:
        console.print(f"Nothing would go out otherwise ({history}).", highlight=False)
    else:
        console.print(f"What would go out otherwise ({history}):", highlight=False)
        console.print(_by_rule(rehearsal))
        console.print()
        console.print(_by_day(rehearsal))
        console.print(_cost(rehearsal), highlight=False)
    for opt_out in rehearsal.opt_outs:
        why = "the contact opted out" if opt_out.reason == "opted_out" else "the contact never agreed"
        console.print(f"{escape(opt_out.rule_id)}: {opt_out.count} not sent because {why}.", highlight=False)
    if rehearsal.totals.not_composable:
        console.print(
            f"[red]{rehearsal.totals.not_composable} could not be composed[/]; --json says why.", highlight=False
        )
    if rehearsal.has_changes:
        console.print(f"At once, if put in force now: {len(rehearsal.at_once)}", highlight=False)
    for key in rehearsal.at_once[:_MAX_KEYS_SHOWN]:
        console.print(f"  {escape(key)}", highlight=False, soft_wrap=True)


def _by_rule(rehearsal: Rehearsal) -> Table:
    table = _table("Rule")
    for (rule_id, command_type), counts in count_by_rule(rehearsal.rule_days).items():
        table.add_row(f"{escape(rule_id)} {command_type}", *_numbers(counts))
    table.add_row("Total", *_numbers(rehearsal.totals), style="bold")
    return table


def _by_day(rehearsal: Rehearsal) -> Table:
    table = _table("Day and rule")
    for each in rehearsal.rule_days[:_MAX_ROWS_SHOWN]:
        table.add_row(f"{each.day} {escape(each.rule_id)} {each.command_type}", *_numbers(each.counts))
    left_out = len(rehearsal.rule_days) - _MAX_ROWS_SHOWN
    if left_out > 0:
        table.add_row(f"... and {left_out} more: --json has them, --since shortens")
    return table


def _table(first: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, overflow="fold")
    for name in ("New", "Gone", "Moved", "Text", "Segm.", "Cost"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _numbers(counts: Counts) -> Iterable[str]:
    plain = (counts.newly_sent, counts.no_longer_sent, counts.moved, counts.text_changed)
    yield from (str(number or "") for number in plain)
    yield f"{counts.segments_change:+d}" if counts.segments_change else ""
    yield f"{_amount(counts.cost_change_micros):+.2f}" if counts.cost_change_micros else ""


def _amount(micros: int) -> Decimal:
    return Decimal(micros) / _MICROS


def _cost(rehearsal: Rehearsal) -> str:
    if rehearsal.currency is None:
        return "Cost of texts: unknown; the tenant's file has no sms_prices."
    cost = _amount(rehearsal.totals.cost_change_micros)
    unpriced = rehearsal.totals.unpriced
    left_out = f"; {unpriced} texts go to where sms_prices has no price" if unpriced else ""
    return f"Change of the cost of texts: {cost:+.2f} {rehearsal.currency}{left_out}."


def _notes(rehearsal: Rehearsal) -> Iterable[str]:
    yield from rehearsal.notes
    behind = rehearsal.log_sequence - rehearsal.modelled_sequence
    if behind > 0:
        yield f"the warehouse lags {behind} events behind the log; they are not rehearsed with"


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
