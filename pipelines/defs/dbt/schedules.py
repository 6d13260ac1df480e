"""The nightly build and verification of everything."""

from __future__ import annotations

from dagster import AssetSelection, DefaultScheduleStatus, ScheduleDefinition, define_asset_job, in_process_executor

from pipelines.defs.reporting.assets import ARCHIVE

#: One process: the steps share one warehouse file and would wait for one another anyway.
full_build_job = define_asset_job(
    "full_build_job",
    # Reports are by period, and have schedules of their own.
    selection=AssetSelection.all() - AssetSelection.key_prefixes(ARCHIVE),
    executor_def=in_process_executor,
    description="Follow the log, build and test every model from the whole log, publish, and compare with a rebuild.",
)

#: At night in the tenants' zones that are busiest, and off the hour, when everybody else's jobs start.
full_build_schedule = ScheduleDefinition(
    name="full_build_schedule",
    job=full_build_job,
    cron_schedule="10 3 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
)
