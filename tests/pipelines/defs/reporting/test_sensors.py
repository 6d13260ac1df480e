"""One sensor asks for the reports of every business, those that join while it runs too."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from dagster import DagsterInstance, SensorResult, build_sensor_context
from sqlalchemy import Engine

from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_database
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.settings import Settings
from frontdesk.core.tenant.configurations import Configurations
from frontdesk.domains.tenancy.files import TenantFiles
from frontdesk.domains.tenancy.tenant import load_tenants
from pipelines.defs.reporting.sensors import build_report_sensor
from tests.clocks import SetClock
from tests.pipelines.kept import REPOSITORY

MONDAY = datetime(2026, 3, 9, 0, 30, tzinfo=UTC)  # 8:30 in Perth


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        home=tmp_path_factory.mktemp("home"),
        tenants_dir=REPOSITORY / "tenants",
        dbt_project_dir=REPOSITORY / "dbt_project",
    )


@pytest.fixture
def engine(settings: Settings) -> Engine:
    return open_database(settings.event_log_url)


def test_each_business_is_asked_for_once(settings: Settings, engine: Engine) -> None:
    clock = SetClock(MONDAY)
    sensor = build_report_sensor(settings, clock=clock)
    configurations = Configurations(engine, log=EventLog(engine, ids=UuidV7Factory(clock)), clock=clock)
    # As the live path does when it starts.
    TenantFiles.open(engine, folder=settings.tenants_dir, clock=clock).write_changes()
    with DagsterInstance.ephemeral() as instance:

        def asked(cursor: str | None) -> tuple[set[str], str | None]:
            result = sensor(build_sensor_context(instance=instance, cursor=cursor))
            assert isinstance(result, SensorResult)
            return {str(each.partition_key) for each in result.run_requests or ()}, result.cursor

        requests, cursor = asked(None)
        assert requests == set()
        document = json.loads(load_tenants(REPOSITORY / "tenants")["avatar-imaging"].model_dump_json(by_alias=True))
        configurations.write("joined", document | {"slug": "joined"}, by="sign-up")
        clock.advance(hours=1)
        requests, cursor = asked(cursor)
        assert {"avatar-imaging|2026-03-02", "joined|2026-03-02"} <= requests
        assert asked(cursor)[0] == set()
