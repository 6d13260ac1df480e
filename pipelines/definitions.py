"""Composition root of Dagster: settings in, definitions out."""

from __future__ import annotations

from dagster import Definitions
from dagster_dbt import DbtCliResource

from core.settings import Settings, load_settings
from pipelines.defs.dbt.assets import build_dbt_assets
from pipelines.defs.dbt.schedules import full_build_job, full_build_schedule
from pipelines.defs.event_log.assets import build_event_log_asset
from pipelines.defs.event_log.checks import build_event_log_checks
from pipelines.defs.live.sensors import build_live_path_sensor
from pipelines.defs.publishing.assets import build_published_asset
from pipelines.lib.assembly import build_dbt_runner


def build_definitions(settings: Settings) -> Definitions:
    """Return all assets, checks, jobs, schedules and sensors of one home."""
    dbt = build_dbt_runner(settings)
    return Definitions(
        assets=[build_event_log_asset(settings), build_dbt_assets(settings), build_published_asset(settings)],
        asset_checks=build_event_log_checks(settings),
        jobs=[full_build_job],
        schedules=[full_build_schedule],
        sensors=[build_live_path_sensor(settings)],
        resources={"dbt": DbtCliResource(**dbt.cli_options())},
    )


defs = build_definitions(load_settings())
