"""Times that are taken, which the database refuses to give twice, and the newest states of our own bookings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from frontdesk.core.log.migrations.columns import instant, is_sqlite

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the tables and what guards them; they are filled from the log as bookings are made."""
    op.create_table(
        "claims",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("booking_id", sa.Text, primary_key=True),
        sa.Column("resource_no", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("lane", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("starts_at", instant(), nullable=False),
        sa.Column("ends_at", instant(), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("expires_at", instant()),
        sa.Column("cause_event_id", sa.String(36), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name="claims_end_after_they_start"),
    )
    op.create_index("claims_by_start", "claims", ["resource_no", "lane", "starts_at"])
    op.create_index("claims_by_end", "claims", ["tenant_id", "ends_at"])
    op.create_table(
        "booking_states",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("booking_id", sa.Text, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("service_key", sa.Text, nullable=False),
        sa.Column("starts_at", instant(), nullable=False),
        sa.Column("ends_at", instant(), nullable=False),
        sa.Column("local_day", sa.String(10), nullable=False),
        sa.Column("expires_at", instant()),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.create_index("booking_states_by_start", "booking_states", ["tenant_id", "starts_at"])
    op.create_index("booking_states_by_day", "booking_states", ["tenant_id", "service_key", "local_day"])
    op.create_index("booking_states_by_expiry", "booking_states", ["tenant_id", "expires_at"])
    if is_sqlite():
        op.execute(
            "CREATE TRIGGER claims_do_not_overlap BEFORE INSERT ON claims WHEN ("
            "SELECT ends_at FROM claims WHERE resource_no = NEW.resource_no AND lane = NEW.lane"
            " AND starts_at < NEW.ends_at "
            "ORDER BY starts_at DESC LIMIT 1) > NEW.starts_at "
            "BEGIN SELECT RAISE(ABORT, 'claims_do_not_overlap'); END"
        )
        op.execute(
            "CREATE TRIGGER claims_refuse_update BEFORE UPDATE ON claims "
            "BEGIN SELECT RAISE(ABORT, 'a claim is deleted and inserted anew, not changed'); END"
        )
        return
    op.execute(
        "ALTER TABLE claims ADD CONSTRAINT claims_do_not_overlap EXCLUDE USING gist ("
        "int8range(resource_no, resource_no, '[]') WITH &&, int4range(lane, lane, '[]') WITH &&, "
        "tstzrange(starts_at, ends_at) WITH &&)"
    )
