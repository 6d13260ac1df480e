"""Settings in, dispatcher out."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from types import MappingProxyType

from sqlalchemy import Engine

from frontdesk.core.clock import Clock, SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.sending.business import SendingBusiness
from frontdesk.domains.sending.dispatch.alerts import Alerts
from frontdesk.domains.sending.dispatch.composing import ReportReader
from frontdesk.domains.sending.dispatch.decided_position import DecidedPosition
from frontdesk.domains.sending.dispatch.desks import Desks
from frontdesk.domains.sending.dispatch.dispatcher import Dispatcher
from frontdesk.domains.sending.dispatch.due_watch import DueWatch
from frontdesk.domains.sending.dispatch.known_events import KnownEvents
from frontdesk.domains.sending.dispatch.look_ups import LookUps
from frontdesk.domains.sending.dispatch.recorder import Recorder
from frontdesk.domains.sending.dispatch.worker import Worker
from frontdesk.domains.sending.outbox.outbox import Outbox

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
) -> Dispatcher:
    """Return a dispatcher over the database of an engine, whose tables are there. To be closed after use.

    environ holds the businesses' secrets, see frontdesk/core/secrets.py. wrong_files: what is wrong with a
    business's file, by slug. read_report: reads files that go with e-mails. position: how far what the outbox holds
    takes account of the log; nothing is called that was decided before its business's newest events were known.
    """
    clock = clock or SystemClock()
    ids = UuidV7Factory(clock)
    outbox = outbox or Outbox(engine, clock=clock, ids=ids)
    recorder = Recorder(engine, outbox=outbox, log=EventLog(engine, ids=ids), clock=clock)
    desks = Desks(
        tenants,
        settings=settings,
        secrets=Secrets(environ),
        clock=clock,
        wrong_files=wrong_files,
        read_report=read_report,
    )
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
