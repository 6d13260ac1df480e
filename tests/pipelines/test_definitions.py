"""The Dagster definitions load, keep their lineage, and run."""

from __future__ import annotations

import pytest
from dagster import AssetKey, DagsterInstance, Definitions, build_sensor_context

from core.settings import Settings
from pipelines.composition import build_definitions
from pipelines.defs.live import sensors
from tests.pipelines.facts import contact
from tests.pipelines.homes import REPOSITORY, Home


@pytest.fixture
def definitions(home: Home) -> Definitions:
    """Return the definitions of a built home, with the live path's evaluation cut to what a test waits for."""
    (home.folder / "dbt_target").symlink_to(home.target_dir)
    settings = Settings(
        home=home.folder, tenants_dir=REPOSITORY / "tenants", dbt_project_dir=REPOSITORY / "dbt_project"
    )
    return build_definitions(settings, evaluation_seconds=2.0)


def test_lineage_goes_from_the_log_to_the_published_file(definitions: Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    upstream = graph.get_ancestor_asset_keys(AssetKey(["published", "analytics"]))
    for key in (
        ["raw", "event_log"],
        ["staging", "stg_stripe__payments"],
        ["intermediate", "int_contact_identifiers"],
        ["marts", "fct_payments"],
        ["reports", "rpt_source_health"],
    ):
        assert AssetKey(key) in upstream, key
    assert graph.get(AssetKey(["marts", "fct_payments"])).group_name == "payments"
    assert graph.asset_check_keys


def test_the_sensor_models_new_events_and_reports_what_it_materialised(home: Home, definitions: Definitions) -> None:
    home.log.append([contact("1", phone="+61400000001")])
    sensor = definitions.resolve_sensor_def(sensors.SENSOR_NAME)
    with DagsterInstance.ephemeral() as instance:
        result = sensor.evaluate_tick(build_sensor_context(instance=instance))
    assert result.cursor == "1"
    reported = {event.asset_key for event in result.asset_events}
    assert {AssetKey(["raw", "event_log"]), AssetKey(["marts", "dim_contacts"])} <= reported
    assert home.query("select phone from marts.dim_contacts") == [("+61400000001",)]


def test_a_partition_is_a_report_in_the_archive(home: Home, definitions: Definitions) -> None:
    home.log.append([contact("1", phone="+61400000001")])
    with home.modeller().opened() as modeller:
        modeller.follow_to_end()
    job = definitions.resolve_job_def("avatar_imaging_weekly_report_job")
    with DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance, partition_key="2026-11-09").success
    names = sorted(path.name for path in (home.folder / "reports").rglob("*") if path.is_file())
    assert names == ["1.html", "1.json", "1.pdf"]
    assert home.log.read_after(1, limit=9)[0].type == "report.computed"


@pytest.mark.slow
def test_the_full_build_job_builds_tests_and_publishes(home: Home, definitions: Definitions) -> None:
    home.log.append([contact("1", phone="+61400000001", email="ana@example.com")])
    with DagsterInstance.ephemeral() as instance:
        result = definitions.resolve_job_def("full_build_job").execute_in_process(instance=instance)
    assert result.success
    evaluations = result.get_asset_check_evaluations()
    assert len(evaluations) > 100
    assert all(evaluation.passed for evaluation in evaluations)
    assert home.query("select count(*) from marts.dim_contacts") == [(1,)]
