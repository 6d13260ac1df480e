"""Homes made before there were migrations are opened, upgraded, and nothing in them is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import ConfigurationError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import create_tables, open_database, open_engine
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.migrations.revisions import UNVERSIONED, newest_revision, read_revision
from frontdesk.core.log.schema import metadata
from frontdesk.core.settings import Settings
from frontdesk.domains.operations import schema as health_schema
from frontdesk.domains.sending.outbox import schema as outbox_schema
from frontdesk.domains.sending.outbox.commands import CommandFilter, CommandState
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.staff import schema as staff_schema
from frontdesk.domains.staff.directory import StaffDirectory
from tests.core.backends import Backend
from tests.core.factories import new_event
from tests.core.log.migrations.old_homes import counts, make_postgresql, make_sqlite

IDS = UuidV7Factory(SystemClock())
#: What declares the tables that are in the metadata then.
DECLARED = (health_schema, outbox_schema, staff_schema)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "frontdesk.db"
    make_sqlite(file)
    return file


def test_an_old_home_is_upgraded_with_every_row(file: Path) -> None:
    before = counts(file)

    engine = open_database(f"sqlite:///{file}")

    after = counts(file)
    assert {name: after[name] for name in before} == before
    assert read_revision(engine) == newest_revision()
    assert set(inspect(engine).get_table_names()) >= set(metadata.tables)


def test_what_works_with_the_database_goes_on_in_an_old_home(file: Path) -> None:
    engine = open_database(f"sqlite:///{file}")
    outbox = Outbox(engine, clock=SystemClock(), ids=IDS)

    appended = EventLog(engine, ids=IDS).append([new_event("evt_new")])
    again = EventLog(engine, ids=IDS).append([new_event("evt_new")])

    assert [each.sequence for each in appended] == [32]
    assert [each.is_new for each in again] == [False]
    found = outbox.search(CommandFilter(), states=tuple(CommandState), limit=100)
    assert {each.state for each in found} == set(CommandState)
    assert [each.scope.tenant_id for each in outbox.holds()] == ["mikes-detailing"]
    expired = outbox.expire_leases()
    assert (expired.waiting, expired.uncertain) == (["noizylab:old:claimed"], ["noizylab:old:calling"])
    assert outbox.closed_lanes() == []
    directory = StaffDirectory.open(engine, settings=Settings(), clock=SystemClock(), ids=IDS)
    assert [each.email for each in directory.accounts.list_all()] == ["ana@example.com"]


def test_what_an_old_home_holds_is_copied_before(file: Path, tmp_path: Path) -> None:
    before = counts(file)

    open_database(f"sqlite:///{file}", backups=tmp_path / "copies")

    [copy] = (tmp_path / "copies").iterdir()
    assert copy.name.startswith("before-upgrade-from-0001-20")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert counts(copy) == before


def test_by_default_the_copy_is_in_the_home(file: Path) -> None:
    open_database(f"sqlite:///{file}")

    assert len([*(file.parent / "backups").iterdir()]) == 1


@pytest.mark.parametrize("revision", UNVERSIONED)
def test_homes_of_every_version_since_are_known_by_their_tables(file: Path, revision: str) -> None:
    engine = open_engine(f"sqlite:///{file}")
    later = {name for each, tables in UNVERSIONED.items() if "0001" < each <= revision for name in tables}
    metadata.create_all(engine, tables=[metadata.tables[name] for name in later])

    create_tables(engine)

    assert read_revision(engine) == newest_revision()
    made = [copy.name[20:24] for copy in (file.parent / "backups").glob("*")]
    assert made == ([] if revision == newest_revision() else [revision])


def test_a_home_of_no_version_is_refused_and_left_alone(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("ALTER TABLE staff_accounts DROP COLUMN name")
    before = file.read_bytes()

    with pytest.raises(ConfigurationError, match="table staff_accounts differs in name"):
        open_database(f"sqlite:///{file}")

    assert inspect(open_engine(f"sqlite:///{file}")).has_table("alembic_version") is False
    assert not (file.parent / "backups").exists()
    assert counts(file)["event_log"] == 31
    assert before[100:] == file.read_bytes()[100:]


def test_a_home_with_a_hole_is_refused(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("DROP TABLE outbox_holds")

    with pytest.raises(ConfigurationError, match="table outbox_holds is missing"):
        open_database(f"sqlite:///{file}")


def test_an_old_home_on_postgresql_is_upgraded(postgres_backend: Backend, tmp_path: Path) -> None:
    make_postgresql(postgres_backend.url)
    engine = open_engine(postgres_backend.url)

    create_tables(engine, backups=tmp_path)

    assert read_revision(engine) == newest_revision()
    assert set(inspect(engine).get_table_names()) >= set(metadata.tables)
    assert _appended_to(engine) == [1, 2]
    assert [copy.read_bytes()[:5] for copy in tmp_path.iterdir()] == [b"PGDMP"]
    engine.dispose()


def test_postgresql_without_a_folder_is_upgraded_and_told(
    postgres_backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    make_postgresql(postgres_backend.url)
    engine = open_engine(postgres_backend.url)

    create_tables(engine)

    assert "no backup is made before this upgrade of PostgreSQL" in caplog.text
    engine.dispose()


def _appended_to(engine: Engine) -> list[int]:
    log = EventLog(engine, ids=IDS)
    log.append([new_event("evt_new")])
    with engine.connect() as connection:
        return [*connection.execute(text("SELECT sequence FROM event_log ORDER BY 1")).scalars()]
