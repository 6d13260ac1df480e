"""A dry run on a terminal, per rule and per day; or the whole as JSON."""

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

from pipelines.dry_run.rules_report import Counts, RulesDryRun, count_by_rule

#: Rows of days shown before the rest is left to --json.
_MAX_ROWS_SHOWN = 20
_MAX_KEYS_SHOWN = 10
_MICROS = 1_000_000


def to_json(dry_run: RulesDryRun) -> bytes:
    """Return the whole dry run as JSON: instants in UTC, costs in millionths of the currency."""
    content = {"has_changes": dry_run.has_changes, **asdict(dry_run)}
    return orjson.dumps(content, default=_plain, option=orjson.OPT_INDENT_2)


def show(dry_run: RulesDryRun, *, console: Console) -> None:
    """Show what matters of it."""
    for note in _notes(dry_run):
        console.print(f"[yellow]Note:[/] {escape(note)}", highlight=False)
    since = f", from {dry_run.since} on" if dry_run.since else ""
    history = f"{dry_run.tenant_id}, events up to {dry_run.modelled_sequence}{since}"
    if not dry_run.has_changes:
        console.print(f"Nothing would change ({history}).", highlight=False)
    else:
        console.print(f"What would change ({history}):", highlight=False)
        console.print(_by_rule(dry_run))
        console.print()
        console.print(_by_day(dry_run))
        console.print(_cost(dry_run), highlight=False)
    for opt_out in dry_run.opt_outs:
        why = "the contact opted out" if opt_out.reason == "opted_out" else "the contact never agreed"
        console.print(f"{escape(opt_out.rule_id)}: {opt_out.count} not sent because {why}.", highlight=False)
    if dry_run.totals.not_composable:
        console.print(
            f"[red]{dry_run.totals.not_composable} could not be written[/]; --json says why.", highlight=False
        )
    if dry_run.has_changes:
        console.print(f"Sent at once if you use this file now: {len(dry_run.at_once)}", highlight=False)
    for key in dry_run.at_once[:_MAX_KEYS_SHOWN]:
        console.print(f"  {escape(key)}", highlight=False, soft_wrap=True)


def _by_rule(dry_run: RulesDryRun) -> Table:
    table = _table("Rule")
    for (rule_id, command_type), counts in count_by_rule(dry_run.rule_days).items():
        table.add_row(f"{escape(rule_id)} {command_type}", *_numbers(counts))
    table.add_row("Total", *_numbers(dry_run.totals), style="bold")
    return table


def _by_day(dry_run: RulesDryRun) -> Table:
    table = _table("Day and rule")
    for each in dry_run.rule_days[:_MAX_ROWS_SHOWN]:
        table.add_row(f"{each.day} {escape(each.rule_id)} {each.command_type}", *_numbers(each.counts))
    left_out = len(dry_run.rule_days) - _MAX_ROWS_SHOWN
    if left_out > 0:
        table.add_row(f"... and {left_out} more: --json shows all, --since fewer")
    return table


def _table(first: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, overflow="fold")
    for name in ("New", "No longer", "Moved", "Text", "Segments", "Cost"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _numbers(counts: Counts) -> Iterable[str]:
    plain = (counts.newly_sent, counts.no_longer_sent, counts.moved, counts.text_changed)
    yield from (str(number or "") for number in plain)
    yield f"{counts.segments_change:+d}" if counts.segments_change else ""
    yield f"{_amount(counts.cost_change_micros):+.2f}" if counts.cost_change_micros else ""


def _amount(micros: int) -> Decimal:
    return Decimal(micros) / _MICROS


def _cost(dry_run: RulesDryRun) -> str:
    if dry_run.currency is None:
        return "Cost of texts: unknown; the business's file has no sms_prices."
    cost = _amount(dry_run.totals.cost_change_micros)
    unpriced = dry_run.totals.unpriced
    left_out = f"; {unpriced} texts are not in it, for sms_prices has no price for them" if unpriced else ""
    return f"Change in the cost of texts: {cost:+.2f} {dry_run.currency}{left_out}."


def _notes(dry_run: RulesDryRun) -> Iterable[str]:
    yield from dry_run.notes
    behind = dry_run.log_sequence - dry_run.modelled_sequence
    if behind > 0:
        yield f"{behind} newer events are not in the warehouse yet, so they are left out"


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
