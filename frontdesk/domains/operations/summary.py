"""How the parts behind the receiver are doing, by their heartbeats: for /readyz and /metrics."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from frontdesk.core.published.errors import NothingPublishedError
from frontdesk.domains.operations.alert_conditions import (
    Lag,
    check_disk,
    check_live_path,
    check_runs,
    matters_still,
    why_behind,
)
from frontdesk.domains.operations.heartbeats import (
    DISPATCHER,
    LIVE_PATH,
    MONITOR,
    Heartbeat,
    Heartbeats,
    LiveState,
    Run,
    RunKind,
)
from frontdesk.domains.operations.measurements import (
    ClosedLanes,
    read_closed_lanes,
    read_lag,
    read_published_sequence,
)

_MONITOR_LOOKS: Final = timedelta(minutes=2)
#: The live path and the dispatcher give a sign of life every five seconds.
_SENDS_WITHIN: Final = timedelta(seconds=30)
_NOBODY_SENDS_AFTER: Final = timedelta(minutes=2)


class Health(StrEnum):
    """How a part is doing."""

    OK = "ok"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"  #: it never gave a sign of life here


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part of the system."""

    health: Health
    detail: str
    age_seconds: float | None = None  #: since its newest sign of life, or its last end


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All parts, and the figures behind them."""

    components: Mapping[str, Component]
    lag: Lag | None  #: None: nothing was ever modelled here
    live_path: Heartbeat | None
    monitor: Heartbeat | None
    runs: Mapping[RunKind, Run]
    published_at: datetime | None  #: when the published file was last replaced
    free_bytes: int
    can_send: bool  #: what comes now is modelled now, and what is due goes out

    @property
    def is_degraded(self) -> bool:
        """Tell whether any part is ill."""
        return any(each.health is Health.DEGRADED for each in self.components.values())


def summarise(
    engine: Engine,
    heartbeats: Heartbeats,
    *,
    home: Path,
    analytics_path: Path,
    least_free_bytes: int,
    count_unreadable_secrets: int,
    now: datetime,
) -> Summary:
    """Read and check all parts. Raises EventLogUnavailableError."""
    beat, monitor, runs = heartbeats.heartbeat(LIVE_PATH), heartbeats.heartbeat(MONITOR), heartbeats.newest_runs()
    dispatcher = heartbeats.heartbeat(DISPATCHER)
    lag = None
    if beat is not None and beat.modelled_sequence is not None:
        lag = read_lag(engine, beat.modelled_sequence, now=now)
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    published_at = _changed_at(analytics_path, now=now)
    components = {
        "live_path": _live_path(beat, lag, now=now),
        "dispatcher": _dispatcher(dispatcher, live_path=beat, now=now),
        "published_file": _published(engine, analytics_path, published_at, beat=beat, now=now),
        **{kind.value: _run(kind, runs.get(kind), now=now) for kind in RunKind},
        "providers": _providers(read_closed_lanes(engine, now=now), now=now),
        "monitor": _monitor(monitor, now=now),
        "secrets": _secrets(count_unreadable_secrets),
        "disk": _disk(free, least_free_bytes),
    }
    return Summary(
        components=components,
        lag=lag,
        live_path=beat,
        monitor=monitor,
        runs=runs,
        published_at=published_at,
        free_bytes=free,
        can_send=_is_sending(beat, dispatcher, now=now),
    )


def _is_sending(live_path: Heartbeat | None, dispatcher: Heartbeat | None, *, now: datetime) -> bool:
    if live_path is None or dispatcher is None or live_path.state != LiveState.FOLLOWING:
        return False
    return now - min(live_path.beat_at, dispatcher.beat_at) < _SENDS_WITHIN


def _dispatcher(beat: Heartbeat | None, *, live_path: Heartbeat | None, now: datetime) -> Component:
    if beat is None:
        return Component(health=Health.UNKNOWN, detail="it never ran here")
    age = now - beat.beat_at
    # Before the warehouse is opened nobody knows what may go out; that it opens, its own part tells.
    is_missed = age >= _NOBODY_SENDS_AFTER and live_path is not None and live_path.state == LiveState.FOLLOWING
    health, detail = (Health.DEGRADED, "nothing is sent") if is_missed else (Health.OK, beat.state)
    return Component(health=health, detail=detail, age_seconds=age.total_seconds())


def _changed_at(path: Path, *, now: datetime) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, tz=now.tzinfo)
    except OSError:
        return None


def _live_path(beat: Heartbeat | None, lag: Lag | None, *, now: datetime) -> Component:
    if beat is None:
        return Component(health=Health.UNKNOWN, detail="it never ran here")
    age = (now - beat.beat_at).total_seconds()
    for condition in check_live_path(beat, lag or Lag(count_events=0, seconds=0.0), now=now):
        return Component(health=Health.DEGRADED, detail=condition.title, age_seconds=age)
    return Component(health=Health.OK, detail=beat.state, age_seconds=age)


def _published(
    engine: Engine, path: Path, published_at: datetime | None, *, beat: Heartbeat | None, now: datetime
) -> Component:
    missing = Health.UNKNOWN if beat is None else Health.DEGRADED
    if published_at is None:
        return Component(health=missing, detail="nothing is published")
    age = (now - published_at).total_seconds()
    try:
        lag = read_lag(engine, read_published_sequence(path), now=now)
    except NothingPublishedError:
        return Component(health=missing, detail="it can't be read", age_seconds=age)
    if (behind := why_behind(beat, lag)) is not None:
        return Component(health=Health.DEGRADED, detail=behind, age_seconds=age)
    return Component(health=Health.OK, detail="published", age_seconds=age)


def _run(kind: RunKind, run: Run | None, *, now: datetime) -> Component:
    if run is None or run.ended_at is None:
        return Component(health=Health.UNKNOWN, detail="it never ran here")
    age = (now - run.ended_at).total_seconds()
    for condition in check_runs({kind: run}, now=now):
        return Component(health=Health.DEGRADED, detail=condition.title, age_seconds=age)
    return Component(health=Health.OK, detail=f"{run.outcome} in {run.seconds:,.0f} s", age_seconds=age)


def _providers(closed: ClosedLanes, *, now: datetime) -> Component:
    # How many, and no names: anybody may read this.
    ill = [each for each in closed.lanes if matters_still(each.lane, each.closed_at, waiting=closed.waiting, now=now)]
    if not ill:
        return Component(health=Health.OK, detail="all are called")
    age = (now - min(each.closed_at for each in ill)).total_seconds()
    detail = f"{len(ill)} not called but for a try now and then; `frontdesk outbox depth` tells which and why"
    return Component(health=Health.DEGRADED, detail=detail, age_seconds=age)


def _monitor(beat: Heartbeat | None, *, now: datetime) -> Component:
    if beat is None:
        return Component(health=Health.UNKNOWN, detail="it never ran here")
    age = now - beat.beat_at
    health = Health.OK if age < _MONITOR_LOOKS else Health.DEGRADED
    detail = "watching" if health is Health.OK else "nobody watches"
    return Component(health=health, detail=detail, age_seconds=age.total_seconds())


def _secrets(count_unreadable: int) -> Component:
    # How many, and no names: anybody may read this.
    if not count_unreadable:
        return Component(health=Health.OK, detail="all can be read")
    detail = f"{count_unreadable} stored can't be read; `frontdesk doctor` tells which and why"
    return Component(health=Health.DEGRADED, detail=detail)


def _disk(free: int, least: int) -> Component:
    health = Health.DEGRADED if [*check_disk(free_bytes=free, least_bytes=least)] else Health.OK
    return Component(health=health, detail=f"{free / 2**30:,.1f} GiB free")
