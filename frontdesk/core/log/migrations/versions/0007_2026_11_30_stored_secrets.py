"""Businesses' secrets, encrypted, and a number by which their changes are followed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from frontdesk.core.log.migrations.columns import instant

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "stored_secrets",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value_number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("set_at", instant(), nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
    )
    op.create_table(
        "stored_secret_revisions",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
    )
    op.create_index("stored_secret_revisions_by_number", "stored_secret_revisions", ["revision"])
