"""The outbox: commands go in once for ever, one worker at a time may send each, and every doubt is kept as one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import Connection, Engine

from frontdesk.core.clock import Clock
from frontdesk.core.ids import IdFactory
from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.domains.sending.outbox import holds, redecision, rows, transitions
from frontdesk.domains.sending.outbox.commands import (
    AttemptOutcome,
    Channel,
    ClaimedCommand,
    CommandFilter,
    CommandState,
    Depth,
    Enqueued,
    Expired,
    KnownCommand,
    Lane,
    MessageClass,
    NewCommand,
    Overdue,
    Resolution,
)
from frontdesk.domains.sending.outbox.errors import OutboxUnavailableError
from frontdesk.domains.sending.outbox.holds import ClosedLane, Hold, HoldScope
from frontdesk.domains.sending.outbox.owners import Owner
from frontdesk.domains.sending.outbox.redecision import Note
from frontdesk.domains.sending.outbox.rows import BATCH_SIZE, batches
from frontdesk.domains.sending.outbox.schema import outbox


class _OutboxTransactions:
    """Opens the outbox's transactions, under one clock."""

    def __init__(self, engine: Engine, *, clock: Clock, ids: IdFactory) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._joined: Connection | None = None

    def within(self, connection: Connection) -> Self:
        """Return the same outbox as a part of the transaction that the caller has open; see database.writing.

        Its steps are on disk, and seen by others, once the caller commits; if one raises, roll back. For a step
        and the event that tells of it: the outbox first, then EventLog.append_within, since PostgreSQL makes all
        appends wait for a transaction that has appended, and the other order could make two wait for each other.
        """
        joined = copy(self)
        joined._joined = connection
        return joined

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated_errors(OutboxUnavailableError, what="the outbox"):
            if self._joined is not None:
                yield self._joined
                return
            with writing(self._engine) as connection:
                yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated_errors(OutboxUnavailableError, what="the outbox"):
            if self._joined is not None:
                yield self._joined
                return
            with self._engine.connect() as connection:
                yield connection


class OutboxReader(_OutboxTransactions):
    """The outbox as those see it who only ask."""

    def holds(self) -> list[Hold]:
        """Return the holds in force, oldest first."""
        with self._reading() as connection:
            return holds.read_holds(connection)

    def find(self, command_key: str) -> KnownCommand | None:
        """Return a command with its attempts, or None if the key is not known."""
        with self._reading() as connection:
            return rows.find_command(connection, command_key)

    def find_note(self, command_key: str) -> Note | None:
        """Return what was decided anew about a command while it could not take it; None if nothing was."""
        with self._reading() as connection:
            return redecision.find_note(connection, command_key)

    def search(
        self,
        command_filter: CommandFilter,
        *,
        limit: int,
        states: Collection[CommandState] = tuple(CommandState),
        before: str | None = None,
    ) -> list[KnownCommand]:
        """Return the newest commands that match, newest first, without their attempts.

        before: only those enqueued before the command with this key; none if the filter's tenant has no such one.
        """
        with self._reading() as connection:
            return rows.search_commands(connection, command_filter, states=states, limit=limit, before=before)

    def depths(self, *, tenant_id: str | None = None) -> list[Depth]:
        """Return how much is not over, per tenant and channel; none for those with nothing. None: every tenant's."""
        with self._reading() as connection:
            return rows.read_depths(connection, tenant_id=tenant_id, now=self._clock.now())

    def overdue(self) -> list[Overdue]:
        """Return what is due by now and still waits, by tenant, channel, provider and reason, in their order."""
        with self._reading() as connection:
            return rows.read_overdue(connection, now=self._clock.now())

    def closed_lanes(self) -> list[ClosedLane]:
        """Return the providers by which nothing goes out now, by tenant and provider, with the reason."""
        with self._reading() as connection:
            return holds.read_closed_lanes(connection)

    def has_due(self, *, channels: Collection[Channel] | None = None, skip: Collection[Lane] = ()) -> bool:
        """Return whether claim() with the same arguments would find a command now. One look at an index."""
        with self._reading() as connection:
            return transitions.has_due(connection, now=self._clock.now(), channels=channels, skip=skip)

    def next_due_at(self) -> datetime | None:
        """Return when the next command that waits, and is not held, can be claimed: past if it can be now.

        None: nothing waits. One look at an index, so that a worker with nothing to do knows how long it can sleep.
        """
        with self._reading() as connection:
            return transitions.next_due_at(connection)

    def count_sent(
        self,
        tenant_id: str,
        *,
        contact_id: str,
        message_class: MessageClass,
        since: datetime,
        channel: Channel | None = None,
    ) -> int:
        """Return how many commands of a class went, or may have gone, to one contact since then.

        Those that are being called or are uncertain count, since a cap must hold for them too. channel: None for all.
        """
        with self._reading() as connection:
            return rows.count_sent(
                connection,
                tenant_id=tenant_id,
                contact_id=contact_id,
                message_class=message_class,
                channel=channel,
                since=since,
            )

    def count_sent_in_channel(self, tenant_id: str, *, channel: Channel, since: datetime) -> int:
        """Return how many commands of a tenant went, or may have gone, out by a channel since then."""
        with self._reading() as connection:
            return rows.count_sent(connection, tenant_id=tenant_id, channel=channel, since=since)

    def open_keys(self, tenant_id: str) -> list[str]:
        """Return the keys of all that rules of a tenant intend and that may still go out, or go out again."""
        with self._reading() as connection:
            return rows.read_open_keys(connection, tenant_id)


