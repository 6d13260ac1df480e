"""Pipelines, stages and scores of businesses as rows, in the columns of the raw schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from frontdesk.core.money import to_minor_units
from frontdesk.domains.tenancy.tenant import Tenant

_TEXTS = pa.list_(pa.string())
_POINTS = pa.map_(pa.string(), pa.float64())
_STAGES = pa.schema(
    [
        ("tenant_id", pa.string()),
        ("pipeline", pa.string()),
        ("pipeline_name", pa.string()),
        ("pipeline_of", pa.string()),
        ("stage", pa.string()),
        ("stage_name", pa.string()),
        ("stage_position", pa.int32()),
        (
            "entered_on",
            pa.list_(pa.struct([("fact_type", pa.string()), ("task_kind", pa.string()), ("only_from", _TEXTS)])),
        ),
        ("is_won", pa.bool_()),
        ("is_lost", pa.bool_()),
        ("next_action", pa.string()),
    ]
)
_SCORING = pa.schema(
    [
        ("tenant_id", pa.string()),
        ("warmness_version", pa.int32()),
        ("half_life_days", pa.float64()),
        ("fact_points", _POINTS),
        ("fact_caps", _POINTS),
        ("priority_version", pa.int32()),
        ("kind_points", _POINTS),
        ("other_kinds_points", pa.float64()),
        ("late_points", pa.float64()),
        ("late_full_after_hours", pa.float64()),
        ("warmness_points", pa.float64()),
        ("value_points", pa.float64()),
        ("value_full_from_minor", pa.int64()),
        ("appointment_points", pa.float64()),
        ("appointment_within_hours", pa.float64()),
    ]
)


def pipeline_tables(tenants: Iterable[Tenant]) -> dict[str, pa.Table]:
    """Return the rows of raw.pipeline_stages and raw.scoring, by table."""
    tenants = list(tenants)
    return {
        "pipeline_stages": pa.Table.from_pylist(
            [row for tenant in tenants for row in _stage_rows(tenant)], schema=_STAGES
        ),
        "scoring": pa.Table.from_pylist([_scoring_row(tenant) for tenant in tenants], schema=_SCORING),
    }


def _stage_rows(tenant: Tenant) -> Iterator[dict[str, Any]]:
    stages = ((pipeline, stage) for pipeline in tenant.pipelines for stage in pipeline.stages)
    for position, (pipeline, stage) in enumerate(stages, start=1):
        yield {
            "tenant_id": tenant.slug,
            "pipeline": pipeline.key,
            "pipeline_name": pipeline.name,
            "pipeline_of": pipeline.of,
            "stage": stage.key,
            "stage_name": stage.name,
            "stage_position": position,
            "entered_on": [
                {
                    "fact_type": entry.fact_type,
                    "task_kind": entry.task_kind,
                    "only_from": [pipeline.resolve(reference) for reference in only_from],
                }
                for entry, only_from in stage.restrictions()
            ],
            "is_won": stage.is_won,
            "is_lost": stage.is_lost,
            "next_action": stage.next_action,
        }


def _scoring_row(tenant: Tenant) -> dict[str, Any]:
    warmness, priority = tenant.warmness, tenant.priority
    return {
        "tenant_id": tenant.slug,
        "warmness_version": warmness.version,
        "half_life_days": warmness.half_life_days,
        "fact_points": sorted(warmness.points.items()),
        "fact_caps": sorted(warmness.caps.items()),
        "priority_version": priority.version,
        "kind_points": sorted(priority.kinds.items()),
        "other_kinds_points": priority.other_kinds,
        "late_points": priority.late,
        "late_full_after_hours": priority.late_full_after_hours,
        "warmness_points": priority.warmness,
        "value_points": priority.value,
        "value_full_from_minor": to_minor_units(priority.value_full_from, tenant.currency),
        "appointment_points": priority.appointment,
        "appointment_within_hours": priority.appointment_within_hours,
    }
