"""Settings in, Dagster definitions out."""

from __future__ import annotations

from dagster import Definitions
from dagster_dbt import DbtCliResource

from frontdesk.core.clock import SystemClock
from frontdesk.core.settings import Settings
from frontdesk.domains.reports.periods import PeriodKind
from pipelines.defs.dbt.assets import build_dbt_assets
from pipelines.defs.dbt.schedules import full_build_job, full_build_schedule
from pipelines.defs.event_log.assets import build_event_log_asset
from pipelines.defs.event_log.checks import build_event_log_checks
from pipelines.defs.live.sensors import EVALUATION_SECONDS, build_live_path_sensor
from pipelines.defs.publishing.assets import build_published_asset, build_verification_asset
from pipelines.defs.reporting.assets import build_report_asset
from pipelines.defs.reporting.sensors import build_report_sensor
from pipelines.home_parts import build_dbt_runner
from pipelines.live_process import LiveProcess


def build_definitions(
    settings: Settings, *, live: LiveProcess | None = None, evaluation_seconds: float = EVALUATION_SECONDS
) -> Definitions:
    """Return all assets, checks, jobs, schedules and sensors of one home.

    `live`: what models and sends in this process; None: it begins with the first evaluation of the live path's
    sensor. `evaluation_seconds` is how long one evaluation follows the log.
    """
    dbt = build_dbt_runner(settings)
    return Definitions(
        assets=[
            build_event_log_asset(settings),
            build_dbt_assets(settings),
            build_published_asset(settings),
            build_verification_asset(settings),
            *(build_report_asset(settings, kind) for kind in PeriodKind),
        ],
        asset_checks=build_event_log_checks(settings),
        jobs=[full_build_job],
        schedules=[full_build_schedule],
        sensors=[
            build_live_path_sensor(live or LiveProcess(settings), evaluation_seconds=evaluation_seconds),
            build_report_sensor(settings, clock=SystemClock()),
        ],
        resources={"dbt": DbtCliResource(**dbt.cli_options())},
    )
