"""Bookings: how long a listing of 30 days of five people takes, a booking, and a refusal with its alternatives."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.log.database import open_database
from frontdesk.core.tenant.fields import WEEKDAYS
from frontdesk.domains.bookings.errors import SlotTakenError
from frontdesk.domains.prices.settings import PricedBusiness
from tests.benchmarks.figures import Figures, Report, percentile
from tests.clocks import SetClock
from tests.core.postgres import temporary_server
from tests.domains.bookings.salon import ANA, BY, CUT, NOW, availability_of, bookings_of, salon

_SEED = 1
_DAYS = 30
_TRIES = 900
_LISTINGS = 100
_QUARTER = timedelta(minutes=15)


def measure_bookings(folder: Path, report: Report) -> Figures:
    """Return milliseconds on both databases, with some 650 bookings in the days that are listed."""
    shutil.rmtree(folder, ignore_errors=True)
    figures = _measure(open_database(f"sqlite:///{folder / 'frontdesk.db'}"), report)
    with temporary_server() as url:
        return figures | _measure(open_database(url), report)


def _measure(engine: Engine, report: Report) -> Figures:
    name = engine.dialect.name
    report.step(f"bookings on {name}")
    clock, business, rng = SetClock(NOW), _five_people(), Random(_SEED)
    bookings, availability = bookings_of(engine, clock), availability_of(engine, clock)
    first_start = NOW.replace(hour=14)
    booked, refused = [], []
    for _ in range(_TRIES):
        at = first_start + timedelta(days=rng.randint(1, _DAYS)) + _QUARTER * rng.randint(0, 36)
        taken_ms, error = _timed(partial(bookings.create, business, CUT, starts_at=at, contact=ANA, request=BY))
        if error is None:
            booked.append(taken_ms)
        elif isinstance(error, SlotTakenError):
            refused.append(taken_ms)

    def list_month() -> Any:
        return availability.list_free(business, CUT, begins=NOW, ends=NOW + timedelta(days=_DAYS))

    listed = [_timed(list_month)[0] for _ in range(_LISTINGS)]
    engine.dispose()
    return {
        f"bookings_{what}_{percent}_ms_{name}": round(percentile(sorted(values), float(percent[1:])), 1)
        for what, values in (("list", listed), ("create", booked), ("refuse", refused))
        for percent in ("p50", "p95")
    }


def _five_people() -> PricedBusiness:
    terms = {"every": "15m", "needs": [{"skill": "hair"}], "buffer_after": "15m", "notice": "1h"}
    return salon(
        hours={day: [{"opens": "08:00", "closes": "18:00"}] for day in WEEKDAYS},
        people=[{"key": key, "name": key, "skills": ["hair"]} for key in "abcde"],
        services=[{"key": "cut", "name": "Cut", "price": 40, "duration_minutes": 60, "booking": terms}],
    )


def _timed(run: Callable[[], object]) -> tuple[float, FrontdeskError | None]:
    started_at = time.perf_counter()
    error = None
    try:
        run()
    except FrontdeskError as raised:
        error = raised
    return (time.perf_counter() - started_at) * 1_000, error
