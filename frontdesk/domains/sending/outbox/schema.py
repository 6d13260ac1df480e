"""Tables of the outbox, the same on SQLite and PostgreSQL, and what makes their half-states impossible."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import (
    DDL,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

from frontdesk.core.log.schema import AutoNumber, UtcDateTime, metadata
from frontdesk.domains.sending.outbox.commands import (
    MAX_COMMAND_KEY,
    AttemptOutcome,
    Channel,
    CommandState,
    MessageClass,
    Resolution,
)

__all__ = [
    "IS_LEASED",
    "IS_OPEN",
    "IS_WAITING",
    "MAY_BE_SENT",
    "outbox",
    "outbox_attempts",
    "outbox_closed_lanes",
    "outbox_holds",
    "outbox_notes",
]


def _one_of(column: str, values: Iterable[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


#: Conditions of the partial indexes. A query has to repeat them to the letter, or SQLite takes another index.
IS_WAITING = f"state = '{CommandState.WAITING}'"
IS_LEASED = _one_of("state", (CommandState.CLAIMED, CommandState.CALLING))
IS_OPEN = _one_of(
    "state",
    (
        CommandState.WAITING,
        CommandState.CLAIMED,
        CommandState.CALLING,
        CommandState.UNCERTAIN,
        CommandState.DEAD,
    ),
)
MAY_BE_SENT = _one_of("state", (CommandState.CALLING, CommandState.UNCERTAIN, CommandState.SENT))
_NEEDS_REASON = _one_of(
    "state",
    (
        CommandState.DEAD,
        CommandState.UNCERTAIN,
        CommandState.CANCELLED,
        CommandState.WITHDRAWN,
        CommandState.SUPPRESSED,
    ),
)
_HAS_NO_REASON = _one_of("state", (CommandState.CLAIMED, CommandState.CALLING, CommandState.SENT))


outbox = Table(
    "outbox",
    metadata,
    # Orders what is due at the same instant as it was enqueued.
    Column("sequence", AutoNumber, primary_key=True, autoincrement=True),
    # Unique over all tenants and for ever: rows are never deleted (see the triggers below).
    Column("command_key", String(MAX_COMMAND_KEY), nullable=False, unique=True),
    Column("tenant_id", Text, nullable=False),
    Column("command_type", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("contact_id", Text),
    Column("rule_id", Text),
    Column("rule_version", Text),
    Column("message_class", Text, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("payload", Text, nullable=False),
    Column("cause_event_ids", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("next_attempt_at", UtcDateTime),
    Column("token", String(36)),
    Column("leased_until", UtcDateTime),
    Column("provider_id", Text),
    Column("attempts_count", Integer, nullable=False),
    Column("tries_count", Integer, nullable=False),
    Column("redrives_count", Integer, nullable=False),
    Column("enqueued_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    CheckConstraint(_one_of("state", CommandState), name="outbox_state_is_known"),
    CheckConstraint(_one_of("channel", Channel), name="outbox_channel_is_known"),
    CheckConstraint(_one_of("message_class", MessageClass), name="outbox_message_class_is_known"),
    CheckConstraint("(token IS NULL) = (leased_until IS NULL)", name="outbox_lease_has_token_and_end"),
    CheckConstraint(f"({IS_LEASED}) = (token IS NOT NULL)", name="outbox_lease_is_of_claimed_and_calling"),
    CheckConstraint(f"({IS_WAITING}) = (next_attempt_at IS NOT NULL)", name="outbox_waiting_has_next_attempt"),
    CheckConstraint(f"NOT ({_NEEDS_REASON}) OR reason IS NOT NULL", name="outbox_end_has_reason"),
    CheckConstraint(f"NOT ({_HAS_NO_REASON}) OR reason IS NULL", name="outbox_reason_is_of_what_stands"),
    CheckConstraint("provider_id IS NULL OR state = 'sent'", name="outbox_provider_id_is_of_sent"),
    CheckConstraint(
        "state NOT IN ('calling', 'uncertain', 'sent') OR attempts_count > 0", name="outbox_call_counted"
    ),
    CheckConstraint("tries_count BETWEEN 0 AND attempts_count", name="outbox_tries_are_attempts"),
    CheckConstraint("(rule_id IS NULL) = (rule_version IS NULL)", name="outbox_rule_has_version"),
    # Serves claim(): the oldest waiting rows first, whatever the length of the history.
    Index(
        "outbox_waiting_by_due_at",
        "due_at",
        "sequence",
        postgresql_where=text(IS_WAITING),
        sqlite_where=text(IS_WAITING),
    ),
    # Serves has_due() and next_due_at(), asked many times a second: what was postponed is not looked through.
    Index(
        "outbox_waiting_by_next_attempt",
        "next_attempt_at",
        postgresql_where=text(IS_WAITING),
        sqlite_where=text(IS_WAITING),
    ),
    # Serves expire_leases(): leases that ran out.
    Index(
        "outbox_leases_by_end",
        "leased_until",
        postgresql_where=text(IS_LEASED),
        sqlite_where=text(IS_LEASED),
    ),
    # Serves depths(), open_keys(), and lists of what waits, is uncertain or dead: what is over is not in it.
    Index(
        "outbox_open_by_tenant",
        "tenant_id",
        "channel",
        "state",
        "due_at",
        postgresql_where=text(IS_OPEN),
        sqlite_where=text(IS_OPEN),
    ),
    # Serves cancel_matching() and lists of one contact's commands, newest first.
    Index("outbox_by_contact", "tenant_id", "contact_id", "sequence"),
    # Serve count_sent() and count_sent_in_channel(), which every message with a cap or quota asks.
    Index(
        "outbox_sent_by_contact",
        "tenant_id",
        "contact_id",
        "message_class",
        "changed_at",
        postgresql_where=text(MAY_BE_SENT),
        sqlite_where=text(MAY_BE_SENT),
    ),
    Index(
        "outbox_sent_by_channel",
        "tenant_id",
        "channel",
        "changed_at",
        postgresql_where=text(MAY_BE_SENT),
        sqlite_where=text(MAY_BE_SENT),
    ),
    sqlite_autoincrement=True,  # a sequence is never given twice
)

outbox_attempts = Table(
    "outbox_attempts",
    metadata,
    Column("attempt_id", AutoNumber, primary_key=True, autoincrement=True),
    Column("command_key", String(MAX_COMMAND_KEY), ForeignKey("outbox.command_key"), nullable=False),
    Column("attempt_number", Integer, nullable=False),
    Column("token", String(36), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", Text),
    Column("detail", Text),
    Column("provider_id", Text),
    Column("next_attempt_at", UtcDateTime),
    Column("resolution", Text),
    Column("resolved_at", UtcDateTime),
    Column("resolved_by", Text),
    CheckConstraint(f"outcome IS NULL OR {_one_of('outcome', AttemptOutcome)}", name="attempt_outcome_is_known"),
    CheckConstraint(f"resolution IS NULL OR {_one_of('resolution', Resolution)}", name="attempt_resolution_is_known"),
    CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="attempt_end_has_outcome"),
    CheckConstraint(
        "(outcome IS NOT NULL AND outcome = 'retry') = (next_attempt_at IS NOT NULL)",
        name="attempt_retry_has_time",
    ),
    CheckConstraint(
        "(resolution IS NULL) = (resolved_at IS NULL) AND (resolution IS NULL) = (resolved_by IS NULL)",
        name="attempt_resolution_is_whole",
    ),
    CheckConstraint(
        "resolution IS NULL OR (outcome IS NOT NULL AND outcome = 'uncertain')",
        name="attempt_resolution_is_of_uncertain",
    ),
    CheckConstraint(
        "provider_id IS NULL OR (outcome IS NOT NULL AND outcome = 'sent')"
        " OR (resolution IS NOT NULL AND resolution = 'sent')",
        name="attempt_provider_id_is_of_sent",
    ),
    # Serves find(), and every write about the running attempt.
    UniqueConstraint("command_key", "attempt_number", name="outbox_attempts_number_key"),
    sqlite_autoincrement=True,
)

outbox_holds = Table(
    "outbox_holds",
    metadata,
    Column("hold_id", AutoNumber, primary_key=True, autoincrement=True),
    # A part that is null matches all.
    Column("tenant_id", Text),
    Column("channel", Text),
    Column("rule_id", Text),
    Column("reason", Text, nullable=False),
    Column("held_at", UtcDateTime, nullable=False),
    Column("held_by", Text, nullable=False),
    Column("released_at", UtcDateTime),
    Column("released_by", Text),
    CheckConstraint(f"channel IS NULL OR {_one_of('channel', Channel)}", name="hold_channel_is_known"),
    CheckConstraint("rule_id IS NULL OR tenant_id IS NOT NULL", name="hold_rule_is_of_a_tenant"),
    CheckConstraint("(released_at IS NULL) = (released_by IS NULL)", name="hold_release_is_whole"),
    # Makes holding twice one hold, and serves claim() and begin_call(): what is held now.
    Index(
        "outbox_holds_in_force",
        text("coalesce(tenant_id, '')"),
        text("coalesce(channel, '')"),
        text("coalesce(rule_id, '')"),
        unique=True,
        postgresql_where=text("released_at IS NULL"),
        sqlite_where=text("released_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)

# What is decided anew about a command that is being called, uncertain or dead: see redecision.py.
outbox_notes = Table(
    "outbox_notes",
    metadata,
    Column("command_key", String(MAX_COMMAND_KEY), ForeignKey("outbox.command_key"), primary_key=True),
    Column("reason", Text),
    Column("decided", Text),
    Column("noted_at", UtcDateTime, nullable=False),
    CheckConstraint("(reason IS NULL) <> (decided IS NULL)", name="note_is_of_one_kind"),
)

# Providers by which nothing goes out now; a row is deleted when something does again.
outbox_closed_lanes = Table(
    "outbox_closed_lanes",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("is_set_up", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("closed_at", UtcDateTime, nullable=False),
)

# A key that could be deleted or renamed could be sent again, and so could a sent row that takes another state.
_REFUSALS = {
    "DELETE": ("BEFORE DELETE", ""),
    "UPDATE": (
        "BEFORE UPDATE",
        "WHEN (NEW.command_key <> OLD.command_key OR (OLD.state = 'sent' AND NEW.state <> 'sent'))",
    ),
}
for _operation, (_occasion, _condition) in _REFUSALS.items():
    event.listen(
        outbox,
        "after_create",
        DDL(
            f"CREATE TRIGGER outbox_refuses_{_operation.lower()} {_occasion} ON outbox FOR EACH ROW {_condition} "
            "BEGIN SELECT RAISE(ABORT, 'outbox: keys stay and sent is final'); END"
        ).execute_if(dialect="sqlite"),
    )
    event.listen(
        outbox,
        "after_create",
        DDL(
            "CREATE OR REPLACE FUNCTION outbox_refuses() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'outbox: keys stay and sent is final'; END $$; "
            f"CREATE TRIGGER outbox_refuses_{_operation.lower()} {_occasion} ON outbox FOR EACH ROW {_condition} "
            "EXECUTE FUNCTION outbox_refuses();"
        ).execute_if(dialect="postgresql"),
    )
event.listen(
    outbox,
    "after_create",
    DDL(
        "CREATE TRIGGER outbox_refuses_truncate BEFORE TRUNCATE ON outbox FOR EACH STATEMENT "
        "EXECUTE FUNCTION outbox_refuses()"
    ).execute_if(dialect="postgresql"),
)
