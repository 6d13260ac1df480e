"""Keeps the outbox equal to what is decided: what is intended waits there, what no longer is, is withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import duckdb
import orjson
import pyarrow as pa

from frontdesk.core.clock import Clock
from frontdesk.core.faults import is_of_machine
from frontdesk.core.log.set_aside import Kind, SetAside, Step, reason_of, subject_of
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from frontdesk.domains.sending.outbox.commands import Channel, MessageClass, NewCommand
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.withdrawals import Withdrawals

#: Commands put in, or taken back, within one transaction.
_BATCH_SIZE = 500
_INTENDED = "intended"
_NO_LONGER = "no longer decided so: {}"

Decision = Mapping[str, Any]
_Work = TypeVar("_Work")


class OutboxFiller:
    """Puts decisions into the outbox. What has expired when it is first seen is history, and stays out.

    A decision that can't become a command, or a command that the outbox refuses, is set aside by itself; it goes in
    as soon as it is decided in a form that can. What was due and is not called after all is told of in the log, with
    the reason. `position` is told how far the outbox takes account of the log.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        withdrawals: Withdrawals,
        clock: Clock,
        set_aside: SetAside,
        position: DecidedPosition | None = None,
    ) -> None:
        self._outbox = outbox
        self._withdrawals = withdrawals
        self._clock = clock
        self._set_aside = set_aside
        #: Keys of the commands that are set aside, as the table keeps them.
        self._aside = set(set_aside.subjects(Kind.COMMAND))
        self._position = position
        #: Keys of open commands whose causes are not modelled yet.
        self._to_come: set[str] = set()

    def apply(self, before: pa.Table, after: pa.Table) -> None:
        """Bring the outbox from one set of decisions to another; both have the columns of fct_decisions."""
        known = {row["command_key"]: row for row in before.to_pylist()}
        coming = {row["command_key"]: row for row in after.to_pylist()}
        changed = [row for key, row in coming.items() if row != known.get(key)]
        self._enqueue(changed)
        keys = [key for key, row in known.items() if _is_intended(row) and not _is_intended(coming.get(key))]
        self._take_back({key: _reason(coming.get(key)) for key in keys})
        self._enter_withheld(row for row in changed if not _is_intended(known.get(row["command_key"])))

    def reconcile(self, connection: duckdb.DuckDBPyConnection, *, modelled_sequence: int) -> None:
        """Make the outbox what a whole warehouse decides, such as after a rebuild or with other rules.

        What later events caused, in a batch that did not come to its end, waits for them to be modelled: see settle.
        """
        decisions = connection.execute(
            "select * from marts.fct_decisions where verdict = 'intended' and expires_at > ?", [self._clock.now()]
        )
        rows = decisions.arrow().read_all().to_pylist()
        self._enqueue(rows)
        # What is set aside and no longer decided is nothing to mend.
        self._let_in(self._aside - {subject_of(row["command_key"]) for row in rows if _is_intended(row)})
        tenants = connection.execute("select tenant_id from marts.dim_tenants").fetchall()
        self._to_come = set()
        for (tenant_id,) in tenants:
            keys = self._outbox.open_keys(tenant_id)
            self._to_come |= self._take_back_undecided(connection, keys, modelled_sequence=modelled_sequence)
        self._enter_withheld(rows)

    def settle(self, connection: duckdb.DuckDBPyConnection, *, modelled_sequence: int) -> None:
        """Take back what waited for its cause to be modelled, and is not decided again by the events up to here."""
        if self._to_come:
            self._to_come = self._take_back_undecided(
                connection, sorted(self._to_come), modelled_sequence=modelled_sequence
            )

    def opened(self, sequence: int) -> None:
        """Take note that a warehouse was opened that has all events up to this sequence."""
        if self._position is not None:
            self._position.begin_at(sequence)

    def decided(self, sequence: int) -> None:
        """Take note that the outbox takes account of all events up to this sequence."""
        if self._position is not None:
            self._position.advance(sequence)

    def renewing(self, tenant_ids: frozenset[str]) -> None:
        """Hold what waits of businesses whose decisions are being made anew; nobody else's."""
        if self._position is not None:
            self._position.hold(tenant_ids)

    def _take_back_undecided(
        self, connection: duckdb.DuckDBPyConnection, command_keys: Sequence[str], *, modelled_sequence: int
    ) -> set[str]:
        """Take back what the warehouse does not intend; return what it can't know of, by events still to come."""
        reasons = self._no_longer_decided(connection, command_keys)
        to_come = self._withdrawals.caused_after(modelled_sequence, reasons)
        self._take_back({key: reason for key, reason in reasons.items() if key not in to_come})
        return to_come

    def _no_longer_decided(
        self, connection: duckdb.DuckDBPyConnection, command_keys: Sequence[str]
    ) -> dict[str, str]:
        """Return the reason for each of these that the warehouse does not intend; what expired is not among them."""
        found: dict[str, Decision] = {}
        for start in range(0, len(command_keys), _BATCH_SIZE):
            decisions = connection.execute(
                "select * from marts.fct_decisions where list_contains(?, command_key)",
                [command_keys[start : start + _BATCH_SIZE]],
            )
            found |= {row["command_key"]: row for row in decisions.arrow().read_all().to_pylist()}
        return {key: _reason(found.get(key)) for key in command_keys if not _is_intended(found.get(key))}

    def _take_back(self, reasons: Mapping[str, str]) -> None:
        for reason, keys in groupby(sorted((reason, key) for key, reason in reasons.items()), key=itemgetter(0)):
            self._withdraw([key for _, key in keys], reason=reason)

    def _enter_withheld(self, rows: Iterable[Decision]) -> None:
        """Show what was stopped before it was first known, though its time has come."""
        now = self._clock.now()

        def enter(some: Sequence[Decision]) -> None:
            for row in some:
                self._withdrawals.enter_withheld(command_of(row), reason=_NO_LONGER.format(_reason(row)), now=now)

        withheld = [
            row
            for row in rows
            if row["verdict"] == _INTENDED and row["stopped_by"] and row["due_at"] <= now < (row["expires_at"] or now)
        ]
        for start in range(0, len(withheld), _BATCH_SIZE):
            self._each(withheld[start : start + _BATCH_SIZE], enter, about=lambda row: row)

    def _enqueue(self, rows: Iterable[Decision]) -> None:
        now = self._clock.now()
        intended_rows = [row for row in rows if _is_intended(row) and (row["expires_at"] or now) > now]
        for start in range(0, len(intended_rows), _BATCH_SIZE):
            self._each(intended_rows[start : start + _BATCH_SIZE], self._put, about=lambda row: row)

    def _put(self, rows: Sequence[Decision]) -> None:
        self._outbox.enqueue([command_of(row) for row in rows])
        self._let_in({subject_of(row["command_key"]) for row in rows})

    def _withdraw(self, keys: Sequence[str], *, reason: str) -> None:
        def take_back(some: Sequence[str]) -> None:
            self._withdrawals.withdraw(some, reason=_NO_LONGER.format(reason), now=self._clock.now())
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
        """Do a piece of work at once, or if one of it is at fault, all but that one."""
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
            reason=reason_of(error),
            blamed=f"rule {row['rule_id']}" if row.get("rule_id") else "",
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
    if row["reason"] is None and row["stopped_by"] is not None:
        return f"{row['stopped_by']}: {row['stopped_detail']}"
    return ": ".join(filter(None, (row["reason"] or row["verdict"], row["reason_detail"])))


def command_of(row: Decision) -> NewCommand:
    """Return the command that a row of fct_decisions decides."""
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
