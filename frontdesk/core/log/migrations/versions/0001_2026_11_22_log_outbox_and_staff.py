"""The log, rejections, the outbox with its holds, accounts of staff and the audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from frontdesk.core.log.migrations.columns import auto_number, instant, is_sqlite, refuse_changes

revision = "0001"
down_revision = None

_WAITING = "state = 'waiting'"
_LEASED = "state IN ('claimed', 'calling')"
_OPEN = "state IN ('waiting', 'claimed', 'calling', 'uncertain', 'dead')"
_MAY_BE_SENT = "state IN ('calling', 'uncertain', 'sent')"
_CHANNELS = "('sms', 'email', 'task', 'sync', 'webhook')"


def upgrade() -> None:
    """Create the first tables."""
    _create_log()
    _create_rejections()
    _create_outbox()
    _create_attempts()
    _create_holds()
    _create_staff()
    _create_audit()


def _create_log() -> None:
    op.create_table(
        "event_log",
        sa.Column("sequence", auto_number(), primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.String(36), nullable=False, unique=True),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_event_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text),
        sa.Column("occurred_at", instant(), nullable=False),
        sa.Column("received_at", instant(), nullable=False),
        sa.Column("correlation_id", sa.Text),
        sa.Column("causation_id", sa.Text),
        sa.Column("schema_version", sa.SmallInteger, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.UniqueConstraint("tenant_id", "source", "source_event_id", name="event_log_source_event_key"),
        sqlite_autoincrement=True,
    )
    refuse_changes("event_log")
    if not is_sqlite():
        op.execute(
            "CREATE OR REPLACE FUNCTION event_log_commits_in_order() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_advisory_xact_lock(hashtextextended('frontdesk.event_log', 0)); RETURN NULL; END $$"
        )
        op.execute(
            "CREATE TRIGGER event_log_commits_in_order BEFORE INSERT ON event_log "
            "FOR EACH STATEMENT EXECUTE FUNCTION event_log_commits_in_order()"
        )
    op.create_table(
        "write_probes",
        sa.Column("probe_id", auto_number(), primary_key=True, autoincrement=True),
        sa.Column("filler", sa.LargeBinary, nullable=False),
    )


def _create_rejections() -> None:
    op.create_table(
        "rejected_deliveries",
        sa.Column("rejection_id", auto_number(), primary_key=True, autoincrement=True),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("received_at", instant(), nullable=False),
        sa.Column("body_size", sa.Integer, nullable=False),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("body_redacted", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("rejected_deliveries_by_source", "rejected_deliveries", ["tenant_id", "source", "rejection_id"])
    op.create_table(
        "rejection_counts",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, primary_key=True),
        sa.Column("rejected_date", sa.Date, primary_key=True),
        sa.Column("count_rejections", sa.Integer, nullable=False),
        sa.Column("last_rejected_at", instant(), nullable=False),
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("sequence", auto_number(), primary_key=True, autoincrement=True),
        sa.Column("command_key", sa.String(512), nullable=False, unique=True),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("command_type", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("contact_id", sa.Text),
        sa.Column("rule_id", sa.Text),
        sa.Column("rule_version", sa.Text),
        sa.Column("message_class", sa.Text, nullable=False),
        sa.Column("due_at", instant(), nullable=False),
        sa.Column("expires_at", instant()),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("cause_event_ids", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("next_attempt_at", instant()),
        sa.Column("token", sa.String(36)),
        sa.Column("leased_until", instant()),
        sa.Column("provider_id", sa.Text),
        sa.Column("attempts_count", sa.Integer, nullable=False),
        sa.Column("tries_count", sa.Integer, nullable=False),
        sa.Column("redrives_count", sa.Integer, nullable=False),
        sa.Column("enqueued_at", instant(), nullable=False),
        sa.Column("changed_at", instant(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'claimed', 'calling', 'sent', 'dead', 'uncertain', 'cancelled', 'withdrawn',"
            " 'suppressed')",
            name="outbox_state_is_known",
        ),
        sa.CheckConstraint(f"channel IN {_CHANNELS}", name="outbox_channel_is_known"),
        sa.CheckConstraint("message_class IN ('transactional', 'marketing')", name="outbox_message_class_is_known"),
        sa.CheckConstraint("(token IS NULL) = (leased_until IS NULL)", name="outbox_lease_has_token_and_end"),
        sa.CheckConstraint(f"({_LEASED}) = (token IS NOT NULL)", name="outbox_lease_is_of_claimed_and_calling"),
        sa.CheckConstraint(f"({_WAITING}) = (next_attempt_at IS NOT NULL)", name="outbox_waiting_has_next_attempt"),
        sa.CheckConstraint(
            "NOT (state IN ('dead', 'uncertain', 'cancelled', 'withdrawn', 'suppressed')) OR reason IS NOT NULL",
            name="outbox_end_has_reason",
        ),
        sa.CheckConstraint(
            "NOT (state IN ('claimed', 'calling', 'sent')) OR reason IS NULL",
            name="outbox_reason_is_of_what_stands",
        ),
        sa.CheckConstraint("provider_id IS NULL OR state = 'sent'", name="outbox_provider_id_is_of_sent"),
        sa.CheckConstraint(
            "state NOT IN ('calling', 'uncertain', 'sent') OR attempts_count > 0", name="outbox_call_counted"
        ),
        sa.CheckConstraint("tries_count BETWEEN 0 AND attempts_count", name="outbox_tries_are_attempts"),
        sa.CheckConstraint("(rule_id IS NULL) = (rule_version IS NULL)", name="outbox_rule_has_version"),
        sqlite_autoincrement=True,
    )
    _index_outbox("outbox_waiting_by_due_at", "due_at", "sequence", where=_WAITING)
    _index_outbox("outbox_waiting_by_next_attempt", "next_attempt_at", where=_WAITING)
    _index_outbox("outbox_leases_by_end", "leased_until", where=_LEASED)
    _index_outbox("outbox_open_by_tenant", "tenant_id", "channel", "state", "due_at", where=_OPEN)
    op.create_index("outbox_by_contact", "outbox", ["tenant_id", "contact_id", "sequence"])
    _index_outbox(
        "outbox_sent_by_contact", "tenant_id", "contact_id", "message_class", "changed_at", where=_MAY_BE_SENT
    )
    _index_outbox("outbox_sent_by_channel", "tenant_id", "channel", "changed_at", where=_MAY_BE_SENT)
    _refuse_changes_of_outbox()


def _index_outbox(name: str, *columns: str, where: str) -> None:
    op.create_index(name, "outbox", [*columns], sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _refuse_changes_of_outbox() -> None:
    """Else a key could be deleted or renamed and sent again, and a sent row could take another state."""
    condition = "WHEN (NEW.command_key <> OLD.command_key OR (OLD.state = 'sent' AND NEW.state <> 'sent'))"
    error_text = "outbox: keys stay and sent is final"
    if is_sqlite():
        refusal = f"BEGIN SELECT RAISE(ABORT, '{error_text}'); END"
        op.execute(f"CREATE TRIGGER outbox_refuses_delete BEFORE DELETE ON outbox FOR EACH ROW {refusal}")
        op.execute(f"CREATE TRIGGER outbox_refuses_update BEFORE UPDATE ON outbox FOR EACH ROW {condition} {refusal}")
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION outbox_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{error_text}'; END $$"
    )
    refusal = "EXECUTE FUNCTION outbox_refuses()"
    op.execute(f"CREATE TRIGGER outbox_refuses_delete BEFORE DELETE ON outbox FOR EACH ROW {refusal}")
    op.execute(f"CREATE TRIGGER outbox_refuses_update BEFORE UPDATE ON outbox FOR EACH ROW {condition} {refusal}")
    op.execute(f"CREATE TRIGGER outbox_refuses_truncate BEFORE TRUNCATE ON outbox FOR EACH STATEMENT {refusal}")


def _create_attempts() -> None:
    op.create_table(
        "outbox_attempts",
        sa.Column("attempt_id", auto_number(), primary_key=True, autoincrement=True),
        sa.Column("command_key", sa.String(512), sa.ForeignKey("outbox.command_key"), nullable=False),
        sa.Column("attempt_number", sa.Integer, nullable=False),
        sa.Column("token", sa.String(36), nullable=False),
        sa.Column("started_at", instant(), nullable=False),
        sa.Column("ended_at", instant()),
        sa.Column("outcome", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("provider_id", sa.Text),
        sa.Column("next_attempt_at", instant()),
        sa.Column("resolution", sa.Text),
        sa.Column("resolved_at", instant()),
        sa.Column("resolved_by", sa.Text),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('sent', 'retry', 'failed', 'uncertain')", name="attempt_outcome_is_known"
        ),
        sa.CheckConstraint(
            "resolution IS NULL OR resolution IN ('sent', 'not_sent')", name="attempt_resolution_is_known"
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="attempt_end_has_outcome"),
        sa.CheckConstraint(
            "(outcome IS NOT NULL AND outcome = 'retry') = (next_attempt_at IS NOT NULL)",
            name="attempt_retry_has_time",
        ),
        sa.CheckConstraint(
            "(resolution IS NULL) = (resolved_at IS NULL) AND (resolution IS NULL) = (resolved_by IS NULL)",
            name="attempt_resolution_is_whole",
        ),
        sa.CheckConstraint(
            "resolution IS NULL OR (outcome IS NOT NULL AND outcome = 'uncertain')",
            name="attempt_resolution_is_of_uncertain",
        ),
        sa.CheckConstraint(
            "provider_id IS NULL OR (outcome IS NOT NULL AND outcome = 'sent')"
            " OR (resolution IS NOT NULL AND resolution = 'sent')",
            name="attempt_provider_id_is_of_sent",
        ),
        sa.UniqueConstraint("command_key", "attempt_number", name="outbox_attempts_number_key"),
        sqlite_autoincrement=True,
    )


def _create_holds() -> None:
    op.create_table(
        "outbox_holds",
        sa.Column("hold_id", auto_number(), primary_key=True, autoincrement=True),
        sa.Column("tenant_id", sa.Text),
        sa.Column("channel", sa.Text),
        sa.Column("rule_id", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("held_at", instant(), nullable=False),
        sa.Column("held_by", sa.Text, nullable=False),
        sa.Column("released_at", instant()),
        sa.Column("released_by", sa.Text),
        sa.CheckConstraint(f"channel IS NULL OR channel IN {_CHANNELS}", name="hold_channel_is_known"),
        sa.CheckConstraint("rule_id IS NULL OR tenant_id IS NOT NULL", name="hold_rule_is_of_a_tenant"),
        sa.CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name="hold_release_is_whole"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "outbox_holds_in_force",
        "outbox_holds",
        [sa.text(f"coalesce({column}, '')") for column in ("tenant_id", "channel", "rule_id")],
        unique=True,
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )


def _create_staff() -> None:
    op.create_table(
        "staff_accounts",
        sa.Column("staff_id", sa.String(36), primary_key=True),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("is_disabled", sa.Boolean, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'admin', 'tech')", name="staff_role_is_known"),
        sa.UniqueConstraint("tenant_id", "email", name="staff_accounts_email_key"),
    )
    op.create_index("staff_accounts_by_email", "staff_accounts", ["email"])
    op.create_table(
        "staff_sessions",
        sa.Column("token_sha256", sa.String(64), primary_key=True),
        sa.Column("staff_id", sa.String(36), sa.ForeignKey("staff_accounts.staff_id"), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("last_used_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
    )
    op.create_index("staff_sessions_by_account", "staff_sessions", ["staff_id"])
    op.create_table(
        "sign_in_failures",
        sa.Column("counted", sa.Text, primary_key=True),
        sa.Column("count_failures", sa.Integer, nullable=False),
        sa.Column("last_failed_at", instant(), nullable=False),
        sa.Column("locked_until", instant()),
    )


def _create_audit() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("audit_id", auto_number(), primary_key=True, autoincrement=True),
        sa.Column("tenant_id", sa.Text),
        sa.Column("at", instant(), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("address", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_entries_by_tenant", "audit_entries", ["tenant_id", "audit_id"])
    refuse_changes("audit_entries")
