"""The dispatcher: claims what is due, lane by lane, and sees each command to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from random import Random
from types import MappingProxyType
from typing import Final

from sqlalchemy import Engine

from frontdesk.core.clock import Clock, SystemClock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.ids import IdFactory, UuidV7Factory
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.secret_store.stored_secrets import open_secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.sending.business import SendingBusiness
from frontdesk.domains.sending.dispatch.composer import ReportReader
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition, KnownEvents
from frontdesk.domains.sending.dispatch.dispatch_log import DispatchLog
from frontdesk.domains.sending.dispatch.due_watch import DueWatch
from frontdesk.domains.sending.dispatch.lanes import LaneState, QueuedCommand, Transition, recipient_of
from frontdesk.domains.sending.dispatch.look_ups import LookUps
from frontdesk.domains.sending.dispatch.recorder import Recorder
from frontdesk.domains.sending.dispatch.tenant_senders import CAN_NOT_BE_CALLED, Followed, TenantSenders
from frontdesk.domains.sending.dispatch.worker import HandlingResult, Worker
from frontdesk.domains.sending.outbox.commands import ClaimedCommand, Lane, Overdue
from frontdesk.domains.sending.outbox.errors import OutboxUnavailableError
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.owners import Owner, find_dead, forget, owners_folder
from frontdesk.domains.sending.outbox.transitions import AFTER_AN_EARLIER_ONE

#: How long a claimed command may wait for its turn in its lane.
CLAIM_LEASE: Final = timedelta(seconds=60)
_CLAIM_LIMIT: Final = 32
#: Between two looks while something is under way or about to come due; see due_watch.py for what a look costs.
_POLL_S: Final = 0.005
#: Between two looks while nothing is. Who puts something into the outbox from here rings the bell; what another
#: process puts there, such as a redrive, waits no longer than this.
_IDLE_POLL_S: Final = 0.1
#: After the database could not be used.
_PAUSE_S: Final = 1.0
_HOUSEKEEPING_EVERY: Final = timedelta(seconds=5)
#: Between two looks for new configurations and secrets: two queries over indexes.
_FOLLOW_EVERY: Final = timedelta(seconds=1)
#: Between two signs of life.
_ALIVE_EVERY: Final = timedelta(seconds=5)
_LOOK_UPS_AT_ONCE: Final = 10
_UNDECIDED: Final = "waits until the newest events are decided upon"
_BEHIND: Final = "behind earlier ones to the same provider"
#: What is claimed and can't be called, since a build holds the warehouse or the provider is slow, waits no longer in
#: its lane than this: its lease runs out a while after.
_LONGEST_WAIT: Final = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class _EndedCall:
    lane: LaneState
    command: ClaimedCommand
    future: Future[HandlingResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class _LaneNote:
    reason: str | None  #: None: it is open
    is_set_up: bool = False


class Dispatcher:
    """One per process. Several processes may dispatch from one outbox; rates and breakers are each process's own.

    Its methods are for one thread, except `wake` and `stop`.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        watch: DueWatch,
        recorder: Recorder,
        worker: Worker,
        look_ups: LookUps,
        senders: TenantSenders,
        clock: Clock,
        dispatch_log: DispatchLog,
        known: KnownEvents,
        owners: Path,
        ids: IdFactory,
        calls_at_once: int = 4,
        on_alive: Callable[[], None] = lambda: None,
    ) -> None:
        """`calls_at_once` is per lane; with 1, or if its number has a rate, calls begin in due order.

        Those to one recipient always do. `known` says what may be called: see decided_position.py. owners: the folder
        in which the dispatchers of this home say that they live. on_alive: called every few seconds while it runs
        and may send.
        """
        self._on_alive = on_alive
        self._alive_at: datetime | None = None
        self._owners = owners
        self._owner = _open_owner(owners, ids=ids, dispatch_log=dispatch_log)
        self._outbox = outbox
        self._watch = watch
        self._recorder = recorder
        self._worker = worker
        self._look_ups = look_ups
        self._senders = senders
        self._clock = clock
        self.dispatch_log = dispatch_log
        self._known = known
        self._calls_at_once = calls_at_once
        self._lanes: dict[Lane, LaneState] = {}
        self._closed_lanes: set[Lane] = set()  #: as the outbox has them, seconds ago
        self._lane_notes: dict[Lane, _LaneNote] = {}  #: to be noted there
        self._count_lanes = len(senders.lanes())
        self._pool = self._open_pool()
        self._ended: SimpleQueue[_EndedCall] = SimpleQueue()
        self._bell = threading.Event()
        self._looking_up: Future[int] | None = None
        self._housekeeping_at: datetime | None = None
        self._follow_at: datetime | None = None
        self._count_over = 0  #: commands that came to their end since the start
        self._is_stopping = False

    def wake(self) -> None:
        """Look at the outbox now: something was put into it. From any thread."""
        self._bell.set()

    def stop(self) -> None:
        """Have `run_until` return as soon as what is under way has ended. From any thread."""
        self._is_stopping = True
        self._bell.set()

    def run_until(self, deadline: datetime) -> None:
        """Send what is due, and what becomes due, until the deadline (aware); then end what is under way."""
        while self._clock.now() < deadline and not self._is_stopping:
            if not self._turn():
                self._bell.wait(self._pause_s())
                self._bell.clear()
        self._wind_down()

    def _pause_s(self) -> float:
        """Return for how long nothing can come of a look, unless the bell rings."""
        if not self._is_idle():
            return _POLL_S
        return max(_POLL_S, min(_IDLE_POLL_S, self._watch.seconds_until_due(self._clock.now())))

    def dispatch_due(
        self, *, patience: timedelta = timedelta(0), catch_up: Callable[[], object] = lambda: None
    ) -> None:
        """Send all that is due now; return when nothing more can go out at this time.

        What a guard, a rate, a retry or an open breaker holds goes out later. It is waited for if it comes due
        within `patience`, for as long as commands come to their end within that time: a provider that is down
        brings none to its end, and is not waited for. `catch_up` decides upon what the log has got meanwhile.
        """
        if not self._known.is_positioned:
            catch_up()  # nothing is claimed before anybody has decided upon anything
        gives_up_at = self._clock.now() + patience
        expires_leases = True
        while True:
            is_idle = self._is_idle()  # asked first: what ends during the turn may have made something due
            count_over = self._count_over
            is_busy = self._turn(expires_leases=expires_leases)
            if self._count_over > count_over:
                gives_up_at = self._clock.now() + patience
            expires_leases = self._clock.now() < gives_up_at
            if is_busy:
                continue
            if self._waits_for_decisions():
                catch_up()
                continue
            if is_idle and not self._comes_due_before(gives_up_at):
                return
            self._bell.wait(_POLL_S)
            self._bell.clear()

    def _waits_for_decisions(self) -> bool:
        return any(self._is_undecided(state.queue[0]) for state in self._lanes.values() if state.queue)

    def _is_undecided(self, queued: QueuedCommand) -> bool:
        tenant_id = queued.command.tenant_id
        return queued.needs is not None and not self._known.takes_account_of(queued.needs, tenant_id=tenant_id)

    def _comes_due_before(self, gives_up_at: datetime) -> bool:
        if self._clock.now() >= gives_up_at:
            return False
        next_due_at = self._outbox.next_due_at()
        return next_due_at is not None and next_due_at < gives_up_at

    def overdue(self) -> list[Overdue]:
        """Return what is due and has not gone out, with the reasons."""
        return self._outbox.overdue()

    def close(self) -> None:
        """End what is under way, and the threads."""
        self._wind_down()
        self._pool.shutdown()
        self._watch.close()
        if self._owner is not None:
            self._owner.close()
            self._owner = None

    def _turn(self, *, expires_leases: bool = True) -> bool:
        """Do what can be done now without waiting; return whether there was anything."""
        try:
            has_ended = self._settle_ended()
            self._note_lanes()
            self._follow()
            self._tell_alive()
            return any([has_ended, expires_leases and self._expire_leases(), self._claim(), self._start()])
        except (OutboxUnavailableError, EventLogUnavailableError) as error:
            self.dispatch_log.trouble("outbox not usable", error.detail)
            self._bell.wait(_PAUSE_S)
            return False

    def _tell_alive(self) -> None:
        now = self._clock.now()
        if self._known.is_positioned and (self._alive_at is None or now >= self._alive_at):
            self._alive_at = now + _ALIVE_EVERY
            self._on_alive()

    def _follow(self) -> None:
        """Send by the newest configurations and secrets, looked for now and then; others' lanes stay as they are."""
        now = self._clock.now()
        if self._follow_at is not None and now < self._follow_at:
            return
        is_first = self._follow_at is None
        self._follow_at = now + _FOLLOW_EVERY
        changed = self._senders.follow()
        if changed or is_first:
            # What waited for a secret or a setting is tried now, were it one that came with this start.
            everybody = {lane.tenant_id for lane in self._senders.lanes()} if is_first else frozenset[str]()
            refused = [lane for lane, state in self._lanes.items() if state.is_set_up_refused]
            mended = [lane for lane in refused if lane.tenant_id in changed]
            self._outbox.hasten(changed | everybody, waiting_for=CAN_NOT_BE_CALLED, lanes=mended)
            for lane in mended:
                self._lanes[lane].breaker.let_probe(now)
        for lane, state in self._lanes.items():
            if lane.tenant_id in changed:
                state.set_rate(self._senders.texts_per_second(lane))
        if changed:
            # A lane that a business gave up may have calls under way.
            count_lanes = len(self._senders.lanes() | self._lanes.keys())
            if count_lanes > self._count_lanes:
                self._count_lanes = count_lanes
                self._pool.shutdown(wait=False)  # what is under way there ends by itself
                self._pool = self._open_pool()

    def _open_pool(self) -> ThreadPoolExecutor:
        """Return threads for every call that there can be, and one for look-ups: no lane waits for another's."""
        return ThreadPoolExecutor(self._count_lanes * self._calls_at_once + 1, thread_name_prefix="delivery")

    def _claim(self) -> bool:
        if not self._known.is_positioned:
            return False
        now = self._clock.now()
        skip = [state.lane for state in self._lanes.values() if not state.wants_more(now)]
        if not self._watch.has_due(now, skip=skip):
            return False
        claimed = self._outbox.claim(limit=_CLAIM_LIMIT, lease=CLAIM_LEASE, skip=skip, owner=self._owner)
        queue = [QueuedCommand(command=command, needs=None, asked_at=self._clock.now()) for command in claimed]
        # Lined up before the log is asked: where it can't be read now, they are asked about at their turn.
        for queued in queue:
            self._state_of(Lane(queued.command.tenant_id, queued.command.provider)).queue.append(queued)
        # After the claim: what the log holds by now has to be decided upon before any of these is called.
        newest: dict[str, int] = {}
        for queued in queue:
            tenant_id = queued.command.tenant_id
            if tenant_id not in newest:
                newest[tenant_id] = self._known.newest_of(tenant_id)
            queued.needs = newest[tenant_id]
        return bool(claimed)

    def _start(self) -> bool:
        now = self._clock.now()
        has_started = False
        for state in self._lanes.values():
            while state.can_start(now) and (command := state.take_next(now, self._known)):
                self._submit(state, command)
                has_started = True
            if state.queue:
                self._give_back_waiting(state, now)
        return has_started

    def _give_back_waiting(self, state: LaneState, now: datetime) -> None:
        first = state.queue[0]
        if not state.breaker.is_closed and not state.count_running:
            opens_at = state.breaker.opens_again_at or now
            if opens_at > now:
                self._give_back(state, at=opens_at, reason=state.closed_reason)
        elif first.asked_at < now - _LONGEST_WAIT:
            if first.needs is None or self._is_undecided(first):
                self._give_back(state, at=now + _LONGEST_WAIT, reason=_UNDECIDED)
            else:
                self._give_back(state, at=now, reason=_BEHIND)

    def _submit(self, state: LaneState, command: ClaimedCommand) -> None:
        state.running.append(command)
        future = self._pool.submit(self._worker.handle, command, turn=state.line_up())
        future.add_done_callback(lambda done: self._note_end(state, command, done))

    def _note_end(self, state: LaneState, command: ClaimedCommand, future: Future[HandlingResult]) -> None:
        self._ended.put(_EndedCall(state, command, future))
        self._bell.set()

    def _settle_ended(self) -> bool:
        has_ended = False
        for one in self._take_ended():
            has_ended = True
            one.lane.running.remove(one.command)
            error = one.future.exception()
            if error is not None:
                # Its lease runs out: uncalled it waits again, called it is uncertain and looked up.
                self.dispatch_log.trouble(f"command {one.command.command_key} not settled", repr(error))
            else:
                handled = one.future.result()
                self._count_over += handled.is_over
                self._update_breaker(one.lane, handled)
                if handled.again_at is not None:
                    self._give_back_later_ones(one.lane, one.command, at=handled.again_at)
        return has_ended

    def _take_ended(self) -> Iterator[_EndedCall]:
        while True:
            try:
                yield self._ended.get_nowait()
            except Empty:
                return

    def _update_breaker(self, state: LaneState, handled: HandlingResult) -> None:
        if not handled.is_called:
            return
        if handled.is_set_up_fault:
            transition = state.breaker.trip(self._clock.now())
            state.closed_reason = f"the provider refuses the set-up: {handled.reason}"
            state.is_set_up_refused = True
        elif handled.is_provider_failing:
            transition = state.breaker.fail(self._clock.now(), retry_after=handled.retry_after)
            state.closed_reason = "circuit breaker open"
            state.is_set_up_refused = False
        else:
            transition = state.breaker.succeed()
            state.is_set_up_refused = False
            if state.lane in self._closed_lanes:  # whoever closed it: another process, or this one before a restart
                self._lane_notes[state.lane] = _LaneNote(reason=None)
        if transition is not None:
            self.dispatch_log.breaker(state.lane, transition, reason=handled.reason)
            is_open = transition is Transition.OPENED
            self._lane_notes[state.lane] = _LaneNote(
                reason=handled.reason if is_open else None, is_set_up=is_open and handled.is_set_up_fault
            )

    def _note_lanes(self) -> None:
        """Note which lanes closed and opened; what can't be noted now is noted at a later turn."""
        while self._lane_notes:
            lane, note = next(iter(self._lane_notes.items()))
            self._outbox.note_lane(lane, reason=note.reason, is_set_up=note.is_set_up)
            del self._lane_notes[lane]
            if note.reason is None:
                self._closed_lanes.discard(lane)
            else:
                self._closed_lanes.add(lane)

    def _expire_leases(self) -> bool:
        """Take back leases that ran out or whose owner died, and have what is uncertain looked up, now and then."""
        now = self._clock.now()
        if self._housekeeping_at is not None and now < self._housekeeping_at:
            return False
        if self._looking_up is not None and not self._looking_up.done():
            return False
        if self._looking_up is not None and (error := self._looking_up.exception()) is not None:
            self.dispatch_log.trouble("look-ups", repr(error))
        self._housekeeping_at = now + _HOUSEKEEPING_EVERY
        dead = find_dead(self._owners)
        self._recorder.expire_leases(recompose=self._senders.recompose, dead=dead)
        forget(self._owners, dead)
        self._closed_lanes = {each.lane for each in self._outbox.closed_lanes()}
        self._looking_up = self._pool.submit(self._look_ups.run, limit=_LOOK_UPS_AT_ONCE)
        self._looking_up.add_done_callback(lambda _: self._bell.set())
        return True

    def _wind_down(self) -> None:
        """Give back what has not begun, and wait for what has: each call ends by its time-out."""
        for state in self._lanes.values():
            self._give_back(state, at=self._clock.now(), reason="the dispatcher ended")
        while not self._is_idle():
            self._bell.wait(_POLL_S)
            self._bell.clear()
            self._settle_ended()
        self._note_lanes()

    def _give_back_later_ones(self, state: LaneState, command: ClaimedCommand, *, at: datetime) -> None:
        """Let what goes to the same recipient wait for a command that has to wait itself."""
        recipient = recipient_of(command)
        if recipient is not None:
            for queued in [each for each in state.queue if each.recipient == recipient]:
                self._worker.give_back(queued.command, at=at, reason=AFTER_AN_EARLIER_ONE)
                state.queue.remove(queued)

    def _give_back(self, state: LaneState, *, at: datetime, reason: str) -> None:
        while state.queue:  # each stays in line until it is given back: the outbox may not be usable now
            self._worker.give_back(state.queue[0].command, at=at, reason=reason)
            state.queue.popleft()

    def _is_idle(self) -> bool:
        is_looking_up = self._looking_up is not None and not self._looking_up.done()
        return not is_looking_up and all(state.is_idle() for state in self._lanes.values())

    def _state_of(self, lane: Lane) -> LaneState:
        if lane not in self._lanes:
            self._lanes[lane] = LaneState(lane=lane, calls_at_once=self._calls_at_once)
            self._lanes[lane].set_rate(self._senders.texts_per_second(lane))
        return self._lanes[lane]


