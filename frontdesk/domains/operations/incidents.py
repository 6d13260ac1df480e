"""Incidents: a condition that lasts is told once, and once more when it is well again, whoever sees it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, Row, and_, delete, func, insert, select, text, update

from frontdesk.core.clock import Clock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.ids import IdFactory
from frontdesk.core.log.database import writing
from frontdesk.core.log.database_errors import translated_errors
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.own_events import own_event
from frontdesk.domains.operations.alert_conditions import Condition, Kind
from frontdesk.domains.operations.schema import IS_OPEN, alerts, incidents

#: How long it has to stay well before anybody is told so.
_SETTLES_IN: Final = timedelta(minutes=5)
#: What comes and goes has to stay well ever longer: twice as long for each time within a day.
_DAY: Final = timedelta(days=1)
_LONGEST_SETTLING: Final = timedelta(hours=4)
#: Nobody else sends an alert that somebody is sending.
_SENDING_LASTS: Final = timedelta(minutes=2)
_RETRIES: Final = tuple(timedelta(minutes=each) for each in (1, 2, 5, 15, 30))
#: An alert that can't be sent for so long is of no use any more; it stays in the table with its error.
_GIVEN_UP_AFTER: Final = timedelta(days=2)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('frontdesk.incidents', 0))"


class Moment(StrEnum):
    """What an alert tells."""

    RAISED = "raised"
    RECOVERED = "recovered"


class AlertChannel(StrEnum):
    """How an alert goes out."""

    EMAIL = "email"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Route:
    """Where alerts go: an address, or an endpoint's key; by the business whose it is, None for the system's own."""

    channel: AlertChannel
    target: str
    tenant_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A condition from its first sight to its end. Times are aware UTC."""

    incident_id: str
    key: str
    kind: Kind
    tenant_id: str | None
    title: str
    detail: str
    remedy: str
    opened_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert to one place."""

    alert_id: str
    moment: Moment
    route: Route
    incident: Incident
    attempts_count: int


class IncidentBook:
    """Incidents and alerts of one database, for several processes at once. Raises EventLogUnavailableError."""

    def __init__(
        self, engine: Engine, *, clock: Clock, ids: IdFactory, routes: Callable[[str | None], Sequence[Route]]
    ) -> None:
        """`routes` returns where alerts about a business go, or about the whole system for None."""
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._log = EventLog(engine, ids=ids)
        self._routes = routes

    def reconcile(
        self, conditions: Sequence[Condition], *, checked: Collection[Kind]
    ) -> list[tuple[Moment, Incident]]:
        """Take note of all that is wrong now of the kinds that were judged; return what there is to tell.

        What is to be told is in the table of alerts then, and in the log if it is about a business.
        """
        now = self._clock.now()
        seen = {condition.key: condition for condition in conditions}
        news: list[tuple[Moment, Incident]] = []
        with self._writing() as connection:
            known = {row.incident_key: row for row in connection.execute(select(incidents).where(text(IS_OPEN)))}
            for key, condition in seen.items():
                news += self._see(connection, condition, known.get(key), now=now)
            for key, row in known.items():
                if key not in seen and row.kind in checked:
                    news += self._miss(connection, row, now=now)
            self._log.append_within(
                connection, [_event(moment, incident, now=now) for moment, incident in news if incident.tenant_id]
            )
        return news

    def open_incidents(self) -> list[Incident]:
        """Return what is wrong now and was told, the oldest first."""
        query = (
            select(incidents)
            .where(text(IS_OPEN), incidents.c.opened_at.is_not(None))
            .order_by(incidents.c.opened_at, incidents.c.incident_key)
        )
        with self._reading() as connection:
            return [_to_incident(row) for row in connection.execute(query)]

    def claim_alert(self) -> Alert | None:
        """Return an alert to send now, None if there is none; nobody else is given it for a while.

        Those that were tried least come first, so that an address that takes nothing holds up no other.
        """
        now = self._clock.now()
        query = (
            select(alerts, *(incidents.c[name].label(f"incident_{name}") for name in _INCIDENT))
            .join_from(alerts, incidents, alerts.c.incident_id == incidents.c.incident_id)
            .where(
                alerts.c.sent_at.is_(None),
                alerts.c.next_attempt_at <= now,
                alerts.c.created_at > now - _GIVEN_UP_AFTER,
            )
            .order_by(alerts.c.attempts_count, alerts.c.created_at, alerts.c.alert_id)
            .limit(1)
        )
        with self._reading() as connection:
            if connection.execute(query).first() is None:
                return None
        with self._writing() as connection:
            row = connection.execute(query).first()
            if row is None:
                return None  # another took it just now
            connection.execute(
                update(alerts)
                .where(alerts.c.alert_id == row.alert_id)
                .values(next_attempt_at=now + _SENDING_LASTS, attempts_count=alerts.c.attempts_count + 1)
            )
        return _to_alert(row)

    def note_sent(self, alert: Alert) -> None:
        """Record that an alert was taken."""
        self._set(alert, sent_at=self._clock.now(), error=None)

    def note_failed(self, alert: Alert, reason: str) -> None:
        """Record that an alert was not taken; it is sent again later."""
        wait = _RETRIES[min(alert.attempts_count, len(_RETRIES) - 1)]
        self._set(alert, next_attempt_at=self._clock.now() + wait, error=reason[:500])

    def _set(self, alert: Alert, **values: Any) -> None:
        with self._writing() as connection:
            connection.execute(update(alerts).where(alerts.c.alert_id == alert.alert_id).values(**values))

    def _see(
        self, connection: Connection, condition: Condition, row: Row[Any] | None, *, now: datetime
    ) -> Iterator[tuple[Moment, Incident]]:
        words = {"title": condition.title, "detail": condition.detail, "remedy": condition.remedy}
        if row is None:
            incident_id, first_at, opened_at = self._ids.new_event_id(), now, None
            values = {
                "incident_id": incident_id,
                "incident_key": condition.key,
                "kind": condition.kind.value,
                "tenant_id": condition.tenant_id,
                "seen_first_at": now,
                "seen_last_at": now,
            }
            connection.execute(insert(incidents).values(**values, **words))
        else:
            incident_id, first_at, opened_at = row.incident_id, row.seen_first_at, row.opened_at
            self._change(connection, incident_id, seen_last_at=now, well_since=None, **words)
        if opened_at is None and now - first_at >= condition.lasts_for:
            self._change(connection, incident_id, opened_at=now)
            yield self._tell(connection, incident_id, Moment.RAISED, now=now)

    def _miss(self, connection: Connection, row: Row[Any], *, now: datetime) -> Iterator[tuple[Moment, Incident]]:
        if row.opened_at is None:  # it passed before anybody was told
            connection.execute(delete(incidents).where(incidents.c.incident_id == row.incident_id))
        elif row.well_since is None:
            self._change(connection, row.incident_id, well_since=now)
        elif now - row.well_since >= self._settles_in(connection, row.incident_key, now=now):
            self._change(connection, row.incident_id, closed_at=now)
            yield self._tell(connection, row.incident_id, Moment.RECOVERED, now=now)

    def _settles_in(self, connection: Connection, key: str, *, now: datetime) -> timedelta:
        recent = and_(incidents.c.incident_key == key, incidents.c.opened_at > now - _DAY)
        count: int = connection.execute(select(func.count()).select_from(incidents).where(recent)).scalar_one()
        doublings = min(max(count - 1, 0), 10)
        return min(_SETTLES_IN * (1 << doublings), _LONGEST_SETTLING)

    def _change(self, connection: Connection, incident_id: str, **values: Any) -> None:
        connection.execute(update(incidents).where(incidents.c.incident_id == incident_id).values(**values))

    def _tell(
        self, connection: Connection, incident_id: str, moment: Moment, *, now: datetime
    ) -> tuple[Moment, Incident]:
        row = connection.execute(select(incidents).where(incidents.c.incident_id == incident_id)).one()
        incident = _to_incident(row)
        for route in self._routes(incident.tenant_id):
            values = {
                "alert_id": f"{incident_id}:{moment}:{route.channel}:{route.target}",
                "incident_id": incident_id,
                "moment": moment.value,
                "channel": route.channel.value,
                "target": route.target,
                "tenant_id": route.tenant_id,
                "created_at": now,
                "next_attempt_at": now,
                "attempts_count": 0,
            }
            connection.execute(insert(alerts).values(**values))
        return moment, incident

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated_errors(EventLogUnavailableError, what="the incidents"), writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(_LOCK)
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated_errors(EventLogUnavailableError, what="the incidents"), self._engine.connect() as connection:
            yield connection


_INCIDENT = (
    "incident_id",
    "incident_key",
    "kind",
    "tenant_id",
    "title",
    "detail",
    "remedy",
    "opened_at",
    "closed_at",
)


def _to_incident(row: Row[Any], *, prefix: str = "") -> Incident:
    values = {name: getattr(row, f"{prefix}{name}") for name in _INCIDENT}
    return Incident(key=values.pop("incident_key"), kind=Kind(values.pop("kind")), **values)


def _to_alert(row: Row[Any]) -> Alert:
    return Alert(
        alert_id=row.alert_id,
        moment=Moment(row.moment),
        route=Route(AlertChannel(row.channel), row.target, row.tenant_id),
        incident=_to_incident(row, prefix="incident_"),
        attempts_count=row.attempts_count,
    )


def _event(moment: Moment, incident: Incident, *, now: datetime) -> NewEvent:
    body = orjson.dumps(
        {
            "incident_id": incident.incident_id,
            "kind": incident.kind,
            "title": incident.title,
            "detail": incident.detail,
            "remedy": incident.remedy,
        }
    )
    return own_event(
        f"alert.{moment}",
        body,
        tenant_id=incident.tenant_id or "",
        source_event_id=f"alert:{incident.incident_id}:{moment}",
        subject_id=incident.incident_id,
        now=now,
        correlation_id=incident.incident_id,
    )
