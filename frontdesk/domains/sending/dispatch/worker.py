"""One claimed command from its guards to the record of what became of it."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from frontdesk.connectors.answers import Accepted, Answer, Refused, Unknown
from frontdesk.connectors.content import Composed
from frontdesk.connectors.http_calls import describe_error
from frontdesk.core.clock import Clock
from frontdesk.core.faults import is_of_machine
from frontdesk.domains.sending.business import SendingBusiness
from frontdesk.domains.sending.dispatch.composer import NoAddressError, NotComposableError
from frontdesk.domains.sending.dispatch.dispatch_log import DispatchLog
from frontdesk.domains.sending.dispatch.lanes import Turn
from frontdesk.domains.sending.dispatch.last_moment_checks import (
    Fail,
    Postpone,
    Suppress,
    Verdict,
    check_counts,
    check_expiry,
    check_quiet_hours,
    is_counted,
    is_quiet,
)
from frontdesk.domains.sending.dispatch.recorder import Recorder
from frontdesk.domains.sending.dispatch.tenant_senders import TenantSender, TenantSenders
from frontdesk.domains.sending.outbox.commands import ClaimedCommand
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.retry import next_attempt_at
from frontdesk.domains.sending.templates import TemplateRenderError

#: From the record that the provider is about to be called; the longest call, an e-mail by SMTP, takes 30 s.
CALL_LEASE: Final = timedelta(seconds=90)
_NOT_CONFIGURED_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlingResult:
    """What the lane learns of its provider from one command."""

    is_called: bool = False
    is_over: bool = False  #: sent, suppressed or dead: nothing more is tried
    is_provider_failing: bool = False
    is_set_up_fault: bool = False  #: the provider refuses whoever calls with this set-up
    again_at: datetime | None = None  #: when it is tried again, and what comes after it for the same recipient
    retry_after: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Stop:
    content: Composed | None
    verdict: Verdict


class Worker:
    """Handles commands for all tenants. Safe to use from several threads."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        recorder: Recorder,
        senders: TenantSenders,
        clock: Clock,
        dispatch_log: DispatchLog,
        random: Random,
    ) -> None:
        self._outbox = outbox
        self._recorder = recorder
        self._senders = senders
        self._clock = clock
        self._dispatch_log = dispatch_log
        self._random = random
        self._counting = threading.Lock()

    def handle(self, command: ClaimedCommand, *, turn: Turn | None) -> HandlingResult:
        """Send a command, or do with it what its guards say. Raises OutboxUnavailableError.

        `turn` is its place in the line of its sending number, ended when this returns. Whatever else one command
        raises ends that one, with the reason: its lease would only run out, and it be tried for ever.
        """
        try:
            return self._handle(command, turn=turn)
        except Exception as error:
            if is_of_machine(error):
                raise
            return self._end(command, f"an unexpected error: {describe_error(error)}")
        finally:
            if turn is not None:
                turn.end()

    def _end(self, command: ClaimedCommand, reason: str) -> HandlingResult:
        """End a command as far as it had come: uncalled it is dead, called it is uncertain."""
        self._dispatch_log.trouble(f"command {command.command_key} set aside", reason)
        if self._outbox.mark_uncertain(command.command_key, token=command.token, reason=reason):
            self._dispatch_log.count("outcome_uncertain")
            return HandlingResult(reason=reason)
        try:
            self._record_dead(command, None, reason)
        except Exception as error:
            if is_of_machine(error):
                raise
            # Not even that can be told: it is in the outbox alone.
            self._outbox.fail(command.command_key, token=command.token, reason=reason)
        return HandlingResult(reason=reason)

    def give_back(self, command: ClaimedCommand, *, at: datetime, reason: str) -> None:
        """Let a claimed command wait again; no attempt is used up."""
        self._outbox.postpone(command.command_key, token=command.token, at=at, reason=reason)

    def _handle(self, command: ClaimedCommand, *, turn: Turn | None) -> HandlingResult:
        sender = self._senders.find(command.tenant_id)
        wrong = self._senders.fault_of_file(command.tenant_id)
        if sender is None and wrong:
            return self._apply_verdict(command, None, Postpone(self._clock.now() + _NOT_CONFIGURED_PAUSE, wrong))
        if sender is None:
            return self._apply_verdict(
                command, None, Fail(f"no tenant {command.tenant_id}; put its file back, then redrive")
            )
        if (handled := self._take_noted(command)) is not None:
            return handled
        now = self._clock.now()
        prepared = self._prepare(command, sender=sender, now=now)
        if isinstance(prepared, _Stop):
            return self._apply_verdict(command, prepared.content, prepared.verdict)
        if turn is not None:
            turn.wait()  # before anything is locked that the one before could need
        refused = self._begin(command, prepared, sender=sender, turn=turn, now=now)
        if refused is not None:
            return refused
        if turn is not None:
            turn.end()
        return self._settle(command, prepared, _call(sender, command, prepared), tenant=sender.tenant)

    def _take_noted(self, command: ClaimedCommand) -> HandlingResult | None:
        """Do what was decided anew while the command could not take it: withhold it, or give it what changed."""
        note = self._outbox.find_note(command.command_key)
        if note is None:
            return None
        if note.reason is not None:
            self._recorder.record_withheld(command)
            self._dispatch_log.count("outcome_withheld")
            return HandlingResult(is_over=True, reason=note.reason)
        self._outbox.take_noted(command.command_key, token=command.token)
        return HandlingResult(reason="decided anew")

    def _prepare(self, command: ClaimedCommand, *, sender: TenantSender, now: datetime) -> Composed | _Stop:
        if (expiry := check_expiry(command, now=now)) is not None:
            return _Stop(None, expiry)
        try:
            content = sender.composer.compose(command, now=now)
        except NoAddressError as error:
            return _Stop(None, Suppress(error.detail))
        except (TemplateRenderError, NotComposableError) as error:
            if wrong := self._senders.fault_of_file(command.tenant_id):
                # What it lacks may be in the part of the file that can't be read.
                return _Stop(None, Postpone(now + _NOT_CONFIGURED_PAUSE, wrong))
            return _Stop(None, Fail(error.detail))
        if missing := sender.missing_of(command.provider):
            self._dispatch_log.not_configured(sender.lane_of(command.provider), missing)
            return _Stop(content, Postpone(now + _NOT_CONFIGURED_PAUSE, missing))
        quiet = check_quiet_hours(command, content, tenant=sender.tenant, now=now)
        return content if quiet is None else _Stop(content, quiet)

    def _begin(
        self, command: ClaimedCommand, content: Composed, *, sender: TenantSender, turn: Turn | None, now: datetime
    ) -> HandlingResult | None:
        """Record that the call begins now and return None, or do what forbids it and return that."""
        with ExitStack() as counting:
            if is_counted(command, tenant=sender.tenant):
                # Two at once would each see the count before the other's call.
                counting.enter_context(self._counting)
                verdict = check_counts(command, tenant=sender.tenant, now=now, counts=self._outbox)
                if verdict is not None:
                    return self._apply_verdict(command, content, verdict)
            if turn is not None and (later := turn.take(now)) is not None:
                return self._apply_verdict(command, content, Postpone(later, "rate of the sending number"))
            if not self._outbox.begin_call(command.command_key, token=command.token, lease=CALL_LEASE):
                return HandlingResult(reason="lease lost, cancelled or held")
        return None

    def _settle(
        self, command: ClaimedCommand, content: Composed, answer: Answer, *, tenant: SendingBusiness
    ) -> HandlingResult:
        match answer:
            case Accepted(provider_id):
                self._recorder.record_sent(command, content, provider_id=provider_id)
                self._dispatch_log.count("outcome_sent")
                return HandlingResult(is_called=True, is_over=True)
            case Unknown(reason):
                self._recorder.record_uncertain(command, content, reason=reason)
                self._dispatch_log.count("outcome_uncertain")
                return HandlingResult(is_called=True, is_provider_failing=True, reason=reason)
            case Refused(is_opted_out=True):
                self._recorder.record_suppressed(command, content, reason=answer.reason, refusal=answer)
                self._dispatch_log.count("outcome_suppressed")
                return HandlingResult(is_called=True, is_over=True)
            case Refused():
                return self._refused(command, content, answer, tenant=tenant)

    def _refused(
        self, command: ClaimedCommand, content: Composed, answer: Refused, *, tenant: SendingBusiness
    ) -> HandlingResult:
        if answer.is_set_up:
            # No message's fault: it uses up no try, and the lane asks with one command now and then.
            later = self._clock.now() + _NOT_CONFIGURED_PAUSE
            self._recorder.record_retry(command, at=later, reason=answer.reason, is_try=False)
            self._dispatch_log.count("outcome_retry")
            return HandlingResult(is_called=True, is_set_up_fault=True, again_at=later, reason=answer.reason)
        at = next_attempt_at(
            tenant.delivery.schedule_of(command.channel),
            try_number=command.try_number,
            now=self._clock.now(),
            random=self._random.random(),
            retry_after=answer.retry_after,
            is_permanent=answer.is_permanent,
        )
        if at is None:
            self._record_dead(command, content, answer.reason, error_code=answer.error_code)
        else:
            self._recorder.record_retry(command, at=at, reason=answer.reason)
            self._dispatch_log.count("outcome_retry")
        return HandlingResult(
            is_called=True,
            is_over=at is None,
            is_provider_failing=not answer.is_permanent,
            again_at=at,
            retry_after=answer.retry_after,
            reason=answer.reason,
        )

    def _apply_verdict(self, command: ClaimedCommand, content: Composed | None, verdict: Verdict) -> HandlingResult:
        match verdict:
            case Postpone(at, reason):
                self.give_back(command, at=at, reason=reason)
                self._dispatch_log.count("outcome_postponed")
            case Suppress(reason):
                self._recorder.record_suppressed(command, content, reason=reason)
                self._dispatch_log.count("outcome_suppressed")
            case Fail(reason):
                self._record_dead(command, content, reason)
        # What quiet hours hold holds nobody else: an answer that is waited for goes out before it.
        is_ordered = isinstance(verdict, Postpone) and not is_quiet(verdict.reason)
        return HandlingResult(
            is_over=not isinstance(verdict, Postpone),
            again_at=verdict.at if isinstance(verdict, Postpone) and is_ordered else None,
            reason=verdict.reason,
        )

    def _record_dead(
        self, command: ClaimedCommand, content: Composed | None, reason: str, *, error_code: str | None = None
    ) -> None:
        self._recorder.record_dead(command, content, reason=reason, error_code=error_code)
        self._dispatch_log.count("outcome_failed")


def _call(sender: TenantSender, command: ClaimedCommand, content: Composed) -> Answer:
    try:
        return sender.deliverer_of(command.provider).deliver(command.command_key, content)
    except Exception as error:  # noqa: BLE001 - whatever went wrong in a library, the request may have been sent
        return Unknown(f"failed at the call: {describe_error(error)}")
