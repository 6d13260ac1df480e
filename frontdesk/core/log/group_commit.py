"""Group commit: one writer thread; everything waiting goes into one transaction, then all are answered."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import NamedTuple

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.envelope import Appended, NewEvent
from frontdesk.core.log.event_log import EventLog

#: More in one transaction gains nothing measurable and makes the first of them wait.
MAX_GROUP = 512


class _Waiting(NamedTuple):
    events: list[NewEvent]
    answer: asyncio.Future[list[Appended]]


class GroupCommitter:
    """Appends from many coroutines of one event loop through one thread."""

    def __init__(self, log: EventLog, *, loop: asyncio.AbstractEventLoop) -> None:
        self._log = log
        self._loop = loop
        self._waiting: SimpleQueue[_Waiting] = SimpleQueue()
        # Wakes the writer (True) or ends it (False): once for all appends of one turn of the event loop. Waking it
        # for each would make both threads fight for Python's lock; it costs a quarter of the throughput.
        self._bell: SimpleQueue[bool] = SimpleQueue()
        self._is_bell_due = False
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="event-log-writer", daemon=True)
        self._thread.start()

    @property
    def count_waiting(self) -> int:
        """Return how many appends wait for the writer."""
        return self._waiting.qsize()

    async def append(self, event: NewEvent, *, patience_s: float | None = None) -> Appended:
        """Return once the event is on disk. Raises EventLogUnavailableError if it can't be written.

        So it does after `patience_s` too: the event may be written later, and whoever sends it again is told so.
        """
        answer = self._submit([event])
        if patience_s is None:
            return (await answer)[0]
        giving_up = self._loop.call_later(patience_s, _give_up, answer, patience_s)
        try:
            return (await answer)[0]
        finally:
            giving_up.cancel()

    async def append_many(self, events: list[NewEvent]) -> list[Appended]:
        """Append several events in one transaction; see EventLog.append."""
        return await self._submit(events)

    def close(self) -> None:
        """Commit what is waiting and end the thread; what comes later is refused."""
        self._is_closing = True
        self._bell.put(False)
        self._thread.join()

    def _submit(self, events: list[NewEvent]) -> asyncio.Future[list[Appended]]:
        if self._is_closing:
            raise EventLogUnavailableError("the event log's writer has ended; the process is shutting down")
        answer: asyncio.Future[list[Appended]] = self._loop.create_future()
        self._waiting.put(_Waiting(events, answer))
        if not self._is_bell_due:
            self._is_bell_due = True
            self._loop.call_soon(self._ring)
        return answer

    def _ring(self) -> None:
        self._is_bell_due = False
        self._bell.put(True)

    def _run(self) -> None:
        is_open = True
        while is_open:
            is_open = self._bell.get()
            while group := self._take():
                self._commit(group)

    def _take(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        with suppress(Empty):
            while len(group) < MAX_GROUP:
                waiting = self._waiting.get_nowait()
                if not waiting.answer.done():  # else its sender was told to send again
                    group.append(waiting)
        return group

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            appended = self._log.append([event for waiting in group for event in waiting.events])
        except EventLogUnavailableError as error:
            self._loop.call_soon_threadsafe(_refuse_all, group, error)
        except Exception as error:  # noqa: BLE001 - the thread must outlive one bad group; callers get the error
            if len(group) > 1:  # one event that can't be stored must not refuse its neighbours
                for waiting in group:
                    self._commit([waiting])
            else:
                self._loop.call_soon_threadsafe(_refuse_all, group, error)
        else:
            self._loop.call_soon_threadsafe(_answer_all, group, appended)


def _answer_all(group: list[_Waiting], appended: list[Appended]) -> None:
    position = 0
    for waiting in group:
        end = position + len(waiting.events)
        if not waiting.answer.done():  # the client may have gone away meanwhile
            waiting.answer.set_result(appended[position:end])
        position = end


def _refuse_all(group: list[_Waiting], error: Exception) -> None:
    for waiting in group:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)


def _give_up(answer: asyncio.Future[list[Appended]], patience_s: float) -> None:
    if not answer.done():
        answer.set_exception(EventLogUnavailableError(f"the event log has not answered within {patience_s:g} s"))
