"""The live path inside Dagster: a sensor whose evaluation waits on log and outbox, not between ticks."""

from __future__ import annotations

from collections import Counter

from dagster import (
    AssetKey,
    AssetMaterialization,
    DefaultSensorStatus,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)

from pipelines.defs.event_log.assets import EVENT_LOG_KEY
from pipelines.defs.publishing.assets import PUBLISHED_KEY
from pipelines.live.batch_result import BatchResult
from pipelines.live_process import LiveProcess

#: Between two evaluations the daemon needs up to a second; the longer one lasts, the fewer events meet the gap.
EVALUATION_SECONDS = 45.0
SENSOR_NAME = "live_path_sensor"


def build_live_path_sensor(live: LiveProcess, *, evaluation_seconds: float) -> SensorDefinition:
    """Return the sensor; its warehouse connection stays warm from one evaluation to the next."""

    @sensor(
        name=SENSOR_NAME,
        minimum_interval_seconds=1,
        default_status=DefaultSensorStatus.RUNNING,
        description="Models new events, sends what is due and publishes, within a second of their arrival.",
    )
    def live_path_sensor(context: SensorEvaluationContext) -> SensorResult:
        results = live.run_for(evaluation_seconds)
        if not results:
            return SensorResult(skip_reason=live.why_idle(), cursor=context.cursor)
        return SensorResult(asset_events=_materializations(results), cursor=str(results[-1].last_sequence))

    return live_path_sensor


def _materializations(results: list[BatchResult]) -> list[AssetMaterialization]:
    """One event per asset and evaluation: the graph stays true without an entry per batch."""
    batches = Counter((change.model.schema, change.model.name) for result in results for change in result.changes)
    metadata = {
        "count_events": sum(result.count_events for result in results),
        "modelled_sequence": results[-1].last_sequence,
    }
    keys = [AssetKey(EVENT_LOG_KEY), *(AssetKey([schema, name]) for schema, name in batches), AssetKey(PUBLISHED_KEY)]
    return [AssetMaterialization(asset_key=key, metadata=dict(metadata)) for key in keys]
