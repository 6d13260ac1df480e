"""Which revision a database is at and which ones there are. Imports no Alembic: every opening of a database asks."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.core.errors import ConfigurationError

FOLDER: Final = Path(__file__).parent
VERSION_TABLE: Final = "alembic_version"
#: What can't be of any revision: nothing is there yet.
EMPTY: Final = "0000"

#: Homes made before migrations were: what each revision's tables hold. Never changed, as such homes never change.
UNVERSIONED: Final[dict[str, dict[str, str]]] = {
    "0001": {
        "event_log": "sequence event_id tenant_id source source_event_id type subject_id occurred_at received_at"
        " correlation_id causation_id schema_version origin content_type headers body payload",
        "rejected_deliveries": "rejection_id tenant_id source reason detail received_at body_size body_sha256"
        " body_redacted",
        "rejection_counts": "tenant_id source reason rejected_date count_rejections last_rejected_at",
        "write_probes": "probe_id filler",
        "outbox": "sequence command_key tenant_id command_type channel provider contact_id rule_id rule_version"
        " message_class due_at expires_at payload cause_event_ids state reason next_attempt_at token leased_until"
        " provider_id attempts_count tries_count redrives_count enqueued_at changed_at",
        "outbox_attempts": "attempt_id command_key attempt_number token started_at ended_at outcome detail"
        " provider_id next_attempt_at resolution resolved_at resolved_by",
        "outbox_holds": "hold_id tenant_id channel rule_id reason held_at held_by released_at released_by",
        "staff_accounts": "staff_id tenant_id email name role password_hash is_disabled created_at",
        "staff_sessions": "token_sha256 staff_id created_at last_used_at expires_at address",
        "sign_in_failures": "counted count_failures last_failed_at locked_until",
        "audit_entries": "audit_id tenant_id at who action subject address",
    },
    "0002": {
        "set_aside": "kind tenant_id subject step reason sequence count_times set_aside_at last_seen_at let_in_at"
    },
    "0003": {
        "heartbeats": "name beat_at state modelled_sequence error",
        "pipeline_runs": "run_id kind started_at ended_at outcome detail",
        "incidents": "incident_id incident_key kind tenant_id title detail remedy seen_first_at seen_last_at"
        " opened_at well_since closed_at",
        "alerts": "alert_id incident_id moment channel target tenant_id created_at next_attempt_at attempts_count"
        " sent_at error",
    },
    "0004": {
        "outbox_notes": "command_key reason decided noted_at",
        "outbox_closed_lanes": "tenant_id provider is_set_up reason closed_at",
    },
    "0005": {"known_devices": "device_sha256 email last_signed_in_at"},
}


@cache
def known_revisions(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return every revision that this version of Frontdesk knows, oldest first: the numbers of the files."""
    return tuple(sorted(file.name[:4] for file in (folder / "versions").glob("[0-9]*.py")))


def newest_revision() -> str:
    """Return the revision that this version of Frontdesk works with."""
    return known_revisions(FOLDER)[-1]


def read_revision(engine: Engine) -> str | None:
    """Return the revision that a database says it is at, None if it says none: one row is read, nothing waits.

    Raises ConfigurationError for a revision that is not known, SQLAlchemyError if the database can't be read.
    """
    with engine.connect() as connection:
        try:
            return noted_revision(connection)
        except SQLAlchemyError:
            connection.rollback()
            if not inspect(connection).has_table(VERSION_TABLE):
                return None
            # Another process has made it meanwhile; what else was wrong is raised again.
            return noted_revision(connection)


def noted_revision(connection: Connection) -> str | None:
    """Return what the table of the revision says; see read_revision."""
    found: str | None = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608 - a constant of ours
    if found is not None and found not in known_revisions(FOLDER):
        raise ConfigurationError(
            f"the database is at revision {found}, and this version of Frontdesk knows up to {newest_revision()}:"
            " a newer version has opened it; start that one again, or `frontdesk restore` a backup from before"
        )
    return found


def recognise(connection: Connection) -> str:
    """Return the revision of a database that notes none, by its tables and their columns; EMPTY for no tables.

    Raises ConfigurationError if no version of Frontdesk makes such tables.
    """
    found = inspect(connection)
    names = set(found.get_table_names()) & {name for tables in UNVERSIONED.values() for name in tables}
    if not names:
        return EMPTY
    newest = max(revision for revision, tables in UNVERSIONED.items() if names & tables.keys())
    expected = {
        name: columns
        for revision, tables in UNVERSIONED.items()
        if revision <= newest
        for name, columns in tables.items()
    }
    for name, columns in expected.items():
        if name not in names:
            raise _unknown(f"table {name} is missing")
        _check_columns(name, [column["name"] for column in found.get_columns(name)], expected=columns.split())
    return newest


def _check_columns(table: str, columns: Collection[str], *, expected: Collection[str]) -> None:
    if different := sorted(set(columns) ^ set(expected)):
        raise _unknown(f"table {table} differs in {', '.join(different)}")


def _unknown(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"the database was not made by a version of Frontdesk that can be upgraded: {what};"
        " open it by the version that made it, or `frontdesk restore` a backup"
    )
