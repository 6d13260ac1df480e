"""Types and triggers as the migrations write them.

Like the migrations themselves these are never changed: what is different later gets a name of its own.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine


def auto_number() -> TypeEngine[Any]:
    """Return BIGSERIAL's type; on SQLite only INTEGER PRIMARY KEY numbers by itself."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def instant() -> TypeEngine[Any]:
    """Return TIMESTAMPTZ; on SQLite ISO 8601 text with microseconds and Z."""
    return sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def is_sqlite() -> bool:
    """Tell which database is migrated."""
    return op.get_bind().dialect.name == "sqlite"


def refuse_changes(table: str) -> None:
    """Make a table append-only: the database itself refuses to change or delete its rows."""
    if is_sqlite():
        for operation in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{operation.lower()} BEFORE {operation} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE OR REPLACE FUNCTION {table}_refuses_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuses_change()"
    )
