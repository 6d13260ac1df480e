"""Settings in, dispatcher out."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from types import MappingProxyType

from sqlalchemy import Engine

from core.clock import Clock, SystemClock
from core.event_log import EventLog
from core.ids import UuidV7Factory
from core.outbox.outbox import Outbox
from core.secrets import Secrets
from core.settings import Settings
from core.tenants import Tenant
from pipelines.delivery.alerts import Alerts
from pipelines.delivery.desks import Desks
from pipelines.delivery.dispatcher import Dispatcher
from pipelines.delivery.due_watch import DueWatch
from pipelines.delivery.known_events import KnownEvents
from pipelines.delivery.look_ups import LookUps
from pipelines.delivery.recorder import Recorder
from pipelines.delivery.worker import Worker
from pipelines.lib.decided_position import DecidedPosition

NOTHING_WRONG: Mapping[str, str] = MappingProxyType({})


def build_dispatcher(
    settings: Settings,
    *,
    engine: Engine,
    tenants: Mapping[str, Tenant],
    environ: Mapping[str, str],
    position: DecidedPosition,
    clock: Clock | None = None,
    outbox: Outbox | None = None,
    calls_at_once: int = 4,
    wrong_files: Mapping[str, str] = NOTHING_WRONG,
) -> Dispatcher:
    """Return a dispatcher over the database of an engine, whose tables are there. To be closed after use.

    environ holds the tenants' secrets, see core/secrets.py; wrong_files are those of core/tenants.py. position: how
    far what the outbox holds takes account of the log; nothing is called that was decided before its business's
    newest events were known.
    """
    clock = clock or SystemClock()
    ids = UuidV7Factory(clock)
    outbox = outbox or Outbox(engine, clock=clock, ids=ids)
    recorder = Recorder(engine, outbox=outbox, log=EventLog(engine, ids=ids), clock=clock)
    desks = Desks(tenants, settings=settings, secrets=Secrets(environ), clock=clock, wrong_files=wrong_files)
    alerts = Alerts()
    known = KnownEvents(engine, position=position)
    dispatcher = Dispatcher(
        outbox=outbox,
        watch=DueWatch(engine, outbox=outbox),
        recorder=recorder,
        worker=Worker(
            outbox=outbox,
            recorder=recorder,
            desks=desks,
            clock=clock,
            alerts=alerts,
            random=Random(ids.new_event_id()),  # noqa: S311 - spreads retries; guards no secret
        ),
        look_ups=LookUps(outbox=outbox, recorder=recorder, desks=desks, clock=clock, alerts=alerts),
        desks=desks,
        clock=clock,
        alerts=alerts,
        known=known,
        calls_at_once=calls_at_once,
    )
    position.on_advance(dispatcher.wake)
    return dispatcher
