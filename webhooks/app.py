"""Puts the receiver together: deliveries on the fast path, everything else through FastAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.types import Receive, Scope, Send

from frontdesk.connectors.source import plain_path
from frontdesk.core.clock import Clock, SystemClock
from frontdesk.core.ids import IdFactory, UuidV7Factory
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.rejections import RejectionRecorder
from frontdesk.core.secrets import METRICS_TOKEN, Secrets, operator_secret
from frontdesk.core.settings import Settings
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.passwords import Passwords
from frontdesk.domains.tenancy.directory import TenantDirectory
from frontdesk.domains.tenancy.tenant import Tenant
from webhooks.api import (
    audit,
    availability,
    booking_links,
    bookings,
    contacts,
    event_import,
    events,
    holds,
    identities,
    messages,
    outbox,
    prices,
    reports,
    rules,
    sessions,
    stage_changes,
    tasks,
    waitlist,
)
from webhooks.businesses import ServedBusinesses
from webhooks.callers import Callers
from webhooks.following import Following
from webhooks.health import probes
from webhooks.intake import deliveries
from webhooks.pages import calendars, media, sign_in
from webhooks.pages.booking import routes as booking_pages
from webhooks.pages.booking import self_service
from webhooks.problems import install_problem_handlers, with_answers_of_limits, without_invented_answers
from webhooks.request_limits import RequestLimits, route_limits
from webhooks.runtime import Runtime

_ROUTERS = (
    deliveries.router,
    event_import.router,
    events.router,
    messages.router,
    stage_changes.router,
    availability.router,
    bookings.router,
    booking_links.router,
    waitlist.router,
    contacts.router,
    outbox.router,
    holds.router,
    prices.router,
    rules.router,
    reports.router,
    sessions.router,
    audit.router,
    tasks.router,
    identities.router,
    media.router,
    sign_in.router,
    booking_pages.router,
    self_service.router,
    calendars.router,
    probes.router,
)

NOTHING_WRONG: Mapping[str, str] = MappingProxyType({})


class Receiver(FastAPI):
    """FastAPI, but that deliveries of configured sources go straight to their intake."""

    def __init__(self, runtime: Runtime) -> None:
        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
            async with runtime.running():
                yield

        super().__init__(
            title="Frontdesk receiver",
            version="1",
            description="Signed webhooks in, an append-only event log behind.",
            lifespan=lifespan,
            # The interactive pages load their scripts from elsewhere; nothing here needs the internet.
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
        )
        self._intakes = runtime.intakes
        self._limits: RequestLimits | None = None

    def guard(self, *, callers: Callers, max_body_bytes: int) -> None:
        """Put the limits in front of every route."""
        self._limits = RequestLimits(
            app=super().__call__, callers=callers, limits=route_limits(max_body_bytes=max_body_bytes)
        )

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, without the answers to invalid requests that FastAPI makes up itself."""
        if self.openapi_schema is None:
            without_invented_answers(with_answers_of_limits(super().openapi()))
        return super().openapi()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        intake = self._intakes.get(scope["path"])
        if intake is None:
            root = scope.get("root_path", "").rstrip("/")
            plain = plain_path(scope["path"].removeprefix(root))
            # Pasted with a slash at its end, or with two of them. Elsewhere slashes may be a key's or an id's own.
            if plain.startswith("/webhooks/"):
                scope = {**scope, "path": root + plain}
                intake = self._intakes.get(plain)
        if intake is not None:
            await intake(scope, receive, send)
        elif self._limits is not None:
            await self._limits(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(
    settings: Settings,
    *,
    engine: Engine,
    secrets: Secrets,
    tenants: Mapping[str, Tenant],
    clock: Clock | None = None,
    ids: IdFactory | None = None,
    passwords: Passwords | None = None,
    wrong_files: Mapping[str, str] = NOTHING_WRONG,
    directory: TenantDirectory | None = None,
) -> Receiver:
    """Return the receiver as an ASGI application; it works between its lifespan's start and end.

    A source whose secret or setting can't be used is answered 503 until it is mended, as a business is whose file
    can't be read (`wrong_files`, see frontdesk/domains/tenancy/tenant.py): providers send again. With a `directory`,
    which `tenants` is then, new versions of the businesses are followed while it runs.
    """
    clock = clock or SystemClock()
    ids = ids or UuidV7Factory(clock)
    businesses = ServedBusinesses(
        tenants,
        wrong=lambda: wrong_files if directory is None else directory.wrong,
        secrets=secrets,
        settings=settings,
    )
    staff = StaffDirectory.open(engine, settings=settings, clock=clock, ids=ids, passwords=passwords)
    runtime = Runtime(
        settings=settings,
        engine=engine,
        log=EventLog(engine, ids=ids),
        outbox=Outbox(engine, clock=clock, ids=ids),
        staff=staff,
        callers=Callers(owner_keys=businesses.owner_keys, staff=staff),
        ids=ids,
        secrets=secrets,
        clock=clock,
        businesses=businesses,
        following=None
        if directory is None
        else Following.of(directory, businesses, engine=engine, settings=settings, secrets=secrets, clock=clock),
        rejections=RejectionRecorder(engine),
        metrics_token=operator_secret(METRICS_TOKEN, environ=secrets.environ),
    )
    app = Receiver(runtime)
    app.state.runtime = runtime
    app.state.health = probes.Health(runtime)
    install_problem_handlers(app)
    app.guard(callers=runtime.callers, max_body_bytes=settings.max_body_bytes)
    for router in _ROUTERS:
        app.include_router(router)
    return app
