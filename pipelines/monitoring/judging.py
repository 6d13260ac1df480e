"""Judges everything: reads what there is to read, and tells which kinds of conditions could be judged."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import Engine

from core.database import check_writable
from core.errors import EventLogUnavailableError, FrontdeskError
from core.health.conditions import (
    Condition,
    Kind,
    Lag,
    judge_database,
    judge_disk,
    judge_lanes,
    judge_live_path,
    judge_process,
    judge_published,
    judge_runs,
    judge_set_aside,
    judge_sources,
)
from core.health.readings import read_lag, read_lanes, read_published
from core.health.signs import LIVE_PATH, Heartbeat, LiveState, Signs
from core.outbox.outbox import Outbox
from core.set_aside import SetAside

#: The processes need so long to be up after a start of everything.
STARTING_LASTS: Final = timedelta(minutes=3)
_PROBE_TIMEOUT_S: Final = 5.0


@dataclass(slots=True)
class Judgement:
    """What is wrong, and of which kinds all that is wrong is known."""

    conditions: list[Condition] = field(default_factory=list)
    judged: set[Kind] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What there is to watch over."""

    engine: Engine
    signs: Signs
    outbox: Outbox
    set_aside: SetAside
    home: Path
    analytics_path: Path
    least_free_bytes: int
    processes: Mapping[str, str]  #: name to the address that answers while it lives
    expects_live_path: bool  #: whether it runs beside this monitor, and never having started is wrong


def judge(watched: Watched, *, now: datetime, started_at: datetime) -> Judgement:
    """Judge all kinds that can be judged now. `started_at` is when the watching began."""
    judgement = Judgement()
    is_starting = now - started_at < STARTING_LASTS
    _judge_disk(watched, judgement)
    if not is_starting:
        _judge_processes(watched, judgement)
    if not _judge_database(watched, judgement):
        return judgement
    _judge_database_contents(watched, judgement, now=now, started_at=started_at, is_starting=is_starting)
    _judge_published_file(watched, judgement)
    return judgement


def _judge_database(watched: Watched, judgement: Judgement) -> bool:
    problem = None
    try:
        check_writable(watched.engine)
    except EventLogUnavailableError as error:
        problem = error.detail
    judgement.judged.add(Kind.DATABASE)
    judgement.conditions += judge_database(problem)
    return problem is None


def _judge_disk(watched: Watched, judgement: Judgement) -> None:
    existing = next(folder for folder in (watched.home, *watched.home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    judgement.judged.add(Kind.DISK)
    judgement.conditions += judge_disk(free_bytes=free, least_bytes=watched.least_free_bytes)


def _judge_processes(watched: Watched, judgement: Judgement) -> None:
    judgement.judged.add(Kind.PROCESS)
    for name, url in watched.processes.items():
        judgement.conditions += judge_process(name, _why_silent(url))


def _why_silent(url: str) -> str | None:
    try:
        answer = httpx.get(url, timeout=_PROBE_TIMEOUT_S, trust_env=False)
    except httpx.HTTPError as error:
        return f"{url}: {type(error).__name__} {error}".rstrip()
    return None if answer.is_success else f"{url} answered {answer.status_code}"


def _judge_database_contents(
    watched: Watched, judgement: Judgement, *, now: datetime, started_at: datetime, is_starting: bool
) -> None:
    try:
        beat = watched.signs.heartbeat(LIVE_PATH)
        runs = watched.signs.newest_runs()
        lanes = read_lanes(watched.engine)
        overdue = watched.outbox.overdue()
        asides = watched.set_aside.read()
        lag = Lag(count_events=0, seconds=0.0)
        if beat is not None and beat.modelled_sequence is not None:
            lag = read_lag(watched.engine, beat.modelled_sequence, now=now)
    except FrontdeskError:
        return  # the database went away in between: the next round tells
    if not is_starting:
        if watched.expects_live_path and (beat is None or beat.state == LiveState.ENDED):
            beat = Heartbeat(
                beat_at=started_at, state="never started", modelled_sequence=None, error=beat.error if beat else None
            )
        judgement.conditions += judge_live_path(beat, lag, now=now)
        judgement.conditions += judge_lanes(lanes, overdue, now=now)
        judgement.judged |= {Kind.LIVE_PATH, Kind.PROVIDER, Kind.QUEUE}
    judgement.conditions += judge_runs(runs, now=now)
    judgement.conditions += judge_set_aside(asides)
    judgement.judged |= {Kind.BUILD, Kind.VERIFICATION, Kind.SET_ASIDE}


def _judge_published_file(watched: Watched, judgement: Judgement) -> None:
    problem = None
    try:
        readings = read_published(watched.analytics_path)
    except FrontdeskError as error:
        problem = error.detail
    else:
        judgement.conditions += judge_sources(readings.sources)
        judgement.judged.add(Kind.SOURCE)
    if watched.expects_live_path:  # else nobody publishes here, and there may never have been one
        judgement.judged.add(Kind.PUBLISHED)
        judgement.conditions += judge_published(problem)
