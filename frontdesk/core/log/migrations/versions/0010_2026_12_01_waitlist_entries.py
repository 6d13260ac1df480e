"""Who waits for a time that is free again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from frontdesk.core.log.migrations.columns import instant

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the table; nobody could wait before."""
    op.create_table(
        "waitlist_entries",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("entry_id", sa.Text, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("service_key", sa.Text, nullable=False),
        sa.Column("joined_at", instant(), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.create_index("waitlist_entries_by_status", "waitlist_entries", ["status", "tenant_id", "joined_at"])
