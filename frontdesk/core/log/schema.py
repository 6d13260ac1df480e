"""Tables of the operational database, the same on SQLite and PostgreSQL, and what guards them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = [
    "IS_CONFIGURATION",
    "AutoNumber",
    "UtcDateTime",
    "event_log",
    "metadata",
    "refuse_changes",
    "rejected_deliveries",
    "rejection_counts",
    "set_aside",
    "sqlite_instant",
    "write_probes",
]


def sqlite_instant(value: datetime) -> str:
    """Return an aware datetime as SQLite keeps it. Raises ValueError for a naive one."""
    if value.tzinfo is None:
        raise ValueError("naive datetime: give an aware one")
    # Not strftime: its %Y writes the year 800 with three digits, which can't be read back.
    return value.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime: TIMESTAMPTZ on PostgreSQL, ISO 8601 text with microseconds and Z on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the column type of the dialect."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive datetimes; format for SQLite."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return sqlite_instant(value)
        if value.tzinfo is None:
            raise ValueError("naive datetime: give an aware one")
        return value

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        """Return an aware UTC datetime."""
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        instant: datetime = value
        return instant.astimezone(UTC)


metadata = MetaData()

#: BIGSERIAL on PostgreSQL; on SQLite only INTEGER PRIMARY KEY autoincrements.
AutoNumber = BigInteger().with_variant(Integer, "sqlite")


def refuse_changes(table: Table) -> None:
    """Make a table append-only: the database itself refuses to change or delete its rows."""
    for operation in ("UPDATE", "DELETE"):
        event.listen(
            table,
            "after_create",
            DDL(
                f"CREATE TRIGGER {table.name}_refuses_{operation.lower()} BEFORE {operation} ON {table.name} "
                f"BEGIN SELECT RAISE(ABORT, '{table.name} is append-only'); END"
            ).execute_if(dialect="sqlite"),
        )
    event.listen(
        table,
        "after_create",
        DDL(
            f"""
            CREATE OR REPLACE FUNCTION {table.name}_refuses_change() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{table.name} is append-only'; END $$;
            CREATE TRIGGER {table.name}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name}
                FOR EACH STATEMENT EXECUTE FUNCTION {table.name}_refuses_change();
            """
        ).execute_if(dialect="postgresql"),
    )


#: Which events are versions of businesses' configurations. Written out: a bound value would miss the index.
IS_CONFIGURATION = text("type IN ('tenant.configured', 'tenant.removed')")

event_log = Table(
    "event_log",
    metadata,
    Column("sequence", AutoNumber, primary_key=True, autoincrement=True),
    Column("event_id", String(36), nullable=False, unique=True),
    Column("tenant_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject_id", Text),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("correlation_id", Text),
    Column("causation_id", Text),
    Column("schema_version", SmallInteger, nullable=False),
    Column("origin", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # Text, not JSONB: what the provider wrote is kept to the letter (JSONB refuses \u0000 and reorders keys).
    Column("payload", Text, nullable=False),
    # The unique index is what makes deduplication atomic under concurrent redelivery.
    UniqueConstraint("tenant_id", "source", "source_event_id", name="event_log_source_event_key"),
    Index(
        "event_log_configurations",
        "tenant_id",
        "sequence",
        sqlite_where=IS_CONFIGURATION,
        postgresql_where=IS_CONFIGURATION,
    ),
    sqlite_autoincrement=True,  # a sequence is never given twice
)

rejected_deliveries = Table(
    "rejected_deliveries",
    metadata,
    Column("rejection_id", AutoNumber, primary_key=True, autoincrement=True),
    Column("tenant_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("body_size", Integer, nullable=False),
    Column("body_sha256", String(64), nullable=False),
    Column("body_redacted", Text, nullable=False),
    # Serves the cap: the oldest of one tenant and source.
    Index("rejected_deliveries_by_source", "tenant_id", "source", "rejection_id"),
    sqlite_autoincrement=True,
)

rejection_counts = Table(
    "rejection_counts",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("rejected_date", Date, primary_key=True),
    Column("count_rejections", Integer, nullable=False),
    Column("last_rejected_at", UtcDateTime, nullable=False),
)

# What was set aside so that the rest could go on: see frontdesk/core/log/set_aside.py.
set_aside = Table(
    "set_aside",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("tenant_id", Text, primary_key=True),  # empty where it is no business's
    Column("subject", Text, primary_key=True),
    Column("step", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("sequence", BigInteger),
    Column("count_times", Integer, nullable=False),
    Column("set_aside_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("let_in_at", UtcDateTime),
)

# Always empty: readiness is tried by inserting and deleting a row here in one transaction.
write_probes = Table(
    "write_probes",
    metadata,
    Column("probe_id", AutoNumber, primary_key=True, autoincrement=True),
    Column("filler", LargeBinary, nullable=False),
)

refuse_changes(event_log)

# PostgreSQL hands out a sequence number before the commit, so a later number could become visible first and a
# reader that follows by number would skip the earlier one. Writers take this lock before their first number and
# keep it to the end of their transaction: numbers become visible in order. Group commit keeps it cheap.
event.listen(
    event_log,
    "after_create",
    DDL(
        """
        CREATE OR REPLACE FUNCTION event_log_commits_in_order() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(hashtextextended('frontdesk.event_log', 0)); RETURN NULL; END $$;
        CREATE TRIGGER event_log_commits_in_order BEFORE INSERT ON event_log
            FOR EACH STATEMENT EXECUTE FUNCTION event_log_commits_in_order();
        """
    ).execute_if(dialect="postgresql"),
)


def utc_date(instant: datetime) -> date:
    """Return the UTC calendar date of an aware datetime."""
    return instant.astimezone(UTC).date()
