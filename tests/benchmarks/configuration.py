"""Configuration: a thousand businesses, one of which changes while the others go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import count

import orjson
import yaml

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_database
from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.tenant.configurations import Configurations
from frontdesk.domains.tenancy.directory import TenantDirectory
from pipelines.home_parts import build_modeller
from pipelines.live.modeller import Modeller
from tests.benchmarks.figures import Figures, Report, percentile, scale_name
from tests.benchmarks.homes import BenchHome
from tests.benchmarks.receiver import REPOSITORY

_CHANGING, _OTHER = "avatar-imaging", "hmnp"
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class ConfigurationPlan:
    """How much to measure."""

    count_businesses: int = 1_000
    gap_s: float = 0.25  #: between two deliveries of another business
    quiet_s: float = 10.0  #: how long the others are watched while nothing changes


def measure_configuration(home: BenchHome, report: Report, *, plan: ConfigurationPlan) -> Figures:
    """Return the figures of a home whose warehouse follows its log."""
    scale = scale_name(home.count)
    clock = SystemClock()
    engine = open_database(home.settings.event_log_url)
    log = EventLog(engine, ids=UuidV7Factory(clock))
    configurations = Configurations(engine, log=log, clock=clock)
    directory = TenantDirectory(configurations)
    with build_modeller(home.settings, published_by="benchmark").opened() as modeller:
        modeller.follow_to_end()
        report.step(f"{plan.count_businesses:,} businesses join, {home.count:,} events behind them")
        join_s = _seconds(lambda: _join(configurations, plan.count_businesses), then=modeller.follow_to_end)
        read_s = _seconds(directory.refresh)
        report.step("one of them changes, one with a history changes a rule")
        watched = _Watched(modeller, log, gap_s=plan.gap_s)
        with watched.delivering():
            watched.follow_for(plan.quiet_s)
            quiet = watched.take()
            small_s = watched.until_in_force(
                lambda: configurations.write("business-0001", _document("business-0001", name="Another"), by="bench")
            )
            directory_s = _seconds(directory.refresh)
            rule_s = watched.until_in_force(lambda: configurations.write(_CHANGING, _with_less_rules(), by="bench"))
            meanwhile = watched.take()
    engine.dispose()
    return {
        f"configuration_join_s_{scale}": round(join_s, 2),
        f"configuration_read_all_s_{scale}": round(read_s, 2),
        f"configuration_change_s_{scale}": round(small_s, 2),
        f"configuration_directory_ms_{scale}": round(directory_s * 1000, 1),
        f"configuration_rule_s_{scale}": round(rule_s, 2),
        f"configuration_others_p95_ms_{scale}": round(percentile(quiet, 95)),
        f"configuration_others_meanwhile_p95_ms_{scale}": round(percentile(meanwhile, 95)),
    }


class _Watched:
    """Follows a log to which deliveries of another business come, and notes when each is published."""

    def __init__(self, modeller: Modeller, log: EventLog, *, gap_s: float) -> None:
        self._modeller = modeller
        self._log = log
        self._gap_s = gap_s
        self._ends = threading.Event()
        self._waiting: dict[int, float] = {}
        self._lock = threading.Lock()
        self._latencies_ms: list[float] = []

    @contextmanager
    def delivering(self) -> Iterator[None]:
        """Have deliveries come in a thread for a block."""
        thread = threading.Thread(target=self._deliver)
        thread.start()
        try:
            yield
        finally:
            self._ends.set()
            thread.join()

    def follow_for(self, seconds: float) -> None:
        """Model and publish what comes for so long."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            self._follow()

    def until_in_force(self, write: Callable[[], object]) -> float:
        """Write a version; return the seconds until all that it concerns is made anew and published."""
        started_at = time.monotonic()
        write()
        end = self._log.last_sequence()
        while self._modeller.modelled_sequence < end or self._modeller.is_renewing:
            self._follow()
        return time.monotonic() - started_at

    def take(self) -> list[float]:
        """Return the milliseconds from delivery to publication since the last call, ascending."""
        self.follow_for(2 * self._gap_s)
        taken, self._latencies_ms = sorted(self._latencies_ms), []
        return taken

    def _follow(self) -> None:
        if self._modeller.wait_for_events(timeout=_POLL_S):
            self._modeller.follow_once()
        now, modelled = time.monotonic(), self._modeller.modelled_sequence
        with self._lock:
            for sequence in [each for each in self._waiting if each <= modelled]:
                self._latencies_ms.append((now - self._waiting.pop(sequence)) * 1000)

    def _deliver(self) -> None:
        numbers = count()
        while not self._ends.wait(self._gap_s):
            at = time.monotonic()
            appended = self._log.append([_booking(next(numbers))])[0]
            with self._lock:
                self._waiting[appended.sequence] = at


def _seconds(work: Callable[[], object], *, then: Callable[[], object] | None = None) -> float:
    started_at = time.monotonic()
    work()
    if then:
        then()
    return time.monotonic() - started_at


def _join(configurations: Configurations, count_businesses: int) -> None:
    for number in range(1, count_businesses + 1):
        slug = f"business-{number:04}"
        configurations.write(slug, _document(slug, name=f"Business {number}"), by="bench")


@cache
def _file_of(slug: str) -> dict[str, object]:
    document: dict[str, object] = yaml.safe_load((REPOSITORY / "tenants" / f"{slug}.yaml").read_text("utf-8"))
    return document


def _document(slug: str, *, name: str) -> dict[str, object]:
    return _file_of("noizylab") | {"slug": slug, "name": name}


def _with_less_rules() -> dict[str, object]:
    document = _file_of(_CHANGING)
    rules = document["rules"]
    assert isinstance(rules, list)
    return document | {"rules": rules[:-1]}


def _booking(number: int) -> NewEvent:
    now = SystemClock().now()
    payload = {
        "booking_id": f"configuration-{now.timestamp()}-{number}",
        "contact": {"phone": f"+1713555{number % 10_000:04}"},
        "starts_at": (now + timedelta(days=3)).isoformat(),
    }
    body = orjson.dumps(payload)
    return NewEvent(
        tenant_id=_OTHER,
        source="frontdesk",
        source_event_id=str(payload["booking_id"]),
        type="booking.created",
        occurred_at=now,
        received_at=now,
        body=body,
        payload=body,
        origin=Origin.COMMAND,
    )
