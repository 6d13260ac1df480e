"""Browsers that signed in to an account before: strangers' failures do not lock them out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from frontdesk.core.log.migrations.columns import instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "known_devices",
        sa.Column("device_sha256", sa.String(64), primary_key=True),
        sa.Column("email", sa.Text, primary_key=True),
        sa.Column("last_signed_in_at", instant(), nullable=False),
    )
