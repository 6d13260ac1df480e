"""Changed rules of identity on all history: who becomes one person, who becomes several, and what that moves.

Another rule makes other facts, so this builds a whole warehouse beside from the log; the one in use stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from frontdesk.core.progress import ProgressCallback
from frontdesk.domains.tenancy.tenant import Tenant
from pipelines.build import warehouse
from pipelines.build.warehouse_builder import WarehouseBuilder
from pipelines.dry_run.decisions import check_there_is, copied_warehouse
from pipelines.ingest.log_copy import copied_sequence

#: A difference of credit below this is rounding.
_LEAST_CREDIT = 1e-9
#: Who was whose before and after, by identifier: a contact's id says nothing by itself, it changes with its members.
_REGROUPED = """
    create temp table regrouped as
    select
        before.identifier_kind, before.identifier_value,
        before.contact_id as before_id, after.contact_id as after_id
    from before_side.marts.bdg_contact_identifiers as before
    inner join after_side.marts.bdg_contact_identifiers as after
        on before.tenant_id = after.tenant_id
        and before.identifier_kind = after.identifier_kind and before.identifier_value = after.identifier_value
    where before.tenant_id = $tenant_id
"""
_CHANGED = """
    select
        contact.display_name, contact.contact_id, contact.amount_paid_minor,
        list(distinct {other} order by {other}) as others,
        list(distinct identifier_kind || ' ' || identifier_value order by identifier_kind || ' ' || identifier_value)
            as identifiers
    from regrouped
    inner join {side}.marts.dim_contacts as contact on regrouped.{one} = contact.contact_id
    group by all
    having len(others) > 1
    order by contact.amount_paid_minor desc, contact.contact_id
"""
_PEOPLE = """
    select count(*), count(*) filter (where amount_paid_minor > 0), coalesce(sum(amount_paid_minor), 0)
    from {side}.marts.dim_contacts
    where tenant_id = $tenant_id and is_identified
"""
_CREDITS = """
    select model, lookback_days, channel, sum(credit), sum(revenue_minor)::bigint
    from marts.fct_attribution_credits
    where tenant_id = $tenant_id
    group by all
"""
#: What went out: to addresses that belong to another contact by the other rules, and to who had refused it then.
_SENDS = """
    with sent as (
        select decision.command_key, decision.rule_id, decision.channel, decision.message_class, decision.due_at,
            decision.to_address, address.after_id, address.before_id
        from before_side.marts.fct_decisions as decision
        inner join before_side.marts.fct_command_outcomes as outcome
            on decision.tenant_id = outcome.tenant_id and decision.command_key = outcome.command_key
        inner join regrouped as address
            on decision.to_address = address.identifier_value and decision.contact_id = address.before_id
        where decision.tenant_id = $tenant_id and outcome.outcome in ('sent', 'delivered')
    )
    select
        count(*) filter (where before_id <> after_id),
        count(*) filter (where exists (
            select 1 from after_side.marts.fct_consents as consent
            where consent.tenant_id = $tenant_id and consent.contact_id = sent.after_id and not consent.is_granted
                and consent.channel in (sent.channel, 'all') and consent.purpose in (sent.message_class, 'all')
                and consent.changed_at <= sent.due_at
                and (consent.address is null or consent.address = sent.to_address)
        ) and not exists (
            select 1 from before_side.marts.fct_consents as consent
            where consent.tenant_id = $tenant_id and consent.contact_id = sent.before_id and not consent.is_granted
                and consent.channel in (sent.channel, 'all') and consent.purpose in (sent.message_class, 'all')
                and consent.changed_at <= sent.due_at
                and (consent.address is null or consent.address = sent.to_address)
        ))
    from sent
