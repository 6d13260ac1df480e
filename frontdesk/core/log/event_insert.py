"""How rows get into the event log: one statement for a whole group, in each database's own way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from frontdesk.core.log.schema import event_log, sqlite_instant

#: Rows per statement; SQLite allows 32,766 bound values, a row has 17.
MAX_ROWS_PER_APPEND = 1_000
_KEY = ["tenant_id", "source", "source_event_id"]

#: Column values of one event, by name and in the table's order, without its sequence.
Row = dict[str, Any]


class Insert(Protocol):
    """Inserts rows unless their key is known."""

    def instant(self, value: datetime) -> Any:
        """Return an aware datetime as a row holds it. Raises ValueError for a naive one."""
        ...

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> dict[str, int]:
        """Insert up to MAX_ROWS_PER_APPEND rows; return the sequences of those that are new, by event_id."""
        ...


class PostgresqlInsert:
    """Takes its sequence numbers from the database; see schema.py for how they become visible in order."""

    def __init__(self) -> None:
        self._statement = (
            postgresql.insert(event_log)
            .on_conflict_do_nothing(index_elements=_KEY)
            .returning(event_log.c.event_id, event_log.c.sequence)
        )

    def instant(self, value: datetime) -> datetime:
        """Return the datetime: its column's type takes it as it is."""
        return value

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> dict[str, int]:
        """Insert rows; see Insert."""
        return {row.event_id: row.sequence for row in connection.execute(self._statement, rows)}


class SqliteInsert:
    """Gives the sequence numbers itself, in a transaction that began IMMEDIATE.

    Nothing comes back from the statement, so that it runs in one step without Python's lock, beside the event loop.
    With RETURNING and SQLAlchemy's own rendering a row costs twice the processor time, most of it under that lock.
    """

    def __init__(self) -> None:
        self._row = f"({', '.join('?' * len(event_log.columns))})"
        statement = sqlite.insert(event_log).on_conflict_do_nothing(index_elements=_KEY)
        text = str(statement.compile(dialect=sqlite.dialect()))
        self._before, self._after = text.split(self._row)
        self._last = str(select(func.max(event_log.c.sequence)))

    def instant(self, value: datetime) -> str:
        """Return the datetime as text: no column type sees these rows."""
        return sqlite_instant(value)

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> dict[str, int]:
        """Insert rows; see Insert."""
        first = (connection.exec_driver_sql(self._last).scalar() or 0) + 1
        values: list[Any] = []
        for sequence, row in enumerate(rows, first):
            values.append(sequence)
            values += row.values()
        statement = self._before + ", ".join([self._row] * len(rows)) + self._after
        inserted = connection.exec_driver_sql(statement, tuple(values))
        sequences = {row["event_id"]: sequence for sequence, row in enumerate(rows, first)}
        if inserted.rowcount == len(rows):
            return sequences
        query = select(event_log.c.event_id, event_log.c.sequence).where(event_log.c.event_id.in_(sequences))
        return {row.event_id: row.sequence for row in connection.execute(query)}


def insert_for(dialect_name: str) -> Insert:
    """Return the way of the database: "sqlite" or "postgresql"."""
    return SqliteInsert() if dialect_name == "sqlite" else PostgresqlInsert()
