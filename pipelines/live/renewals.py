"""Businesses that are configured otherwise: which of their events are modelled anew, some at a time.

A change costs as much as the business has history; nobody else waits for more than a part of it. What is left to do
stands in the warehouse, so that whoever opens it next goes on with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from frontdesk.core.tenant.configurations import CONFIGURED, REMOVED
from pipelines.live.scopes import rows_with

#: Events of one part: others wait for as long as it takes, a third of a second to a second.
PART_EVENTS = 500

#: Whole groups of identifiers lie in one part, or a contact would be made of old facts and new ones. Who was heard of
#: last comes first: that is where something is still to go out.
_PLAN = """
    insert into raw.events_to_renew by name
    with groups as (

        select
            observed.event_id,
            min(components.scope_key) as scope_key
        from intermediate.int_identifiers_observed as observed
        inner join intermediate.int_identity_components as components
            on observed.identifier_key = components.identifier_key
        where observed.tenant_id = $tenant_id
        group by observed.event_id

    ),

    events as (

        select
            logged.sequence,
            coalesce(groups.scope_key::varchar, 'of nobody ' || logged.sequence // $part_events) as scope_key
        from raw.event_log as logged
        left join groups on logged.event_id = groups.event_id
        where
            logged.tenant_id = $tenant_id
            and logged.type not in ($configured, $removed)
            and ($has_staging or groups.scope_key is not null)

    ),

    sizes as (

        select
            scope_key,
            count(*) as count_events,
            max(sequence) as newest_sequence
        from events
        group by scope_key

    ),

    parts as (

        select
            scope_key,
            (sum(count_events) over (order by newest_sequence desc) - count_events) // $part_events as part
        from sizes

    )

    select
        $tenant_id as tenant_id,
        parts.part,
        events.sequence
    from events
    inner join parts on events.scope_key = parts.scope_key
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

    def begin(self, tenant_id: str, *, models: Iterable[str], has_staging: bool, version: int | None) -> None:
        """Have a business's events be modelled anew by these models, and by those that are not through with them yet.

        has_staging: whether events that tell of no contact are concerned too.
        """
        under_way = self._connection.execute(
            "select models, has_staging from raw.renewals where tenant_id = ?", [tenant_id]
        ).fetchall()
        for known, had_staging in under_way:
            models, has_staging = {*models, *known}, has_staging or had_staging
        self._forget(tenant_id)
        self._connection.execute(
            _PLAN,
            {
                "tenant_id": tenant_id,
                "has_staging": has_staging,
                "part_events": PART_EVENTS,
                "configured": CONFIGURED,
                "removed": REMOVED,
            },
        )
        self._connection.execute(
            "insert into raw.renewals values (?, ?, ?, ?)", [tenant_id, sorted(models), has_staging, version]
        )
        self._forget_if_over(tenant_id)

    def next_part(self) -> Part | None:
        """Return what is modelled next: businesses take turns."""
        row = self._connection.execute(
            """
            select tenant_id, part, count(*), any_value(models), any_value(version)
            from raw.events_to_renew
            inner join raw.renewals using (tenant_id)
            group by tenant_id, part
            order by part, tenant_id
            limit 1
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
        return self._forget_if_over(part.tenant_id)

    def tenants(self) -> frozenset[str]:
        """Return whose events are not all modelled anew yet."""
        rows = self._connection.execute("select tenant_id from raw.renewals").fetchall()
        return frozenset(str(tenant_id) for (tenant_id,) in rows)

    def _forget_if_over(self, tenant_id: str) -> bool:
        left = self._connection.execute(
            f"select count(*) from raw.events_to_renew where {rows_with('tenant_id', frozenset({tenant_id}))}"
        ).fetchone()
        is_over = left == (0,)
        if is_over:
            self._forget(tenant_id)
        return is_over

    def _forget(self, tenant_id: str) -> None:
        for table in ("events_to_renew", "renewals"):
            self._connection.execute(f"delete from raw.{table} where tenant_id = ?", [tenant_id])


def forget_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Take note that everything is being made anew, by the configurations in force."""
    connection.execute("delete from raw.events_to_renew")
    connection.execute("delete from raw.renewals")
