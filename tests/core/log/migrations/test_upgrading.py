"""An upgrade is whole or not at all, by one process, and a home of a newer version is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, Inspector, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from typer.testing import CliRunner

from frontdesk.core.cli import build_app
from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError, FrontdeskError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import check_not_newer, create_tables, open_database, open_engine, writing
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.migrations import revisions, upgrading
from frontdesk.core.log.migrations.revisions import newest_revision, read_revision
from tests.core.backends import Backend
from tests.core.factories import new_event
from tests.core.log.migrations.old_homes import make_postgresql, make_sqlite

NEXT = f"{int(newest_revision()) + 1:04}"
ADDS_A_COLUMN = f"""
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{newest_revision()}"


def upgrade() -> None:
    with op.batch_alter_table("outbox_holds") as table:
        table.add_column(sa.Column("asked_by", sa.Text))
        table.create_check_constraint("hold_is_asked_for", "asked_by IS NULL OR asked_by <> ''")
"""
FAILS = ADDS_A_COLUMN + "    raise ValueError('half-way')\n"


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The scripts of a version to come, in the place of ours while it lasts."""
    folder = tmp_path / "migrations"
    shutil.copytree(revisions.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with monkeypatch.context() as patch:
        patch.setattr(revisions, "FOLDER", folder)
        patch.setattr(upgrading, "FOLDER", folder)
        yield folder / "versions" / f"{NEXT}_2030_01_01_next.py"


def write(file: Path, version: str) -> None:
    """Add a version to those that are known."""
    file.write_text(version, encoding="utf-8")
    revisions.known_revisions.cache_clear()


def test_a_later_revision_changes_a_table_with_rows_after_a_copy(
    backend: Backend, newer: Path, tmp_path: Path
) -> None:
    log = EventLog(backend.open(), ids=UuidV7Factory(SystemClock()))
    log.append([new_event()])
    write(newer, ADDS_A_COLUMN)
    engine = open_engine(backend.url)

    create_tables(engine, backups=tmp_path / "copies")

    assert read_revision(engine) == NEXT
    assert "asked_by" in {column["name"] for column in inspect(engine).get_columns("outbox_holds")}
    assert len([*(tmp_path / "copies").iterdir()]) == 1
    with pytest.raises(DBAPIError, match="hold_is_asked_for"), engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO outbox_holds (reason, held_at, held_by, asked_by)"
                " VALUES ('x', '2026-01-01T00:00:00.000000Z', 'a', '')"
            )
        )
    engine.dispose()


def test_a_revision_that_fails_changes_nothing(backend: Backend, newer: Path, tmp_path: Path) -> None:
    backend.open()
    write(newer, FAILS)
    engine = open_engine(backend.url)

    with pytest.raises(ValueError, match="half-way"):
        create_tables(engine, backups=tmp_path / "copies")

    assert read_revision(engine) == f"{int(NEXT) - 1:04}"
    assert "asked_by" not in {column["name"] for column in inspect(engine).get_columns("outbox_holds")}
    assert _constraints_are_checked(engine)
    engine.dispose()


def test_a_home_of_a_newer_version_is_refused_in_one_line(backend: Backend) -> None:
    engine = backend.open()
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")

    for refused in (create_tables, check_not_newer):
        with pytest.raises(ConfigurationError, match=r"revision 0999.*a newer version has opened it") as raised:
            refused(engine)
        assert "\n" not in raised.value.detail


def test_serve_refuses_a_newer_home(tmp_path: Path) -> None:
    with writing(open_database(f"sqlite:///{tmp_path / 'frontdesk.db'}")) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")

    done = subprocess.run(
        [Path(sys.executable).with_name("frontdesk"), "serve", "--port", "0"],
        env={**os.environ, "FRONTDESK_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert "a newer version has opened it" in done.stderr


def test_a_database_that_is_away_is_not_newer(tmp_path: Path) -> None:
    check_not_newer(open_engine("postgresql+psycopg://nobody@127.0.0.1:1/frontdesk"))
    check_not_newer(open_engine(f"sqlite:///{tmp_path / 'frontdesk.db'}"))


def test_many_at_once_upgrade_once(backend: Backend, tmp_path: Path) -> None:
    if backend.name == "sqlite":
        make_sqlite(Path(backend.url.removeprefix("sqlite:///")))
    else:
        make_postgresql(backend.url)
    raised: list[Exception] = []

    def upgrade() -> None:
        try:
            open_database(backend.url, backups=tmp_path / "copies").dispose()
        except (FrontdeskError, SQLAlchemyError) as error:
            raised.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert raised == []
    assert len([*(tmp_path / "copies").iterdir()]) == 1


def test_a_copy_that_can_not_be_written_stops_the_upgrade(tmp_path: Path) -> None:
    make_sqlite(tmp_path / "frontdesk.db")
    (tmp_path / "backups").write_text("a file in the place of the folder", encoding="utf-8")

    with pytest.raises(EventLogUnavailableError, match="nothing was changed"):
        open_database(f"sqlite:///{tmp_path / 'frontdesk.db'}")

    assert not inspect(open_engine(f"sqlite:///{tmp_path / 'frontdesk.db'}")).has_table("heartbeats")


def test_an_opened_home_is_opened_again_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'frontdesk.db'}"
    open_database(url).dispose()
    opened = f"from frontdesk.core.log.database import open_database; open_database({url!r})"
    code = f"import sys; {opened}; print('alembic' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def test_references_are_checked_again_after_an_upgrade(tmp_path: Path) -> None:
    assert _constraints_are_checked(open_database(f"sqlite:///{tmp_path / 'frontdesk.db'}"))


def test_db_tells_and_upgrades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_HOME", str(tmp_path))

    assert "not created yet" in _run("status")
    assert not (tmp_path / "frontdesk.db").exists()
    make_sqlite(tmp_path / "frontdesk.db")
    told = _run("status")
    assert "revision 0001, told by its tables" in told
    assert "0002 What is set aside" in told
    assert f"Upgraded to revision {newest_revision()}; it was at 0001." in _run("upgrade")
    assert "at the newest revision" in _run("status")
    assert "already" in _run("upgrade")


def _run(command: str) -> str:
    result = CliRunner().invoke(build_app("db"), ["db", command])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def _constraints_are_checked(engine: Engine) -> bool:
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"), engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO outbox_notes (command_key, reason, noted_at)"
                " VALUES ('none', 'x', '2026-01-01T00:00:00.000000Z')"
            )
        )
    return True


def test_a_database_that_another_process_upgrades_meanwhile_is_read_again(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def upgraded_meanwhile(connection: Connection) -> Inspector:
        monkeypatch.undo()
        open_database(backend.url).dispose()
        return inspect(connection)

    engine = open_engine(backend.url)
    monkeypatch.setattr(revisions, "inspect", upgraded_meanwhile)
    assert read_revision(engine) == newest_revision()
    engine.dispose()
