"""Sends deliveries over many keep-alive connections, and again if the receiver asks for it, as providers do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from sandbox.delivery import IMPORT, Attempt, Delivery, SignedRequest
from sandbox.http_connection import Answer, HttpConnection
from sandbox.providers import history, sign
from sandbox.secrets import TenantSecrets
from sandbox.tally import ACCEPTED, DUPLICATE, REFUSED, TAKEN, UNDELIVERED, Tally

LINES_PER_IMPORT = 200
_AGAIN = frozenset({429, 503})  # the answers on which the providers send again
_SUCCESS = range(200, 300)
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 10.0
_MAX_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where to send, and with which secrets."""

    host: str
    port: int
    public_url: str  # as configured with the providers
    secrets: Mapping[str, TenantSecrets]  # by tenant


def utc_now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Sender:
    """Sends to one receiver and counts what became of it."""

    receiver: Receiver
    connections: int = 24
    max_attempts: int = 10
    now: Callable[[], datetime] = utc_now
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    tally: Tally = field(default_factory=Tally)
    _jitter: Random = field(default_factory=lambda: Random(0))

    async def send(self, deliveries: Iterable[Delivery], *, advance: Callable[[int], None] = lambda _: None) -> None:
        """Send all, nearly in their order; `advance` is told of every so many that are done."""
        requests = in_requests(deliveries)

        async def work() -> None:
            connection = HttpConnection(self.receiver.host, self.receiver.port)
            try:
                # One iterator for all workers: each takes the next, so that the order is kept but for the last few.
                for together in requests:
                    await self.deliver(together, connection)
                    advance(len(together))
            finally:
                await connection.close()

        async with asyncio.TaskGroup() as workers:
            for _ in range(self.connections):
                workers.create_task(work())

    async def deliver(self, together: Sequence[Delivery], connection: HttpConnection) -> Answer | None:
        """Deliver one delivery, or lines of one import; None if the receiver never took it."""
        first = together[0]
        answer = await self._post_until_answered(together, connection)
        if answer is None or answer.status in _AGAIN:
            self.tally.add(first.tenant, first.source, UNDELIVERED, len(together))
        elif answer.status not in _SUCCESS:
            self.tally.add(first.tenant, first.source, REFUSED, len(together))
            self._note_problem(first, answer.body)
        elif first.source == IMPORT:
            self._count_import(first, answer)
        else:
            self._count_webhook(first, answer)
        return answer

    async def _post_until_answered(self, together: Sequence[Delivery], connection: HttpConnection) -> Answer | None:
        answer: Answer | None = None
        for attempt in range(self.max_attempts):
            try:
                # Signed anew for every attempt: its time is the attempt's.
                answer = await connection.post(self._sign(together))
            except OSError:
                wait_s = None
            else:
                self.tally.statuses[answer.status] += 1
                if answer.status not in _AGAIN:
                    return answer
                wait_s = answer.retry_after_s
            backoff_s = min(_FIRST_WAIT_S * 2**attempt, _LONGEST_WAIT_S)
            # Jitter only adds: never sooner than the receiver asked.
            await self.pause((wait_s or backoff_s) + backoff_s * 0.2 * self._jitter.random())
        return answer

    def _sign(self, together: Sequence[Delivery]) -> SignedRequest:
        first = together[0]
        attempt = Attempt(self.receiver.secrets[first.tenant], now=self.now(), public_url=self.receiver.public_url)
        return history.sign(together, attempt) if first.source == IMPORT else sign(first, attempt)

    def _count_webhook(self, delivery: Delivery, answer: Answer) -> None:
        outcome = TAKEN
        if answer.content_type.startswith("application/json"):
            content = json.loads(answer.body)
            outcome = content["status"]
            self.tally.last_sequence = max(self.tally.last_sequence, content["sequence"])
        self.tally.add(delivery.tenant, delivery.source, outcome)

    def _count_import(self, line: Delivery, answer: Answer) -> None:
        content = json.loads(answer.body)
        self.tally.add(line.tenant, IMPORT, ACCEPTED, content["accepted"])
        self.tally.add(line.tenant, IMPORT, DUPLICATE, content["duplicates"])
        self.tally.add(line.tenant, IMPORT, REFUSED, content["rejected_count"])
        if content["rejected_count"]:
            self._note_problem(line, json.dumps(content["rejected"]).encode())

    def _note_problem(self, delivery: Delivery, body: bytes) -> None:
        if len(self.tally.problems) < _MAX_PROBLEMS:
            text = body.decode("utf-8", errors="replace")[:500]
            self.tally.problems.append(f"{delivery.tenant}/{delivery.source} {delivery.key}: {text}")


def in_requests(deliveries: Iterable[Delivery]) -> Iterator[tuple[Delivery, ...]]:
    """Yield webhooks singly and in order, and the lines of imports gathered by tenant into requests."""
    waiting: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        if delivery.source != IMPORT:
            yield (delivery,)
            continue
        lines = waiting.setdefault(delivery.tenant, [])
        lines.append(delivery)
        if len(lines) == LINES_PER_IMPORT:
            yield tuple(waiting.pop(delivery.tenant))
    for lines in waiting.values():
        yield tuple(lines)