def _open_owner(folder: Path, *, ids: IdFactory, dispatch_log: DispatchLog) -> Owner | None:
    try:
        return Owner(folder, ids=ids)
    except OSError as error:
        # Without it a death is noticed when the leases run out.
        dispatch_log.trouble("no file can be locked", str(error))
        return None


NOTHING_WRONG: Mapping[str, str] = MappingProxyType({})


def build_dispatcher(
    settings: Settings,
    *,
    engine: Engine,
    tenants: Mapping[str, SendingBusiness],
    environ: Mapping[str, str],
    position: DecidedPosition,
    clock: Clock | None = None,
    outbox: Outbox | None = None,
    calls_at_once: int = 4,
    wrong_files: Mapping[str, str] = NOTHING_WRONG,
    read_report: ReportReader | None = None,
    followed: Followed | None = None,
    on_alive: Callable[[], None] = lambda: None,
) -> Dispatcher:
    """Return a dispatcher over the database of an engine, whose tables are there. To be closed after use.

    environ holds the businesses' secrets that are not stored, and the key of those that are: see
    frontdesk/core/secrets.py. wrong_files: what is wrong with a business's file, by slug. read_report: reads files
    that go with e-mails. position: how far what the outbox holds takes account of the log; nothing is called that
    was decided before its business's newest events were known. followed: what changes `tenants` while it runs, and
    tells what is wrong instead of `wrong_files`.
    on_alive: called every few seconds while it runs and may send.
    """
    clock = clock or SystemClock()
    ids = UuidV7Factory(clock)
    outbox = outbox or Outbox(engine, clock=clock, ids=ids)
    recorder = Recorder(engine, outbox=outbox, log=EventLog(engine, ids=ids), clock=clock)
    senders = TenantSenders(
        tenants,
        settings=settings,
        secrets=open_secrets(engine, environ=environ),
        clock=clock,
        wrong_files=wrong_files,
        read_report=read_report,
        followed=followed,
    )
    dispatch_log = DispatchLog()
    known = KnownEvents(engine, position=position)
    dispatcher = Dispatcher(
        outbox=outbox,
        watch=DueWatch(engine, outbox=outbox),
        recorder=recorder,
        worker=Worker(
            outbox=outbox,
            recorder=recorder,
            senders=senders,
            clock=clock,
            dispatch_log=dispatch_log,
            random=Random(ids.new_event_id()),  # noqa: S311 - spreads retries; guards no secret
        ),
        look_ups=LookUps(outbox=outbox, recorder=recorder, senders=senders, clock=clock, dispatch_log=dispatch_log),
        senders=senders,
        clock=clock,
        dispatch_log=dispatch_log,
        known=known,
        owners=owners_folder(settings.home),
        ids=ids,
        calls_at_once=calls_at_once,
        on_alive=on_alive,
    )
    position.on_advance(dispatcher.wake)
    return dispatcher
