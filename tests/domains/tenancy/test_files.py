"""Businesses' files are written into the log, and followed from there."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.set_aside import Kind, SetAside
from frontdesk.core.tenant.configurations import Configurations
from frontdesk.domains.tenancy.directory import TenantDirectory
from frontdesk.domains.tenancy.files import TenantFiles
from frontdesk.domains.tenancy.tenant import load_tenants
from tests.clocks import SetClock

TENANTS = Path(__file__).parents[3] / "tenants"
CLOCK = SetClock(datetime(2026, 11, 30, 9, 0, tzinfo=UTC))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TENANTS, tmp_path / "tenants"))


@pytest.fixture
def configurations(engine: Engine, log: EventLog) -> Configurations:
    return Configurations(engine, log=log, clock=CLOCK)


@pytest.fixture
def aside(engine: Engine) -> SetAside:
    return SetAside(engine, clock=CLOCK)


@pytest.fixture
def files(folder: Path, configurations: Configurations, aside: SetAside) -> TenantFiles:
    return TenantFiles(folder, configurations=configurations, set_aside=aside)


@pytest.fixture
def directory(configurations: Configurations) -> TenantDirectory:
    return TenantDirectory(configurations)


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    touch(file)


def touch(file: Path) -> None:
    """Give a file another time, however coarse the clock of its disk is."""
    state = file.stat()
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000))


def test_what_is_read_from_the_log_is_what_the_files_say(files: TenantFiles, directory: TenantDirectory) -> None:
    assert files.write_changes() == load_tenants(TENANTS).keys()
    assert directory.refresh() == load_tenants(TENANTS).keys()
    assert dict(directory) == load_tenants(TENANTS)
    assert directory.wrong == {}


def test_a_changed_file_is_a_new_version_of_one_business(
    folder: Path, files: TenantFiles, directory: TenantDirectory, log: EventLog
) -> None:
    files.write_changes()
    directory.refresh()
    before = log.last_sequence()
    change(folder / "hmnp.yaml", "zone: America/Chicago", "zone: America/Denver")
    touch(folder / "noizylab.yaml")

    assert files.write_changes() == {"hmnp"}
    assert files.write_changes() == frozenset()
    assert log.last_sequence() == before + 1
    assert directory.refresh() == {"hmnp"}
    assert directory.refresh() == frozenset()
    assert directory["hmnp"].zone == "America/Denver"


def test_a_wrong_file_leaves_the_version_before_it_in_force(
    folder: Path, files: TenantFiles, directory: TenantDirectory, aside: SetAside
) -> None:
    files.write_changes()
    change(folder / "hmnp.yaml", "zone: America/Chicago", "zone: Chicago")
    assert files.write_changes() == frozenset()
    directory.refresh()
    assert directory["hmnp"].zone == "America/Chicago"
    (noted,) = aside.read(Kind.BUSINESS)
    assert (noted.subject, "is no IANA zone" in noted.reason, "line" in noted.reason) == ("hmnp", True, True)

    change(folder / "hmnp.yaml", "zone: Chicago", "zone: America/Denver")
    assert files.write_changes() == {"hmnp"}
    assert aside.read(Kind.BUSINESS) == []


def test_a_new_business_is_served_without_what_is_wrong(
    folder: Path, files: TenantFiles, directory: TenantDirectory, aside: SetAside
) -> None:
    change(folder / "hmnp.yaml", "rules:\n", "rules:\n  - nonsense\n")
    assert "hmnp" in files.write_changes()
    directory.refresh()
    assert directory["hmnp"].rules == ()
    assert "rules" in directory.wrong["hmnp"]
    assert aside.subjects(Kind.BUSINESS) == {"hmnp"}


def test_a_file_that_is_gone_removes_its_business(
    folder: Path, files: TenantFiles, directory: TenantDirectory, configurations: Configurations
) -> None:
    files.write_changes()
    configurations.write("sign-up", {"slug": "sign-up"}, by="Ana")
    directory.refresh()
    (folder / "hmnp.yaml").unlink()
    assert files.write_changes() == {"hmnp"}
    assert directory.refresh() == {"hmnp"}
    assert "hmnp" not in directory
    assert "sign-up" in configurations.documents(), "no file wrote it"


def test_a_folder_without_files_removes_nobody(
    folder: Path, files: TenantFiles, configurations: Configurations
) -> None:
    files.write_changes()
    before = configurations.documents()
    shutil.rmtree(folder)
    assert files.write_changes() == frozenset()
    assert configurations.documents() == before


def test_what_others_wrote_stands_until_the_file_itself_is_changed(
    folder: Path, files: TenantFiles, configurations: Configurations, aside: SetAside, directory: TenantDirectory
) -> None:
    files.write_changes()
    document = dict(configurations.documents()["hmnp"])
    configurations.write("hmnp", document | {"zone": "America/Denver"}, by="the settings page")
    configurations.remove("noizylab", by="Ana")
    started_again = TenantFiles(folder, configurations=configurations, set_aside=aside)
    assert started_again.write_changes() == frozenset()
    directory.refresh()
    assert directory["hmnp"].zone == "America/Denver"
    assert "noizylab" not in directory

    change(folder / "hmnp.yaml", "zone: America/Chicago", "zone: America/New_York")
    change(folder / "noizylab.yaml", "industry: ", "industry: other ")
    assert started_again.write_changes() == {"hmnp", "noizylab"}
    directory.refresh()
    assert directory["hmnp"].zone == "America/New_York"
    assert "noizylab" in directory
