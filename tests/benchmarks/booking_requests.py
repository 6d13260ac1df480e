"""Requests about bookings over /v1, a hundred a second, on a home with a long history: how long each kind takes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from random import Random
from typing import Any, NamedTuple

import httpx

from sandbox.secrets import OWNER_API_KEY
from tests.benchmarks.figures import Figures, Report, percentile
from tests.benchmarks.homes import BenchHome
from tests.benchmarks.receiver import prepare_site, running_receiver

_TENANT, _SERVICE = "avatar-imaging", "xray"
_PER_SECOND, _SECONDS, _WARM_UP = 100, 30, 200
_SEED = 1
_CONNECTIONS = 40
#: Out of twenty requests.
_SHARES = {"list_free": 6, "list": 5, "read": 5, "create": 4}
_EXPECTED = {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}


class _Answer(NamedTuple):
    kind: str
    status: int
    took_ms: float  #: from the moment at which the request was due


def measure_booking_requests(home: BenchHome, report: Report) -> Figures:
    """Return milliseconds by kind of request. Raises RuntimeError for an answer that is none of those to expect."""
    site = prepare_site(home.folder)
    report.step(f"bookings over /v1, {home.count:,} events behind them: {_PER_SECOND}/s for {_SECONDS} s")
    with running_receiver(site):
        answers = asyncio.run(_ask(site.public_url, key=site.secrets[_TENANT][OWNER_API_KEY]))
    wrong = Counter((each.kind, each.status) for each in answers if each.status not in _EXPECTED)
    if wrong:
        raise RuntimeError(f"answers that nobody expects: {dict(wrong)}")
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    for each in answers:
        by_kind[each.kind].append(each.took_ms)
        by_kind["all"].append(each.took_ms)
    figures = {
        f"bookings_v1_{kind}_{percent}_ms": round(percentile(sorted(values), float(percent[1:])), 1)
        for kind, values in sorted(by_kind.items())
        for percent in ("p50", "p95")
    }
    booked = sum(each.status == HTTPStatus.CREATED for each in answers)
    return figures | {"bookings_v1_requests": len(answers), "bookings_v1_booked": booked}


async def _ask(url: str, *, key: str) -> list[_Answer]:
    limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=60) as client:
        customer = _Customers(client)
        await _at_rate(customer.ask, count=_WARM_UP)
        return await _at_rate(customer.ask, count=_PER_SECOND * _SECONDS)


async def _at_rate(ask: Callable[[float], Coroutine[Any, Any, _Answer]], *, count: int) -> list[_Answer]:
    """Ask at random moments, so many a second on average, whether or not the answers before are there."""
    rng, due = Random(_SEED), time.perf_counter()
    asked: list[asyncio.Task[_Answer]] = []
    for _ in range(count):
        due += rng.expovariate(_PER_SECOND)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asked.append(asyncio.create_task(ask(due)))
    return await asyncio.gather(*asked)


class _Customers:
    """Ask what is free, book some of it, and read what is booked."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._rng = Random(_SEED)
        self._kinds = [kind for kind, share in _SHARES.items() for _ in range(share)]
        self._starts: list[str] = []
        self._booked: list[str] = []
        self._now = datetime.now(UTC)

    async def ask(self, due: float) -> _Answer:
        kind = self._rng.choice(self._kinds)
        if (kind == "create" and not self._starts) or (kind == "read" and not self._booked):
            kind = "list_free"
        response = await getattr(self, f"_{kind}")()
        return _Answer(kind, response.status_code, (time.perf_counter() - due) * 1_000)

    async def _list_free(self) -> httpx.Response:
        params = {"service_key": _SERVICE, "from": _iso(self._now), "to": _iso(self._now + timedelta(days=30))}
        response = await self._client.get("/v1/availability", params=params)
        self._starts = [slot["starts_at"] for slot in response.json()["slots"]]
        return response

    async def _list(self) -> httpx.Response:
        params = {"from": _iso(self._now), "to": _iso(self._now + timedelta(days=7))}
        return await self._client.get("/v1/bookings", params=params)

    async def _read(self) -> httpx.Response:
        return await self._client.get(f"/v1/bookings/{self._rng.choice(self._booked)}")

    async def _create(self) -> httpx.Response:
        body: dict[str, Any] = {
            "service_key": _SERVICE,
            "starts_at": self._rng.choice(self._starts),
            "contact": {"phone": f"+614{self._rng.randrange(10**8):08d}", "name": "Ana Lee"},
        }
        response = await self._client.post("/v1/bookings", json=body)
        if response.status_code == HTTPStatus.CREATED:
            self._booked.append(response.json()["booking_id"])
        return response


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
