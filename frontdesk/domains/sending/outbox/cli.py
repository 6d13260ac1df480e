"""`frontdesk outbox`: what is to go out, what became of it, and what a person decides about it."""

from __future__ import annotations

from enum import StrEnum
from getpass import getuser
from typing import Annotated

import typer
from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_database
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.settings import load_settings
from frontdesk.core.tenant.business import Business
from frontdesk.core.tenant.files import load_businesses
from frontdesk.domains.sending.outbox import screen
from frontdesk.domains.sending.outbox.commands import Channel, CommandFilter, CommandState, KnownCommand
from frontdesk.domains.sending.outbox.errors import CommandNotFoundError, CommandStateError, OutboxScopeError
from frontdesk.domains.sending.outbox.holds import HoldScope
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.settling import settle_as_not_sent, settle_as_sent

app = typer.Typer(name="outbox", help="The commands that go out: texts, e-mails, tasks.", no_args_is_help=True)


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
    meant = CommandFilter(tenant_id=tenant, channel=channel, rule_id=rule, contact_id=contact)
    found = _open().search(meant, states=state or tuple(CommandState), limit=limit)
    screen.show_commands(found)
    if len(found) == limit:
        screen.say(f"There may be more; these are the newest {limit}.")


@app.command()
def show(key: _Key) -> None:
    """Show one command with every attempt to send it."""
    screen.show_command(_find(_open(), key))


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
    """Let dead commands wait again, with all their tries. What was sent is never among them."""
    outbox = _open()
    meant = CommandFilter(
        tenant_id=tenant,
        channel=channel,
        provider=provider,
        rule_id=rule,
        contact_id=contact,
        reason_contains=reason,
    )
    has_filter = meant != CommandFilter()
    if (key is not None) + has_filter + is_all != 1:
        raise OutboxScopeError("say which: a KEY, or options such as --tenant and --reason, or --all")
    if key is not None:
        known = _find(outbox, key)
        if not outbox.redrive(key):
            raise CommandStateError(f"{key} is {known.state}; only a dead command can be redriven")
        screen.say(f"{key} waits again.")
        return
    _check_scope(tenant=tenant, rule=rule)
    keys = outbox.redrive_matching(meant)
    for redriven in keys:
        screen.say(redriven)
    screen.say(f"{len(keys)} wait again.")


@app.command()
def resolve(
    *,
    key: _Key,
    found: Annotated[Found, typer.Option(help="What the provider knows of the last attempt.")],
    attempt: Annotated[int, typer.Option(min=1, help="Number of the attempt that was looked up: see show.")],
    provider_id: Annotated[str | None, typer.Option(help="The provider's id, where it was found sent.")] = None,
    by: _By,
) -> None:
    """Settle an uncertain command: found sent, it is over; found not sent, it is due at once."""
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
    screen.say(f"{key} is {_find(outbox, key).state}.")


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
    scope = _scope(tenant=tenant, channel=channel, rule=rule, is_all=is_all)
    is_new = _open().hold(scope, reason=reason, held_by=by)
    screen.say(f"{screen.describe(scope)}: {'held' if is_new else 'was held already'}.")


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
    scope = _scope(tenant=tenant, channel=channel, rule=rule, is_all=is_all, is_rule_checked=False)
    if not _open().release(scope, released_by=by):
        raise CommandStateError(f"{screen.describe(scope)}: not held; `frontdesk outbox depth` shows what is")
    screen.say(f"{screen.describe(scope)}: released.")


@app.command()
def depth(*, tenant: _Tenant = None) -> None:
    """Show how much is not over per business and channel, what is held, and which providers are not called."""
    _check_scope(tenant=tenant)
    outbox = _open()
    screen.show_depths(outbox.depths(tenant_id=tenant), now=SystemClock().now())
    holds = [each for each in outbox.holds() if tenant in (None, each.scope.tenant_id) or not each.scope.tenant_id]
    if holds:
        screen.show_holds(holds)
    closed = [each for each in outbox.closed_lanes() if tenant in (None, each.lane.tenant_id)]
    if closed:
        screen.show_closed_lanes(closed)


def _open() -> Outbox:
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


def _scope(
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
    tenants = load_businesses(load_settings().tenants_dir, _NamedRules)
    if tenant not in tenants:
        raise OutboxScopeError(f"there is no business {tenant}; use one of {', '.join(sorted(tenants))}")
    rules = sorted(str(each.get("id")) for each in tenants[tenant].rules)
    if rule is not None and is_rule_checked and rule not in rules:
        raise OutboxScopeError(f"{tenant} has no rule {rule}; use one of {', '.join(rules)}")
