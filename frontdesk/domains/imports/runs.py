"""Runs of an import: listed, taken back and counted again by one event each; the log itself is never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import orjson

from frontdesk.core.clock import Clock
from frontdesk.core.errors import ImportFileError
from frontdesk.core.ids import IdFactory
from frontdesk.core.log.envelope import RUN_HEADER, Event, NewEvent
from frontdesk.core.log.event_log import EventLog, RunPart
from frontdesk.core.log.own_events import own_event
from frontdesk.domains.imports.event_names import find_counting
from frontdesk.domains.imports.facts import RESTORED, UNDONE
from frontdesk.domains.imports.undone_runs import CHANGE_ID_PREFIX, UndoneRuns

_BATCH_SIZE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of an import, as the log knows it."""

    run_id: str
    tenant_id: str
    sources: tuple[str, ...]
    files: tuple[str, ...]
    started_at: datetime
    count_events: int
    first_sequence: int
    last_sequence: int
    is_undone: bool


def list_runs(log: EventLog, *, tenant_id: str | None = None) -> list[Run]:
    """Return every run that wrote something, oldest first."""
    parts = [part for part in log.read_import_runs() if tenant_id in (None, part.tenant_id)]
    undone = {slug: UndoneRuns.read(log, tenant_id=slug) for slug in {part.tenant_id for part in parts}}
    parts.sort(key=_run_key)
    runs = [
        _combine(list(of_run), is_undone=run_id in undone[slug])
        for (slug, run_id), of_run in groupby(parts, _run_key)
    ]
    return sorted(runs, key=lambda run: (run.started_at, run.run_id))


def find_run(log: EventLog, run_id: str) -> Run:
    """Return a run. Raises ImportFileError if there is none of that name."""
    runs = list_runs(log)
    found = next((run for run in runs if run.run_id == run_id), None)
    if found is None:
        newest = f"the newest is {runs[-1].run_id}; " if runs else ""
        raise ImportFileError(f"there is no run {run_id!r}; {newest}frontdesk import runs lists them")
    return found


def undo_run(log: EventLog, run_id: str, *, ids: IdFactory, clock: Clock, by: str, reason: str | None) -> Run:
    """Take a run back: its events no longer count. Raises ImportFileError if it is already."""
    run = find_run(log, run_id)
    if run.is_undone:
        raise ImportFileError(f"run {run_id} is already undone; frontdesk import restore {run_id} lets it count")
    log.append([_change(UNDONE, run, ids=ids, clock=clock, by=by, reason=reason)])
    return run


def restore_run(log: EventLog, run_id: str, *, ids: IdFactory, clock: Clock, by: str, reason: str | None) -> Run:
    """Let a run count again. Raises ImportFileError if it does, or if another with the same events counts."""
    run = find_run(log, run_id)
    if not run.is_undone:
        raise ImportFileError(f"run {run_id} counts: there is nothing to restore")
    if twin := _find_twin(log, run):
        raise ImportFileError(_what_to_do(run, twin))
    log.append([_change(RESTORED, run, ids=ids, clock=clock, by=by, reason=reason)])
    return run


def _run_key(part: RunPart) -> tuple[str, str]:
    return part.tenant_id, part.run_id


def _combine(parts: Sequence[RunPart], *, is_undone: bool) -> Run:
    first = parts[0]
    return Run(
        run_id=first.run_id,
        tenant_id=first.tenant_id,
        sources=tuple(sorted({part.source for part in parts})),
        files=tuple(sorted({part.file for part in parts if part.file})),
        started_at=min(part.started_at for part in parts),
        count_events=sum(part.count_events for part in parts),
        first_sequence=min(part.first_sequence for part in parts),
        last_sequence=max(part.last_sequence for part in parts),
        is_undone=is_undone,
    )


def _find_twin(log: EventLog, run: Run) -> Event | None:
    """Return an event that counts and is one of this run under an earlier or later name."""
    undone = UndoneRuns.read(log, tenant_id=run.tenant_id)
    of_run = log.read_import_run(
        run.tenant_id, run.run_id, first=run.first_sequence, last=run.last_sequence, batch_size=_BATCH_SIZE
    )
    found = (find_counting(log, batch, tenant_id=run.tenant_id, undone=undone) for batch in of_run)
    return next((twin for twin in found if twin is not None), None)


def _what_to_do(run: Run, twin: Event) -> str:
    twin_run_id = twin.headers.get(RUN_HEADER)
    if twin_run_id is None:
        return (
            f"event {twin.event_id} says what an event of run {run.run_id} says, and counts: restored, it would "
            "count twice; import the rest of the file instead"
        )
    return (
        f"run {twin_run_id} brought events of run {run.run_id} too, and they would count twice; "
        f"frontdesk import undo {twin_run_id} comes first"
    )


def _change(type_: str, run: Run, *, ids: IdFactory, clock: Clock, by: str, reason: str | None) -> NewEvent:
    payload = {"run": run.run_id, "by": by} | ({"reason": reason} if reason else {})
    body = orjson.dumps(payload)
    now = clock.now()
    return own_event(
        type_,
        body,
        tenant_id=run.tenant_id,
        source_event_id=f"{CHANGE_ID_PREFIX}{run.run_id}/{ids.new_event_id()}",
        subject_id=run.run_id,
        now=now,
    )
