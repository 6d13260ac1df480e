"""Tries a changed tenant file on one home: nothing is sent, and nothing of the home is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from frontdesk.core.clock import Clock, SystemClock
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_engine
from frontdesk.core.settings import Settings
from frontdesk.core.wall_clock import first_instant
from frontdesk.domains.sending.outbox.commands import CommandState, KnownCommand
from frontdesk.domains.sending.outbox.outbox import Outbox, OutboxReader
from frontdesk.domains.tenancy.tenant import Tenant, read_tenant
from pipelines.build.warehouse_builder import WarehouseBuilder
from pipelines.dry_run.comparison import Differing, Side, count_opt_outs, find_differing
from pipelines.dry_run.decisions import check_there_is, copied_warehouse, decided
from pipelines.dry_run.rules_report import OptOuts, RulesDryRun, count_all, count_by_rule_and_day
from pipelines.home_parts import warehouse_builder_on
from pipelines.ingest.log_copy import copied_sequence


def try_rules_file(settings: Settings, rules: Path, *, since: date | None, clock: Clock | None = None) -> RulesDryRun:
    """Return what the tenant file `rules` would change in this home.

    Raises ConfigurationError for a wrong file, or one of no tenant of this home.
    """
    clock = clock or SystemClock()
    builder = builder_of(settings, clock=clock)
    before, after = read_both(builder, rules)
    outbox = Outbox(builder.engine, clock=clock, ids=UuidV7Factory(clock))
    report = try_rules(builder, before=before, after=after, since=since, outbox=outbox, clock=clock)
    if rules.resolve() == (settings.tenants_dir / f"{after.slug}.yaml").resolve():
        note = "this is the home's own file: its templates' old words are gone, so texts are not compared"
        report = replace(report, notes=(*report.notes, note))
    return report


def builder_of(settings: Settings, *, clock: Clock) -> WarehouseBuilder:
    """Return the builder of a home's warehouse, to make copies with; no table of the home is made for it."""
    return warehouse_builder_on(open_engine(settings.event_log_url), settings=settings, clock=clock)


def read_both(builder: WarehouseBuilder, file: Path) -> tuple[Tenant, Tenant]:
    """Return a tenant as the home has it and as a changed file has it. Raises ConfigurationError."""
    after = read_tenant(file)
    tenants = builder.configured()
    before = tenants.get(after.slug)
    if before is None:
        known = ", ".join(tenants)
        raise ConfigurationError(f"{file}: slug: there is no business {after.slug!r}; use one of {known}")
    return before, after


def try_rules(
    builder: WarehouseBuilder,
    *,
    before: Tenant,
    after: Tenant,
    since: date | None,
    outbox: OutboxReader,
    clock: Clock,
) -> RulesDryRun:
    """Return what differs between what the home decides for a tenant and what it would with another file of it.

    The builder is of the home; its warehouse is copied. since: a day of the tenant's clock.
    """
    zone = ZoneInfo(after.zone)
    moment = None if since is None else first_instant(since, zone)
    check_there_is(builder.path)
    manifest = builder.dbt.manifest()
    with (
        copied_warehouse(builder.path) as copy,
        decided(builder.beside(copy), after, manifest=manifest) as connection,
    ):
        differing = list(find_differing(connection, before=before, after=after, since=moment))
        opt_outs = [
            OptOuts(rule_id=rule_id, reason=reason, count=count)
            for rule_id, reason, count in count_opt_outs(connection, since=moment)
        ]
        modelled_sequence = copied_sequence(connection)
    now = clock.now()
    return RulesDryRun(
        tenant_id=after.slug,
        since=since,
        modelled_sequence=modelled_sequence,
        log_sequence=builder.log.last_sequence(),
        currency=after.sms_prices.currency if after.sms_prices else None,
        totals=count_all(differing),
        rule_days=count_by_rule_and_day(differing, zone=zone),
        opt_outs=opt_outs,
        at_once=[each.command_key for each in differing if _would_go_now(each, outbox=outbox, now=now)],
        differing=differing,
        notes=_notes(before, after),
    )


def _would_go_now(differing: Differing, *, outbox: OutboxReader, now: datetime) -> bool:
    """Tell whether a command would be due the moment these rules are in force, and is not so by those in force."""
    after = differing.after
    if after is None or not _can_go(after, now=now):
        return False
    if differing.before is not None and _can_go(differing.before, now=now):
        return False
    known = outbox.find(differing.command_key)
    return known is None or _takes_what_is_decided(known)


def _can_go(side: Side, *, now: datetime) -> bool:
    return side.due_at <= now < side.expires_at


def _takes_what_is_decided(known: KnownCommand) -> bool:
    return known.state is CommandState.WITHDRAWN or (
        known.state is CommandState.WAITING and known.attempts_count == 0
    )


def _notes(before: Tenant, after: Tenant) -> tuple[str, ...]:
    if before.sms_prices and after.sms_prices and before.sms_prices.currency != after.sms_prices.currency:
        return ("sms_prices are in another currency than before: the change of cost adds up unlike amounts",)
    return ()
