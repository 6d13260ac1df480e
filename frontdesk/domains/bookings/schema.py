"""Tables of what is taken, of the newest state of our own bookings and of who waits, beside the log in its database.

These are functions of the log: frontdesk/domains/bookings/projection.py makes them anew and compares. Another table
has what bookings from elsewhere take up, as the models know them: frontdesk/domains/bookings/outside_times.py.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    event,
)

from frontdesk.core.log.schema import UtcDateTime, metadata

# A time that is taken of one place of a person, of a room or of a service, buffers included.
claims = Table(
    "claims",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    # Whose it is: a booking's id, which is that of the slot hold before it.
    Column("booking_id", Text, primary_key=True),
    # A number of the resource's business and name, see projection.resource_number: PostgreSQL's ranges need one.
    Column("resource_no", BigInteger, primary_key=True, autoincrement=False),
    # Which of the places that the resource can take at the same time.
    Column("lane", Integer, primary_key=True, autoincrement=False),
    Column("resource", Text, nullable=False),  # such as person:tess
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("expires_at", UtcDateTime),  # of slot holds
    Column("cause_event_id", String(36), nullable=False),
    CheckConstraint("starts_at < ends_at", name="claims_end_after_they_start"),
    # Serves the look for what overlaps: of one lane the newest start before an end is the only one that can.
    Index("claims_by_start", "resource_no", "lane", "starts_at"),
    # Serves listing: what is taken of a business from an instant on.
    Index("claims_by_end", "tenant_id", "ends_at"),
)

# The newest state of each booking of ours and of each slot hold; the event at `sequence` has the rest.
booking_states = Table(
    "booking_states",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("booking_id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("service_key", Text, nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("local_day", String(10), nullable=False),  # of the start, by the business's clock then
    Column("expires_at", UtcDateTime),  # of slot holds
    Column("sequence", BigInteger, nullable=False),
    # Serves lists by time.
    Index("booking_states_by_start", "tenant_id", "starts_at"),
    # Serves daily caps.
    Index("booking_states_by_day", "tenant_id", "service_key", "local_day"),
    # Serves the look for slot holds that ran out.
    Index("booking_states_by_expiry", "tenant_id", "expires_at"),
)

# The newest state of each entry of a waitlist; the event at `sequence` has the rest.
waitlist_entries = Table(
    "waitlist_entries",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("entry_id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("service_key", Text, nullable=False),
    Column("joined_at", UtcDateTime, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    # Serves the look for who waits, first at whose business.
    Index("waitlist_entries_by_status", "status", "tenant_id", "joined_at"),
)

# A time that a booking from elsewhere takes up. It is known when it is modelled, and may lie over one of ours: nobody
# refuses it, and staff are told.
outside_times = Table(
    "outside_times",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("booking_id", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    Column("lane", Integer, nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),  # with buffers
    Column("ends_at", UtcDateTime, nullable=False),
    Column(
        "told", Text, nullable=False
    ),  # what was told of it, as JSON: from that it was decided whose time it takes
    CheckConstraint("starts_at < ends_at", name="outside_times_end_after_they_start"),
    Index("outside_times_by_end", "tenant_id", "ends_at"),
)

# The database itself refuses two claims of one place at the same time. SQLite by triggers; PostgreSQL by ranges of
# one number each, since the extension that compares numbers in such a constraint is not installed everywhere.
NO_OVERLAP_POSTGRESQL = (
    "ALTER TABLE claims ADD CONSTRAINT claims_do_not_overlap EXCLUDE USING gist ("
    "int8range(resource_no, resource_no, '[]') WITH &&, int4range(lane, lane, '[]') WITH &&, "
    "tstzrange(starts_at, ends_at) WITH &&)"
)
# Rows of one lane do not overlap, so the last that starts before the new one ends is the only one that could.
NO_OVERLAP_SQLITE = (
    "CREATE TRIGGER claims_do_not_overlap BEFORE INSERT ON claims WHEN ("
    "SELECT ends_at FROM claims WHERE resource_no = NEW.resource_no AND lane = NEW.lane AND starts_at < NEW.ends_at "
    "ORDER BY starts_at DESC LIMIT 1) > NEW.starts_at "
    "BEGIN SELECT RAISE(ABORT, 'claims_do_not_overlap'); END"
)
# What a row claims never changes: it is deleted, and another is inserted.
NO_CHANGE_SQLITE = (
    "CREATE TRIGGER claims_refuse_update BEFORE UPDATE ON claims "
    "BEGIN SELECT RAISE(ABORT, 'a claim is deleted and inserted anew, not changed'); END"
)

event.listen(claims, "after_create", DDL(NO_OVERLAP_POSTGRESQL).execute_if(dialect="postgresql"))
event.listen(claims, "after_create", DDL(NO_OVERLAP_SQLITE).execute_if(dialect="sqlite"))
event.listen(claims, "after_create", DDL(NO_CHANGE_SQLITE).execute_if(dialect="sqlite"))
