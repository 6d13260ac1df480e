"""The one incident that the database can't keep: its own. A file in the home keeps it from being told twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import orjson

from frontdesk.domains.operations.alert_conditions import Condition, Kind
from frontdesk.domains.operations.incidents import Alert, Incident, Moment, Route

_SETTLES_IN: Final = timedelta(minutes=5)


class LostDatabase:
    """Tells that the database is away and, once it has been back for a while, that it is well again."""

    def __init__(self, home: Path, *, routes: Sequence[Route], send: Callable[[Alert], str | None]) -> None:
        self._file = home / "run" / "database-alert.json"
        self._routes = routes
        self._send = send
        self._seen_first_at: datetime | None = None
        self._well_since: datetime | None = None
        self._incident: Incident | None = None  #: where the home is gone too, this process alone knows

    def see(self, condition: Condition, *, now: datetime) -> None:
        """Take note that the database is away."""
        self._well_since = None
        self._seen_first_at = self._seen_first_at or now
        if self._known() is not None or now - self._seen_first_at < condition.lasts_for:
            return
        incident = Incident(
            incident_id=f"database-{int(self._seen_first_at.timestamp())}",
            key=condition.key,
            kind=Kind.DATABASE,
            tenant_id=None,
            title=condition.title,
            detail=condition.detail,
            remedy=condition.remedy,
            opened_at=now,
            closed_at=None,
        )
        if self._tell(Moment.RAISED, incident):
            self._incident = incident
            self._write(incident)

    def miss(self, *, now: datetime) -> None:
        """Take note that the database is there."""
        self._seen_first_at = None
        incident = self._known()
        if incident is None:
            return
        self._well_since = self._well_since or now
        if now - self._well_since >= _SETTLES_IN and self._tell(Moment.RECOVERED, replace(incident, closed_at=now)):
            self._incident = None
            self._file.unlink(missing_ok=True)

    def _tell(self, moment: Moment, incident: Incident) -> bool:
        """Send to every route; return whether anybody was told, or there is nobody to tell."""
        refusals = [
            self._send(
                Alert(
                    alert_id=f"{incident.incident_id}:{moment}:{route.channel}:{route.target}",
                    moment=moment,
                    route=route,
                    incident=incident,
                    attempts_count=0,
                )
            )
            for route in self._routes
        ]
        return not refusals or None in refusals

    def _known(self) -> Incident | None:
        if self._incident is not None:
            return self._incident
        try:
            kept = orjson.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return None
        return Incident(
            **{**kept, "kind": Kind(kept["kind"]), "opened_at": datetime.fromisoformat(kept["opened_at"])}
        )

    def _write(self, incident: Incident) -> None:
        if self._file.parent.parent.is_dir():  # a home that is gone is not made again
            self._file.parent.mkdir(exist_ok=True)
            self._file.write_bytes(orjson.dumps(incident))
