"""Uncertain commands: the provider is asked what became of them, now and then, until it tells or a person has to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from frontdesk.connectors.answers import CannotTell, Doubt, Found, LookUp, NotFound
from frontdesk.connectors.content import Composed
from frontdesk.connectors.http_calls import describe_error
from frontdesk.core.clock import Clock
from frontdesk.domains.sending.dispatch.dispatch_log import DispatchLog
from frontdesk.domains.sending.dispatch.recorder import Recorder
from frontdesk.domains.sending.dispatch.tenant_senders import TenantSender, TenantSenders
from frontdesk.domains.sending.outbox.commands import CommandFilter, CommandState, KnownCommand
from frontdesk.domains.sending.outbox.outbox import Outbox

#: From the doubt to the first look-up, from that to the second, and so on.
_WAITS: Final = tuple(timedelta(seconds=each) for each in (5, 30, 120, 600, 1_800, 3_600, 4 * 3_600, 12 * 3_600))
#: What a provider does not list so long after the call began, it did not take.
_SETTLED_AFTER: Final = timedelta(minutes=2)
_PAGE = 1_000
_MOST_OTHERS = 200


@dataclass(slots=True)
class _Watch:
    next_at: datetime | None  #: None: left to a person
    count: int = 0


class LookUps:
    """Looks up for all tenants, in one thread at a time. What was asked so far is forgotten at a restart."""

    def __init__(
        self, *, outbox: Outbox, recorder: Recorder, senders: TenantSenders, clock: Clock, dispatch_log: DispatchLog
    ) -> None:
        self._outbox = outbox
        self._recorder = recorder
        self._senders = senders
        self._clock = clock
        self._dispatch_log = dispatch_log
        self._watches: dict[tuple[str, int], _Watch] = {}

    def run(self, *, limit: int) -> int:
        """Look up to `limit` commands whose time has come; return how many. Raises OutboxUnavailableError."""
        uncertain = {(command.command_key, command.attempts_count): command for command in self._uncertain()}
        self._watches = {
            key: self._watches.get(key) or _Watch(command.changed_at + _WAITS[0])
            for key, command in uncertain.items()
        }
        now = self._clock.now()
        due = [(watch.next_at, key) for key, watch in self._watches.items() if watch.next_at and watch.next_at <= now]
        for _, key in sorted(due)[:limit]:
            self._look_up(uncertain[key], self._watches[key], now=now)
        return min(len(due), limit)

    def _uncertain(self) -> Iterator[KnownCommand]:
        before = None
        while found := self._outbox.search(
            CommandFilter(), limit=_PAGE, states=(CommandState.UNCERTAIN,), before=before
        ):
            yield from found
            before = found[-1].command_key

    def _look_up(self, command: KnownCommand, watch: _Watch, *, now: datetime) -> None:
        known = self._outbox.find(command.command_key)
        sender = self._senders.find(command.tenant_id)
        if known is None or not known.attempts:
            return
        since = known.attempts[-1].started_at
        content = self._senders.recompose(known)
        if sender is None or content is None:
            self._leave(known, watch, "it can't be composed any more")
            return
        match self._ask(sender, known, content, since=since):
            case Found(provider_id):
                self._recorder.record_found(known, content, provider_id=provider_id)
                self._dispatch_log.count("look_up_found")
            case NotFound(is_final=is_final) if is_final or now >= since + _SETTLED_AFTER:
                self._recorder.record_not_found(known)
                self._dispatch_log.count("look_up_not_found")
            case NotFound():
                watch.next_at = since + _SETTLED_AFTER
            case CannotTell(is_final=True, reason=reason):
                self._leave(known, watch, reason)
            case CannotTell(reason=reason):
                self._wait(known, watch, reason, now=now)

    def _ask(self, sender: TenantSender, command: KnownCommand, content: Composed, *, since: datetime) -> LookUp:
        if missing := sender.missing_of(command.provider):
            return CannotTell(reason=missing)
        # Of the same person where that is known: nobody else's text can be taken for this one.
        scope = CommandFilter(tenant_id=command.tenant_id, channel=command.channel, contact_id=command.contact_id)
        sent = self._outbox.search(scope, limit=_MOST_OTHERS, states=(CommandState.SENT,))
        others = {other.provider_id for other in sent if other.provider_id}
        doubt = Doubt(command_key=command.command_key, content=content, since=since, others=others)
        try:
            return sender.deliverer_of(command.provider).look_up(doubt)
        except Exception as error:  # noqa: BLE001 - a library's surprise must not end all look-ups
            return CannotTell(reason=describe_error(error))

    def _wait(self, command: KnownCommand, watch: _Watch, reason: str, *, now: datetime) -> None:
        watch.count += 1
        if watch.count < len(_WAITS):
            watch.next_at = now + _WAITS[watch.count]
        else:
            self._leave(command, watch, reason)

    def _leave(self, command: KnownCommand, watch: _Watch, reason: str) -> None:
        watch.next_at = None
        self._recorder.record_question(command, reason=reason)
        self._dispatch_log.uncertain(command.command_key, reason)
