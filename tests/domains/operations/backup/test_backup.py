"""A backup holds everything that was acknowledged before it began, while others write."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from frontdesk.core.cli import build_app
from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError
from frontdesk.core.log.database import writing
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.migrations import copies
from frontdesk.domains.operations.backup import backup
from frontdesk.domains.operations.backup.errors import BackupError
from tests.core.factories import new_event
from tests.core.log.migrations.old_homes import make_sqlite
from tests.domains.operations.backup.places import IDS, Place


def test_a_backup_holds_the_database_and_the_files_that_are_not_computed(place: Place, tmp_path: Path) -> None:
    place.append(["a", "b"])

    manifest = place.back_up(tmp_path / "backup.tar.gz")

    assert manifest.newest_sequence == 2
    assert manifest.counts["event_log"] == 2
    assert sorted(name for name in manifest.files if not name.startswith("database/")) == [
        "media/noizylab/photo.jpg",
        "reports/noizylab/weekly/a.json",
        "tenants/noizylab.yaml",
    ]
    assert (tmp_path / "backup.tar.gz").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == ["backup.tar.gz"]


def test_what_was_acknowledged_before_a_backup_is_in_it_under_load(
    place: Place, other: Place, tmp_path: Path
) -> None:
    acknowledged: list[str] = []
    stopping, is_under_way = threading.Event(), threading.Event()

    def write() -> None:
        engine = place.engine()
        log = EventLog(engine, ids=IDS)
        number = 0
        while not stopping.is_set():
            ids = [f"e{number + each}" for each in range(20)]
            log.append([new_event(each, body=b"x" * 2_000) for each in ids])
            acknowledged.extend(ids)
            number += 20
            if number > 2_000:
                is_under_way.set()
        engine.dispose()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert is_under_way.wait(60)
        before = list(acknowledged)
        manifest = place.back_up(tmp_path / "backup.tar.gz")
        after = len(acknowledged)
    finally:
        stopping.set()
        writer.join()

    assert after > len(before), "nothing was written meanwhile: this proves nothing"
    other.restore(tmp_path / "backup.tar.gz")
    found = other.events()
    assert set(before) <= set(found)
    assert len(found) == manifest.counts["event_log"] == manifest.newest_sequence
    assert found == acknowledged[: len(found)], "no more than was written, in its order, and nothing left out"


def test_a_home_of_an_older_version_is_backed_up_as_it_is(sqlite_place: Place, tmp_path: Path) -> None:
    make_sqlite(sqlite_place.home / "frontdesk.db")

    manifest = sqlite_place.back_up(tmp_path / "backup.tar.gz")

    assert manifest.revision == "0001"
    assert "heartbeats" not in manifest.counts


def test_an_empty_place_is_not_backed_up(sqlite_place: Place, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing is to be backed up"):
        sqlite_place.back_up(tmp_path / "backup.tar.gz")

    assert not (tmp_path / "backup.tar.gz").exists()


def test_a_backup_that_fails_leaves_nothing_and_keeps_the_one_before(
    sqlite_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_place.append(["a"])
    sqlite_place.back_up(tmp_path / "backup.tar.gz")
    before = (tmp_path / "backup.tar.gz").read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise BackupError("the disk lies")

    monkeypatch.setattr(backup, "check_copy", fail)
    with pytest.raises(BackupError, match="the disk lies"):
        sqlite_place.back_up(tmp_path / "backup.tar.gz")

    assert (tmp_path / "backup.tar.gz").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.tar.gz", "first"]


def test_without_pg_dump_it_is_said_what_is_missing(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place.backend is None:
        return
    place.append(["a"])
    monkeypatch.setattr(copies, "find_program", lambda *_, **__: None)

    with pytest.raises(ConfigurationError, match="pg_dump, which is neither on PATH"):
        place.back_up(tmp_path / "backup.tar.gz")


def test_pg_dump_that_fails_is_told_by_its_last_line(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place.backend is None:
        return
    place.append(["a"])
    monkeypatch.setattr(copies, "find_program", lambda *_, **__: Path("/bin/false"))

    with pytest.raises(EventLogUnavailableError, match="false: status 1"):
        place.back_up(tmp_path / "backup.tar.gz")


def test_the_command_writes_into_the_home_by_default(sqlite_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_HOME", str(sqlite_place.home))
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(sqlite_place.settings.tenants_dir))
    sqlite_place.append(["a", "b"])

    result = CliRunner().invoke(build_app("backup"), ["backup"])

    assert result.exit_code == 0, result.output
    assert "2 events up to 2" in result.output
    assert len([*(sqlite_place.home / "backups").glob("frontdesk-*.tar.gz")]) == 1


def test_a_newer_database_is_not_backed_up_by_an_older_version(sqlite_place: Place, tmp_path: Path) -> None:
    with writing(sqlite_place.engine()) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")

    with pytest.raises(ConfigurationError, match="newer version"):
        sqlite_place.back_up(tmp_path / "backup.tar.gz")
