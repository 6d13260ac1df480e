"""`frontdesk outbox`: what is to go out, what became of it, and what a person decides about it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from getpass import getuser
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_database
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.settings import load_settings
from frontdesk.core.tenant.business import Business
from frontdesk.core.tenant.businesses import load_businesses
from frontdesk.core.time_words import length_words
from frontdesk.domains.sending.outbox.commands import (
    MANUAL,
    Channel,
    CommandFilter,
    CommandState,
    Depth,
    KnownCommand,
)
from frontdesk.domains.sending.outbox.errors import CommandNotFoundError, CommandStateError, OutboxScopeError
from frontdesk.domains.sending.outbox.holds import ClosedLane, Hold, HoldScope
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.settlement import settle_as_not_sent, settle_as_sent

app = typer.Typer(name="outbox", help="What waits to be sent: list, hold, send again.", no_args_is_help=True)


class Found(StrEnum):
    """What a look-up at the provider found."""

    SENT = "sent"
    NOT_SENT = "not-sent"


_Key = Annotated[str, typer.Argument(metavar="KEY", help="The command's key.")]
_Tenant = Annotated[str | None, typer.Option(help="Only this business.")]
_Channel = Annotated[Channel | None, typer.Option(help="Only this channel.")]
_Rule = Annotated[str | None, typer.Option(help="Only this rule; give its business too.")]
_Provider = Annotated[str | None, typer.Option(help="Only this provider.")]
_Contact = Annotated[str | None, typer.Option(help="Only this contact.")]
_By = Annotated[str, typer.Option("--by", default_factory=getuser, help="Who decides this.")]


@app.command("list")
def list_commands(
    *,
    state: Annotated[list[CommandState] | None, typer.Option(help="Only these states.")] = None,
    tenant: _Tenant = None,
    channel: _Channel = None,
    rule: _Rule = None,
    contact: _Contact = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
) -> None:
    """List commands, newest first."""
    _check_scope(tenant=tenant, rule=rule)
    command_filter = CommandFilter(tenant_id=tenant, channel=channel, rule_id=rule, contact_id=contact)
    found = _open_outbox().search(command_filter, states=state or tuple(CommandState), limit=limit)
    show_commands(found)
    if len(found) == limit:
        show_line(f"There may be more; these are the newest {limit}.")


@app.command()
def show(key: _Key) -> None:
    """Show one command with every attempt to send it."""
    show_command(_find(_open_outbox(), key))


@app.command()
def redrive(
    *,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="One command; or say which by options.")] = None,
    tenant: _Tenant = None,
    channel: _Channel = None,
    provider: _Provider = None,
    rule: _Rule = None,
    contact: _Contact = None,
    reason: Annotated[str | None, typer.Option(help="Only those whose reason has this in it.")] = None,
    is_all: Annotated[bool, typer.Option("--all", help="All dead commands of every business.")] = False,
) -> None:
    """Queue dead commands again, with all their attempts. What was sent is never among them."""
    outbox = _open_outbox()
    command_filter = CommandFilter(
        tenant_id=tenant,
        channel=channel,
        provider=provider,
        rule_id=rule,
        contact_id=contact,
        reason_contains=reason,
    )
    has_filter = command_filter != CommandFilter()
    if (key is not None) + has_filter + is_all != 1:
        raise OutboxScopeError("say which: a KEY, or options such as --tenant and --reason, or --all")
    if key is not None:
        known = _find(outbox, key)
        if not outbox.redrive(key):
            raise CommandStateError(f"{key} is {known.state}; only a dead command can be redriven")
        show_line(f"{key} is queued again.")
        return
    _check_scope(tenant=tenant, rule=rule)
    keys = outbox.redrive_matching(command_filter)
    for redriven in keys:
        show_line(redriven)
    show_line(f"Queued again: {len(keys)}")


@app.command()
def resolve(
    *,
    key: _Key,
    found: Annotated[Found, typer.Option(help="What the provider knows of the last attempt.")],
    attempt: Annotated[int, typer.Option(min=1, help="Number of the attempt that was looked up: see show.")],
    provider_id: Annotated[str | None, typer.Option(help="The provider's id, where it was found sent.")] = None,
    by: _By,
) -> None:
    """Settle an uncertain command: found sent, it is done; found not sent, it is due at once."""
    if provider_id is not None and found is Found.NOT_SENT:
        raise OutboxScopeError("--provider-id goes with --found sent alone")
    engine = _open_engine()
    outbox = _outbox_of(engine)
    known = _find(outbox, key)
    log, now = EventLog(engine, ids=UuidV7Factory(SystemClock())), SystemClock().now()
    if found is Found.SENT:
        is_settled = settle_as_sent(
            engine,
            known,
            outbox=outbox,
            log=log,
            attempt_number=attempt,
            resolved_by=by,
            provider_id=provider_id,
            now=now,
        )
    else:
        is_settled = settle_as_not_sent(
            engine, known, outbox=outbox, log=log, attempt_number=attempt, resolved_by=by, now=now
        )
    if not is_settled:
        raise CommandStateError(
            f"{key} is {known.state} after {known.attempts_count} attempts; only an uncertain command can be "
            "resolved, with the number of its last attempt"
        )
    show_line(f"{key} is {_find(outbox, key).state}.")


@app.command()
def hold(
    *,
    reason: Annotated[str, typer.Option(help="Why; shown to everybody who asks.")],
    tenant: _Tenant = None,
    channel: _Channel = None,
    rule: _Rule = None,
    is_all: Annotated[bool, typer.Option("--all", help="Everything of every business.")] = False,
    by: _By,
) -> None:
    """Hold commands: they stay in the outbox and are not sent until released."""
    scope = _read_scope(tenant=tenant, channel=channel, rule=rule, is_all=is_all)
    is_new = _open_outbox().hold(scope, reason=reason, held_by=by)
    show_line(f"{describe_scope(scope)}: {'held' if is_new else 'already held'}.")


@app.command()
def release(
    *,
    tenant: _Tenant = None,
    channel: _Channel = None,
    rule: _Rule = None,
    is_all: Annotated[bool, typer.Option("--all", help="The hold of everything; narrower ones stay.")] = False,
    by: _By,
) -> None:
    """Release exactly what was held; what is due goes out at once."""
    scope = _read_scope(tenant=tenant, channel=channel, rule=rule, is_all=is_all, is_rule_checked=False)
    if not _open_outbox().release(scope, released_by=by):
        raise CommandStateError(f"{describe_scope(scope)}: not held; `frontdesk outbox depth` shows what is")
    show_line(f"{describe_scope(scope)}: released.")


@app.command()
def depth(*, tenant: _Tenant = None) -> None:
    """Show what waits per business and channel, what is held, and which providers are not called."""
    _check_scope(tenant=tenant)
    outbox = _open_outbox()
    show_depths(outbox.depths(tenant_id=tenant), now=SystemClock().now())
    holds = [each for each in outbox.holds() if tenant in (None, each.scope.tenant_id) or not each.scope.tenant_id]
    if holds:
        show_holds(holds)
    closed = [each for each in outbox.closed_lanes() if tenant in (None, each.lane.tenant_id)]
    if closed:
        show_closed_lanes(closed)


def _open_outbox() -> Outbox:
    return _outbox_of(_open_engine())


def _open_engine() -> Engine:
    settings = load_settings()
    return open_database(settings.event_log_url, backups=settings.backups_path)


def _outbox_of(engine: Engine) -> Outbox:
    clock = SystemClock()
    return Outbox(engine, clock=clock, ids=UuidV7Factory(clock))


def _find(outbox: Outbox, key: str) -> KnownCommand:
    known = outbox.find(key)
    if known is None:
        raise CommandNotFoundError(f"no command has the key {key}; `frontdesk outbox list` shows them")
    return known


def _read_scope(
    *, tenant: str | None, channel: Channel | None, rule: str | None, is_all: bool, is_rule_checked: bool = True
) -> HoldScope:
    if is_all == bool(tenant or channel or rule):
        raise OutboxScopeError("say what: --tenant, --channel, --rule, or --all")
    _check_scope(tenant=tenant, rule=rule, is_rule_checked=is_rule_checked)
    return HoldScope(tenant_id=tenant, channel=channel, rule_id=rule)


class _NamedRules(Business):
    """A business with the names of its rules; what they say is another's concern."""

    rules: tuple[dict[str, object], ...] = ()


