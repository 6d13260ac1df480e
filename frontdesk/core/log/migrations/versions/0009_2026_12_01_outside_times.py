"""Times that bookings from elsewhere take up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from frontdesk.core.log.migrations.columns import instant

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the table; the live path fills it when it opens the warehouse next."""
    op.create_table(
        "outside_times",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("booking_id", sa.Text, primary_key=True),
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("lane", sa.Integer, nullable=False),
        sa.Column("starts_at", instant(), nullable=False),
        sa.Column("ends_at", instant(), nullable=False),
        sa.Column("told", sa.Text, nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name="outside_times_end_after_they_start"),
    )
    op.create_index("outside_times_by_end", "outside_times", ["tenant_id", "ends_at"])
