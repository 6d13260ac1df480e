"""The monitor: checks everything now and then, keeps the incidents, and sends the alerts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine

from frontdesk.core.clock import Clock, SystemClock
from frontdesk.core.errors import EventLogUnavailableError, FrontdeskError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.set_aside import SetAside
from frontdesk.core.running.addresses import local_url
from frontdesk.core.secret_store.stored_secrets import open_secrets
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.alert_conditions import Condition, Kind, check_database
from frontdesk.domains.operations.alert_routes import build_routes
from frontdesk.domains.operations.alert_sender import AlertSender
from frontdesk.domains.operations.checks import Watched, run_checks
from frontdesk.domains.operations.heartbeats import MONITOR, Heartbeats
from frontdesk.domains.operations.incidents import Alert, Incident, IncidentBook, Moment
from frontdesk.domains.operations.lost_database import LostDatabase
from frontdesk.domains.sending.dispatch.tenant_senders import Followed
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.tenancy.tenant import Tenant

_LOGGER = logging.getLogger("frontdesk.monitor")
#: Attribute of a log record that holds its named values.
_FIELDS: Final = "frontdesk_fields"
#: Sources fall silent within hours.
_SOURCES_EVERY: Final = timedelta(minutes=1)
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
    followed: Followed | None = None,
) -> Monitor:
    """Return the monitor of a home; `parts` of PARTS run beside it. environ holds the secrets that are
    not stored.

    followed: what changes `tenants` while they are used; whom to tell is asked of the newest at each look.
    """
    clock = clock or SystemClock()
    ids = UuidV7Factory(clock)
    addresses = {
        RECEIVER: f"{local_url(settings.host, settings.receiver_port)}/healthz",
        DASHBOARD: f"{local_url(settings.host, settings.dashboard_port)}/_stcore/health",
    }
    routes = build_routes(settings, tenants)
    secrets = open_secrets(engine, environ=environ)
    sender = AlertSender(settings, tenants, secrets=secrets, clock=clock, followed=followed)
    return Monitor(
        Watched(
            engine=engine,
            heartbeats=Heartbeats(engine, clock=clock, ids=ids),
            outbox=Outbox(engine, clock=clock, ids=ids),
            set_aside=SetAside(engine, clock=clock),
            home=settings.home.absolute(),
            analytics_path=settings.analytics_path,
            least_free_bytes=settings.least_free_mib * 2**20,
            processes={name: url for name, url in addresses.items() if name in parts},
            expects_live_path=PIPELINES in parts,
            unreadable_secrets=secrets.unreadable,
        ),
        book=IncidentBook(engine, clock=clock, ids=ids, routes=routes),
        lost_database=LostDatabase(settings.home.absolute(), routes=routes(None), send=sender.send),
        send=sender.send,
        clock=clock,
        follow=sender.follow,
    )


class Monitor:
    """One per home, in a process of its own: it shares nothing with what it watches but the database.

    It looks, and it sends what there is to tell: two threads can do the one and the other, so that a mail server
    that hangs keeps nobody from looking. What is to be sent is in the table of alerts between the two.
    """

    def __init__(
        self,
        watched: Watched,
        *,
        book: IncidentBook,
        lost_database: LostDatabase,
        send: Callable[[Alert], str | None],
        clock: Clock,
        follow: Callable[[], None],
    ) -> None:
        self._watched = watched
        self._book = book
        self._lost_database = lost_database
        self._send = send
        self._clock = clock
        self._follow = follow
        self._started_at = clock.now()
        self._has_looked = False
        self._sources_at: datetime | None = None  #: when they were last judged
        self._lost: Condition | None = None  #: at the last look: why the database, and so the table, is away

    @property
    def lost(self) -> Condition | None:
        """Why the database could not be written at the last look, and so no incident be kept; None if it could."""
        return self._lost

    def look(self) -> Sequence[tuple[Moment, Incident]]:
        """Judge once, and keep what there is to tell; return it."""
        with suppress(EventLogUnavailableError):  # that the database is away is found below
            self._follow()
        now = self._clock.now()
        judges_sources = self._sources_at is None or now - self._sources_at >= _SOURCES_EVERY
        if judges_sources:
            self._sources_at = now
        results = run_checks(self._watched, now=now, started_at=self._started_at, judges_sources=judges_sources)
        lost = next((each for each in results.conditions if each.kind is Kind.DATABASE), None)
        news: Sequence[tuple[Moment, Incident]] = []
        if lost is None:
            try:
                news = self._keep(results.conditions, checked=results.checked - {Kind.DATABASE})
            except EventLogUnavailableError as error:
                [lost] = check_database(error.detail)
        self._lost, self._has_looked = lost, True
        return news

    def send_alerts(self, *, stopping: threading.Event | None = None) -> None:
        """Send what there is to tell, one alert after the other; `stopping` ends it after the one under way.

        What is not sent by then is sent by the next start: it stays in the table.
        """
        if not self._has_looked:
            return
        lost = self._lost
        if lost is not None:
            self._lost_database.see(lost, now=self._clock.now())
            return
        self._lost_database.miss(now=self._clock.now())
        # One by one: nobody else may take what is claimed here and waits for its turn.
        while not (stopping and stopping.is_set()) and (alert := self._book.claim_alert()) is not None:
            with suppress(EventLogUnavailableError):
                self._follow()  # a secret that was set since the last look is used
            if (refusal := self._send(alert)) is None:
                self._book.note_sent(alert)
            else:
                _LOGGER.error("alert not sent", extra={_FIELDS: {"alert": alert.alert_id, "reason": refusal}})
                self._book.note_failed(alert, refusal)

    def _keep(self, conditions: Sequence[Condition], *, checked: set[Kind]) -> Sequence[tuple[Moment, Incident]]:
        self._watched.heartbeats.beat(MONITOR, state="watching")
        news = self._book.reconcile(conditions, checked=checked)
        for moment, incident in news:
            _LOGGER.warning("incident %s", moment, extra={_FIELDS: {"key": incident.key, "title": incident.title}})
        return news


class AlertThread:
    """Sends the alerts of a monitor in a thread of its own, from `start` to `stop`."""

    #: Between two looks at the table if nobody rings.
    EVERY_S: Final = 5.0

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._stopping = threading.Event()
        self._bell = threading.Event()
        # A call to a mail server that hangs may outlive the process: its alert is sent again by the next.
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def ring(self) -> None:
        """Say that there is something to send."""
        self._bell.set()

    def stop(self, *, within_s: float) -> bool:
        """End after the alert under way; return whether it has ended within that time."""
        self._stopping.set()
        self._bell.set()
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._monitor.send_alerts(stopping=self._stopping)
            except FrontdeskError as error:
                _LOGGER.warning("alerts wait: %s", error.detail)
            except Exception:
                _LOGGER.exception("alerts wait")
            self._bell.wait(self.EVERY_S)
            self._bell.clear()
