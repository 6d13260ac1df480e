"""Records what became of a command: the outbox's step and the event that tells of it are one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from frontdesk.connectors.answers import Refused
from frontdesk.connectors.content import Composed
from frontdesk.core.clock import Clock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import is_of_one
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.sending.outbox.commands import ClaimedCommand, Expired, KnownCommand
from frontdesk.domains.sending.outbox.errors import OutboxUnavailableError
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.outcome_events import CommandEnding, Outcome, outcome_events
from frontdesk.domains.sending.outbox.settlement import doubt_event, settled_events
from frontdesk.domains.sending.outbox.withdrawals import withheld_events

#: How often a record is tried; each time the database itself waits some seconds for its turn.
_TRIES = 3
_RESOLVED_BY = "dispatcher"


class Recorder:
    """Records for one database. Safe to use from several threads.

    Its methods answer False if the lease was lost and nothing was recorded, and raise OutboxUnavailableError
    if the database can't be written.
    """

    def __init__(self, engine: Engine, *, outbox: Outbox, log: EventLog, clock: Clock) -> None:
        self._engine = engine
        self._outbox = outbox
        self._log = log
        self._clock = clock

    def record_sent(self, command: ClaimedCommand, content: Composed, *, provider_id: str) -> bool:
        """Record an accepted call: calling -> sent; if the lease was lost meanwhile, uncertain -> sent."""
        ending = CommandEnding(
            command=command,
            attempt_number=command.attempt_number,
            outcome=Outcome.SENT,
            now=self._clock.now(),
            content=content,
            provider_id=provider_id,
        )

        def step(outbox: Outbox) -> bool:
            return outbox.complete(
                command.command_key, token=command.token, provider_id=provider_id
            ) or outbox.resolve_as_sent(
                command.command_key,
                attempt_number=command.attempt_number,
                resolved_by=_RESOLVED_BY,
                provider_id=provider_id,
            )

        return self._record(step, ending)

    def record_retry(self, command: ClaimedCommand, *, at: datetime, reason: str, is_try: bool = True) -> bool:
        """Record a refused call that is made again at that time: calling -> waiting. Tells nothing.

        is_try: whether it uses up one of its tries.
        """

        def step(outbox: Outbox) -> bool:
            return outbox.retry(
                command.command_key, token=command.token, at=at, reason=reason, is_try=is_try
            ) or outbox.resolve_as_not_sent(
                command.command_key, attempt_number=command.attempt_number, resolved_by=_RESOLVED_BY
            )

        return self._record(step)

    def record_dead(
        self, command: ClaimedCommand, content: Composed | None, *, reason: str, error_code: str | None = None
    ) -> bool:
        """Record that it can't be sent: claimed or calling -> dead."""
        ending = CommandEnding(
            command=command,
            attempt_number=command.attempt_number,
            outcome=Outcome.FAILED,
            now=self._clock.now(),
            content=content,
            reason=reason,
            error_code=error_code,
        )
        return self._record(
            lambda outbox: outbox.fail(command.command_key, token=command.token, reason=reason), ending
        )

    def record_suppressed(
        self, command: ClaimedCommand, content: Composed | None, *, reason: str, refusal: Refused | None = None
    ) -> bool:
        """Record that a guard refused it, or the provider for an opt-out: claimed or calling -> suppressed."""
        ending = CommandEnding(
            command=command,
            attempt_number=command.attempt_number,
            outcome=Outcome.SUPPRESSED,
            now=self._clock.now(),
            content=content,
            reason=reason,
            error_code=refusal.error_code if refusal else None,
            is_opted_out=refusal is not None and refusal.is_opted_out,
        )
        return self._record(
            lambda outbox: outbox.suppress(command.command_key, token=command.token, reason=reason), ending
        )

    def record_withheld(self, command: ClaimedCommand) -> bool:
        """Record that what was noted of it says that it is not intended any more: claimed -> withdrawn."""
        took_effect = False
        now = self._clock.now()

        def step(outbox: Outbox) -> list[NewEvent]:
            nonlocal took_effect
            took_effect = outbox.take_noted(command.command_key, token=command.token)
            known = outbox.find(command.command_key) if took_effect else None
            return withheld_events([known] if known else [], now=now)

        self._commit(step)
        return took_effect

    def record_uncertain(self, command: ClaimedCommand, content: Composed, *, reason: str) -> bool:
        """Record that no answer came: calling -> uncertain."""
        ending = CommandEnding(
            command=command,
            attempt_number=command.attempt_number,
            outcome=Outcome.UNCERTAIN,
            now=self._clock.now(),
            content=content,
            reason=reason,
        )
        return self._record(
            lambda outbox: outbox.mark_uncertain(command.command_key, token=command.token, reason=reason), ending
        )

    def record_found(self, command: KnownCommand, content: Composed, *, provider_id: str) -> bool:
        """Record that the provider has what was uncertain: uncertain -> sent."""
        ending = CommandEnding(
            command=command,
            attempt_number=command.attempts_count,
            outcome=Outcome.SENT,
            now=self._clock.now(),
            content=content,
            provider_id=provider_id,
        )
        return self._record(
            lambda outbox: outbox.resolve_as_sent(
                command.command_key,
                attempt_number=command.attempts_count,
                resolved_by=f"look-up at {command.provider}",
                provider_id=provider_id,
            ),
            ending,
            besides=self._settled(command),
        )

    def record_question(self, command: KnownCommand, *, reason: str) -> None:
        """Make the task for a person of finding out what became of an uncertain command: once for each attempt."""
        now = self._clock.now()
        event = doubt_event(command, attempt_number=command.attempts_count, reason=reason, now=now)
        self._commit(lambda _: [event])

    def record_not_found(self, command: KnownCommand) -> bool:
        """Record that the provider surely does not have it: uncertain -> waiting. Tells nothing."""
        return self._record(
            lambda outbox: outbox.resolve_as_not_sent(
                command.command_key,
                attempt_number=command.attempts_count,
                resolved_by=f"look-up at {command.provider}",
            ),
            besides=self._settled(command),
        )

    def _settled(self, command: KnownCommand) -> list[NewEvent]:
        return settled_events(
            command,
            attempt_number=command.attempts_count,
            log=self._log,
            settled_by=f"look-up at {command.provider}",
            now=self._clock.now(),
        )

    def expire_leases(
        self, *, recompose: Callable[[KnownCommand], Composed | None], dead: Collection[str] = ()
    ) -> Expired:
        """Take back leases that ran out, and tell of those that may have been called, with what they sent.

        recompose: see TenantSenders.recompose. dead: see Outbox.expire_leases.
        """
        expired = Expired([], [])

        def step(outbox: Outbox) -> list[NewEvent]:
            nonlocal expired
            expired = outbox.expire_leases(dead=dead)
            found = [outbox.find(command_key) for command_key in expired.uncertain]
            now = self._clock.now()
            endings = (
                CommandEnding(
                    command=command,
                    attempt_number=command.attempts_count,
                    outcome=Outcome.UNCERTAIN,
                    now=now,
                    content=recompose(command),
                    reason=command.reason,
                )
                for command in found
                if command is not None
            )
            return [event for ending in endings for event in outcome_events(ending)]

        self._commit(step)
        return expired

    def _record(
        self, step: Callable[[Outbox], bool], ending: CommandEnding | None = None, *, besides: Sequence[NewEvent] = ()
    ) -> bool:
        took_effect = False

        def run(outbox: Outbox) -> list[NewEvent]:
            nonlocal took_effect
            took_effect = step(outbox)
            return [*(outcome_events(ending) if ending is not None else []), *besides] if took_effect else []

        self._commit(run)
        return took_effect

    def _commit(self, step: Callable[[Outbox], list[NewEvent]]) -> None:
        for tries_left in reversed(range(_TRIES)):
            try:
                with writing(self._engine) as connection:
                    events = step(self._outbox.within(connection))
                    if events:
                        self._log.append_within(connection, events)
            except (SQLAlchemyError, OutboxUnavailableError, EventLogUnavailableError) as error:
                if isinstance(error, SQLAlchemyError) and is_of_one(error):
                    raise  # it would fail every time, and the command be tried for ever
                if not tries_left:
                    raise OutboxUnavailableError(f"an outcome can't be recorded: {error}") from error
            else:
                return
