"""A warehouse with nothing but a log and the staging models over it, compiled by dbt and made views."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

PROJECT = Path(__file__).parents[3] / "dbt_project"
_LOG = "stg_event_log__events"
_OF_TENANTS = ("stg_tenants__tenants", "stg_tenants__services")
#: Far from UTC, so that a model that forgets the zone of a time is found out.
_SESSION_ZONE = "Pacific/Kiritimati"
_CREATE_LOG = """
create table raw.event_log (
    sequence bigint, event_id varchar, tenant_id varchar, source varchar, source_event_id varchar, type varchar,
    subject_id varchar, occurred_at timestamptz, received_at timestamptz, correlation_id varchar,
    causation_id varchar, schema_version integer, origin varchar, content_type varchar, headers json, payload json
)
"""
_CREATE_TENANTS = """
create table raw.tenants as
select
    'tenant' as tenant_id, 'Salon' as name, 'hair' as industry, 'America/Chicago' as zone,
    time '09:00' as all_day_time, 'USD' as currency, 'US' as country, 'en' as languages,
    []::varchar[] as cancel_is_stop, '.' as decimal_mark;
create table raw.services as
select
    'tenant' as tenant_id, 'cut' as service_key, 'Cut' as name, 4000::bigint as price_minor, 'USD' as currency,
    30 as duration_minutes, '{"gohighlevel": "cal_cut"}'::json as provider_ids
"""
_APPEND = """
insert into raw.event_log
select
    sequence, event_id, 'tenant', source, event_id, type, null, timestamptz '2026-11-01 12:00:00+00',
    timestamptz '2026-11-01 12:00:01+00', null, null, 1, 'webhook', 'application/json', '{}', payload::json
from (
    select unnest($sequences) as sequence, unnest($ids) as event_id, unnest($sources) as source,
    unnest($types) as type, unnest($payloads) as payload
)
"""


class Event(NamedTuple):
    """What matters of a logged event to staging."""

    source: str
    type: str
    payload: str | None  #: JSON text


class StagingWarehouse:
    """Holds events and shows what staging makes of them. Event ids are `event-<position>`."""

    def __init__(self, path: Path, models: dict[str, str]) -> None:
        self.models = frozenset(models) - {_LOG, *_OF_TENANTS}
        self._connection = duckdb.connect(str(path))
        self._connection.execute(f"set TimeZone = '{_SESSION_ZONE}'")
        self._connection.execute("create schema if not exists raw")
        self._connection.execute("create schema if not exists staging")
        self._connection.execute(_CREATE_LOG)
        self._connection.execute("create table raw.undone_events (sequence bigint)")
        self._connection.execute(_CREATE_TENANTS)
        for name in (_LOG, *_OF_TENANTS, *sorted(self.models)):
            self._connection.execute(f"create view staging.{name} as {models[name]}")

    def replace_events(self, events: Iterable[Event]) -> None:
        """Make these the log. Raises duckdb.ConversionException for a payload that DuckDB does not take as JSON."""
        self._connection.execute("delete from raw.event_log")
        rows = [(number, f"event-{number}", *event) for number, event in enumerate(events)]
        sequences, ids, sources, types, payloads = (list(column) for column in zip(*rows, strict=True))
        self._connection.execute(
            _APPEND,
            {"sequences": sequences, "ids": ids, "sources": sources, "types": types, "payloads": payloads},
        )

    def columns(self, model: str) -> tuple[tuple[str, str], ...]:
        """Return a model's columns with their types."""
        described = self._connection.execute(f"describe staging.{model}").fetchall()
        return tuple((name, kind) for name, kind, *_ in described)

    def rows(self, model: str) -> list[dict[str, Any]]:
        """Return a model's rows in the order of their events."""
        cursor = self._connection.execute(f"from staging.{model} order by sequence")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def compile_models(folder: Path) -> dict[str, str]:
    """Return the compiled SQL of the staging models of sources by name, for a warehouse called warehouse.duckdb."""
    project = _copy_staging(folder / "project")
    command = [
        str(Path(sys.executable).with_name("dbt")),
        *("compile", "--quiet", "--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
    ]
    environment = os.environ | {
        # Compiling needs a database of the name that the SQL will hold, not this one.
        "FRONTDESK_WAREHOUSE": str(project / "warehouse.duckdb"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    compiled = folder / "target" / "compiled" / "frontdesk" / "models" / "staging"
    files = (file for file in compiled.glob("*/stg_*.sql") if not _is_about_us(file))
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


def _copy_staging(folder: Path) -> Path:
    """Copy what compiling needs: parsing the whole project with its tests takes three times as long."""
    shutil.copytree(
        PROJECT / "models" / "staging",
        folder / "models" / "staging",
        ignore=shutil.ignore_patterns("*__models.yml", "*__unit_tests.yml"),
    )
    shutil.copytree(PROJECT / "macros", folder / "macros")
    for name in ("dbt_project.yml", "profiles.yml", "models/_groups.yml"):
        shutil.copyfile(PROJECT / name, folder / name)
    return folder


def _is_about_us(file: Path) -> bool:
    """Tell models of the tenants' files and of the log itself, which no delivery reaches."""
    return (file.parent.name == "tenants" and file.stem not in _OF_TENANTS) or (
        file.parent.name == "event_log" and file.stem != _LOG
    )
