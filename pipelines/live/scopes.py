"""What a batch touches: which identifiers, and which contacts they belonged to. Their rows are made anew.

An identifier that a new fact names can join groups or move to another contact, and with it everything that is in one
group with it. So a scope is whole groups, by records and by decisions of staff.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from pipelines.build.dbt_runner import LiveModel

#: More keys than these are joined with: looking up each costs more (1,400 of them, 25,000 facts: 282 ms, joined 75).
_MANY_KEYS = 400
#: Columns of scopes whose values are no text.
_UUIDS = frozenset({"identifier_key", "identifier_key_a", "primary_identifier_key", "scope_key"})
#: Values by column: the rows that have one of them.
Keys = Mapping[str, frozenset[str]]

_NEW_IDENTIFIERS = """
    select identifier_key from temp.main.int_identifiers_observed
    union
    select unnest([identifier_key_a, identifier_key_b]) from temp.main.stg_frontdesk__identity_decisions
    where identifier_key_a is not null
    union
    select identifier_key from temp.main.identifiers_before
"""


@dataclass(frozen=True, slots=True)
class Scopes:
    """Keys of what a batch touches."""

    identifiers: frozenset[str] = frozenset()  #: the ones that new events name, and all in one group with them before
    contacts: frozenset[str] = frozenset()  #: whom these belonged to before the batch

    def of(self, model: LiveModel) -> frozenset[str]:
        """Return the keys of the scope that a model names; none where it names none. Raises KeyError."""
        if model.scope is None:
            return frozenset()
        return {"scope_identifiers": self.identifiers, "scope_contacts": self.contacts}[model.scope]


def read_scopes(connection: duckdb.DuckDBPyConnection) -> Scopes:
    """Return what the batch touches, by the identifiers of its facts and decisions."""
    named = _values(connection, _NEW_IDENTIFIERS)
    groups = _values(
        connection,
        "select distinct scope_key from intermediate.int_identity_components "
        f"where {rows_with('identifier_key', named)}",
    )
    grouped = _values(
        connection,
        f"select identifier_key from intermediate.int_identity_components where {rows_with('scope_key', groups)}",
    )
    identifiers = named | grouped
    contacts = _values(
        connection,
        "select distinct contact_id from intermediate.int_contact_identifiers "
        f"where {rows_with('identifier_key', identifiers)}",
    )
    return Scopes(identifiers, contacts)


def rows_with(column: str | None, keys: frozenset[str] | None) -> str:
    """Return the SQL condition on the rows of these keys; every row for None.

    The keys are written out: DuckDB looks a few constants up in its indexes; by a subquery it scans the table.
    """
    if keys is None:
        return "true"
    if len(keys) <= _MANY_KEYS:
        return f"{column} in ({_constants(keys)})"
    type_ = "uuid" if column in _UUIDS else "varchar"
    return f"{column} in (select unnest([{_constants(keys)}]::{type_}[]))"


def rows_with_any(keys: Keys | None) -> str:
    """Return the SQL condition on the rows of any of these keys; every row for None."""
    return "true" if keys is None else " or ".join(rows_with(column, values) for column, values in keys.items())


def joined(one: Keys | None, other: Keys | None) -> Keys | None:
    """Return the keys of both."""
    if one is None or other is None:
        return None
    return {column: one.get(column, frozenset()) | other.get(column, frozenset()) for column in {*one, *other}}


def _values(connection: duckdb.DuckDBPyConnection, query: str) -> frozenset[str]:
    return frozenset(str(row[0]) for row in connection.execute(query).fetchall())


def _constants(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(values)) or "null"
