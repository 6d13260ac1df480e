"""Signs of life, runs of the pipeline, incidents and alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from frontdesk.core.log.migrations.columns import instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("beat_at", instant(), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("modelled_sequence", sa.BigInteger),
        sa.Column("error", sa.Text),
    )
    op.create_table(
        "pipeline_runs",
        sa.Column("run_id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("started_at", instant(), nullable=False),
        sa.Column("ended_at", instant()),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.CheckConstraint("kind IN ('build', 'verification')", name="pipeline_run_kind_is_known"),
        sa.CheckConstraint(
            "outcome IN ('running', 'succeeded', 'different', 'failed')", name="pipeline_run_outcome_is_known"
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome = 'running')", name="pipeline_run_end_has_outcome"),
    )
    op.create_index("pipeline_runs_by_start", "pipeline_runs", ["kind", "started_at"])
    _create_incidents()


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("incident_id", sa.String(36), primary_key=True),
        sa.Column("incident_key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("remedy", sa.Text, nullable=False),
        sa.Column("seen_first_at", instant(), nullable=False),
        sa.Column("seen_last_at", instant(), nullable=False),
        sa.Column("opened_at", instant()),
        sa.Column("well_since", instant()),
        sa.Column("closed_at", instant()),
        sa.CheckConstraint("closed_at IS NULL OR opened_at IS NOT NULL", name="incident_closed_was_open"),
    )
    op.create_index(
        "incidents_open_by_key",
        "incidents",
        ["incident_key"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("incidents_by_key", "incidents", ["incident_key", "opened_at"])
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Text, primary_key=True),
        sa.Column("incident_id", sa.String(36), sa.ForeignKey("incidents.incident_id"), nullable=False),
        sa.Column("moment", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("next_attempt_at", instant(), nullable=False),
        sa.Column("attempts_count", sa.Integer, nullable=False),
        sa.Column("sent_at", instant()),
        sa.Column("error", sa.Text),
        sa.CheckConstraint("moment IN ('raised', 'recovered')", name="alert_moment_is_known"),
        sa.CheckConstraint("channel IN ('email', 'webhook')", name="alert_channel_is_known"),
    )
    op.create_index(
        "alerts_unsent",
        "alerts",
        ["next_attempt_at"],
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )
