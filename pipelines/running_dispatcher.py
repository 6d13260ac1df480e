"""Runs the dispatcher of one home beside whatever else its process does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from frontdesk.core.clock import SystemClock
from frontdesk.core.log.database import open_database
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.heartbeats import DISPATCHER
from frontdesk.domains.reports.archive import ReportArchive
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from frontdesk.domains.sending.dispatch.dispatcher import Dispatcher, build_dispatcher
from frontdesk.domains.tenancy.directory import TenantDirectory
from frontdesk.domains.tenancy.files import TenantFiles
from pipelines.home_parts import heartbeats_on


class Dispatching:
    """Keeps one dispatcher, with its breakers and rates, from one use to the next. One thread uses it at a time."""

    def __init__(self, settings: Settings, *, position: DecidedPosition) -> None:
        """position: how far the decisions in the outbox take account of the log."""
        self._settings = settings
        self._position = position
        self._dispatcher: Dispatcher | None = None
        self._is_stopping = False

    @contextmanager
    def running_for(self, seconds: float) -> Iterator[None]:
        """Send what is due, and what becomes due, in a thread of its own for so long, and to the end of the block.

        What ends the thread early is raised when the block ends.
        """
        dispatcher = self._open()
        deadline = SystemClock().now() + timedelta(seconds=seconds)
        with ThreadPoolExecutor(1, thread_name_prefix="dispatcher") as pool:
            dispatched = pool.submit(dispatcher.run_until, deadline)
            yield
        if error := dispatched.exception():
            self.close()
            raise error

    def stop(self) -> None:
        """Have the thread end as soon as what is under way has. From any thread."""
        self._is_stopping = True
        if self._dispatcher is not None:
            self._dispatcher.stop()

    def close(self) -> None:
        """End what is under way."""
        if self._dispatcher is not None:
            self._dispatcher.close()
            self._dispatcher = None

    def _open(self) -> Dispatcher:
        if self._dispatcher is None:
            self._dispatcher = open_dispatcher(self._settings, position=self._position, says_alive=True)
        if self._is_stopping:
            self._dispatcher.stop()
        return self._dispatcher


def open_dispatcher(settings: Settings, *, position: DecidedPosition, says_alive: bool = False) -> Dispatcher:
    """Return the dispatcher of a home, with the secrets of this process's environment. To be closed after use.

    says_alive: it leaves heartbeats, and is missed when they end.
    """
    engine = open_database(settings.event_log_url, backups=settings.backups_path)
    directory = TenantDirectory.open(engine, folder=settings.tenants_dir)
    # Whoever starts first writes what the files say; nothing is sent by a version that was replaced meanwhile.
    TenantFiles.open(engine, folder=settings.tenants_dir).write_changes()
    directory.refresh()
    return build_dispatcher(
        settings,
        engine=engine,
        tenants=directory,
        environ=os.environ,
        position=position,
        followed=directory,
        on_alive=partial(heartbeats_on(engine).beat, DISPATCHER, state="sending") if says_alive else _say_nothing,
        read_report=ReportArchive(settings.reports_path).read_written,
    )


def _say_nothing() -> None:
    """Leave no heartbeat."""
