"""The two databases the contract suite runs against: a real SQLite file and a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine, create_engine, event, make_url, text

from frontdesk.core.log.database import create_tables, open_engine


class Backend(Protocol):
    """One empty database of one kind."""

    name: str
    url: str

    def open(self) -> Engine:
        """Return a new engine on the database, its tables created."""
        ...

    def close(self) -> None:
        """Close every connection of every engine opened here."""
        ...

    def unavailable(self, engine: Engine) -> Any:
        """Return a context in which the engine's database can't be written."""
        ...


class _Opened:
    """Opens engines on one URL and disposes of them together."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engines: list[Engine] = []

    def open(self) -> Engine:
        """Return a new engine, its tables created."""
        engine = open_engine(self.url)
        self._engines.append(engine)
        create_tables(engine)
        return engine

    def close(self) -> None:
        """Close every connection of every engine opened here."""
        for engine in self._engines:
            engine.dispose()


class SqliteBackend(_Opened):
    """A SQLite file."""

    name = "sqlite"

    def __init__(self, path: Path) -> None:
        super().__init__(f"sqlite:///{path}")

    @contextmanager
    def unavailable(self, engine: Engine) -> Iterator[None]:
        """No page may be added to the file: SQLite answers as on a full disk."""

        def forbid_growth(connection: Any, *_: Any) -> None:
            connection.execute("PRAGMA max_page_count = 1")

        def allow_growth(connection: Any, *_: Any) -> None:
            connection.execute("PRAGMA max_page_count = 1073741823")

        event.listen(engine, "checkout", forbid_growth)
        yield
        event.remove(engine, "checkout", forbid_growth)
        event.listen(engine, "checkout", allow_growth)


class PostgresBackend(_Opened):
    """A database of its own on the test session's server."""

    name = "postgresql"

    def __init__(self, server_url: str, *, database: str) -> None:
        self._server_url = server_url
        self._database = database
        super().__init__(make_url(server_url).set(database=database).render_as_string(hide_password=False))
        self._administer(f"CREATE DATABASE {database}")

    @contextmanager
    def unavailable(self, engine: Engine) -> Iterator[None]:
        """The server ends every connection to the database and refuses new ones."""
        assert engine.dialect.name == self.name
        self._administer(
            f"ALTER DATABASE {self._database} ALLOW_CONNECTIONS false",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :database",
        )
        yield
        self._administer(f"ALTER DATABASE {self._database} ALLOW_CONNECTIONS true")

    def _administer(self, *statements: str) -> None:
        engine = create_engine(self._server_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement), {"database": self._database})
        engine.dispose()
