"""Homes as commit cb9eb26 made them, before there were migrations; `homes` holds what its own code wrote."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
from sqlalchemy import make_url

HOMES = Path(__file__).parent / "homes"
SQLITE = HOMES / "2026_11_22.sqlite.sql"
POSTGRESQL = HOMES / "2026_11_22.postgresql.sql"


def make_sqlite(file: Path) -> None:
    """Make the database of the old home: 31 events, a command of each state, an account."""
    with closing(sqlite3.connect(file)) as database:
        database.executescript(SQLITE.read_text(encoding="utf-8"))


def make_postgresql(url: str) -> None:
    """Make the tables of an old home, with one event."""
    with psycopg.connect(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    ) as database:
        database.execute(POSTGRESQL.read_text(encoding="utf-8"))
        database.execute(
            "INSERT INTO event_log (event_id, tenant_id, source, source_event_id, type, occurred_at, received_at,"
            " schema_version, origin, content_type, headers, body, payload)"
            " VALUES ('01', 'noizylab', 'stripe', 'evt_1', 'stripe.charge.succeeded', now(), now(), 1,"
            " 'webhook', 'application/json', '{}', '{}', '{}')"
        )


def counts(file: Path) -> dict[str, int]:
    """Return how many rows each table of a SQLite file has."""
    with closing(sqlite3.connect(file)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}
