"""Tables of heartbeats, runs, incidents and alerts, beside the log in the same database."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, text

from frontdesk.core.log.schema import UtcDateTime, metadata

#: Condition of a partial index. A query has to repeat it to the letter, or SQLite takes another index.
IS_OPEN = "closed_at IS NULL"

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", Text, primary_key=True),
    Column("beat_at", UtcDateTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("modelled_sequence", BigInteger),
    Column("error", Text),
)

pipeline_runs = Table(
    "pipeline_runs",
    metadata,
    Column("run_id", String(36), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    CheckConstraint("kind IN ('build', 'verification')", name="pipeline_run_kind_is_known"),
    CheckConstraint(
        "outcome IN ('running', 'succeeded', 'different', 'failed')", name="pipeline_run_outcome_is_known"
    ),
    CheckConstraint("(ended_at IS NULL) = (outcome = 'running')", name="pipeline_run_end_has_outcome"),
    Index("pipeline_runs_by_start", "kind", "started_at"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("incident_id", String(36), primary_key=True),
    Column("incident_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("tenant_id", Text),
    Column("title", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("seen_first_at", UtcDateTime, nullable=False),
    Column("seen_last_at", UtcDateTime, nullable=False),
    # Empty while nobody knows yet whether it lasts.
    Column("opened_at", UtcDateTime),
    # Since when it has not been seen; empty while it lasts.
    Column("well_since", UtcDateTime),
    Column("closed_at", UtcDateTime),
    CheckConstraint("closed_at IS NULL OR opened_at IS NOT NULL", name="incident_closed_was_open"),
    # One at a time of each, whoever sees it.
    Index(
        "incidents_open_by_key",
        "incident_key",
        unique=True,
        postgresql_where=text(IS_OPEN),
        sqlite_where=text(IS_OPEN),
    ),
    Index("incidents_by_key", "incident_key", "opened_at"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Text, primary_key=True),
    Column("incident_id", String(36), ForeignKey("incidents.incident_id"), nullable=False),
    Column("moment", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("tenant_id", Text),
    Column("created_at", UtcDateTime, nullable=False),
    # Nobody else sends it before.
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("attempts_count", Integer, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("error", Text),
    CheckConstraint("moment IN ('raised', 'recovered')", name="alert_moment_is_known"),
    CheckConstraint("channel IN ('email', 'webhook')", name="alert_channel_is_known"),
    Index(
        "alerts_unsent",
        "next_attempt_at",
        postgresql_where=text("sent_at IS NULL"),
        sqlite_where=text("sent_at IS NULL"),
    ),
)
