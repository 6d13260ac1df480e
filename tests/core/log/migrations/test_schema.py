"""The migrations make what the tables' declarations say, to the letter, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from frontdesk.core.log import database, schema
from frontdesk.core.log.database import open_engine
from frontdesk.core.log.migrations.revisions import FOLDER, VERSION_TABLE, known_revisions, newest_revision
from frontdesk.core.log.schema import metadata
from tests.architecture.repository import tracked
from tests.core.backends import Backend, PostgresBackend, SqliteBackend

_OF_POSTGRESQL = {
    "columns": """
        select attrelid::regclass::text || '.' || attname, format_type(atttypid, atttypmod) || attnotnull
            || coalesce(pg_get_expr(adbin, adrelid), '')
        from pg_attribute join pg_class on pg_class.oid = attrelid
        left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped
        """,
    "constraints": "select conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) from pg_constraint"
    " where connamespace = 'public'::regnamespace",
    "indexes": "select indexname, indexdef from pg_indexes where schemaname = 'public'",
    "triggers": "select tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) from pg_trigger"
    " where not tgisinternal",
    "functions": "select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace",
}


@pytest.fixture(scope="module", autouse=True)
def _declared() -> None:
    """Every module that declares tables, wherever it is."""
    for file in tracked(".py"):
        if file.name == "schema.py" and file.parts[0] != "tests":
            import_module(".".join(file.with_suffix("").parts))


@pytest.fixture(params=["sqlite", "postgres"])
def declared(request: pytest.FixtureRequest, tmp_path: Path, database_names: Iterator[str]) -> Iterator[Engine]:
    """A database whose tables are made from their declarations."""
    other: Backend = (
        SqliteBackend(tmp_path / "declared.db")
        if request.param == "sqlite"
        else PostgresBackend(request.getfixturevalue("postgres_url"), database=next(database_names))
    )
    engine = open_engine(other.url)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def migrated(declared: Engine, request: pytest.FixtureRequest) -> Engine:
    name = "sqlite_backend" if declared.dialect.name == "sqlite" else "postgres_backend"
    backend: Backend = request.getfixturevalue(name)
    return backend.open()


def test_the_migrations_make_what_is_declared(declared: Engine, migrated: Engine) -> None:
    with declared.connect() as ours, migrated.connect() as theirs:
        assert _described(theirs) == _described(ours)


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_alembic_finds_nothing_to_migrate(migrated: Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})  # types: see above
        assert compare_metadata(context, metadata) == []


def test_revisions_are_one_line_and_numbered_without_gaps() -> None:
    script = ScriptDirectory(str(FOLDER))

    assert script.get_heads() == [newest_revision()]
    assert [each.revision for each in reversed([*script.walk_revisions()])] == [*known_revisions()]
    assert [int(each) for each in known_revisions()] == [*range(1, len(known_revisions()) + 1)]
    for file in (FOLDER / "versions").glob("[0-9]*.py"):
        assert re.fullmatch(r"\d{4}_20\d\d_\d\d_\d\d_[a-z0-9_]+\.py", file.name), file.name


def test_the_package_that_opens_databases_imports_no_domain_s_tables() -> None:
    text_ = Path(database.__file__).read_text(encoding="utf-8")

    assert set(re.findall(r"^from (\S*schema) import", text_, re.MULTILINE)) == {schema.__name__}


def _described(connection: Connection) -> dict[str, dict[str, str]]:
    if connection.dialect.name == "postgresql":
        queries = _OF_POSTGRESQL
    else:
        queries = {"all": "select type || ' ' || name, sql from sqlite_master where name not like 'sqlite_%'"}
    found = {}
    for kind, query in queries.items():
        rows = [(str(name), str(definition)) for name, definition in connection.execute(text(query))]
        found[kind] = {name: _normalised(definition) for name, definition in rows if VERSION_TABLE not in name}
    return found


def _normalised(definition: str) -> str:
    return re.sub(r"\s+", " ", definition).strip()
