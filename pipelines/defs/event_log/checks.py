"""Checks on raw.event_log against the log itself."""

from __future__ import annotations

from dagster import AssetCheckResult, AssetChecksDefinition, asset_check

from frontdesk.core.published.reader import opened
from frontdesk.core.settings import Settings
from pipelines.defs.event_log.assets import EVENT_LOG_KEY
from pipelines.home_parts import build_event_log


def build_event_log_checks(settings: Settings) -> list[AssetChecksDefinition]:
    """Return the checks; they read the published file, which tells what readers see."""

    @asset_check(asset=EVENT_LOG_KEY, description="The newest modelled event is the newest of the log.")
    def modelled_through_the_end_of_the_log() -> AssetCheckResult:
        log_sequence = build_event_log(settings).last_sequence()
        with opened(settings.analytics_path) as published:
            modelled = published.modelled_sequence()
        return AssetCheckResult(
            passed=modelled >= log_sequence,
            metadata={"log_sequence": log_sequence, "modelled_sequence": modelled},
        )

    return [modelled_through_the_end_of_the_log]