def _check_scope(*, tenant: str | None, rule: str | None = None, is_rule_checked: bool = True) -> None:
    """Refuse a business or rule that there is not: a slip of the pen would hold nothing, and nobody would notice."""
    if tenant is None:
        if rule is not None:
            raise OutboxScopeError("--rule needs --tenant: two businesses may name a rule alike")
        return
    tenants = load_businesses(load_settings(), _NamedRules)
    if tenant not in tenants:
        raise OutboxScopeError(f"there is no business {tenant}; use one of {', '.join(sorted(tenants))}")
    rules = sorted(str(each.get("id")) for each in tenants[tenant].rules)
    if rule is not None and is_rule_checked and rule not in rules:
        raise OutboxScopeError(f"{tenant} has no rule {rule}; use one of {', '.join(rules)}")


#: Columns where the output is no terminal: a key cut in two could not be searched for.
_FILE_WIDTH = 240


def show_commands(commands: Sequence[KnownCommand]) -> None:
    """Show commands, one a line."""
    rows = (
        (
            each.command_key,
            each.state,
            _format_time(each.next_attempt_at or each.due_at),
            each.attempts_count,
            each.reason,
        )
        for each in commands
    )
    _show_table(("Key", "State", "Due", "Attempts", "Reason"), rows)


def show_command(known: KnownCommand) -> None:
    """Show one command with all that is known of it, and its attempts."""
    contents = {
        "Key": known.command_key,
        "State": known.state,
        "Reason": known.reason,
        "Sent by": f"{known.channel} ({known.provider}), {known.command_type}, {known.message_class}",
        "Rule": _describe_rule(known),
        "Contact": known.contact_id,
        "Because of": ", ".join(known.cause_event_ids),
        "Due": _format_time(known.due_at),
        "Not before": _format_time(known.next_attempt_at),
        "Expires": _format_time(known.expires_at),
        "Enqueued": _format_time(known.enqueued_at),
        "In this state since": _format_time(known.changed_at),
        "Provider's id": known.provider_id,
        "Redriven": known.redrives_count or None,
        "Content": orjson.dumps(known.payload, option=orjson.OPT_INDENT_2).decode(),
    }
    _show_table(("", ""), ((name, value) for name, value in contents.items() if value), has_header=False)
    if known.attempts:
        _show_table(
            ("Attempt", "Began", "Ended", "Outcome", "Answer", "Found later"),
            (
                (
                    each.attempt_number,
                    _format_time(each.started_at),
                    _format_time(each.ended_at),
                    each.outcome.words if each.outcome else "running",
                    each.detail or each.provider_id,
                    f"{each.resolution} by {each.resolved_by}" if each.resolution else None,
                )
                for each in known.attempts
            ),
        )


