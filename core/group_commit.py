"""Group commit: one writer thread; everything waiting goes into one transaction, then all are answered."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from core.envelope import Appended, NewEvent
from core.errors import EventLogUnavailableError
from core.event_log import EventLog

#: More in one transaction gains nothing measurable and makes the first of them wait.
MAX_GROUP = 512


@dataclass(frozen=True, slots=True)
class _Waiting:
    events: list[NewEvent]
    answer: asyncio.Future[list[Appended]]


class GroupCommitter:
    """Appends from many coroutines of one event loop through one thread."""

    def __init__(self, log: EventLog, *, loop: asyncio.AbstractEventLoop) -> None:
        self._log = log
        self._loop = loop
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="event-log-writer", daemon=True)
        self._thread.start()

    @property
    def count_waiting(self) -> int:
        """Return how many appends wait for the writer."""
        return self._queue.qsize()

    async def append(self, event: NewEvent) -> Appended:
        """Return once the event is on disk. Raises EventLogUnavailableError where it can't be written."""
        return (await self.append_many([event]))[0]

    async def append_many(self, events: list[NewEvent]) -> list[Appended]:
        """Append several events in one transaction; see EventLog.append."""
        if self._is_closing:
            raise EventLogUnavailableError("the event log's writer has ended; the process is shutting down")
        answer: asyncio.Future[list[Appended]] = self._loop.create_future()
        self._queue.put(_Waiting(events, answer))
        return await answer

    def close(self) -> None:
        """Commit what is waiting and end the thread; what comes later is refused."""
        self._is_closing = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        closing = False
        while not closing:
            group: list[_Waiting] = []
            item: _Waiting | None = self._queue.get()
            while True:
                if item is None:
                    closing = True
                    break
                group.append(item)
                if len(group) >= MAX_GROUP:
                    break
                try:
                    item = self._queue.get_nowait()
                except Empty:
                    break
            if group:
                self._commit(group)

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
