"""Settings in, monitor out."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Engine

from frontdesk.core.clock import Clock, SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.set_aside import SetAside
from frontdesk.core.running.addresses import local_url
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.alert_sender import AlertSender
from frontdesk.domains.operations.incidents import IncidentBook
from frontdesk.domains.operations.judging import Watched
from frontdesk.domains.operations.lost_database import LostDatabase
from frontdesk.domains.operations.monitor import Monitor
from frontdesk.domains.operations.routes import build_routes
from frontdesk.domains.operations.signs import Signs
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.tenancy.tenant import Tenant

#: What can be watched besides what lies in the home.
RECEIVER, DASHBOARD, PIPELINES = "receiver", "dashboard", "pipelines"
PARTS = (RECEIVER, DASHBOARD, PIPELINES)


def build_monitor(
    settings: Settings,
    *,
    engine: Engine,
    tenants: Mapping[str, Tenant],
    environ: Mapping[str, str],
    parts: Collection[str] = (),
    clock: Clock | None = None,
) -> Monitor:
    """Return the monitor of a home; `parts` of PARTS run beside it. environ holds the secrets."""
    clock = clock or SystemClock()
    ids = UuidV7Factory(clock)
    addresses = {
        RECEIVER: f"{local_url(settings.host, settings.receiver_port)}/healthz",
        DASHBOARD: f"{local_url(settings.host, settings.dashboard_port)}/_stcore/health",
    }
    routes = build_routes(settings, tenants)
    sender = AlertSender(settings, tenants, environ=environ, clock=clock)
    return Monitor(
        Watched(
            engine=engine,
            signs=Signs(engine, clock=clock, ids=ids),
            outbox=Outbox(engine, clock=clock, ids=ids),
            set_aside=SetAside(engine, clock=clock),
            home=settings.home.absolute(),
            analytics_path=settings.analytics_path,
            least_free_bytes=settings.least_free_mib * 2**20,
            processes={name: url for name, url in addresses.items() if name in parts},
            expects_live_path=PIPELINES in parts,
        ),
        book=IncidentBook(engine, clock=clock, ids=ids, routes=routes),
        lost_database=LostDatabase(settings.home.absolute(), routes=routes(None), send=sender.send),
        send=sender.send,
        clock=clock,
    )