_CLAIMED = (CommandState.CLAIMED,)
_CALLING = (CommandState.CALLING,)


class Outbox(OutboxReader):
    """The outbox of one database. Safe to use from several threads and processes.

    Every method is one durable transaction (expire_leases: one for each thousand): when it returns, it is on disk,
    unless it is a part of a caller's transaction (see `within`).
    Those that take a token answer False, with nothing changed, if that lease was lost, or the command is not in
    the state that the step begins from. All raise OutboxUnavailableError if the database can't be used now,
    and ValueError for values that can't be stored, such as a naive datetime.
    """

    def enqueue(self, commands: Sequence[NewCommand]) -> list[Enqueued]:
        """Add the commands whose key is not known in any state; return one answer per command, in order.

        A known command that waits, is claimed and not called yet, or is withdrawn, takes all that is decided about
        it now: when, what, to whom, and why; of one that is being called, uncertain or dead it is noted for later.
        Any other is left as it is; what is unchanged is not written.
        Raises CommandKeyClashError, with nothing added, if a key is known as another tenant's.
        """
        with self._writing() as connection:
            return transitions.enqueue(connection, commands, now=self._clock.now())

    def cancel(self, command_keys: Collection[str], *, reason: str) -> list[str]:
        """Cancel commands for good; return the keys of those it took effect on.

        What is called already can't be cancelled.
        """
        return self._take_back(command_keys, target=CommandState.CANCELLED, reason=reason)

    def withdraw(self, command_keys: Collection[str], *, reason: str) -> list[str]:
        """Take back commands that are no longer intended, as cancel does; enqueued again, they wait again.

        Returns the keys of those it took effect on. Of those that are being called, uncertain or dead it is noted,
        and they are withheld before their next try (see find_note). open_keys tells which a tenant has.
        """
        with self._writing() as connection:
            redecision.note_withdrawn(connection, command_keys, reason=reason, now=self._clock.now())
            return self.within(connection)._take_back(command_keys, target=CommandState.WITHDRAWN, reason=reason)

    def take_noted(self, command_key: str, *, token: str) -> bool:
        """Let a claimed command take what was noted of it: claimed -> waiting with it, or withdrawn."""
        now = self._clock.now()
        with self._writing() as connection:
            note = redecision.find_note(connection, command_key)
            if note is None:
                return False
            is_withdrawn = note.reason is not None
            is_left = transitions.end_lease(
                connection,
                command_key,
                token=token,
                sources=_CLAIMED,
                target=CommandState.WITHDRAWN if is_withdrawn else CommandState.WAITING,
                now=now,
                outcome=None,
                reason=note.reason,
                provider_id=None,
                next_attempt_at=None if is_withdrawn else now,
            )
            if is_left and note.decided is not None:
                transitions.redecide(connection, command_key, note.decided)
            if is_left:
                redecision.remove_notes(connection, [command_key])
            return is_left

    def cancel_matching(self, command_filter: CommandFilter, *, reason: str) -> list[str]:
        """Cancel all that match and were not called yet, such as a contact's texts at STOP; return their keys."""
        conditions = rows.conditions_of(command_filter)
        with self._writing() as connection:
            return transitions.take_back(
                connection, *conditions, target=CommandState.CANCELLED, reason=reason, now=self._clock.now()
            )

    def claim(
        self,
        *,
        limit: int,
        lease: timedelta,
        channels: Collection[Channel] | None = None,
        skip: Collection[Lane] = (),
        owner: Owner | None = None,
    ) -> list[ClaimedCommand]:
        """Lease up to `limit` commands that are due and not held, oldest due first; no two workers get the same.

        channels: only these; None for all. skip: lanes to leave alone, such as those of a provider that is down.
        owner: whose death ends the lease before it runs out.
        """
        now = self._clock.now()
        with self._writing() as connection:
            return transitions.lease_due(
                connection,
                token=owner.new_token(self._ids) if owner else self._ids.new_event_id(),
                now=now,
                leased_until=now + lease,
                limit=limit,
                channels=channels,
                skip=skip,
            )

    def begin_call(self, command_key: str, *, token: str, lease: timedelta) -> bool:
        """Record that the provider is about to be called, and renew the lease; call only if this returns True.

        False, too, if the lease has run out by the clock, or the command is held since it was claimed. The
        lease has to be longer than the call's time-out, or the call's answer comes too late to be recorded.
        """
        now = self._clock.now()
        with self._writing() as connection:
            return transitions.begin_call(connection, command_key, token=token, now=now, leased_until=now + lease)

    def complete(self, command_key: str, *, token: str, provider_id: str | None = None) -> bool:
        """Record that the provider accepted the call: calling -> sent.

        A worker whose lease was lost and that knows the answer settles the attempt by resolve_as_sent.
        """
        return self._leave(
            command_key,
            token=token,
            sources=_CALLING,
            target=CommandState.SENT,
            outcome=AttemptOutcome.SENT,
            provider_id=provider_id,
        )

    def retry(self, command_key: str, *, token: str, at: datetime, reason: str, is_try: bool = True) -> bool:
        """Record that the provider refused the call for now: calling -> waiting, not claimed before `at`.

        is_try: False if the call was no fault of the command's, and uses up none of its tries.
        """
        with self._writing() as connection:
            is_left = transitions.end_lease(
                connection,
                command_key,
                token=token,
                sources=_CALLING,
                target=CommandState.WAITING,
                now=self._clock.now(),
                outcome=AttemptOutcome.RETRY,
                reason=reason,
                provider_id=None,
                next_attempt_at=at,
            )
            if is_left and not is_try:
                transitions.give_try_back(connection, command_key)
            return is_left

    def postpone(self, command_key: str, *, token: str, at: datetime, reason: str) -> bool:
        """Give a command back uncalled, not to be claimed before `at`: claimed -> waiting. Uses up no attempt.

        For quiet hours, rate limits, an open circuit breaker, or a worker that ends.
        """
        return self._leave(
            command_key,
            token=token,
            sources=_CLAIMED,
            target=CommandState.WAITING,
            reason=reason,
            next_attempt_at=at,
        )

    def suppress(self, command_key: str, *, token: str, reason: str) -> bool:
        """Record that a guard refused the command, for good: claimed or calling -> suppressed.

        From calling if the provider itself is that guard, as it is for a recipient who opted out with it.
        """
        return self._leave(
            command_key,
            token=token,
            sources=_CLAIMED + _CALLING,
            target=CommandState.SUPPRESSED,
            outcome=AttemptOutcome.FAILED,
            reason=reason,
        )

    def fail(self, command_key: str, *, token: str, reason: str) -> bool:
        """Record that the command can't be sent: claimed or calling -> dead, until it is redriven.

        Only if the provider surely did not accept it; if that is unknown, mark_uncertain.
        """
        return self._leave(
            command_key,
            token=token,
            sources=_CLAIMED + _CALLING,
            target=CommandState.DEAD,
            outcome=AttemptOutcome.FAILED,
            reason=reason,
        )

    def mark_uncertain(self, command_key: str, *, token: str, reason: str) -> bool:
        """Record that the call's answer is unknown, such as at a time-out: calling -> uncertain."""
        return self._leave(
            command_key,
            token=token,
            sources=_CALLING,
            target=CommandState.UNCERTAIN,
            outcome=AttemptOutcome.UNCERTAIN,
            reason=reason,
        )

    def expire_leases(self, *, dead: Collection[str] = ()) -> Expired:
        """Take back leases that ran out: claimed -> waiting, calling -> uncertain. To be called now and then.

        dead: names of owners whose leases are taken back though they have not run out.
        """
        waiting: list[str] = []
        uncertain: list[str] = []
        while True:
            with self._writing() as connection:
                batch = transitions.expire_leases(connection, now=self._clock.now(), dead=dead)
            waiting += batch.waiting
            uncertain += batch.uncertain
            if len(batch.waiting) + len(batch.uncertain) < BATCH_SIZE:
                return Expired(waiting, uncertain)

    def resolve_as_sent(
        self, command_key: str, *, attempt_number: int, resolved_by: str, provider_id: str | None = None
    ) -> bool:
        """Record that an uncertain attempt was found sent: uncertain -> sent.

        The number is that of the attempt that was looked up: False if the command went on since.
        """
        return self._resolve(
            command_key,
            attempt_number=attempt_number,
            resolution=Resolution.SENT,
            resolved_by=resolved_by,
            provider_id=provider_id,
        )

    def resolve_as_not_sent(self, command_key: str, *, attempt_number: int, resolved_by: str) -> bool:
        """Record that an uncertain attempt was surely not sent: uncertain -> waiting, due at once.

        The number is that of the attempt that was looked up: False if the command went on since.
        """
        return self._resolve(
            command_key, attempt_number=attempt_number, resolution=Resolution.NOT_SENT, resolved_by=resolved_by
        )

    def redrive(self, command_key: str) -> bool:
        """Let one dead command wait again, with all its tries; False if it is not dead."""
        with self._writing() as connection:
            is_meant = outbox.c.command_key == command_key
            return bool(transitions.redrive_dead(connection, is_meant, now=self._clock.now()))

    def redrive_matching(self, command_filter: CommandFilter) -> list[str]:
        """Let all dead commands that match wait again; return their keys."""
        conditions = rows.conditions_of(command_filter)
        with self._writing() as connection:
            return transitions.redrive_dead(connection, *conditions, now=self._clock.now())

    def hasten(self, tenant_ids: Collection[str], *, waiting_for: str, lanes: Collection[Lane] = ()) -> int:
        """Let what is due be tried now that waits for a time to come; return how many.

        That is what has these words in its reason, what waits behind it, and whatever is to go by one of the lanes.
        """
        now = self._clock.now()
        with self._writing() as connection:
            return transitions.hasten(connection, tenant_ids, waiting_for=waiting_for, lanes=lanes, now=now)

    def note_lane(self, lane: Lane, *, reason: str | None, is_set_up: bool) -> None:
        """Note why nothing goes out by a lane now; reason None: it does again. Outbox.closed_lanes tells of it.

        is_set_up: the provider refuses the credentials or another part of the set-up; a person puts it right.
        """
        with self._writing() as connection:
            holds.note_lane(connection, lane, reason=reason, is_set_up=is_set_up, now=self._clock.now())

    def hold(self, scope: HoldScope, *, reason: str, held_by: str) -> bool:
        """Hold what is in the scope; False if the same scope is held already. Calls under way end as they do."""
        with self._writing() as connection:
            return holds.place_hold(connection, scope, reason=reason, held_by=held_by, now=self._clock.now())

    def release(self, scope: HoldScope, *, released_by: str) -> bool:
        """Release exactly this scope; False if it is not held. Wider and narrower holds stay in force."""
        with self._writing() as connection:
            return holds.lift_hold(connection, scope, released_by=released_by, now=self._clock.now())

    def _take_back(self, command_keys: Collection[str], *, target: CommandState, reason: str) -> list[str]:
        now = self._clock.now()
        keys: list[str] = []
        with self._writing() as connection:
            for batch in batches(sorted(command_keys)):
                is_meant = outbox.c.command_key.in_(batch)
                keys += transitions.take_back(connection, is_meant, target=target, reason=reason, now=now)
        return keys

    def _leave(
        self,
        command_key: str,
        *,
        token: str,
        sources: Collection[CommandState],
        target: CommandState,
        outcome: AttemptOutcome | None = None,
        reason: str | None = None,
        provider_id: str | None = None,
        next_attempt_at: datetime | None = None,
    ) -> bool:
        with self._writing() as connection:
            return transitions.end_lease(
                connection,
                command_key,
                token=token,
                sources=sources,
                target=target,
                now=self._clock.now(),
                outcome=outcome,
                reason=reason,
                provider_id=provider_id,
                next_attempt_at=next_attempt_at,
            )

    def _resolve(
        self,
        command_key: str,
        *,
        attempt_number: int,
        resolution: Resolution,
        resolved_by: str,
        provider_id: str | None = None,
    ) -> bool:
        with self._writing() as connection:
            return transitions.resolve_attempt(
                connection,
                command_key,
                attempt_number=attempt_number,
                resolution=resolution,
                resolved_by=resolved_by,
                now=self._clock.now(),
                provider_id=provider_id,
            )
