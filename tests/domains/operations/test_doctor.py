"""Each check finds what is wrong, says what to do, and leaves nothing behind."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from frontdesk.core.log.database import create_tables, open_database, open_engine
from frontdesk.core.settings import Settings
from frontdesk.domains.operations import doctor
from frontdesk.domains.operations.doctor import examine
from frontdesk.domains.operations.findings import Finding, Level
from frontdesk.domains.tenancy.files import TenantFiles
from tests.core.running.standins import free_port
from tests.core.secret_store.stores import KEY, WITH_KEY, WITH_OTHER_KEY, Store

ROOT = Path(__file__).parents[3]


class Usage(NamedTuple):
    """As shutil.disk_usage answers."""

    total: int
    used: int
    free: int


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "tenants").mkdir()
    shutil.copy(ROOT / "tenants" / "noizylab.yaml", tmp_path / "tenants")
    return {
        "home": tmp_path / "home",
        "tenants_dir": tmp_path / "tenants",
        "receiver_port": free_port(),
        "dagster_port": free_port(),
        "dashboard_port": free_port(),
    }


def find(settings: dict[str, Any], subject: str, *, environ: Mapping[str, str] | None = None) -> list[Finding]:
    findings = examine(Settings(**settings), environ=environ or {})
    return [finding for finding in findings if finding.subject.startswith(subject)]


def test_a_new_home_is_in_order_but_for_what_is_not_set_yet(settings: dict[str, Any]) -> None:
    findings = list(examine(Settings(**settings), environ={}))

    assert {finding.subject for finding in findings if finding.level is Level.ERROR} == set()
    assert all(finding.remedy for finding in findings if finding.level is not Level.OK)
    assert not settings["home"].exists()


def test_little_room(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    levels = []
    for free in (5 * 2**30, 2**30, 2**20):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: Usage(free, 0, free))
        levels.append(find(settings, "Disk")[0].level)

    assert levels == [Level.OK, Level.WARNING, Level.ERROR]


def test_a_quicker_allocator_is_told_and_never_needed(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    for library in ("libjemalloc.so.2", None):
        monkeypatch.setattr(doctor, "quicker_allocator", lambda library=library: library)
        told += find(settings, "Memory")

    assert {finding.level for finding in told} == {Level.OK}
    assert told[0].detail.startswith("by libjemalloc.so.2")
    assert "libjemalloc2" in told[1].detail


def test_a_home_that_cannot_be_written(settings: dict[str, Any]) -> None:
    # A folder that not even root can write to.
    [home] = find(settings | {"home": Path("/proc/frontdesk")}, "Home")

    assert home.level is Level.ERROR
    assert home.detail.startswith("/proc: ")
    assert "set FRONTDESK_HOME" in home.remedy


def test_every_wrong_tenant_file_is_told(settings: dict[str, Any]) -> None:
    for name in ("one", "two"):
        (settings["tenants_dir"] / f"{name}.yaml").write_text("slug: x", encoding="utf-8")

    findings = find(settings, "Tenants")

    wrong = [finding.detail for finding in findings if finding.level is Level.ERROR]
    assert any("one.yaml: name: is missing" in detail for detail in wrong)
    assert any("two.yaml: zone: is missing" in detail for detail in wrong)
    assert findings[-1] == Finding(Level.OK, "Tenants", "valid: noizylab")


def test_a_file_that_is_not_in_force_is_told(settings: dict[str, Any]) -> None:
    engine = open_database(Settings(**settings).event_log_url)
    file = settings["tenants_dir"] / "noizylab.yaml"
    text = file.read_text(encoding="utf-8")
    TenantFiles.open(engine, folder=file.parent).write_changes()
    engine.dispose()
    assert [finding.level for finding in find(settings, "Tenants")] == [Level.OK]

    file.write_text(text.replace("zone: America/Toronto", "zone: Toronto"), encoding="utf-8")
    wrong, valid = find(settings, "Tenants")
    assert (wrong.level, "zone" in wrong.detail) == (Level.ERROR, True)
    assert "by the file noizylab.yaml stays in force" in wrong.remedy
    assert valid == Finding(Level.OK, "Tenants", "valid: noizylab")

    file.write_text(text.replace("name: NOIZYLAB", "name: Noizy"), encoding="utf-8")
    [other, _] = find(settings, "Tenants")
    assert (other.level, "noizylab.yaml is not in force: the version of" in other.detail) == (Level.WARNING, True)


def test_no_tenants_at_all(settings: dict[str, Any], tmp_path: Path) -> None:
    [finding] = find(settings | {"tenants_dir": tmp_path / "nowhere"}, "Tenants")

    assert finding.level is Level.ERROR


def test_secrets_are_told_by_name_and_never_by_value(settings: dict[str, Any]) -> None:
    prefix = "FRONTDESK_NOIZYLAB_STRIPE"
    subject = "Secrets of noizylab, stripe"
    part = {f"{prefix}_WEBHOOK_SECRET": "whsec_hidden"}

    [none] = find(settings, subject)
    [some] = find(settings, subject, environ=part)
    [every] = find(settings, subject, environ=part | {f"{prefix}_API_KEY": "sk_hidden"})

    assert (none.level, some.level, every.level) == (Level.WARNING, Level.WARNING, Level.OK)
    assert f"{prefix}_WEBHOOK_SECRET" in none.remedy
    assert f"{prefix}_WEBHOOK_SECRET" not in some.remedy
    assert f"{prefix}_API_KEY" in some.remedy
    assert "hidden" not in f"{none}{some}{every}"


def test_a_port_that_another_program_has(settings: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", settings["dagster_port"])):
        [finding] = find(settings, f"Port {settings['dagster_port']}")

    assert finding.level is Level.ERROR
    assert "set FRONTDESK_DAGSTER_PORT" in finding.remedy


def test_the_event_log(settings: dict[str, Any], tmp_path: Path) -> None:
    [missing] = find(settings, "Event log")
    settings["home"].mkdir()
    database = settings["home"] / "frontdesk.db"
    engine = open_engine(f"sqlite:///{database}")
    create_tables(engine)
    engine.dispose()
    [empty] = find(settings, "Event log")
    database.write_bytes(b"this is no database" * 100)
    [broken] = find(settings, "Event log")
    [wrong_url] = find(settings | {"database_url": "nonsense"}, "Event log")
    [away] = find(settings | {"database_url": f"postgresql+psycopg://u:hidden@/x?host={tmp_path}"}, "Event log")

    assert (missing.level, "not created yet" in missing.detail) == (Level.OK, True)
    assert (empty.level, "writable, newest event has sequence 0" in empty.detail) == (Level.OK, True)
    assert (broken.level, "file is not a database" in broken.detail) == (Level.ERROR, True)
    assert (wrong_url.level, away.level) == (Level.ERROR, Level.ERROR)
    assert "hidden" not in away.detail


def test_the_published_file(settings: dict[str, Any]) -> None:
    [missing] = find(settings, "Published file")
    settings["home"].mkdir()
    path = settings["home"] / "analytics.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create table marts.dim_contacts (contact_id text)")
    [good] = find(settings, "Published file")
    path.write_bytes(b"this is no database" * 1_000)
    [broken] = find(settings, "Published file")

    assert (missing.level, missing.remedy[:12]) == (Level.WARNING, "Run `frontde")
    assert (good.level, good.detail) == (Level.OK, f"{path}: 1 relations")
    assert broken.level is Level.ERROR


def test_an_old_python(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))

    [finding] = find(settings, "Python")
    assert (finding.level, finding.detail) == (Level.ERROR, "3.10.4")


def test_what_is_missing_to_send_is_told_by_variable(settings: dict[str, Any]) -> None:
    environ = {
        "FRONTDESK_NOIZYLAB_TWILIO_ACCOUNT_SID": "AC1",
        "FRONTDESK_NOIZYLAB_TWILIO_AUTH_TOKEN": "secret",
        "FRONTDESK_NOIZYLAB_GRAPH_CLIENT_ID": "app",
    }

    findings = {finding.subject: finding for finding in examine(Settings(**settings), environ=environ)}

    assert findings["Sending of noizylab by twilio"].level is Level.OK
    graph = findings["Sending of noizylab by graph"]
    assert graph.level is Level.WARNING
    assert graph.remedy == (
        "Set FRONTDESK_NOIZYLAB_GRAPH_TENANT_ID, FRONTDESK_NOIZYLAB_GRAPH_CLIENT_SECRET,"
        " or run: frontdesk secrets set noizylab GRAPH_TENANT_ID"
    )


def test_alerts_that_reach_nobody_are_told(settings: dict[str, Any]) -> None:
    wrong = {"alert_email": "büro@example.de, owner@example.de", "alert_webhook_url": "alerts.example"}
    found = find(settings | wrong, "Alerts")
    assert [(each.level, each.detail.partition(":")[0]) for each in found] == [
        (Level.ERROR, "FRONTDESK_ALERT_EMAIL"),
        (Level.ERROR, "FRONTDESK_ALERT_WEBHOOK_URL"),
    ]
    assert find(settings | {"alert_email": "owner@example.de"}, "Alerts") == []


def stored(settings: dict[str, Any], *secrets: tuple[str, str]) -> None:
    engine = open_database(Settings(**settings).event_log_url)
    for tenant_id, name in secrets:
        Store(engine).set(tenant_id, name, "hidden_value")
    engine.dispose()


def test_a_stored_secret_is_set(settings: dict[str, Any]) -> None:
    stored(settings, ("noizylab", "STRIPE_WEBHOOK_SECRET"), ("noizylab", "STRIPE_API_KEY"))

    findings = list(examine(Settings(**settings), environ=WITH_KEY))

    by_subject = {finding.subject: finding for finding in findings}
    assert by_subject["Master key"] == Finding(Level.OK, "Master key", "set; stored secrets: 2")
    assert by_subject["Secrets of noizylab, stripe"].level is Level.OK
    assert "Stored secrets of noizylab" not in by_subject
    assert "hidden" not in str(findings)
    assert KEY not in str(findings)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "FRONTDESK_MASTER_KEY is not set"),
        ({"FRONTDESK_MASTER_KEY": "malformed"}, "FRONTDESK_MASTER_KEY: is not 32 bytes in base64 or hex"),
        (WITH_OTHER_KEY, "stored under another master key"),
    ],
)
def test_stored_secrets_that_can_not_be_read_are_told(
    settings: dict[str, Any], environ: dict[str, str], words: str
) -> None:
    stored(settings, ("noizylab", "TWILIO_AUTH_TOKEN"))

    findings = list(examine(Settings(**settings), environ=environ))

    wrong = {finding.subject: finding for finding in findings if finding.level is Level.ERROR}
    assert words in wrong["Stored secrets of noizylab"].detail
    assert wrong["Secrets of noizylab, twilio"].detail == "can't be read: its deliveries are asked to come again"
    assert wrong["Sending of noizylab by twilio"].detail == "can't be read: messages wait"
    assert ("Master key" in wrong) == (environ is not WITH_OTHER_KEY)
    assert all(finding.remedy for finding in wrong.values())


def test_a_malformed_master_key_is_told_before_anything_is_stored(settings: dict[str, Any]) -> None:
    [finding] = find(settings, "Master key", environ={"FRONTDESK_MASTER_KEY": "malformed"})
    assert (finding.level, "openssl rand -base64 32" in finding.detail) == (Level.ERROR, True)
    assert find(settings, "Master key", environ=WITH_KEY) == []


def test_secrets_in_both_places_and_of_nobody_are_told(settings: dict[str, Any]) -> None:
    stored(
        settings, ("noizylab", "TWILIO_AUTH_TOKEN"), ("noizylab", "ZOHO_WEBHOOK_SECRET"), ("bakery", "OWNER_API_KEY")
    )
    variable = "FRONTDESK_NOIZYLAB_TWILIO_AUTH_TOKEN"

    found = find(settings, "Stored secrets", environ=WITH_KEY | {variable: "hidden_value"})

    told = [(finding.level, finding.subject, finding.detail.split()[0]) for finding in found]
    assert told == [
        (Level.WARNING, "Stored secrets of bakery", "there"),
        (Level.WARNING, "Stored secrets of noizylab", "TWILIO_AUTH_TOKEN"),
        (Level.WARNING, "Stored secrets of noizylab", "ZOHO_WEBHOOK_SECRET"),
    ]
    assert f"Take {variable} away" in found[1].remedy
    assert "hidden" not in str(found)
