"""Checks everything: reads what there is to read, and tells which kinds of conditions could be checked."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import Engine

from frontdesk.connectors.http_calls import describe_error
from frontdesk.core.errors import EventLogUnavailableError, FrontdeskError
from frontdesk.core.log.database import check_writable
from frontdesk.core.log.set_aside import SetAside
from frontdesk.domains.operations.alert_conditions import (
    Condition,
    Kind,
    Lag,
    check_database,
    check_disk,
    check_failed_checks,
    check_lanes,
    check_live_path,
    check_process,
    check_published,
    check_runs,
    check_secrets,
    check_set_aside,
    check_sources,
    why_behind,
)
from frontdesk.domains.operations.heartbeats import LIVE_PATH, Heartbeat, Heartbeats, LiveState
from frontdesk.domains.operations.measurements import (
    read_lag,
    read_lanes,
    read_published,
    read_published_sequence,
)
from frontdesk.domains.sending.outbox.outbox import Outbox

#: The processes need so long to be up after a start of everything.
STARTING_LASTS: Final = timedelta(minutes=3)
_PROBE_TIMEOUT_S: Final = 5.0
_LOGGER = logging.getLogger("frontdesk.monitor")
_LONGEST_REASON = 300


@dataclass(slots=True)
class CheckResults:
    """What is wrong, and of which kinds all that is wrong is known."""

    conditions: list[Condition] = field(default_factory=list)
    checked: set[Kind] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What there is to watch over."""

    engine: Engine
    heartbeats: Heartbeats
    outbox: Outbox
    set_aside: SetAside
    home: Path
    analytics_path: Path
    least_free_bytes: int
    processes: Mapping[str, str]  #: name to the address that answers while it lives
    unreadable_secrets: Callable[[], Mapping[tuple[str, str], str]]  #: why, by tenant and name
    expects_live_path: bool  #: whether it runs beside this monitor, and never having started is wrong


def run_checks(watched: Watched, *, now: datetime, started_at: datetime, judges_sources: bool = True) -> CheckResults:
    """Check all kinds that can be checked now. `started_at` is when the watching began.

    `judges_sources`: whether the published file is asked about them, which takes a fifth of a second.
    """
    round_ = _Round(watched, now=now, started_at=started_at)
    round_.run("disk", round_.check_disk)
    if not round_.is_starting:
        round_.run("processes", round_.check_processes)
    if not round_.check_database():
        return round_.results
    for name, check in (
        ("live_path", round_.check_live_path),
        ("providers", round_.check_providers),
        ("nightly_runs", round_.check_runs),
        ("what_was_set_aside", round_.check_set_aside),
        ("stored_secrets", round_.check_secrets),
        ("published_file", partial(round_.check_published_file, judges_sources=judges_sources)),
    ):
        round_.run(name, check)
    round_.note_failed_checks()
    return round_.results


