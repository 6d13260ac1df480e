"""What the providers post to us by themselves: callbacks, receipts and inbound texts, in the background."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx

_TIMEOUT_S = 15.0  # Twilio's
_ATTEMPTS = 2  # a connection that fails is tried once more
_KEPT_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class ReceiverAddress:
    """Where the receiver is, and where the providers think that it is."""

    url: str
    public_url: str  # as configured with the providers, which Twilio signs

    def reach(self, url: str) -> str:
        """Return an address from here: the receiver's own instead of its public one, which may lie behind a proxy."""
        is_ours = url == self.public_url or url.startswith(f"{self.public_url}/")
        return self.url + url.removeprefix(self.public_url) if is_ours else url


@dataclass(slots=True)
class Poster:
    """Posts, and counts how that went."""

    outcomes: Counter[str] = field(default_factory=Counter)  # taken, refused, unreachable
    problems: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_PROBLEMS))
    _client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def count_pending(self) -> int:
        """How many are under way."""
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run this in the background until it is done or the stand-ins are reset."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def post(self, url: str, *, body: bytes, headers: tuple[tuple[str, str], ...]) -> int | None:
        """Post, and return the answer's status; None if nobody could be reached."""
        for attempt in range(_ATTEMPTS):
            try:
                answer = await self._client.post(url, content=body, headers=list(headers))
            except (httpx.TransportError, httpx.InvalidURL) as error:
                if attempt + 1 < _ATTEMPTS and isinstance(error, httpx.TransportError):
                    continue
                self.outcomes["unreachable"] += 1
                self.problems.append(f"{url.partition('?')[0]}: {type(error).__name__} {error}".rstrip())
                return None
            self.outcomes["taken" if answer.is_success else "refused"] += 1
            if not answer.is_success:
                self.problems.append(f"{url.partition('?')[0]}: {answer.status_code} {answer.text[:200]}")
            return answer.status_code
        return None

    def reset(self) -> None:
        """Stop what is under way, and forget the counts."""
        for task in self._tasks:
            task.cancel()
        self.outcomes.clear()
        self.problems.clear()

    async def aclose(self) -> None:
        """Stop for good."""
        self.reset()
        await self._client.aclose()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.problems.append(f"{type(error).__name__}: {error}")
            self.outcomes["broken"] += 1