def _describe_rule(known: KnownCommand) -> str:
    if known.rule_id in (None, MANUAL):
        return "none: a person asked for it, or it sends a report"
    return f"{known.rule_id}, version {known.rule_version}"


def show_depths(depths: Sequence[Depth], *, now: datetime) -> None:
    """Show how much is not over, per tenant and channel."""
    rows = (
        (
            each.tenant_id,
            each.channel,
            each.waiting_count,
            each.due_count,
            length_words((now - each.oldest_due_at).total_seconds()) if each.oldest_due_at else None,
            each.in_flight_count,
            each.uncertain_count,
            each.dead_count,
        )
        for each in depths
    )
    _show_table(("Business", "Channel", "Waiting", "Due", "Longest due", "Sending", "Uncertain", "Dead"), rows)


def show_holds(holds: Sequence[Hold]) -> None:
    """Show what is held, by whom and why."""
    rows = ((describe_scope(each.scope), each.reason, each.held_by, _format_time(each.held_at)) for each in holds)
    _show_table(("Held", "Reason", "By", "Since"), rows)


def show_closed_lanes(closed: Sequence[ClosedLane]) -> None:
    """Show which providers are not called, but for a try now and then, and why."""
    rows = (
        (each.lane.tenant_id, each.lane.provider, "set-up" if each.is_set_up else "provider", each.reason,
         _format_time(each.closed_at))
        for each in closed
    )  # fmt: skip
    _show_table(("Not called", "Provider", "Cause", "Reason", "Since"), rows)


def show_line(line: str) -> None:
    """Show one line."""
    _open_console().print(escape(line), highlight=False, soft_wrap=True)


def describe_scope(scope: HoldScope) -> str:
    """Return the scope of a hold in words."""
    parts = {"business": scope.tenant_id, "channel": scope.channel, "rule": scope.rule_id}
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value) or "everything"


def _show_table(names: Iterable[str], rows: Iterable[Sequence[object]], *, has_header: bool = True) -> None:
    table = Table(show_header=has_header, box=None, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else escape(str(value)) for value in row))
    _open_console().print(table, highlight=False)


def _open_console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _FILE_WIDTH)


def _format_time(instant: datetime | None) -> str | None:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if instant else None
