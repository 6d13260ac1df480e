"""Pages follow the businesses' configurations in the log, and read them alone."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine

from dashboard.frame.configurations import ConfigurationsInForce
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.log.database import open_database
from frontdesk.core.settings import Settings
from frontdesk.core.tenant.files import content_of
from frontdesk.domains.tenancy.directory import open_configurations
from frontdesk.domains.tenancy.files import TenantFiles
from tests.clocks import SetClock
from tests.dashboard.conftest import open_page, text_of
from tests.dashboard.published_file import MASSAGE
from tests.dashboard.receivers import TENANTS
from tests.webhooks.server import wait_for


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TENANTS, tmp_path / "tenants"))


@pytest.fixture
def in_force(tmp_path: Path, folder: Path) -> Iterator[ConfigurationsInForce]:
    configurations = ConfigurationsInForce(Settings(home=tmp_path).event_log_url, folder)
    yield configurations
    configurations.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(Settings(home=tmp_path).event_log_url)
    yield engine
    engine.dispose()


def test_files_are_read_where_no_version_is_in_the_log_and_no_home_is_made(
    in_force: ConfigurationsInForce, tmp_path: Path, folder: Path
) -> None:
    assert in_force.get(MASSAGE).slug == MASSAGE
    assert in_force.version_of(MASSAGE) is None
    assert in_force.text_of(MASSAGE) == (folder / f"{MASSAGE}.yaml").read_text(encoding="utf-8")
    assert not (tmp_path / "frontdesk.db").exists()
    with pytest.raises(ConfigurationError):
        in_force.get("nobody")


def test_a_new_version_is_shown_within_two_seconds(
    in_force: ConfigurationsInForce, engine: Engine, folder: Path
) -> None:
    TenantFiles.open(engine, folder=folder).write_changes()
    assert in_force.get(MASSAGE).name != "Changed"
    document = {**content_of(folder / f"{MASSAGE}.yaml"), "name": "Changed"}
    open_configurations(engine).write(MASSAGE, document, by="Ana")
    began = time.monotonic()
    wait_for(lambda: in_force.get(MASSAGE).name == "Changed")
    assert time.monotonic() - began < 2
    version = in_force.version_of(MASSAGE)
    assert version is not None
    assert version.written_by == "Ana"


def test_a_business_without_a_file_is_shown_as_one(
    in_force: ConfigurationsInForce, engine: Engine, folder: Path
) -> None:
    file = folder / f"{MASSAGE}.yaml"
    document = content_of(file)
    open_configurations(engine).write(MASSAGE, document, by="Ana")
    file.unlink()
    text = in_force.text_of(MASSAGE)
    assert text.startswith(f"slug: {MASSAGE}\nname: ")
    assert yaml.safe_load(text) == document


@pytest.mark.usefixtures("filled_home")
def test_systems_tells_what_is_in_force(engine: Engine, folder: Path) -> None:
    clock = SetClock(datetime(2026, 11, 2, 1, 0, tzinfo=UTC))
    document = content_of(folder / f"{MASSAGE}.yaml")
    open_configurations(engine, clock=clock).write(MASSAGE, document, by="ana@example.com")
    text = text_of(open_page("systems", tenant=MASSAGE))
    assert "Settings in force since" in text
    assert "by ana@example.com." in text
    assert "What is wrong with these settings" not in text

    open_configurations(engine, clock=clock).write(MASSAGE, {**document, "rules": ["nonsense"]}, by="ana@example.com")
    wait_for(lambda: "What is wrong with these settings" in text_of(open_page("systems", tenant=MASSAGE)))
