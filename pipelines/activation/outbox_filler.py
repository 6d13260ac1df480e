"""Keeps the outbox equal to what is decided: what is intended waits there, what no longer is, is withdrawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from core.clock import Clock
from core.outbox.commands import Channel, MessageClass, NewCommand
from core.outbox.outbox import Outbox

#: Commands put in within one transaction.
_BATCH_SIZE = 500
_INTENDED = "intended"
_NO_LONGER = "no longer decided so: {}"

Decision = Mapping[str, Any]


class OutboxFiller:
    """Puts decisions into the outbox. What has expired when it is first seen is history, and stays out."""

    def __init__(self, outbox: Outbox, *, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    def apply(self, before: pa.Table, after: pa.Table) -> None:
        """Bring the outbox from one set of decisions to another; both have the columns of fct_decisions."""
        known = {row["command_key"]: row for row in before.to_pylist()}
        coming = {row["command_key"]: row for row in after.to_pylist()}
        self._enqueue(row for key, row in coming.items() if row != known.get(key))
        gone = [key for key, row in known.items() if _is_intended(row) and not _is_intended(coming.get(key))]
        for reason, keys in groupby(sorted((_reason(coming.get(key)), key) for key in gone), key=itemgetter(0)):
            self._outbox.withdraw([key for _, key in keys], reason=_NO_LONGER.format(reason))

    def reconcile(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the outbox what a whole warehouse decides, such as after a rebuild or with other rules."""
        decisions = connection.execute(
            "select * from marts.fct_decisions where verdict = 'intended' and stopped_by is null and expires_at > ?",
            [self._clock.now()],
        )
        intended = decisions.arrow().read_all().to_pylist()
        self._enqueue(intended)
        keys = {row["command_key"] for row in intended}
        tenants = connection.execute("select tenant_id from marts.dim_tenants").fetchall()
        for (tenant_id,) in tenants:
            gone = [key for key in self._outbox.open_keys(tenant_id) if key not in keys]
            self._outbox.withdraw(gone, reason=_NO_LONGER.format("it is not decided, or too late"))

    def _enqueue(self, rows: Iterable[Decision]) -> None:
        now = self._clock.now()
        commands = [_to_command(row) for row in rows if _is_intended(row) and row["expires_at"] > now]
        for start in range(0, len(commands), _BATCH_SIZE):
            self._outbox.enqueue(commands[start : start + _BATCH_SIZE])


def _is_intended(row: Decision | None) -> bool:
    return row is not None and row["verdict"] == _INTENDED and row["stopped_by"] is None


def _reason(row: Decision | None) -> str:
    if row is None:
        return "what caused it is no more"
    return " ".join(filter(None, (row["reason"] or row["stopped_by"] or row["verdict"], row["reason_detail"])))


def _to_command(row: Decision) -> NewCommand:
    return NewCommand(
        tenant_id=row["tenant_id"],
        command_key=row["command_key"],
        command_type=row["command_type"],
        channel=Channel(row["channel"]),
        provider=row["provider"],
        message_class=MessageClass(row["message_class"]),
        due_at=row["due_at"],
        expires_at=row["expires_at"],
        payload=orjson.loads(row["payload"]),
        contact_id=row["contact_id"],
        rule_id=row["rule_id"],
        rule_version=str(row["rule_version"]),
        cause_event_ids=(row["cause_event_id"],),
    )
