"""What is decided anew about commands under way, and the providers by which nothing goes out now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from frontdesk.core.log.migrations.columns import instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "outbox_notes",
        sa.Column("command_key", sa.String(512), sa.ForeignKey("outbox.command_key"), primary_key=True),
        sa.Column("reason", sa.Text),
        sa.Column("decided", sa.Text),
        sa.Column("noted_at", instant(), nullable=False),
        sa.CheckConstraint("(reason IS NULL) <> (decided IS NULL)", name="note_is_of_one_kind"),
    )
    op.create_table(
        "outbox_closed_lanes",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("provider", sa.Text, primary_key=True),
        sa.Column("is_set_up", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("closed_at", instant(), nullable=False),
    )
