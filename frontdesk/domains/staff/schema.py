"""Tables of accounts, sessions, failed sign-ins and the audit trail, beside the log in the same database."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from frontdesk.core.log.schema import AutoNumber, UtcDateTime, metadata, refuse_changes

staff_accounts = Table(
    "staff_accounts",
    metadata,
    Column("staff_id", String(36), primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("is_disabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("role IN ('owner', 'admin', 'tech')", name="staff_role_is_known"),
    # Normalised before it comes here, so that two spellings of one address are one account.
    UniqueConstraint("tenant_id", "email", name="staff_accounts_email_key"),
    # Serves the sign-in page, which is told an address and no business.
    Index("staff_accounts_by_email", "email"),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    # The token's hash: who reads the database, or a backup of it, can't sign in with what is there.
    Column("token_sha256", String(64), primary_key=True),
    Column("staff_id", String(36), ForeignKey("staff_accounts.staff_id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("address", Text, nullable=False),
    Index("staff_sessions_by_account", "staff_id"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    # What is counted, see frontdesk/domains/staff/throttle.py; an address without an account is counted the same.
    Column("counted", Text, primary_key=True),
    Column("count_failures", Integer, nullable=False),
    Column("last_failed_at", UtcDateTime, nullable=False),
    Column("locked_until", UtcDateTime),
)

known_devices = Table(
    "known_devices",
    metadata,
    # A browser that signed in to an account before: strangers' failures do not lock it out. It opens nothing.
    Column("device_sha256", String(64), primary_key=True),
    Column("email", Text, primary_key=True),
    Column("last_signed_in_at", UtcDateTime, nullable=False),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("audit_id", AutoNumber, primary_key=True, autoincrement=True),
    # Null: nobody knows which business was meant, as in a sign-in with an unknown address.
    Column("tenant_id", Text),
    Column("at", UtcDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text),
    Column("address", Text),
    Index("audit_entries_by_tenant", "tenant_id", "audit_id"),
    sqlite_autoincrement=True,  # an id is never given twice
)

refuse_changes(audit_entries)
