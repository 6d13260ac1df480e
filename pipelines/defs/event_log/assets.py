"""raw.event_log: the log as the warehouse sees it."""

from __future__ import annotations

from dagster import AssetsDefinition, MaterializeResult, asset

from frontdesk.core.settings import Settings
from pipelines.home_parts import build_modeller

EVENT_LOG_KEY = ["raw", "event_log"]


def build_event_log_asset(settings: Settings) -> AssetsDefinition:
    """Return the asset; materialising it follows the log to its end through the live path."""

    @asset(
        key=EVENT_LOG_KEY,
        group_name="platform",
        kinds={"python", "duckdb"},
        description="Every event of the log without its raw bytes, followed by sequence.",
    )
    def event_log() -> MaterializeResult:  # type: ignore[type-arg]  # generic only since Dagster 1.13's stubs
        with build_modeller(settings, published_by="dagster").opened() as modeller:
            count = modeller.follow_to_end()
            return MaterializeResult(
                metadata={"modelled_sequence": modeller.modelled_sequence, "count_new_events": count}
            )

    return event_log
