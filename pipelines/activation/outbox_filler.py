"""Keeps the outbox equal to what is decided: what is intended waits there, what no longer is, is withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import duckdb
import orjson
import pyarrow as pa

from core.clock import Clock
from core.outbox.commands import Channel, MessageClass, NewCommand
from core.outbox.outbox import Outbox
from core.set_aside import Kind, SetAside, Step, reason_of, subject_of
from pipelines.lib.faults import is_of_machine

#: Commands put in, or taken back, within one transaction.
_BATCH_SIZE = 500
_INTENDED = "intended"
_NO_LONGER = "no longer decided so: {}"

Decision = Mapping[str, Any]
_Work = TypeVar("_Work")


class OutboxFiller:
    """Puts decisions into the outbox. What has expired when it is first seen is history, and stays out.

    A decision that can't become a command, or a command that the outbox refuses, is set aside by itself; it goes in
    as soon as it is decided in a form that can.
    """

    def __init__(self, outbox: Outbox, *, clock: Clock, set_aside: SetAside) -> None:
        self._outbox = outbox
        self._clock = clock
        self._set_aside = set_aside
        #: Keys of the commands that are set aside, as the table keeps them.
        self._aside = set(set_aside.subjects(Kind.COMMAND))

    def apply(self, before: pa.Table, after: pa.Table) -> None:
        """Bring the outbox from one set of decisions to another; both have the columns of fct_decisions."""
        known = {row["command_key"]: row for row in before.to_pylist()}
        coming = {row["command_key"]: row for row in after.to_pylist()}
        self._enqueue(row for key, row in coming.items() if row != known.get(key))
        gone = [key for key, row in known.items() if _is_intended(row) and not _is_intended(coming.get(key))]
        for reason, keys in groupby(sorted((_reason(coming.get(key)), key) for key in gone), key=itemgetter(0)):
            self._withdraw([key for _, key in keys], reason=reason)

    def reconcile(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the outbox what a whole warehouse decides, such as after a rebuild or with other rules."""
        decisions = connection.execute(
            "select * from marts.fct_decisions where verdict = 'intended' and stopped_by is null and expires_at > ?",
            [self._clock.now()],
        )
        intended = decisions.arrow().read_all().to_pylist()
        self._enqueue(intended)
        keys = {row["command_key"] for row in intended}
        # What is set aside and no longer decided is nothing to mend.
        self._let_in(self._aside - {subject_of(key) for key in keys})
        tenants = connection.execute("select tenant_id from marts.dim_tenants").fetchall()
        for (tenant_id,) in tenants:
            gone = [key for key in self._outbox.open_keys(tenant_id) if key not in keys]
            self._withdraw(gone, reason="it is not decided, or too late")

    def _enqueue(self, rows: Iterable[Decision]) -> None:
        now = self._clock.now()
        wanted = [row for row in rows if _is_intended(row) and (row["expires_at"] or now) > now]
        for start in range(0, len(wanted), _BATCH_SIZE):
            self._each(wanted[start : start + _BATCH_SIZE], self._put, about=lambda row: row)

    def _put(self, rows: Sequence[Decision]) -> None:
        self._outbox.enqueue([_to_command(row) for row in rows])
        self._let_in({subject_of(row["command_key"]) for row in rows})

    def _withdraw(self, keys: Sequence[str], *, reason: str) -> None:
        def take_back(some: Sequence[str]) -> None:
            self._outbox.withdraw(some, reason=_NO_LONGER.format(reason))
            self._let_in({subject_of(key) for key in some})

        for start in range(0, len(keys), _BATCH_SIZE):
            self._each(keys[start : start + _BATCH_SIZE], take_back, about=_about_key)

    def _each(
        self,
        work: Sequence[_Work],
        do: Callable[[Sequence[_Work]], None],
        *,
        about: Callable[[_Work], Mapping[str, Any]],
    ) -> None:
        """Do a piece of work at once, or where one of it is at fault, all but that one."""
        try:
            do(work)
        except Exception as error:
            if is_of_machine(error):
                raise
            if len(work) == 1:
                self._put_aside(about(work[0]), error)
                return
            half = len(work) // 2
            for part in (work[:half], work[half:]):
                self._each(part, do, about=about)

    def _put_aside(self, row: Mapping[str, Any], error: Exception) -> None:
        key = str(row["command_key"])
        self._set_aside.note(
            Kind.COMMAND,
            key,
            step=Step.FILLING,
            reason=reason_of(error) + (f" (rule {row['rule_id']})" if row.get("rule_id") else ""),
            tenant_id=str(row["tenant_id"]),
        )
        self._aside.add(subject_of(key))

    def _let_in(self, subjects: Collection[str]) -> None:
        let_in = self._aside.intersection(subjects)
        if let_in:
            self._set_aside.let_in(Kind.COMMAND, let_in)
            self._aside -= let_in


def _about_key(key: str) -> Mapping[str, Any]:
    return {"command_key": key, "tenant_id": key.partition("/")[0]}


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