class _Round:
    """One round of checks: each by itself, so that one that fails keeps no other from being made."""

    def __init__(self, watched: Watched, *, now: datetime, started_at: datetime) -> None:
        self._watched = watched
        self._now = now
        self._started_at = started_at
        self._failures: dict[str, str] = {}
        self.is_starting = now - started_at < STARTING_LASTS
        self.results = CheckResults()

    def run(self, name: str, check: Callable[[], None]) -> None:
        """Run one check. What it raises is noted; what it would have told stays as it was known before."""
        try:
            check()
        except FrontdeskError as error:  # the database may be away by now: the next round tells then
            self._failures[name] = error.detail[:_LONGEST_REASON]
        except Exception as error:
            _LOGGER.exception("%s can't be judged", name)
            self._failures[name] = describe_error(error)[:_LONGEST_REASON]

    def note_failed_checks(self) -> None:
        """Tell which checks failed."""
        self._add([*check_failed_checks(self._failures)], Kind.UNJUDGED)

    def check_database(self) -> bool:
        """Check whether the log can be written; return it."""
        problem = None
        try:
            check_writable(self._watched.engine)
        except EventLogUnavailableError as error:
            problem = error.detail
        except Exception as error:
            _LOGGER.exception("the database can't be judged")
            problem = describe_error(error)
        self._add([*check_database(problem)], Kind.DATABASE)
        return problem is None

    def check_disk(self) -> None:
        """Check the room in the home."""
        home = self._watched.home
        existing = next(folder for folder in (home, *home.parents) if folder.exists())
        free = shutil.disk_usage(existing).free
        self._add([*check_disk(free_bytes=free, least_bytes=self._watched.least_free_bytes)], Kind.DISK)

    def check_processes(self) -> None:
        """Check the processes that answer at an address."""
        found = [(name, _why_silent(url)) for name, url in self._watched.processes.items()]
        self._add([each for name, problem in found for each in check_process(name, problem)], Kind.PROCESS)

    def check_live_path(self) -> None:
        """Check whether events are modelled as they come."""
        watched = self._watched
        beat = watched.heartbeats.heartbeat(LIVE_PATH)
        lag = Lag(count_events=0, seconds=0.0)
        if beat is not None and beat.modelled_sequence is not None:
            lag = read_lag(watched.engine, beat.modelled_sequence, now=self._now)
        if self.is_starting:
            return
        if watched.expects_live_path and (beat is None or beat.state == LiveState.ENDED):
            error = beat.error if beat else None
            beat = Heartbeat(beat_at=self._started_at, state="never started", modelled_sequence=None, error=error)
        self._add([*check_live_path(beat, lag, now=self._now)], Kind.LIVE_PATH)

    def check_providers(self) -> None:
        """Check the providers, and the queues that wait for them."""
        lanes, overdue = read_lanes(self._watched.engine), self._watched.outbox.overdue()
        if not self.is_starting:
            self._add([*check_lanes(lanes, overdue, now=self._now)], Kind.PROVIDER, Kind.QUEUE)

    def check_runs(self) -> None:
        """Check the nightly runs."""
        runs = self._watched.heartbeats.newest_runs()
        self._add([*check_runs(runs, now=self._now)], Kind.BUILD, Kind.VERIFICATION)

    def check_set_aside(self) -> None:
        """Check what was set aside."""
        self._add([*check_set_aside(self._watched.set_aside.read())], Kind.SET_ASIDE)

    def check_secrets(self) -> None:
        """Check whether the stored secrets can be read."""
        self._add([*check_secrets(self._watched.unreadable_secrets())], Kind.SECRETS)

    def check_published_file(self, *, judges_sources: bool) -> None:
        """Check the published file, and by it the sources."""
        problem = behind = None
        try:
            if judges_sources:
                readings = read_published(self._watched.analytics_path)
                self._add([*check_sources(readings.sources)], Kind.SOURCE)
            behind = self._why_behind(read_published_sequence(self._watched.analytics_path))
        except FrontdeskError as error:
            problem = error.detail
        if self._watched.expects_live_path:  # else nobody publishes here, and there may never have been one
            self._add([*check_published(problem, behind=behind)], Kind.PUBLISHED)

    def _why_behind(self, published_sequence: int) -> str | None:
        """Return what the published file lacks of the models; what they lack is the live path's trouble."""
        beat = self._watched.heartbeats.heartbeat(LIVE_PATH)
        if beat is None or beat.modelled_sequence is None or beat.modelled_sequence <= published_sequence:
            return None
        return why_behind(beat, read_lag(self._watched.engine, published_sequence, now=self._now))

    def _add(self, conditions: list[Condition], *kinds: Kind) -> None:
        self.results.conditions += conditions
        self.results.checked.update(kinds)


def _why_silent(url: str) -> str | None:
    try:
        answer = httpx.get(url, timeout=_PROBE_TIMEOUT_S, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{url}: {type(error).__name__} {error}".rstrip()
    return None if answer.is_success else f"{url} answered {answer.status_code}"
