"""Writes businesses' configurations into the raw schema, as the rows that the models read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from frontdesk.core.money import to_minor_units
from frontdesk.domains.tenancy.tenant import Tenant
from pipelines.ingest.pipeline_tables import pipeline_tables
from pipelines.ingest.rule_tables import rule_tables

_TEXT, _TEXTS, _NUMBER = pa.string(), pa.list_(pa.string()), pa.float64()
_TENANTS = pa.schema(
    [
        *((name, _TEXT) for name in ("tenant_id", "name", "industry", "zone")),
        ("all_day_time", pa.time64("us")),
        *((name, _TEXT) for name in ("currency", "country", "languages")),
        ("cancel_is_stop", _TEXTS),
        ("decimal_mark", _TEXT),
    ]
)
_SERVICES = pa.schema(
    [
        *((name, _TEXT) for name in ("tenant_id", "service_key", "name")),
        ("price_minor", pa.int64()),
        ("currency", _TEXT),
        ("duration_minutes", pa.int32()),
        ("provider_ids", _TEXT),
    ]
)
_SOURCES = pa.schema([("tenant_id", _TEXT), ("source", _TEXT)])
_IDENTITY = pa.schema([("tenant_id", _TEXT), ("identifier_kind", _TEXT), ("use", _TEXT), ("ignored_values", _TEXTS)])
_ATTRIBUTION = pa.schema(
    [
        *((name, _TEXT) for name in ("tenant_id", "conversion", "revenue")),
        ("lookbacks_days", pa.list_(pa.int32())),
        *((name, _NUMBER) for name in ("half_life_days", "position_first", "position_between", "position_last")),
        ("direct_channels", _TEXTS),
    ]
)


def replace_documents(
    connection: duckdb.DuckDBPyConnection, tenants: Iterable[Tenant], *, of: frozenset[str] | None = None
) -> frozenset[str]:
    """Make the rows of the raw schema what these businesses' configurations say; return the tables that changed.

    of: whose rows are replaced, those of who has left too; None: everybody's.
    """
    rows_of = "true" if of is None else f"tenant_id in ({', '.join('?' for _ in of) or 'null'})"
    changed = set()
    for name, coming in _tables(list(tenants)).items():
        before = connection.execute(f"select * from raw.{name} where {rows_of}", sorted(of or ())).fetchall()
        connection.execute(f"delete from raw.{name} where {rows_of}", sorted(of or ()))
        connection.register("tenant_rows", coming)
        connection.execute(f"insert into raw.{name} by name select * from tenant_rows")
        connection.unregister("tenant_rows")
        after = connection.execute(f"select * from raw.{name} where {rows_of}", sorted(of or ())).fetchall()
        if sorted(map(repr, before)) != sorted(map(repr, after)):
            changed.add(name)
    return frozenset(changed)


def _tables(tenants: list[Tenant]) -> dict[str, pa.Table]:
    return {
        "tenants": pa.Table.from_pylist([_tenant_row(tenant) for tenant in tenants], schema=_TENANTS),
        "services": pa.Table.from_pylist([row for t in tenants for row in _service_rows(t)], schema=_SERVICES),
        "tenant_sources": pa.Table.from_pylist(
            [{"tenant_id": t.slug, "source": each.name} for t in tenants for each in t.sources], schema=_SOURCES
        ),
        "identity_rules": pa.Table.from_pylist([row for t in tenants for row in _identity_rows(t)], schema=_IDENTITY),
        "attribution_settings": pa.Table.from_pylist([_attribution_row(t) for t in tenants], schema=_ATTRIBUTION),
        **rule_tables(tenants),
        **pipeline_tables(tenants),
    }


def _tenant_row(tenant: Tenant) -> dict[str, Any]:
    return {
        "tenant_id": tenant.slug,
        "name": tenant.name,
        "industry": tenant.industry,
        "zone": tenant.zone,
        "all_day_time": tenant.all_day_time,
        "currency": tenant.currency,
        "country": tenant.country,
        "languages": ",".join(tenant.spoken_languages()),
        "cancel_is_stop": list(tenant.opt_out.cancel_is_stop),
        "decimal_mark": tenant.written_decimal_mark,
    }


def _service_rows(tenant: Tenant) -> Iterator[dict[str, Any]]:
    for service in tenant.services:
        yield {
            "tenant_id": tenant.slug,
            "service_key": service.key,
            "name": service.name,
            "price_minor": to_minor_units(service.price, tenant.currency),
            "currency": tenant.currency,
            "duration_minutes": service.duration_minutes,
            "provider_ids": orjson.dumps(service.provider_ids).decode(),
        }


def _identity_rows(tenant: Tenant) -> Iterator[dict[str, Any]]:
    for rule in tenant.identity:
        yield {
            "tenant_id": tenant.slug,
            "identifier_kind": rule.identifier,
            "use": rule.use,
            "ignored_values": tenant.nobodys_values(rule),
        }


def _attribution_row(tenant: Tenant) -> dict[str, Any]:
    settings = tenant.attribution
    first, between, last = settings.position
    return {
        "tenant_id": tenant.slug,
        "conversion": settings.conversion,
        "revenue": settings.revenue,
        "lookbacks_days": list(settings.lookbacks_days),
        "half_life_days": settings.half_life_days,
        "position_first": first,
        "position_between": between,
        "position_last": last,
        "direct_channels": list(settings.direct_channels),
    }
