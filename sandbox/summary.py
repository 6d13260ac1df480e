"""What came of it all, read from the published file as an analyst would read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from rich import box
from rich.table import Table

from sandbox.tally import ACCEPTED, DUPLICATE, REFUSED, TAKEN, UNDELIVERED, Tally

_COUNTS = """
with tenants as (select tenant_id, currency from marts.dim_tenants),
events as (select tenant_id, sum(count_events) as events from marts.fct_source_activity group by all),
contacts as (select tenant_id, count(*) as contacts from marts.dim_contacts group by all),
bookings as (select tenant_id, count(*) as bookings from marts.fct_bookings group by all),
payments as (
    select
        tenant_id,
        count(*) as payments,
        sum(net_minor) as revenue_minor
    from marts.fct_payments group by all
),
messages as (select tenant_id, count(*) as messages from marts.fct_messages group by all),
touchpoints as (select tenant_id, count(*) as touchpoints from marts.fct_touchpoints group by all)
select
    tenant_id,
    coalesce(events, 0)::bigint,
    coalesce(contacts, 0)::bigint,
    coalesce(bookings, 0)::bigint,
    coalesce(payments, 0)::bigint,
    coalesce(messages, 0)::bigint,
    coalesce(touchpoints, 0)::bigint,
    coalesce(revenue_minor, 0)::bigint,
    currency
from tenants
left join events using (tenant_id)
left join contacts using (tenant_id)
left join bookings using (tenant_id)
left join payments using (tenant_id)
left join messages using (tenant_id)
left join touchpoints using (tenant_id)
order by tenant_id
"""


@dataclass(frozen=True, slots=True)
class TenantFigures:
    """One tenant's figures in the published file."""

    tenant: str
    events: int
    contacts: int
    bookings: int
    payments: int
    messages: int
    touchpoints: int
    revenue_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Published:
    """The published file's state."""

    modelled_sequence: int
    published_at: datetime  # aware UTC
    tenants: tuple[TenantFigures, ...]

    @property
    def events(self) -> int:
        """Events of all tenants."""
        return sum(figures.events for figures in self.tenants)


def read_published(path: Path) -> Published:
    """Read the published file. Raises duckdb.Error if it is missing, or lacks a relation or its row."""
    with duckdb.connect(str(path), read_only=True) as connection:
        freshness = connection.execute(
            "select modelled_sequence, epoch(published_at) from reports.rpt_freshness"
        ).fetchone()
        rows = connection.execute(_COUNTS).fetchall()
    if freshness is None:
        raise duckdb.InvalidInputException("reports.rpt_freshness has no row")
    sequence, published_s = freshness
    return Published(
        modelled_sequence=int(sequence),
        published_at=datetime.fromtimestamp(published_s, tz=UTC),
        tenants=tuple(TenantFigures(*row) for row in rows),
    )


def find_shortfalls(published: Published, tally: Tally, *, log_sequence: int) -> list[str]:
    """Return why the run did not succeed, nothing if every accepted event is modelled."""
    unwanted = ((outcome, tally.count([outcome])) for outcome in (REFUSED, UNDELIVERED))
    shortfalls = [f"{count} deliveries were {outcome}" for outcome, count in unwanted if count]
    last = max(log_sequence, tally.last_sequence)
    if published.modelled_sequence != last:
        shortfalls.append(f"the model ends at event {published.modelled_sequence}, the log at {last}")
    if published.events < tally.count([ACCEPTED]):
        shortfalls.append(f"the log has {published.events} modelled events, {tally.count([ACCEPTED])} were accepted")
    return shortfalls


def build_tables(published: Published, tally: Tally) -> tuple[Table, Table]:
    """Return what was sent and what it means: a row a tenant, and the sums."""
    every = (ACCEPTED, DUPLICATE, TAKEN, REFUSED, UNDELIVERED)
    delivery_counts = {
        figures.tenant: (
            tally.count(every, tenant=figures.tenant),
            tally.count([ACCEPTED, TAKEN], tenant=figures.tenant),
            tally.count([DUPLICATE], tenant=figures.tenant),
            tally.count([REFUSED, UNDELIVERED], tenant=figures.tenant),
            figures.events,
        )
        for figures in published.tenants
    }
    model_counts = {
        figures.tenant: (
            figures.contacts, figures.bookings, figures.payments, figures.messages, figures.touchpoints
        )
        for figures in published.tenants
    }  # fmt: skip
    revenues = {
        figures.tenant: f"{figures.revenue_minor / 100:,.0f} {figures.currency}" for figures in published.tenants
    }
    return (
        _table("Deliveries", ("Sent", "Accepted", "Duplicates", "Refused", "Events in the log"), delivery_counts),
        _table("What they mean", ("Contacts", "Bookings", "Payments", "Messages", "Touches"), model_counts, revenues),
    )


def _table(
    title: str,
    headings: Sequence[str],
    rows: Mapping[str, Sequence[int]],
    revenues: Mapping[str, str] | None = None,
) -> Table:
    table = Table(title=title, show_footer=True, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))  # fits 80 columns
    table.add_column("Tenant", footer="all", no_wrap=True)
    for number, heading in enumerate(headings):
        total = sum(values[number] for values in rows.values())
        table.add_column(heading, justify="right", footer=f"{total:,}")
    if revenues:
        table.add_column("Revenue", justify="right", no_wrap=True)  # currencies differ: no sum
    for tenant, values in rows.items():
        cells = [f"{value:,}" for value in values]
        table.add_row(tenant, *cells, *([revenues[tenant]] if revenues else []))
    return table
