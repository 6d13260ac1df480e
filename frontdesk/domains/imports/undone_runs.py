"""Which runs of an import are taken back: each event in the log names its own run.

The log is never changed. `import.undone` says that a run's events are not to be read, `import.restored` that they are
again; of a run, the newest of the two counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from frontdesk.core.log.envelope import Event
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.imports.facts import RESTORED, UNDONE

#: Ids of both begin with it, so that they are found without reading the log.
CHANGE_ID_PREFIX = "import-run/"


@dataclass(frozen=True, slots=True)
class UndoneRuns:
    """The runs of one business that are taken back."""

    run_ids: frozenset[str] = frozenset()

    @staticmethod
    def read(log: EventLog, *, tenant_id: str) -> UndoneRuns:
        """Return them as the log says now."""
        return UndoneRuns(undone_after(log.read_by_id_prefix(tenant_id, "frontdesk", CHANGE_ID_PREFIX)))

    def __bool__(self) -> bool:
        return bool(self.run_ids)

    def __contains__(self, run_id: object) -> bool:
        return run_id in self.run_ids


def undone_after(events: Iterable[Event]) -> frozenset[str]:
    """Return which runs these events leave taken back; the events are in the order of the log."""
    undone: set[str] = set()
    for event in events:
        if event.type in (UNDONE, RESTORED):
            run_id = str(orjson.loads(event.payload).get("run", ""))
            undone = undone | {run_id} if event.type == UNDONE else undone - {run_id}
    return frozenset(undone)
