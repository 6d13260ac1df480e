"""The Dagster definitions load, keep their lineage, and run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from dagster import AssetKey, AssetSelection, DagsterInstance, Definitions, build_sensor_context, define_asset_job

from frontdesk.core.log.set_aside import Kind
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.heartbeats import RunKind, RunOutcome
from pipelines.dagster_definitions import build_definitions
from pipelines.defs.live import sensors
from pipelines.defs.reporting.assets import BUSINESSES
from pipelines.home_parts import build_heartbeats
from tests.pipelines.facts import contact
from tests.pipelines.homes import Home
from tests.pipelines.kept import REPOSITORY
from tests.pipelines.live.test_set_aside import booking


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
    reported, cursor = set(), None
    with DagsterInstance.ephemeral() as instance:
        # The businesses' files are events after that one; an evaluation ends by the clock.
        while cursor != str(home.log.last_sequence()):
            result = sensor.evaluate_tick(build_sensor_context(instance=instance, cursor=cursor))
            reported |= {event.asset_key for event in result.asset_events}
            cursor = result.cursor
    assert {AssetKey(["raw", "event_log"]), AssetKey(["marts", "dim_contacts"])} <= reported
    assert home.query("select phone from marts.dim_contacts") == [("+61400000001",)]


def test_a_partition_is_a_report_in_the_archive(home: Home, definitions: Definitions) -> None:
    home.log.append([contact("1", phone="+61400000001")])
    with home.modeller().opened() as modeller:
        modeller.follow_to_end()
    job = definitions.resolve_job_def("weekly_report_job")
    with DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(BUSINESSES.name or "", ["avatar-imaging"])
        key = "avatar-imaging|2026-11-09"
        assert job.execute_in_process(instance=instance, partition_key=key).success
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


#: A fault of the surroundings, not of the models' text: what was modelled yesterday fails today.
_FAILING_LATER = (
    "case when source_event_id = 'poison' and (select count(*) from glob('{fault}')) > 0"
    " then error(source_event_id)::timestamptz else received_at end as received_at"
)


@pytest.mark.slow
def test_the_nightly_build_sets_aside_what_fails_a_model_and_builds_the_others(home: Home, tmp_path: Path) -> None:
    fault, project = tmp_path / "fault", tmp_path / "dbt_project"
    shutil.copytree(REPOSITORY / "dbt_project", project)
    model = project / "models/staging/frontdesk/stg_frontdesk__bookings.sql"
    right = "{{ event_columns() }},"
    assert right in model.read_text()
    failing = f"{{{{ event_columns().replace('received_at', \"{_FAILING_LATER.format(fault=fault)}\") }}}},"
    model.write_text(model.read_text().replace(right, failing))
    mistaken = replace(home, project_dir=project, target_dir=home.folder / "dbt_target")
    mistaken.log.append([booking(name, booking_id=name) for name in ("a", "poison", "b")])
    with mistaken.modeller().opened() as modeller:
        modeller.follow_to_end()
    assert mistaken.query("select count(*) from marts.fct_bookings") == [(3,)]

    fault.touch()
    settings = Settings(home=home.folder, tenants_dir=REPOSITORY / "tenants", dbt_project_dir=project)
    loaded = build_definitions(settings)
    some = AssetSelection.assets("staging/stg_frontdesk__bookings", "marts/fct_bookings", "published/analytics")
    job = define_asset_job("some_of_it", some.without_checks()).resolve(
        asset_graph=loaded.resolve_asset_graph(), resource_defs=loaded.resources
    )
    with DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance)
    assert result.success
    assert {event.asset_key.path[-1] for event in result.get_asset_materialization_events() if event.asset_key} >= {
        "stg_frontdesk__bookings",
        "fct_bookings",
    }
    assert mistaken.query("select sequence from marts.fct_quarantined_events") == [(2,)]
    assert mistaken.query("select booking_id from marts.fct_bookings order by all") == [("a",), ("b",)]
    (aside,) = mistaken.set_aside.read(Kind.EVENT)
    assert aside.sequence == 2
    assert "poison" in aside.reason
    run = build_heartbeats(settings).newest_runs()[RunKind.BUILD]
    assert (run.outcome, run.detail) == (
        RunOutcome.SUCCEEDED,
        "A model failed; what failed it was looked for and left out",
    )