"""


@dataclass(frozen=True, slots=True)
class Regrouped:
    """One contact that is several by the other rules."""

    contact_id: str
    display_name: str
    amount_paid_minor: int
    others: tuple[str, ...]  #: ids of the contacts on the other side
    identifiers: tuple[str, ...]  #: such as "email a@example.com"


@dataclass(frozen=True, slots=True)
class People:
    """Counts of one side: identified contacts, those who paid, and what they paid less refunds."""

    count_contacts: int
    count_customers: int
    revenue_minor: int


@dataclass(frozen=True, slots=True)
class CreditMoved:
    """What a channel gets more (or less) under a model of attribution."""

    model: str
    lookback_days: int | None
    channel: str
    conversions: float
    revenue_minor: int


@dataclass(frozen=True, slots=True)
class IdentityDryRun:
    """What other rules of identity would make of a business's whole history."""

    tenant_id: str
    currency: str
    modelled_sequence: int
    before: People
    after: People
    merged: tuple[Regrouped, ...]  #: contacts of the other rules that are several by those in force
    split: tuple[Regrouped, ...]  #: contacts of the rules in force that are several by the others
    credits: tuple[CreditMoved, ...]
    count_sends_moved: int  #: texts and e-mails that went to an address which belongs to another contact then
    count_sends_refused: int  #: of all, those that the contact of the other rules had refused before

    @property
    def has_changes(self) -> bool:
        """Tell whether anybody becomes one or several."""
        return bool(self.merged or self.split)


def try_identity(
    builder: WarehouseBuilder, after: Tenant, *, progress: ProgressCallback | None = None
) -> IdentityDryRun:
    """Return what the identity rules of a changed tenant file would change. Takes as long as a build of the log.

    Raises WarehouseOutdatedError if there is no warehouse. Events after the warehouse's newest are left out.
    """
    check_there_is(builder.path)
    tenant = builder.configured()[after.slug].model_copy(update={"identity": after.identity})
    with TemporaryDirectory(prefix="frontdesk-identity-") as folder, copied_warehouse(builder.path) as before:
        beside = Path(folder) / builder.path.name
        with warehouse.connected(before) as connection:
            end = copied_sequence(connection)
        changed = replace(builder, instead={after.slug: tenant}).beside(beside)
        changed.build(with_tests=False, progress=progress, end=end)
        moved = _credits(before, beside, {"tenant_id": tenant.slug})
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach '{before}' as before_side (read_only)")
            connection.execute(f"attach '{beside}' as after_side (read_only)")
            return _compare(connection, tenant, end=end, moved=moved)


def _compare(
    connection: duckdb.DuckDBPyConnection, tenant: Tenant, *, end: int, moved: tuple[CreditMoved, ...]
) -> IdentityDryRun:
    mine = {"tenant_id": tenant.slug}
    connection.execute(_REGROUPED, mine)
    sends_moved, sends_refused = connection.execute(_SENDS, mine).fetchall()[0]
    return IdentityDryRun(
        tenant_id=tenant.slug,
        currency=tenant.currency,
        modelled_sequence=end,
        before=_people(connection, "before_side", mine),
        after=_people(connection, "after_side", mine),
        merged=_regrouped(connection, "after_side", one="after_id", other="before_id"),
        split=_regrouped(connection, "before_side", one="before_id", other="after_id"),
        credits=moved,
        count_sends_moved=sends_moved,
        count_sends_refused=sends_refused,
    )


def _people(connection: duckdb.DuckDBPyConnection, side: str, mine: Mapping[str, str]) -> People:
    return People(*connection.execute(_PEOPLE.format(side=side), mine).fetchall()[0])


def _regrouped(connection: duckdb.DuckDBPyConnection, side: str, *, one: str, other: str) -> tuple[Regrouped, ...]:
    rows = connection.execute(_CHANGED.format(one=one, other=other, side=side)).fetchall()
    return tuple(
        Regrouped(str(contact_id), str(name), int(paid), tuple(map(str, others)), tuple(identifiers))
        for name, contact_id, paid, others, identifiers in rows
    )


def _credits(before: Path, after: Path, mine: Mapping[str, str]) -> tuple[CreditMoved, ...]:
    sides = [_credits_of(path, mine) for path in (before, after)]
    moved = []
    for key in sides[0].keys() | sides[1].keys():
        (old, old_revenue), (new, new_revenue) = (side.get(key, (0.0, 0)) for side in sides)
        if abs(new - old) > _LEAST_CREDIT or new_revenue != old_revenue:
            moved.append(CreditMoved(*key, conversions=new - old, revenue_minor=new_revenue - old_revenue))
    return tuple(sorted(moved, key=lambda each: (each.model, each.lookback_days or 0, -abs(each.conversions))))


def _credits_of(path: Path, mine: Mapping[str, str]) -> dict[tuple[str, int | None, str], tuple[float, int]]:
    # A warehouse's views name it: they are asked in a connection of its own.
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute(_CREDITS, mine).fetchall()
    return {(model, days, channel): (float(credit), int(revenue)) for model, days, channel, credit, revenue in rows}
