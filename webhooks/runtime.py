"""What the receiver's parts share while it runs, started and ended with the application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Engine

from frontdesk.connectors.descriptor import descriptors
from frontdesk.connectors.masks import Masks
from frontdesk.connectors.source import Source, SourceConfiguration
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
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.tenancy.tenant import Tenant
from webhooks.callers import Callers
from webhooks.intake.intake import Intake, IntakeServices
from webhooks.logs import log_event_log_unavailable, log_unusable_source

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
    tenants: Mapping[str, Tenant]
    sources: Mapping[tuple[str, str], Source]  #: by tenant and name; those with a secret
    #: What can't be served until its file, settings or secrets are mended: tenants, and sources by tenant and name.
    set_aside: frozenset[str | tuple[str, str]] = frozenset()
    rejections: RejectionRecorder
    outbox: Outbox
    staff: StaffDirectory
    callers: Callers
    ids: IdFactory
    secrets: Secrets
    masks: Mapping[tuple[str, str], Masks] = field(default_factory=dict)  #: of each source's secrets
    metrics_token: str | None = None
    intakes: dict[str, Intake] = field(default_factory=dict)  #: by request path; empty unless running
    hosts: KnownHosts = field(init=False)
    _committer: GroupCommitter | None = None

    def __post_init__(self) -> None:
        self.hosts = KnownHosts.of(self.settings)

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
        preparing = asyncio.create_task(self._prepare_tables(tried))
        self._committer = GroupCommitter(self.log, loop=asyncio.get_running_loop())
        self.rejections.start()
        services = IntakeServices(
            committer=self._committer,
            clock=self.clock,
            rejections=self.rejections,
            max_body_bytes=self.settings.max_body_bytes,
            rate_limit_per_minute=self.settings.webhook_rate_limit_per_minute,
        )
        for (tenant_id, name), source in self.sources.items():
            path = f"/webhooks/{tenant_id}/{name}"
            masks = self.masks.get((tenant_id, name), Masks())
            self.intakes[path] = Intake(tenant_id=tenant_id, source=source, services=services, masks=masks)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(tried.wait(), _FIRST_TRY_S)
            yield
        finally:
            preparing.cancel()
            self.intakes.clear()
            await asyncio.to_thread(self._committer.close)
            await asyncio.to_thread(self.rejections.close)

    async def _prepare_tables(self, tried: asyncio.Event) -> None:
        """Create the tables; while the database is away, deliveries are answered 503.

        tried: set once it was tried, whatever came of it.
        """
        while True:
            try:
                await asyncio.to_thread(create_tables, self.engine, backups=self.settings.backups_path)
            except (EventLogUnavailableError, ConfigurationError) as error:
                log_event_log_unavailable(error.detail)
            else:
                return
            finally:
                tried.set()
            await asyncio.sleep(_RETRY_TABLES_S)


class Configured(NamedTuple):
    """The sources of all tenants, by tenant and name."""

    sources: dict[tuple[str, str], Source]  #: those that have a secret
    unusable: dict[tuple[str, str], str]  #: those whose secret or setting can't be used, with what is wrong


def configure_sources(tenants: Mapping[str, Tenant], *, secrets: Secrets, settings: Settings) -> Configured:
    """Return each tenant's sources; one that can't be used stops none of the others."""
    sources: dict[tuple[str, str], Source] = {}
    unusable: dict[tuple[str, str], str] = {}
    for tenant in tenants.values():
        for declared in tenant.sources:
            configuration = SourceConfiguration(
                tenant_id=tenant.slug,
                secrets=secrets,
                settings=declared.settings,
                public_url=settings.public_url.rstrip("/"),
            )
            try:
                source = descriptors()[declared.name].load_source().configure(configuration)
            except ConfigurationError as error:
                unusable[tenant.slug, declared.name] = error.detail
                log_unusable_source(tenant.slug, declared.name, error.detail)
                continue
            if source is not None:
                sources[tenant.slug, declared.name] = source
    return Configured(sources, unusable)


def configure_masks(tenants: Mapping[str, Tenant], *, secrets: Secrets) -> dict[tuple[str, str], Masks]:
    """Return what is never stored of each tenant's sources: every secret that lets a delivery in."""
    return {
        (tenant.slug, declared.name): Masks.of(
            value
            for name in descriptors()[declared.name].load_source().secret_names
            for value in secrets.values(tenant.slug, name)
        )
        for tenant in tenants.values()
        for declared in tenant.sources
    }
