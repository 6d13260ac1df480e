"""Tables of the stored secrets, beside the log in the same database. No value is in them but encrypted."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from frontdesk.core.log.schema import UtcDateTime, metadata

stored_secrets = Table(
    "stored_secrets",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    # Grows with each value; of several live ones the newest comes first.
    Column("value_number", Integer, primary_key=True, autoincrement=False),
    # Which master key opens it: the start of the key's digest, which tells nothing of the key.
    Column("key_id", String(16), nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("set_by", Text, nullable=False),
)

# When a business's secrets last changed, by a number that grows with every change of any: who follows them asks for
# the newest, and reads those of the businesses that are new.
stored_secret_revisions = Table(
    "stored_secret_revisions",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    # Serves the look for the newest, once a second.
    Index("stored_secret_revisions_by_number", "revision"),
)
