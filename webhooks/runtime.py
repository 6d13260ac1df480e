"""What the receiver's parts share while it runs, started and ended with the application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import Engine

from frontdesk.core.clock import Clock
from frontdesk.core.errors import ConfigurationError, EventLogUnavailableError
from frontdesk.core.ids import IdFactory
from frontdesk.core.log.database import create_tables
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.group_commit import GroupCommitter
from frontdesk.core.log.rejections import RejectionRecorder
from frontdesk.core.secrets import Secrets
from frontdesk.core.serving.hosts import KnownHosts
from frontdesk.core.settings import Settings
from frontdesk.domains.bookings.clock_changes import tell_moved_bookings
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.tenancy.tenant import Tenant
from webhooks.businesses import ServedBusinesses
from webhooks.callers import Callers
from webhooks.following import Following
from webhooks.intake.intake import Intake, IntakeServices
from webhooks.logs import log_event_log_unavailable, log_unexpected_error
from webhooks.pages.booking.visitors import Visitors

_RETRY_TABLES_S = 1.0
#: The first delivery of a new home finds its tables; a database that hangs, or a long upgrade, keeps nobody waiting.
_FIRST_TRY_S = 5.0


@dataclass(slots=True, kw_only=True)
class Runtime:
    """The receiver's services. What needs the event loop exists between start and end."""

    settings: Settings
    engine: Engine
    log: EventLog
    clock: Clock
    businesses: ServedBusinesses
    following: Following | None = None  #: None: the businesses stay as they are
    rejections: RejectionRecorder
    outbox: Outbox
    staff: StaffDirectory
    callers: Callers
    ids: IdFactory
    secrets: Secrets
    metrics_token: str | None = None
    visitors: Visitors = field(default_factory=Visitors)
    hosts: KnownHosts = field(init=False)
    _committer: GroupCommitter | None = None

    def __post_init__(self) -> None:
        self.hosts = KnownHosts.of(self.settings)

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """The businesses by slug, as they are now."""
        return self.businesses.tenants

    @property
    def intakes(self) -> dict[str, Intake]:
        """The sources' intakes by request path; empty unless running."""
        return self.businesses.intakes

    @property
    def committer(self) -> GroupCommitter:
        """Return the log's writer. Raises EventLogUnavailableError outside start and end."""
        if self._committer is None:
            raise EventLogUnavailableError("the receiver is not running")
        return self._committer

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run from here to the end of the block; what waits to be written is committed before it ends."""
        tried = asyncio.Event()
        preparing = asyncio.create_task(self._prepare(tried))
        self._committer = GroupCommitter(self.log, loop=asyncio.get_running_loop())
        self.rejections.start()
        services = IntakeServices(
            committer=self._committer,
            clock=self.clock,
            rejections=self.rejections,
            max_body_bytes=self.settings.max_body_bytes,
            rate_limit_per_minute=self.settings.webhook_rate_limit_per_minute,
        )
        self.businesses.open(services)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(tried.wait(), _FIRST_TRY_S)
            yield
        finally:
            preparing.cancel()
            self.businesses.close()
            await asyncio.to_thread(self._committer.close)
            await asyncio.to_thread(self.rejections.close)

    async def _prepare(self, tried: asyncio.Event) -> None:
        """Create the tables, then follow the businesses; while the database is away, deliveries are answered 503.

        tried: set once it was tried, whatever came of it.
        """
        while True:
            try:
                await asyncio.to_thread(create_tables, self.engine, backups=self.settings.backups_path)
                if self.following is not None:
                    await self.following.begin()
            except (EventLogUnavailableError, ConfigurationError) as error:
                log_event_log_unavailable(error.detail)
            else:
                break
            finally:
                tried.set()
            await asyncio.sleep(_RETRY_TABLES_S)
        try:
            await asyncio.to_thread(tell_moved_bookings, self.engine, log=self.log, clock=self.clock)
        except Exception as error:  # noqa: BLE001 - it is asked again at the next start; nothing waits for it
            log_unexpected_error(error)
        if self.following is not None:
            await self.following.go_on()
