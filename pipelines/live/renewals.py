"""Businesses that are configured otherwise: which of their events are modelled anew, some at a time.

A change costs as much as the business has history; nobody else waits for more than a part of it. What is left to do
stands in the warehouse, so that whoever opens it next goes on with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import duckdb

from frontdesk.core.tenant.configurations import CONFIGURED, REMOVED

#: Events of one part: others wait for as long as it takes, a third of a second to a second.
PART_EVENTS = 500

#: Whole groups of identifiers lie in one part, or a contact would be made of old facts and new ones. Who was heard of
#: last comes first: that is where something is still to go out.
_PLAN = """
    insert into raw.events_to_renew by name
    with events as (

        select
            logged.tenant_id,
            logged.event_id,
            logged.sequence,
            renewals.has_staging
        from raw.event_log as logged
        inner join raw.renewals on logged.tenant_id = renewals.tenant_id
        where list_contains($tenant_ids, renewals.tenant_id) and logged.type not in ($configured, $removed)

    ),

    groups as (

        select
            observed.event_id,
            min(components.scope_key) as scope_key
        from intermediate.int_identifiers_observed as observed
        inner join intermediate.int_identity_components as components
            on observed.identifier_key = components.identifier_key
        where observed.event_id in (select event_id from events)
        group by observed.event_id

    ),

    grouped as (

        select
            events.tenant_id,
            events.sequence,
            coalesce(groups.scope_key::varchar, 'of nobody ' || events.sequence // $part_events) as scope_key
        from events
        left join groups on events.event_id = groups.event_id
        where events.has_staging or groups.scope_key is not null

    ),

    sizes as (

        select
            tenant_id,
            scope_key,
            count(*) as count_events,
            max(sequence) as newest_sequence
        from grouped
        group by tenant_id, scope_key

    ),

    parts as (

        select
            tenant_id,
            scope_key,
            (sum(count_events) over (partition by tenant_id order by newest_sequence desc) - count_events)
            // $part_events as part
        from sizes

    )

    select
        grouped.tenant_id,
        parts.part,
        grouped.sequence
    from grouped
    inner join parts on grouped.tenant_id = parts.tenant_id and grouped.scope_key = parts.scope_key
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Events of one business that are modelled anew together."""

    tenant_id: str
    number: int
    count_events: int
    models: frozenset[str]  #: names of those that are made anew
    version: int | None  #: sequence of the configuration that asks for it, None for one that is not in the log

    @property
    def sequences(self) -> str:
        """The SQL query of its events' sequences."""
        return (
            f"select sequence from raw.events_to_renew where tenant_id = '{self.tenant_id}' and part = {self.number}"
        )


class Renewals:
    """What is to be modelled anew in one warehouse. The caller owns the connection and its transactions."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def begin(self, versions: Mapping[str, int | None], *, models: Collection[str], has_staging: bool) -> None:
        """Have businesses' events be modelled anew by these models, and by those that are not through with them yet.

        versions: by slug, the sequence of what configures it. has_staging: whether events that tell of no contact are
        concerned too.
        """
        known = self._connection.execute("select tenant_id, models, has_staging from raw.renewals").fetchall()
        under_way = {tenant_id: (models_, had_staging) for tenant_id, models_, had_staging in known}
        self.forget(versions)
        for tenant_id, version in versions.items():
            models_, had_staging = under_way.get(tenant_id, ((), False))
            if all_models := sorted({*models, *models_}):  # else nothing depends on what changed
                self._connection.execute(
                    "insert into raw.renewals values (?, ?, ?, ?)",
                    [tenant_id, all_models, has_staging or had_staging, version],
                )
        parameters = {
            "tenant_ids": list(versions),
            "part_events": PART_EVENTS,
            "configured": CONFIGURED,
            "removed": REMOVED,
        }
        self._connection.execute(_PLAN, parameters)
        self._forget_what_is_over()

    def next_part(self) -> Part | None:
        """Return what is modelled next: businesses take turns."""
        row = self._connection.execute(
            """
            with next as (select tenant_id, part from raw.events_to_renew order by part, tenant_id limit 1)

            select tenant_id, part, count(*), any_value(models), any_value(version)
            from raw.events_to_renew
            inner join next using (tenant_id, part)
            inner join raw.renewals using (tenant_id)
            group by tenant_id, part
            """
        ).fetchone()
        if row is None:
            return None
        tenant_id, number, count_events, models, version = row
        return Part(tenant_id, number, count_events, frozenset(models), version)

    def end(self, part: Part) -> bool:
        """Take note that a part is modelled; tell whether it was the business's last."""
        self._connection.execute(
            "delete from raw.events_to_renew where tenant_id = ? and part = ?", [part.tenant_id, part.number]
        )
        self._forget_what_is_over()
        return part.tenant_id not in self.tenants()

    def tenants(self) -> frozenset[str]:
        """Return whose events are not all modelled anew yet."""
        rows = self._connection.execute("select tenant_id from raw.renewals").fetchall()
        return frozenset(str(tenant_id) for (tenant_id,) in rows)

    def forget(self, tenant_ids: Iterable[str]) -> None:
        """Leave what is not modelled anew yet of businesses as it is."""
        for table in ("events_to_renew", "renewals"):
            self._connection.execute(f"delete from raw.{table} where list_contains(?, tenant_id)", [list(tenant_ids)])

    def _forget_what_is_over(self) -> None:
        self._connection.execute(
            "delete from raw.renewals where tenant_id not in (select tenant_id from raw.events_to_renew)"
        )


def forget_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Take note that everything is being made anew, by the configurations in force."""
    connection.execute("delete from raw.events_to_renew")
    connection.execute("delete from raw.renewals")
