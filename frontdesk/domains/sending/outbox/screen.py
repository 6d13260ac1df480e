"""The outbox on a terminal: tables of commands, attempts, depths and holds."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from frontdesk.domains.sending.outbox.commands import Depth, KnownCommand
from frontdesk.domains.sending.outbox.holds import Hold, HoldScope
from frontdesk.domains.sending.outbox.lanes import ClosedLane

#: Columns where the output is no terminal: a key cut in two could not be searched for.
_FILE_WIDTH = 240


def show_commands(commands: Sequence[KnownCommand]) -> None:
    """Show commands, one a line."""
    rows = (
        (each.command_key, each.state, _time(each.next_attempt_at or each.due_at), each.attempts_count, each.reason)
        for each in commands
    )
    _show_table(("Key", "State", "Due", "Attempts", "Reason"), rows)


def show_command(known: KnownCommand) -> None:
    """Show one command with all that is known of it, and its attempts."""
    contents = {
        "Key": known.command_key,
        "State": known.state,
        "Reason": known.reason,
        "Goes out by": f"{known.channel} ({known.provider}), {known.command_type}, {known.message_class}",
        "Rule": f"{known.rule_id}, version {known.rule_version}" if known.rule_id else "asked for by hand",
        "Contact": known.contact_id,
        "Because of": ", ".join(known.cause_event_ids),
        "Due": _time(known.due_at),
        "Not before": _time(known.next_attempt_at),
        "Expires": _time(known.expires_at),
        "Enqueued": _time(known.enqueued_at),
        "In this state since": _time(known.changed_at),
        "Provider's id": known.provider_id,
        "Redriven": known.redrives_count or None,
        "Content": orjson.dumps(known.payload, option=orjson.OPT_INDENT_2).decode(),
    }
    _show_table(("", ""), ((name, value) for name, value in contents.items() if value), has_header=False)
    if known.attempts:
        _show_table(
            ("Attempt", "Began", "Ended", "Outcome", "Said", "Found out later"),
            (
                (
                    each.attempt_number,
                    _time(each.started_at),
                    _time(each.ended_at),
                    each.outcome or "under way",
                    each.detail or each.provider_id,
                    f"{each.resolution} by {each.resolved_by}" if each.resolution else None,
                )
                for each in known.attempts
            ),
        )


def show_depths(depths: Sequence[Depth], *, now: datetime) -> None:
    """Show how much is not over, per tenant and channel."""
    rows = (
        (
            each.tenant_id,
            each.channel,
            each.waiting_count,
            each.due_count,
            f"{(now - each.oldest_due_at).total_seconds():.0f} s" if each.oldest_due_at else None,
            each.in_flight_count,
            each.uncertain_count,
            each.dead_count,
        )
        for each in depths
    )
    _show_table(("Tenant", "Channel", "Waiting", "Due", "Oldest due", "In flight", "Uncertain", "Dead"), rows)


def show_holds(holds: Sequence[Hold]) -> None:
    """Show what is held, by whom and why."""
    rows = ((describe(each.scope), each.reason, each.held_by, _time(each.held_at)) for each in holds)
    _show_table(("Held", "Why", "By", "Since"), rows)


def show_closed_lanes(closed: Sequence[ClosedLane]) -> None:
    """Show which providers are not called, but for a try now and then, and why."""
    rows = (
        (each.lane.tenant_id, each.lane.provider, "set-up" if each.is_set_up else "provider", each.reason,
         _time(each.closed_at))
        for each in closed
    )  # fmt: skip
    _show_table(("Not called", "Provider", "Fault of the", "Why", "Since"), rows)


def say(line: str) -> None:
    """Show one line."""
    _console().print(escape(line), highlight=False, soft_wrap=True)


def describe(scope: HoldScope) -> str:
    """Return the scope of a hold in words."""
    parts = {"tenant": scope.tenant_id, "channel": scope.channel, "rule": scope.rule_id}
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value) or "everything"


def _show_table(names: Iterable[str], rows: Iterable[Sequence[object]], *, has_header: bool = True) -> None:
    table = Table(show_header=has_header, box=None, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else escape(str(value)) for value in row))
    _console().print(table, highlight=False)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _FILE_WIDTH)


def _time(instant: datetime | None) -> str | None:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if instant else None
