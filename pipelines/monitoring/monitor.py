"""The monitor: judges everything now and then, keeps the incidents, and sends the alerts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from core.clock import Clock
from core.errors import EventLogUnavailableError
from core.health.conditions import Condition, Kind, judge_database
from core.health.incidents import Alert, Incident, IncidentBook, Moment
from core.health.signs import MONITOR
from pipelines.monitoring.judging import Watched, judge
from pipelines.monitoring.lost_database import LostDatabase

_LOGGER = logging.getLogger("frontdesk.monitor")
#: Attribute of a log record that holds its named values.
_FIELDS: Final = "frontdesk_fields"


class Monitor:
    """One per home, in a process of its own: it shares nothing with what it watches but the database."""

    def __init__(
        self,
        watched: Watched,
        *,
        book: IncidentBook,
        lost_database: LostDatabase,
        send: Callable[[Alert], str | None],
        clock: Clock,
    ) -> None:
        self._watched = watched
        self._book = book
        self._lost_database = lost_database
        self._send = send
        self._clock = clock
        self._started_at = clock.now()

    def look(self) -> Sequence[tuple[Moment, Incident]]:
        """Judge once, and send what there is to tell; return what is told now."""
        judgement = judge(self._watched, now=self._clock.now(), started_at=self._started_at)
        lost = [each for each in judgement.conditions if each.kind is Kind.DATABASE]
        try:
            if not lost:
                told = self._keep(judgement.conditions, judged=judgement.judged - {Kind.DATABASE})
                self._lost_database.miss(now=self._clock.now())
                return told
        except EventLogUnavailableError as error:
            lost = list(judge_database(error.detail))
        self._lost_database.see(lost[0], now=self._clock.now())
        return []

    def _keep(self, conditions: Sequence[Condition], *, judged: set[Kind]) -> Sequence[tuple[Moment, Incident]]:
        self._watched.signs.beat(MONITOR, state="watching")
        told = self._book.reconcile(conditions, judged=judged)
        for moment, incident in told:
            _LOGGER.warning("incident %s", moment, extra={_FIELDS: {"key": incident.key, "title": incident.title}})
        for alert in self._book.claim_alerts():
            if (refusal := self._send(alert)) is None:
                self._book.note_sent(alert)
            else:
                _LOGGER.error("alert not sent", extra={_FIELDS: {"alert": alert.alert_id, "reason": refusal}})
                self._book.note_failed(alert, refusal)
        return told
