"""The outbox: commands go in once for ever, one worker at a time may send each, and every doubt is kept as one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from frontdesk.domains.sending.outbox import holds, lanes, notes, queue, reading, transitions
from frontdesk.domains.sending.outbox.answers import OutboxAnswers
from frontdesk.domains.sending.outbox.batches import BATCH_SIZE, batches
from frontdesk.domains.sending.outbox.commands import (
    AttemptOutcome,
    Channel,
    ClaimedCommand,
    CommandFilter,
    CommandState,
    Enqueued,
    Expired,
    Lane,
    NewCommand,
    Resolution,
)
from frontdesk.domains.sending.outbox.holds import HoldScope
from frontdesk.domains.sending.outbox.schema import outbox

_CLAIMED = (CommandState.CLAIMED,)
_CALLING = (CommandState.CALLING,)


class Outbox(OutboxAnswers):
    """The outbox of one database. Safe to use from several threads and processes.

    Every method is one durable transaction (expire_leases: one for each thousand): when it returns, it is on disk,
    unless it is a part of a caller's transaction (see `within`).
    Those that take a token answer False, with nothing changed, where that lease was lost, or the command is not in
    the state that the step begins from. All raise OutboxUnavailableError where the database can't be used now,
    and ValueError for values that can't be stored, such as a naive datetime.
    """

    def enqueue(self, commands: Sequence[NewCommand]) -> list[Enqueued]:
        """Add the commands whose key is not known in any state; return one answer per command, in order.

        A known command that waits, is claimed and not called yet, or is withdrawn, takes all that is decided about
        it now: when, what, to whom, and why; of one that is being called, uncertain or dead it is noted for later.
        Any other is left as it is; what is unchanged is not written.
        Raises CommandKeyClashError, with nothing added, where a key is known as another tenant's.
        """
        with self._writing() as connection:
            return queue.add(connection, commands, now=self._clock.now())

    def cancel(self, command_keys: Collection[str], *, reason: str) -> list[str]:
        """Cancel commands for good; return the keys of those it took effect on.

        What is called already can't be cancelled.
        """
        return self._take_back(command_keys, target=CommandState.CANCELLED, reason=reason)

    def withdraw(self, command_keys: Collection[str], *, reason: str) -> list[str]:
        """Take back commands that are no longer intended, as cancel does; enqueued again, they wait again.

        Returns the keys of those it took effect on. Of those that are being called, uncertain or dead it is noted,
        and they are withheld before their next try (see noted). Which of a tenant's are concerned, open_keys tells.
        """
        with self._writing() as connection:
            notes.note_withdrawn(connection, command_keys, reason=reason, now=self._clock.now())
            return self.within(connection)._take_back(command_keys, target=CommandState.WITHDRAWN, reason=reason)

    def take_noted(self, command_key: str, *, token: str) -> bool:
        """Let a claimed command take what was noted of it: claimed -> waiting with it, or withdrawn."""
        now = self._clock.now()
        with self._writing() as connection:
            note = notes.find(connection, command_key)
            if note is None:
                return False
            is_withdrawn = note.reason is not None
            is_left = transitions.leave(
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
                notes.remove(connection, [command_key])
            return is_left

    def cancel_matching(self, command_filter: CommandFilter, *, reason: str) -> list[str]:
        """Cancel all that match and were not called yet, such as a contact's texts at STOP; return their keys."""
        conditions = reading.conditions_of(command_filter)
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
    ) -> list[ClaimedCommand]:
        """Lease up to `limit` commands that are due and not held, oldest due first; no two workers get the same.

        channels: only these; None for all. skip: lanes to leave alone, such as those of a provider that is down.
        """
        now = self._clock.now()
        with self._writing() as connection:
            return queue.lease_due(
                connection,
                token=self._ids.new_event_id(),
                now=now,
                leased_until=now + lease,
                limit=limit,
                channels=channels,
                skip=skip,
            )

    def begin_call(self, command_key: str, *, token: str, lease: timedelta) -> bool:
        """Record that the provider is about to be called, and renew the lease; call only if this returns True.

        False, too, where the lease has run out by the clock, or the command is held since it was claimed. The
        lease has to be longer than the call's time-out, or the call's answer comes too late to be recorded.
        """
        now = self._clock.now()
        with self._writing() as connection:
            return transitions.begin(connection, command_key, token=token, now=now, leased_until=now + lease)

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

        is_try: False where the call was no fault of the command's, and uses up none of its tries.
        """
        with self._writing() as connection:
            is_left = transitions.leave(
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

        From calling where the provider itself is that guard, as it is for a recipient who opted out with it.
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

        Only where the provider surely did not accept it; where that is unknown, mark_uncertain.
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

    def expire_leases(self) -> Expired:
        """Take back leases that ran out: claimed -> waiting, calling -> uncertain. To be called now and then."""
        waiting: list[str] = []
        uncertain: list[str] = []
        while True:
            with self._writing() as connection:
                batch = queue.expire(connection, now=self._clock.now())
            waiting += batch.waiting
            uncertain += batch.uncertain
            if len(batch.waiting) + len(batch.uncertain) < BATCH_SIZE:
                return Expired(waiting, uncertain)

    def resolve_as_sent(
        self, command_key: str, *, attempt_number: int, resolved_by: str, provider_id: str | None = None
    ) -> bool:
        """Record that an uncertain attempt was found sent: uncertain -> sent.

        The number is that of the attempt that was looked up: False where the command went on since.
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

        The number is that of the attempt that was looked up: False where the command went on since.
        """
        return self._resolve(
            command_key, attempt_number=attempt_number, resolution=Resolution.NOT_SENT, resolved_by=resolved_by
        )

    def redrive(self, command_key: str) -> bool:
        """Let one dead command wait again, with all its tries; False where it is not dead."""
        with self._writing() as connection:
            is_meant = outbox.c.command_key == command_key
            return bool(transitions.redrive(connection, is_meant, now=self._clock.now()))

    def redrive_matching(self, command_filter: CommandFilter) -> list[str]:
        """Let all dead commands that match wait again; return their keys."""
        conditions = reading.conditions_of(command_filter)
        with self._writing() as connection:
            return transitions.redrive(connection, *conditions, now=self._clock.now())

    def note_lane(self, lane: Lane, *, reason: str | None, is_set_up: bool) -> None:
        """Note why nothing goes out by a lane now; reason None: it does again. Outbox.closed_lanes tells of it.

        is_set_up: the provider refuses the credentials or another part of the set-up; a person puts it right.
        """
        with self._writing() as connection:
            lanes.note(connection, lane, reason=reason, is_set_up=is_set_up, now=self._clock.now())

    def hold(self, scope: HoldScope, *, reason: str, held_by: str) -> bool:
        """Hold what is in the scope; False where the same scope is held already. Calls under way end as they do."""
        with self._writing() as connection:
            return holds.place(connection, scope, reason=reason, held_by=held_by, now=self._clock.now())

    def release(self, scope: HoldScope, *, released_by: str) -> bool:
        """Release exactly this scope; False where it is not held. Wider and narrower holds stay in force."""
        with self._writing() as connection:
            return holds.lift(connection, scope, released_by=released_by, now=self._clock.now())

    def _take_back(self, command_keys: Collection[str], *, target: CommandState, reason: str) -> list[str]:
        now = self._clock.now()
        taken: list[str] = []
        with self._writing() as connection:
            for batch in batches(sorted(command_keys)):
                is_meant = outbox.c.command_key.in_(batch)
                taken += transitions.take_back(connection, is_meant, target=target, reason=reason, now=now)
        return taken

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
            return transitions.leave(
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
            return transitions.resolve(
                connection,
                command_key,
                attempt_number=attempt_number,
                resolution=resolution,
                resolved_by=resolved_by,
                now=self._clock.now(),
                provider_id=provider_id,
            )
