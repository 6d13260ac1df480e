"""The rows of stored secrets, as steps of a transaction that the caller has open: see database.writing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, inspect, select, update

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.secret_store.master_key import MasterKey, MasterKeys, Sealed, SecretAddress
from frontdesk.core.secret_store.schema import stored_secret_revisions, stored_secrets
from frontdesk.core.secrets import MASTER_KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """One live value of a secret, encrypted; set_at is aware UTC."""

    address: SecretAddress
    sealed: Sealed
    set_at: datetime
    set_by: str


def has_store(connection: Connection) -> bool:
    """Tell whether the tables are there: an older version's home has none, and a new one's come with its start."""
    return inspect(connection).has_table(stored_secret_revisions.name)


def read_values(connection: Connection, *, tenant_ids: Collection[str] | None = None) -> list[StoredValue]:
    """Return the values of businesses, of all if None: by business and name, the newest first."""
    columns = stored_secrets.c
    query = select(stored_secrets).order_by(columns.tenant_id, columns.name, columns.value_number.desc())
    if tenant_ids is not None:
        query = query.where(columns.tenant_id.in_(sorted(tenant_ids)))
    return [_to_value(row) for row in connection.execute(query).mappings()]


def newest_revision(connection: Connection) -> int:
    """Return the number of the newest change, 0 if nothing was ever stored. One look at an index."""
    return connection.execute(select(func.max(stored_secret_revisions.c.revision))).scalar() or 0


def changed_since(connection: Connection, revision: int) -> frozenset[str]:
    """Return whose secrets changed after a revision."""
    columns = stored_secret_revisions.c
    return frozenset(connection.execute(select(columns.tenant_id).where(columns.revision > revision)).scalars())


def put_value(
    connection: Connection,
    *,
    tenant_id: str,
    name: str,
    value: str,
    keeps_older: bool,
    keys: MasterKeys,
    now: datetime,
    by: str,
) -> None:
    """Store a value, in place of those that are there, or before them.

    Raises ConfigurationError if none of the keys may encrypt it.
    """
    _lock(connection)
    key = _encrypting_key(connection, keys)
    columns = stored_secrets.c
    is_it = (columns.tenant_id == tenant_id, columns.name == name)
    last = connection.execute(select(func.max(columns.value_number)).where(*is_it)).scalar() or 0
    if not keeps_older:
        connection.execute(delete(stored_secrets).where(*is_it))
    address = SecretAddress(tenant_id, name, last + 1)
    row = {**address._asdict(), **key.encrypt(value, address=address)._asdict(), "set_at": now, "set_by": by}
    connection.execute(insert(stored_secrets), row)
    _note_change(connection, [tenant_id])


def delete_values(
    connection: Connection, *, tenant_id: str, name: str | None = None, is_newest_kept: bool = False
) -> list[str]:
    """Delete a secret of a business, or all of them; return the name of each value that is gone.

    is_newest_kept: the newest value of each stays.
    """
    _lock(connection)
    found = [each.address for each in read_values(connection, tenant_ids=[tenant_id])]
    newest = {each.name: each for each in reversed(found)}
    gone = [
        each for each in found if name in (None, each.name) and not (is_newest_kept and each == newest[each.name])
    ]
    for each in gone:
        connection.execute(delete(stored_secrets).where(*_is_at(each)))
    if gone:
        _note_change(connection, [tenant_id])
    return [each.name for each in gone]


def encrypt_anew(connection: Connection, *, old: MasterKey, new: MasterKey) -> int:
    """Encrypt every value under a new key; return how many were not yet.

    Raises ConfigurationError that names those that the old key does not open; roll back then.
    """
    _lock(connection)
    pending = [each for each in read_values(connection) if each.sealed.key_id != new.key_id]
    opening = MasterKeys((old,), "")
    for each in pending:
        address = each.address
        try:
            value = opening.decrypt(each.sealed, address=address)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"{address.tenant_id}, {address.name}: {error.detail}; nothing was changed"
            ) from None
        sealed = new.encrypt(value, address=address)
        connection.execute(update(stored_secrets).where(*_is_at(address)).values(sealed._asdict()))
    _note_change(connection, sorted({each.address.tenant_id for each in pending}))
    return len(pending)


def _is_at(address: SecretAddress) -> list[ColumnElement[bool]]:
    """Return the conditions of the row at an address, whose fields are the table's key."""
    return [stored_secrets.c[column] == part for column, part in address._asdict().items()]


def _encrypting_key(connection: Connection, keys: MasterKeys) -> MasterKey:
    """Return the key that all are stored under; of an empty store the first. All are under one: it can be changed."""
    known: Sequence[str] = connection.execute(select(stored_secrets.c.key_id).distinct()).scalars().all()
    if not known:
        if keys.problem:
            raise ConfigurationError(keys.problem)
        return keys.keys[0]
    found = next((key for each in known if (key := keys.find(each)) is not None), None)
    if found is None:
        raise ConfigurationError(
            f"FRONTDESK_{MASTER_KEY}: is not the key that secrets are stored under; set that one. If it is lost,"
            " `frontdesk secrets remove` takes out what nobody can read any more"
        )
    return found


def _lock(connection: Connection) -> None:
    """Let changes come one after the other, so that their numbers are seen in order; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended('frontdesk.stored_secrets', 0))")


def _note_change(connection: Connection, tenant_ids: Collection[str]) -> None:
    columns = stored_secret_revisions.c
    revision = newest_revision(connection) + 1
    for tenant_id in tenant_ids:
        known = update(stored_secret_revisions).where(columns.tenant_id == tenant_id).values(revision=revision)
        if not connection.execute(known).rowcount:
            connection.execute(insert(stored_secret_revisions), {"tenant_id": tenant_id, "revision": revision})


def _to_value(row: RowMapping) -> StoredValue:
    return StoredValue(
        address=SecretAddress(row["tenant_id"], row["name"], row["value_number"]),
        sealed=Sealed(row["key_id"], row["nonce"], row["ciphertext"]),
        set_at=row["set_at"],
        set_by=row["set_by"],
    )
